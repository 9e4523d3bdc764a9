"""Make corpus/colleges/institutions.csv from two federal files and the curated aliases.

    python tools/build_institutions.py --ipeds FILE --scorecard FILE

`--ipeds` is the compilation of IPEDS 2023 with College Scorecard earnings (release of
2025-05-19), one row per institution, keyed by UnitID. `--scorecard` is the College Scorecard of
2022, keyed by UNITID, for the web address, the admission rate and the average SAT score.

Which rows: public and private nonprofit institutions of four years and public ones of two
(IPEDS sectors 1, 2 and 4) that report at least one figure. Administrative offices (sector 0),
closed institutions (no sector) and those without any figure are left out.

Which figures: an empty cell means "not reported". A zero is kept only where it can be true: an
award rate of a cohort that exists. A zero admission rate, tuition, enrolment, income or test
score can only mean that nothing was reported. Figures are copied, never estimated.
"""

from __future__ import annotations

import argparse
import csv
import io
import re
import sys
from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
ALIASES_FILE = REPOSITORY / "tools" / "college_aliases.csv"
OUTPUT_FILE = REPOSITORY / "corpus" / "colleges" / "institutions.csv"

Row = dict[str, str]
Addresses = dict[tuple[str, str], str]

SECTORS = {
    "1": ("public", "four-year"),
    "2": ("private nonprofit", "four-year"),
    "4": ("public", "two-year"),
}

IPEDS_FIGURES = {
    "enrollment_total": "ENR_TOTAL",
    "enrollment_undergraduate": "ENR_UG",
    "enrollment_graduate": "ENR_GRAD",
    "tuition_in_state": "TUITION_FEES_INSTATE2023",
    "tuition_out_of_state": "TUITION_FEES_2023_OUTSTATE",
    "graduation_rate_4_year": "PCT_AWARD_4YEARS",
    "graduation_rate_6_year": "PCT_AWARD_6YRS",
    "graduation_cohort": "TOTAL_COHORT_2015",
    "earnings_6_years": "MD_EARN_WNE_P6",
    "earnings_10_years": "MD_EARN_WNE_P10",
}
GRADUATION_RATES = ("graduation_rate_4_year", "graduation_rate_6_year")

COLUMNS = [
    "unitid",
    "name",
    "aliases",
    "city",
    "state",
    "state_name",
    "control",
    "level",
    "system",
    "hbcu",
    "tribal_college",
    *IPEDS_FIGURES,
    "admission_rate",
    "sat_average",
    "website",
]

STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California",
    "CO": "Colorado", "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia",
    "FL": "Florida", "GA": "Georgia", "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois",
    "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana",
    "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota",
    "MS": "Mississippi", "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada",
    "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York",
    "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon",
    "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota",
    "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia",
    "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
    "AS": "American Samoa", "FM": "Federated States of Micronesia", "GU": "Guam",
    "MH": "Marshall Islands", "MP": "Northern Mariana Islands", "PR": "Puerto Rico",
    "PW": "Palau", "VI": "US Virgin Islands",
}  # fmt: skip

# How people shorten the name of a system; what stands behind it is the campus.
SYSTEMS = {
    "University of California": ("UC",),
    "California State University": ("Cal State", "CSU"),
    "California State Polytechnic University": ("Cal Poly",),
    "University of Texas": ("UT",),
    "Texas A&M University": ("Texas A&M", "TAMU"),
    "University of North Carolina": ("UNC",),
    "University of Wisconsin": ("UW",),
    "University of Massachusetts": ("UMass",),
    "University of Maryland": ("UMD",),
    "University of Michigan": ("U-M",),
    "University of Minnesota": ("UMN",),
    "University of Missouri": ("UM",),
    "University of Colorado": ("CU",),
    "University of Nebraska": ("Nebraska",),
    "University of Nevada": ("Nevada",),
    "University of Alaska": ("UA",),
    "University of Arkansas": ("UA",),
    "University of Houston": ("UH",),
    "University of Hawaii": ("UH",),
    "University of Tennessee": ("UT",),
    "University of Puerto Rico": ("UPR",),
    "University of South Carolina": ("USC",),
    "Louisiana State University": ("LSU",),
    "Indiana University": ("IU",),
    "Southern Illinois University": ("SIU",),
    "Minnesota State University": ("Minnesota State",),
    "Kent State University": ("Kent State",),
    "Rutgers University": ("Rutgers",),
    "Purdue University": ("Purdue",),
    "State University of New York": ("SUNY",),
}

IVY_LEAGUE = {
    "Brown University", "Columbia University in the City of New York", "Cornell University",
    "Dartmouth College", "Harvard University", "Princeton University",
    "University of Pennsylvania", "Yale University",
}  # fmt: skip
CAL_STATE = ("California State ", "California Polytechnic ")
CAL_STATE_BY_NAME = {
    "San Diego State University", "San Francisco State University", "San Jose State University",
    "Sonoma State University",
}  # fmt: skip
NEW_YORK_OUTSIDE = {"Western Suffolk BOCES"}

_INSTITUTION_WORD = re.compile(r"\b(?:University|College|Colleges|Institute|Academy|School)\b")
_MAIN_CAMPUS = re.compile(r"[- ]Main Campus$")
_WEB_HOST = re.compile(r"^[a-z0-9-]+(?:\.[a-z0-9-]+)+$")
_START_PAGE = re.compile(r"/(?:pages/)?(?:default|index)\.aspx?$", re.IGNORECASE)


class BuildError(Exception):
    """The sources or the alias file contradict each other; says where."""


def build(ipeds: Path, scorecard: Path, aliases: Path) -> str:
    """Return the text of institutions.csv; raises BuildError."""
    rows = [row for row in read_csv(ipeds) if row["SECTOR"] in SECTORS]
    by_unitid = {row["UNITID"]: row for row in read_csv(scorecard)}
    addresses = {_opeid_and_name(r["OPEID"], r["INSTNM"]): r["INSTURL"] for r in by_unitid.values()}
    institutions: list[Row] = []
    old_names: dict[str, str] = {}
    for row in rows:
        institution = _institution(row, by_unitid.get(row["UnitID"]), addresses)
        if any(institution[column] for column in IPEDS_FIGURES):
            institutions.append(institution)
            old_names[row["UnitID"]] = by_unitid.get(row["UnitID"], {}).get("INSTNM", "")
    _add_aliases(institutions, read_curated(aliases), old_names)
    institutions.sort(key=lambda row: (row["name"].casefold(), row["state"], int(row["unitid"])))
    return _to_csv(institutions)


def read_csv(path: Path) -> list[Row]:
    """Read a CSV file with a header; a byte order mark is passed over."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def read_curated(path: Path) -> dict[str, tuple[str, list[str]]]:
    """Read the curated aliases: UnitID to the expected name and the aliases in their order."""
    curated: dict[str, tuple[str, list[str]]] = {}
    for number, row in enumerate(read_csv(path), start=2):
        if row["unitid"] in curated:
            raise BuildError(f"{path.name}, row {number}: {row['unitid']} stands there twice.")
        names = [alias.strip() for alias in row["aliases"].split(";") if alias.strip()]
        curated[row["unitid"]] = (row["name"], names)
    return curated


def _institution(row: Row, scorecard: Row | None, addresses: Addresses) -> Row:
    """Carry one institution's figures over into our columns."""
    control, level = SECTORS[row["SECTOR"]]
    figures = {column: _figure(row[source]) for column, source in IPEDS_FIGURES.items()}
    for column in GRADUATION_RATES:
        # A rate of zero is true for a small cohort in which nobody finished; without a cohort
        # there is no rate at all.
        rate = row[IPEDS_FIGURES[column]]
        figures[column] = str(int(Decimal(rate))) if rate and figures["graduation_cohort"] else ""
    return {
        "unitid": row["UnitID"],
        "name": _one_line(row["INSTITUTION"]),
        "city": _one_line(row["CITY"]),
        "state": row["STATE"],
        "state_name": STATES[row["STATE"]],
        "control": control,
        "level": level,
        "system": _system(_one_line(row["INSTITUTION"]), row["STATE"], control == "public"),
        "hbcu": "yes" if row["HISTORICALLY_BLACK"] == "1" else "no",
        "tribal_college": "yes" if row["TRIBAL"] == "1" else "no",
        **figures,
        "admission_rate": _percent(scorecard["ADM_RATE"]) if scorecard else "",
        "sat_average": _figure(scorecard["SAT_AVG"]) if scorecard else "",
        "website": _website(_web_address(row, scorecard, addresses)),
    }


def _system(name: str, state: str, public: bool) -> str:
    """Return the system or league that people name as one; empty for all others."""
    if name in IVY_LEAGUE:
        return "Ivy League"
    if state == "CA" and public and name.startswith("University of California-"):
        return "University of California"
    if state == "CA" and public and (name.startswith(CAL_STATE) or name in CAL_STATE_BY_NAME):
        return "California State University"
    if state == "NY" and public and "CUNY" in name:
        return "City University of New York"
    # All other public colleges of the state, but a federal academy and a vocational service.
    outside = name.startswith("United States") or name in NEW_YORK_OUTSIDE
    return "State University of New York" if state == "NY" and public and not outside else ""


def _figure(text: str) -> str:
    """Return a positive whole number as digits; anything else means not reported."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return ""
    return str(int(number.to_integral_value(ROUND_HALF_UP))) if number > 0 else ""


def _percent(share: str) -> str:
    """Turn a share (0.1433) into a percentage with one decimal (14.3); zero is not reported."""
    try:
        number = Decimal(share)
    except InvalidOperation:
        return ""
    return str((number * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)) if number > 0 else ""


def _one_line(text: str) -> str:
    """Collapse doubled spaces, which the compilation leaves where it took a comma out."""
    return " ".join(text.split())


def _web_address(row: Row, scorecard: Row | None, addresses: Addresses) -> str:
    """Return the web address as reported.

    The Scorecard of 2022 lists the campuses of Pennsylvania State University under other
    UnitIDs. Their OPEID and name still agree, and an address may be carried over by them;
    figures may not, because they describe the university as a whole.
    """
    if scorecard:
        return scorecard["INSTURL"]
    return addresses.get(_opeid_and_name(row["OPEID"], row["INSTITUTION"]), "")


def _opeid_and_name(opeid: str, name: str) -> tuple[str, str]:
    """Return what identifies an institution where its UnitID has changed."""
    return opeid.lstrip("0"), _MAIN_CAMPUS.sub("", _one_line(name)).removeprefix("The ")


def _website(address: str) -> str:
    """Return `https://host/path`, or nothing where the address is none."""
    bare = re.sub(r"^https?:/*", "", address.strip(), flags=re.IGNORECASE)
    host, _, path = bare.partition("/")
    host = host.lower().rstrip(".")
    if not _WEB_HOST.match(host) or " " in path:
        return ""
    path = _START_PAGE.sub("", f"/{path}").rstrip("/")
    return f"https://{host}{path}"


def normalise(name: str) -> str:
    """Reduce a name to what two spellings of it have in common."""
    words = re.sub(r"[^\w\s]", " ", name.replace("&", " and ").casefold().replace("'", ""))
    return " ".join(words.split())


def _add_aliases(
    institutions: list[Row], curated: dict[str, tuple[str, list[str]]], old_names: dict[str, str]
) -> None:
    """Fill the column `aliases`: curated ones first, then the automatic ones.

    An automatic alias is dropped where it is another institution's name, or where a curated
    alias gives it to another institution.
    """
    names = {normalise(row["name"]): row["unitid"] for row in institutions}
    _check_curated(curated, {row["unitid"]: row["name"] for row in institutions}, names)
    taken = {normalise(alias) for _, aliases in curated.values() for alias in aliases}
    for row in institutions:
        own = curated.get(row["unitid"], ("", []))[1]
        automatic = [
            alias
            for alias in automatic_aliases(row["name"], old_names[row["unitid"]])
            if names.get(normalise(alias), row["unitid"]) == row["unitid"]
            and normalise(alias) not in taken
        ]
        row["aliases"] = ";".join(_distinct([*own, *automatic], row["name"]))


def _check_curated(
    curated: dict[str, tuple[str, list[str]]], name_of: dict[str, str], names: dict[str, str]
) -> None:
    """Raise BuildError where the alias file points at nothing, or at another than it says."""
    for unitid, (expected, aliases) in curated.items():
        if name_of.get(unitid) != expected:
            raise BuildError(f"{unitid} is {name_of.get(unitid)!r}, not {expected!r}.")
        for alias in aliases:
            owner = names.get(normalise(alias), unitid)
            if owner != unitid:
                raise BuildError(f"{alias!r} of {expected!r} is the name of {name_of[owner]!r}.")


def automatic_aliases(name: str, old_name: str = "") -> Iterator[str]:
    """Yield other spellings that are safe to derive from an official name."""
    plain = name.replace("A & M", "A&M").replace("A & T", "A&T").removeprefix("The ")
    yield from (plain, plain.replace(" & ", " and "))
    if _MAIN_CAMPUS.search(plain):
        plain = _MAIN_CAMPUS.sub("", plain)
        yield plain
    yield from _saint_spellings(plain)
    yield from _campus_spellings(plain)
    if plain.endswith(" State University"):
        yield plain.removesuffix(" University")
    if old_name and normalise(old_name) != normalise(name):
        yield _one_line(old_name)


def _saint_spellings(name: str) -> Iterator[str]:
    if re.search(r"\bSaint\b", name):
        yield re.sub(r"\bSaint\b", "St.", name)
    if re.search(r"\bSt\b", name):
        yield re.sub(r"\bSt\b\.?", "Saint", name)


def _campus_spellings(name: str) -> Iterator[str]:
    """Yield spellings of "System-Campus", "System at Campus" and "System Campus"."""
    system, campus = _split_campus(name)
    if not campus:
        return
    yield f"{system} {campus}"
    yield f"{system}, {campus}"
    yield f"{system} at {campus}"
    for short in SYSTEMS.get(system, ()):
        yield f"{short} {campus}"


def _split_campus(name: str) -> tuple[str, str]:
    """Split a name into its system and its campus; the campus is empty where there is none."""
    head, hyphen, tail = name.partition("-")
    if hyphen and _INSTITUTION_WORD.search(head) and not head.endswith(" "):
        campus = tail.removesuffix(" Campus").removeprefix("Penn State ").strip()
        return head, campus
    for system in SYSTEMS:
        if name.startswith(f"{system} "):
            rest = name.removeprefix(f"{system} ")
            return system, rest.removeprefix("at ").removeprefix("in ")
    return name, ""


def _distinct(aliases: Iterable[str], name: str) -> list[str]:
    """Keep the first of each spelling; drop the name itself."""
    seen = {name}
    kept: list[str] = []
    for alias in aliases:
        if alias not in seen:
            seen.add(alias)
            kept.append(alias)
    return kept


def _to_csv(rows: list[Row]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def main() -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--ipeds", type=Path, required=True, help="IPEDS 2023 compilation (CSV)")
    parser.add_argument("--scorecard", type=Path, required=True, help="Scorecard of 2022 (CSV)")
    parser.add_argument("--aliases", type=Path, default=ALIASES_FILE, help="curated aliases (CSV)")
    parser.add_argument("--output", type=Path, default=OUTPUT_FILE, help="where to write")
    options = parser.parse_args()
    try:
        text = build(options.ipeds, options.scorecard, options.aliases)
    except (BuildError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    options.output.write_text(text, encoding="utf-8", newline="\n")
    print(f"{text.count(chr(10)) - 1} institutions written to {options.output}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
