"""The two packs that come with the project: their cards, tables, names and rules."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import sys
import time
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from ingest.domain import DomainCard, RuleCard, load_card
from ingest.records import Cell, Record, read_records

REPOSITORY = Path(__file__).resolve().parents[2]
COLLEGES = REPOSITORY / "corpus" / "colleges"
AUTO_PARTS = REPOSITORY / "corpus" / "auto-parts"
SHARED = REPOSITORY.parent / "shared" / "data"
IPEDS = SHARED / "colleges" / "institutions_2023.csv"
SCORECARD = SHARED / "colleges" / "scorecard_2022_26cols.csv"
SCOPE_SETS = sorted((SHARED / "scope").glob("*.jsonl")) if SHARED.is_dir() else []

PACKS = pytest.mark.parametrize("pack", [COLLEGES, AUTO_PARTS], ids=lambda pack: pack.name)


@cache
def card_of(pack: Path) -> DomainCard:
    return load_card(pack)


@cache
def records_of(pack: Path) -> tuple[list[Record], list[str]]:
    table = card_of(pack).tables[0]
    return read_records(pack / table.file, table.file, table)


def load_builder() -> ModuleType:
    path = REPOSITORY / "tools" / "build_institutions.py"
    spec = importlib.util.spec_from_file_location("build_institutions", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


builder = load_builder()


def institution(unitid: str) -> Record:
    records, _ = records_of(COLLEGES)
    return next(record for record in records if record.record_id == f"institutions:{unitid}")


# Both packs


@PACKS
def test_every_row_is_read(pack: Path) -> None:
    records, warnings = records_of(pack)
    assert warnings == []
    with (pack / card_of(pack).tables[0].file).open(encoding="utf-8", newline="") as file:
        assert len(records) == sum(1 for _ in csv.reader(file)) - 1


@PACKS
def test_every_category_value_is_in_the_card(pack: Path) -> None:
    """A filter can only find values that the card knows, and must not offer any that none has."""
    records, _ = records_of(pack)
    for field in card_of(pack).tables[0].fields:
        if field.type == "category":
            said = {record.values[field.key] for record in records} - {None}
            assert said == set(field.values), field.key


@PACKS
def test_every_field_is_filled_somewhere_and_says_where_it_is_from(pack: Path) -> None:
    records, _ = records_of(pack)
    for field in card_of(pack).tables[0].fields:
        assert field.source and field.vintage, field.key
        assert any(record.values[field.key] is not None for record in records), field.key


@PACKS
def test_scope_examples_are_distinct(pack: Path) -> None:
    scope = card_of(pack).scope
    examples = [builder.normalise(text) for text in (*scope.in_scope, *scope.out_of_scope)]
    assert len(examples) == len(set(examples))


@PACKS
def test_fair_questions_pass_every_rule_of_questions(pack: Path) -> None:
    card = card_of(pack)
    for question in (*card.scope.in_scope, *card.domain.suggestions):
        assert fired(card, "question", question) == [], question


@PACKS
def test_patterns_take_linear_time(pack: Path) -> None:
    """Text made to provoke backtracking; a pattern with nested repeats would take minutes."""
    hostile = ["write my " * 5_000, "a" * 50_000, "my " * 15_000, "1 " * 20_000, "a@" * 20_000]
    hostile += ["guarantee me " * 4_000, "0-" * 20_000, "will i get " * 4_000, " " * 50_000]
    for rule in card_of(pack).rules:
        if rule.pattern:
            pattern = re.compile(rule.pattern, re.IGNORECASE)
            started = time.thread_time()
            for text in hostile:
                pattern.search(text)
            assert time.thread_time() - started < 20, rule.id


# Colleges: the card


def test_the_college_card_has_enough_examples() -> None:
    card = card_of(COLLEGES)
    assert len(card.scope.in_scope) >= 80
    assert len(card.scope.out_of_scope) >= 160
    assert len(card.domain.suggestions) == 6
    assert card.domain.refusal.startswith("That's not a college data question.")


@pytest.mark.skipif(not SCOPE_SETS, reason="../shared/data/scope is not here")
def test_no_scope_example_stands_in_the_test_sets() -> None:
    """What the gate is measured on must not be what it was calibrated on."""
    measured: set[str] = set()
    for path in SCOPE_SETS:
        for line in path.read_text(encoding="utf-8").splitlines():
            measured |= {
                builder.normalise(v) for v in json.loads(line).values() if isinstance(v, str)
            }
    scope = card_of(COLLEGES).scope
    ours = {builder.normalise(text) for text in (*scope.in_scope, *scope.out_of_scope)}
    assert ours & measured == set()


def test_no_synonym_is_so_general_that_it_fires_by_accident() -> None:
    general = {
        "rate",
        "students",
        "cost",
        "price",
        "fees",
        "size",
        "score",
        "money",
        "state",
        "year",
    }
    general |= {"cost of living", "college", "school", "graduate"}
    for field in card_of(COLLEGES).tables[0].fields:
        assert not general & {synonym.casefold() for synonym in field.synonyms}, field.key


def test_only_fields_that_people_agree_about_have_a_better_direction() -> None:
    better = {field.key: field.better for field in card_of(COLLEGES).tables[0].fields}
    assert {key for key, direction in better.items() if direction == "lower"} == {
        "tuition_in_state",
        "tuition_out_of_state",
    }
    assert {key for key, direction in better.items() if direction == "higher"} == {
        "graduation_rate_4_year",
        "graduation_rate_6_year",
        "earnings_6_years",
        "earnings_10_years",
    }


# Colleges: the figures


@pytest.mark.parametrize(
    ("unitid", "name", "field", "expected"),
    [
        ("110662", "University of California-Los Angeles", "tuition_in_state", 13747),
        ("110662", "University of California-Los Angeles", "admission_rate", 14.3),
        ("110662", "University of California-Los Angeles", "sat_average", None),
        ("228778", "The University of Texas at Austin", "tuition_in_state", 11678),
        ("228778", "The University of Texas at Austin", "enrollment_total", 53082),
        ("166683", "Massachusetts Institute of Technology", "tuition_out_of_state", 60156),
        ("166683", "Massachusetts Institute of Technology", "earnings_10_years", 143372),
        ("166683", "Massachusetts Institute of Technology", "sat_average", 1550),
        ("243744", "Stanford University", "admission_rate", 5.2),
        ("243744", "Stanford University", "graduation_rate_4_year", 77),
        ("199120", "University of North Carolina at Chapel Hill", "graduation_rate_6_year", 91),
        ("110635", "University of California-Berkeley", "earnings_6_years", 74919),
        ("134130", "University of Florida", "enrollment_undergraduate", 34924),
        ("433387", "Western Governors University", "enrollment_graduate", 49193),
        ("133526", "Edward Waters University", "hbcu", "yes"),
        ("180203", "Aaniiih Nakoda College", "tribal_college", "yes"),
        ("214777", "Pennsylvania State University-Main Campus", "website", "https://www.psu.edu"),
        ("214777", "Pennsylvania State University-Main Campus", "admission_rate", None),
    ],
)
def test_figures_are_what_the_sources_say(
    unitid: str, name: str, field: str, expected: Cell
) -> None:
    record = institution(unitid)
    assert record.name == name
    assert record.values[field] == expected


def test_every_four_year_and_public_two_year_institution_is_there() -> None:
    records, _ = records_of(COLLEGES)
    four_year = [record for record in records if record.values["level"] == "four-year"]
    with_tuition = [r for r in four_year if r.values["tuition_in_state"] is not None]
    assert len(with_tuition) == 2091
    two_year = [record for record in records if record.values["level"] == "two-year"]
    assert len(two_year) == 866
    assert {record.values["control"] for record in two_year} == {"public"}


def test_figures_lie_where_they_can() -> None:
    """No zero stands for "not reported", and no share exceeds the whole."""
    card = card_of(COLLEGES).tables[0]
    rates = {"graduation_rate_4_year", "graduation_rate_6_year"}
    for record in records_of(COLLEGES)[0]:
        for field in card.fields:
            value = record.values[field.key]
            if field.numeric and value is not None:
                assert isinstance(value, int | float)
                assert value > 0 or field.key in rates, (record.name, field.key)
                assert field.type != "percent" or value <= 100, (record.name, field.key)
        sat = record.values["sat_average"]
        assert sat is None or 400 <= float(sat) <= 1600
        if record.values["graduation_rate_6_year"] == 0:
            assert record.values["graduation_cohort"], record.name


def test_undergraduates_and_graduates_add_up() -> None:
    for record in records_of(COLLEGES)[0]:
        total, *parts = (
            record.values[f"enrollment_{part}"] for part in ("total", "undergraduate", "graduate")
        )
        assert (total or 0) == sum(int(part or 0) for part in parts), record.name


def test_websites_are_addresses() -> None:
    addresses = [record.values["website"] for record in records_of(COLLEGES)[0]]
    given = [str(address) for address in addresses if address]
    assert len(given) > 3_200
    assert all(re.fullmatch(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(/\S+)?", url) for url in given)


# Colleges: the names


def test_at_least_300_institutions_have_curated_names() -> None:
    assert len(builder.read_curated(builder.ALIASES_FILE)) >= 300


def test_every_curated_name_stands_on_the_institution_that_it_means() -> None:
    by_id = {record.record_id: record for record in records_of(COLLEGES)[0]}
    names = {builder.normalise(record.name): record.record_id for record in by_id.values()}
    for unitid, (expected, aliases) in builder.read_curated(builder.ALIASES_FILE).items():
        record = by_id[f"institutions:{unitid}"]
        assert record.name == expected
        assert set(aliases) <= set(record.aliases)
        for alias in aliases:
            assert names.get(builder.normalise(alias), record.record_id) == record.record_id, alias


def test_no_alias_is_the_full_name_of_another_institution() -> None:
    records, _ = records_of(COLLEGES)
    owners: dict[str, set[str]] = {}
    for record in records:
        owners.setdefault(builder.normalise(record.name), set()).add(record.record_id)
    for record in records:
        for alias in record.aliases:
            owner = owners.get(builder.normalise(alias))
            assert owner is None or record.record_id in owner, (record.name, alias)


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("UCLA", "University of California-Los Angeles"),
        ("University of California, Los Angeles", "University of California-Los Angeles"),
        ("UC Los Angeles", "University of California-Los Angeles"),
        ("UT Austin", "The University of Texas at Austin"),
        ("UNC", "University of North Carolina at Chapel Hill"),
        ("Cal", "University of California-Berkeley"),
        ("MIT", "Massachusetts Institute of Technology"),
        ("Penn", "University of Pennsylvania"),
        ("Penn State", "Pennsylvania State University-Main Campus"),
        ("Georgia Tech", "Georgia Institute of Technology-Main Campus"),
        ("Michigan", "University of Michigan-Ann Arbor"),
        ("Ole Miss", "University of Mississippi"),
        ("W&M", "William & Mary"),
        ("USC", "University of Southern California"),
        ("UW", "University of Washington-Seattle Campus"),
        ("OSU", "Ohio State University-Main Campus"),
        ("Texas A&M", "Texas A & M University-College Station"),
        ("Cal Poly", "California Polytechnic State University-San Luis Obispo"),
        ("NOVA", "Northern Virginia Community College"),
        ("SUNY Buffalo", "University at Buffalo"),
        ("West Point", "United States Military Academy"),
        ("Ohio University", "Ohio University-Main Campus"),
        ("Miami of Ohio", "Miami University-Oxford"),
        ("Mizzou", "University of Missouri-Columbia"),
    ],
)
def test_the_largest_institution_of_a_name_is_the_one_people_mean(alias: str, name: str) -> None:
    """An ambiguous name is resolved by enrolment, so the largest has to be the right one."""
    key = builder.normalise(alias)
    named = [r for r in records_of(COLLEGES)[0] if key in map(builder.normalise, r.aliases)]
    assert max(named, key=lambda record: int(record.values["enrollment_total"] or 0)).name == name


def test_ambiguous_names_stand_on_all_that_use_them() -> None:
    named = {record.name for record in records_of(COLLEGES)[0] if "OSU" in record.aliases}
    assert named == {
        "Ohio State University-Main Campus",
        "Oklahoma State University-Main Campus",
        "Oregon State University",
    }


# Colleges: the rules


def fired(card: DomainCard, role: str, text: str) -> list[str]:
    """Return the ids of the rules by words or pattern that apply to a text and do not just flag."""
    rules = [rule for rule in card.rules if role in rule.applies_to and rule.action != "flag"]
    return [rule.id for rule in rules if matches(rule, text)]


def matches(rule: RuleCard, text: str) -> bool:
    words = "|".join(map(re.escape, rule.words))
    pattern = rule.pattern or rf"\b(?:{words})\b"
    return re.search(pattern, text, re.IGNORECASE) is not None


@pytest.mark.parametrize(
    ("rule", "question"),
    [
        ("crisis", "I want to die"),
        ("crisis", "I didn't get in anywhere and I don’t want to live anymore"),
        ("crisis", "i failed everything, thinking of suicide"),
        ("crisis", "im feeling suicidal"),
        ("personal-numbers", "My SSN is 123-45-6789, how do I fill in the FAFSA?"),
        ("personal-numbers", "my social security number is 123456789"),
        ("personal-numbers", "Pay the application fee with 4111 1111 1111 1111"),
        ("essay-writing", "Write my college essay"),
        ("essay-writing", "Can you write me a personal statement for UCLA?"),
        ("essay-writing", "please draft a letter of recommendation for my student"),
        ("essay-writing", "I have no time. Write a 650 word Common App essay about my grandmother"),
        ("chance-me", "Chance me for Stanford"),
        ("chance-me", "Will I get into MIT with a 3.9?"),
        ("chance-me", "What are my chances of getting into UCLA?"),
        ("chance-me", "can i get into michigan with a 1200"),
        ("chance-me", "Can you guarantee my admission to Yale?"),
        ("application-fraud", "Where can I buy a fake transcript?"),
        ("application-fraud", "how do i lie on the fafsa"),
        ("application-fraud", "Can somebody take the SAT for me?"),
        ("sexual-content", "write me an erotic story about a professor"),
        ("hate", "ban all muslims from college"),
    ],
)
def test_a_rule_catches_what_it_is_for(rule: str, question: str) -> None:
    assert fired(card_of(COLLEGES), "question", question) == [rule]


@pytest.mark.parametrize(
    "question",
    [
        "How do I write a good personal statement?",
        "What should I write my essay about?",
        "How long should the Common App essay be?",
        "Who can write a recommendation letter for me?",
        "When I compare offers, do I need to write an appeal letter?",
        "Do I need a Social Security number for the FAFSA?",
        "My ZIP code is 90210-1234, which colleges are near?",
        "The aid office is at 310-555-0101, what do I ask them?",
        "Can I get in-state tuition in Texas?",
        "Will I get in state tuition if I move to Oregon?",
        "What are my chances of getting a Pell Grant?",
        "Can I be admitted without an SAT score?",
        "Will I be able to transfer my credits?",
        "Which colleges offer guaranteed admission to transfer students?",
        "What are the chances of getting into Harvard?",
        "How do colleges check transcripts?",
        "What happens if there is a mistake on my FAFSA?",
        "Which schools have a good program in suicide prevention?",
        "What is Title IX and how do colleges handle sexual harassment?",
        "Which colleges have the most women?",
        "Are immigrants eligible for financial aid?",
        "Which colleges do not discriminate against gay students?",
        "Is the essay on the SAT still required?",
        "I am dying to go to NYU, how much is it?",
        "Will the deadline kill my chances for aid?",
        "Which university is best for a doctor's degree?",
        "How do I report that someone hides income on taxes?",
        "When can I take the SAT again?",
    ],
)
def test_ordinary_questions_pass(question: str) -> None:
    assert fired(card_of(COLLEGES), "question", question) == []


@pytest.mark.parametrize(
    ("rule", "answer"),
    [
        ("admission-promise", "With these scores you are guaranteed admission."),
        ("admission-promise", "Your admission is guaranteed."),
        ("admission-promise", "You will definitely get into UCLA."),
        ("profanity", "That is a shitty offer."),
    ],
)
def test_answers_that_must_not_be_shown(rule: str, answer: str) -> None:
    assert fired(card_of(COLLEGES), "answer", answer) == [rule]


def test_what_the_corpus_says_may_be_shown() -> None:
    """No name, no figure's note and no guide in Markdown trips a rule of answers."""
    card = card_of(COLLEGES)
    texts = [text for r in records_of(COLLEGES)[0] for text in (r.name, *r.aliases)]
    texts += [field.note for field in card.tables[0].fields]
    texts += [path.read_text(encoding="utf-8") for path in (COLLEGES / "guides").glob("*.md")]
    assert {
        text[:80]: fired(card, "answer", text) for text in texts if fired(card, "answer", text)
    } == {}


def test_contact_details_in_an_answer_are_flagged() -> None:
    rule = next(rule for rule in card_of(COLLEGES).rules if rule.id == "contact-details")
    assert rule.action == "flag"
    assert matches(rule, "Write to aid@example.edu.")
    assert matches(rule, "Call (310) 555-0101 today.")
    assert not matches(
        rule, "Tuition is $13,747 and 46,678 students are enrolled; call or text 988."
    )


# The build script


@pytest.mark.skipif(not IPEDS.is_file(), reason="../shared/data/colleges is not here")
def test_the_build_script_reproduces_the_table_byte_for_byte() -> None:
    text = builder.build(IPEDS, SCORECARD, builder.ALIASES_FILE)
    assert text.encode() == (COLLEGES / "institutions.csv").read_bytes()


SOURCE_COLUMNS = (
    "UnitID,INSTITUTION,CITY,STATE,OPEID,HISTORICALLY_BLACK,TRIBAL,SECTOR,ENR_TOTAL,ENR_UG,ENR_GRAD,"
    "TUITION_FEES_INSTATE2023,TUITION_FEES_2023_OUTSTATE,PCT_AWARD_4YEARS,PCT_AWARD_6YRS,"
    "TOTAL_COHORT_2015,MD_EARN_WNE_P6,MD_EARN_WNE_P10\n"
)


def small_sources(folder: Path, aliases: str) -> tuple[Path, Path, Path]:
    """Write small stand-ins of the three source files; returns their paths."""
    ipeds, scorecard, names = (folder / name for name in ("ipeds.csv", "sc.csv", "names.csv"))
    ipeds.write_text(
        SOURCE_COLUMNS
        + "1,Larch University-Main Campus,Elm,TX,100,2,2,1,10,10,,500,600,0,0,5,1000.0,2000.0\n"
        + "2,Birch  College,Elm,OH,200,1,2,2,0,,,0,0,0,0,,,\n"
        + "3,Saint Fir College,Elm,OH,300,1,2,2,7,7,,0,0,0,0,,,\n"
        + "4,Closed College,Elm,OH,400,2,2,,,,,,,,,,,\n"
        + "5,Larch System Office,Elm,TX,500,2,2,0,,,,,,,,,,\n",
        encoding="utf-8",
    )
    scorecard.write_text(
        "UNITID,OPEID,INSTNM,INSTURL,ADM_RATE,SAT_AVG\n"
        "1,00100,Larch University,HTTP://WWW.Larch.edu/Home/index.aspx,0.12345,1200\n"
        "99,00300,Saint Fir College,fir.edu/,0.5,NULL\n",
        encoding="utf-8",
    )
    names.write_text(f"unitid,name,aliases\n{aliases}", encoding="utf-8")
    return ipeds, scorecard, names


def test_missing_figures_stay_empty_and_true_zeros_stay(tmp_path: Path) -> None:
    sources = small_sources(tmp_path, "1,Larch University-Main Campus,LU;Larch\n")
    rows = list(csv.DictReader(builder.build(*sources).splitlines()))
    assert [row["name"] for row in rows] == ["Larch University-Main Campus", "Saint Fir College"]
    larch, fir = rows
    assert larch["aliases"] == "LU;Larch;Larch University"
    assert larch["graduation_rate_4_year"] == "0"
    assert larch["admission_rate"] == "12.3"
    assert larch["website"] == "https://www.larch.edu/Home"
    assert fir["tuition_in_state"] == fir["graduation_rate_4_year"] == ""
    assert fir["aliases"] == "St. Fir College"
    assert fir["website"] == "https://fir.edu"
    assert fir["admission_rate"] == "", "figures are not carried over by another id"


@pytest.mark.parametrize(
    "aliases",
    [
        "1,Spruce University,SU\n",
        "8,Larch University-Main Campus,LU\n",
        "1,Larch University-Main Campus,St. Fir;saint fir college\n",
        "1,Larch University-Main Campus,LU\n1,Larch University-Main Campus,Larch\n",
    ],
    ids=["another name", "no such id", "name of another", "twice"],
)
def test_a_slip_in_the_alias_file_is_caught(tmp_path: Path, aliases: str) -> None:
    with pytest.raises(builder.BuildError):
        builder.build(*small_sources(tmp_path, aliases))


# Auto parts


def test_the_parts_pack_is_small_and_complete() -> None:
    card = card_of(AUTO_PARTS)
    assert len(card.scope.in_scope) >= 30
    assert len(card.scope.out_of_scope) >= 40
    assert card.domain.refusal.startswith("That's not an auto parts question.")
    records, _ = records_of(AUTO_PARTS)
    assert len(records) >= 60
    pads = next(record for record in records if record.record_id == "parts:A-1042")
    assert pads.name == "A-1042 Ceramic brake pad set, front"
    assert "A-1042" in pads.aliases
    assert (pads.values["torque_nm"], pads.values["price_usd"]) == (30, 58)
    assert all(int(r.values["year_from"] or 0) <= int(r.values["year_to"] or 0) for r in records)


def test_the_parts_rules() -> None:
    card = card_of(AUTO_PARTS)
    assert fired(card, "question", "How do I disable the airbag?") == ["safety-systems"]
    assert fired(card, "question", "my brakes have failed, which pads do I buy?") == [
        "brake-failure"
    ]
    assert fired(card, "question", "Which pads for brakes that squeal?") == []
