"""Known ways to make a true sentence false, each of which a model commits now and then."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from bot.grounding_eval.statements import Statement

Corrupt = Callable[[Statement, random.Random], str | None]

_FIGURE = re.compile(
    r"\$\d+(?:,\d{3})*(?:\.\d+)?(?: (?:million|billion))?"
    r"|(?<![\w.,$–-])\d+(?:,\d{3})*(?:\.\d+)?(?:%| percent)"
    r"|(?<![\w.,$–-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w.,%–-]*\w)(?! percent)"
)
_RANGE = re.compile(r"\d\S* (?:to|or|and|through) \$?\d|between|from \S+ to ")
_YEAR = re.compile(r"(?<![\d$,.])(?:19|20)\d\d(?:[–-]\d\d(?!\d))?(?![\d,]*\d)")
_NAME = re.compile(
    r"(?<![.!?:;“(\n] )(?<!^)(?<!\n)\b[A-Z][\w-]+(?:(?: of| and| the)? [A-Z][\w-]+){0,4}"
)
_NO_NAMES = frozenset(
    """The A An This That These Those For When Where Which Who What How If In On At By Some Many
    Most Each Every All No Not Ask It They You Your And But Or""".split()  # noqa: SIM905
)
_SHORT_SENTENCE = re.compile(r"(?<=[.\n] )[A-Z][^.!?]{20,90}\.(?=\s|$)|^[A-Z][^.!?]{20,90}\.", re.M)
FOREIGN_SHARE = 0.4
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_UNITS = (
    (r"\$(\d[\d,]*(?:\.\d+)?)", r"\1%"),
    (r"\$(\d[\d,]*(?:\.\d+)?)", r"\1 euros"),
    (r"(\d)(?:%| percent)", r"\1 dollars"),
    (r"(\d)(?:%| percent)", r"\1 points"),
    (r"\$(\d{1,3}),000\b", r"$\1 million"),
    (r"\b(\d+|two|three|four|five|six|ten|twelve) years\b", r"\1 months"),
    (r"\b(\d+|two|three|four|five|six|ten|twelve) months\b", r"\1 years"),
    (r"\b(\d+|two|three|four|five|six|ten|twelve) days\b", r"\1 weeks"),
    (r"\b(\d+|two|three|four|five|six|ten|twelve) weeks\b", r"\1 days"),
    (r"\b(\d+) hours\b", r"\1 minutes"),
    (r"\b(\d+) mm\b", r"\1 cm"),
    (r"\b(\d[\d.]*) Nm\b", r"\1 lb-ft"),
    (r"\b(\d[\d.]*) kg\b", r"\1 g"),
    (r"\b(\d[\d.]*) km/h\b", r"\1 mph"),
    (r"\b(\d+) semesters\b", r"\1 years"),
    (r"\ba month\b", "a week"),
    (r"\ba year\b", "a month"),
    (r"\ba week\b", "a day"),
)
_OPPOSITES = (
    ("more", "less"), ("more", "fewer"), ("most", "least"), ("higher", "lower"),
    ("highest", "lowest"), ("larger", "smaller"), ("largest", "smallest"), ("above", "below"),
    ("at least", "at most"), ("before", "after"), ("earlier", "later"), ("longer", "shorter"),
    ("over", "under"), ("cheaper", "more expensive"), ("cheapest", "most expensive"),
    ("least", "most"), ("better", "worse"), ("harder", "easier"), ("always", "never"),
    ("usually", "rarely"), ("often", "seldom"), ("all", "none of"), ("most", "few"),
    ("every", "no"), ("increase", "decrease"), ("rise", "fall"), ("rises", "falls"),
    ("up to", "at least"), ("first", "last"), ("must", "need not"), ("maximum", "minimum"),
    ("within", "after"), ("until", "after"), ("far below", "far above"), ("low", "high"),
    ("many", "few"), ("less than", "more than"), ("fewer than", "more than"),
    ("longest", "shortest"), ("quiet", "noisy"), ("new", "old"), ("strong", "weak"),
)  # fmt: skip
_NEGATIVES = (
    (r"\b(do|does|did|is|are|was|were|will|should|must|may|can|could|has|have) not\b", r"\1"),
    (r"\bcannot\b", "can"),
    (r"\b(do|does|did|is|are|was|were|should|could|has|have)n['’]t\b", r"\1"),
    (r"\b(?:can|won)['’]t\b", "can"),
    (r"\bnever\b", "always"),
    (r"\bwithout\b", "with"),
    (r"\bno (?=[a-z]+(?:s|ed|al)? )", ""),
    (r"\bneither ([^,.;]+) nor\b", r"both \1 and"),
    (r"\bnone of\b", "all of"),
    (r"\b(?:rarely|seldom)\b", "usually"),
    (r"\bnot (?=a |an |the |by |from |for |in |to |one |tied |binding)", ""),
)
_NOT_NEGATIVE = re.compile(
    r"\b(?:not only|whether or not|if not|not all|not every|no more than|no later than|"
    r"no less than|no fewer than|no matter|no earlier|no longer|carry over|"
    r"(?:and|in) fall|fall (?:\d+|terms?))\b",
    re.I,
)
_CLAUSES = (
    "and nobody has ever been turned away",
    "which the government pays for in full",
    "and the deadline is always extended on request",
    "so it is better to wait until summer",
    "because the law changed after a court case",
    "and the same rule holds in Canada",
    "which is why experts advise against it",
    "and a lawyer has to sign it",
    "although most people ignore this",
    "and it is the best choice for everybody",
    "which takes about a week by mail",
    "and the fee is refunded afterwards",
    "because insurance covers the damage",
    "and customers are very happy with it",
    "which was invented in Germany",
    "so there is no need to worry about the price",
    "and the first one is free of charge",
    "but this is going to be abolished soon",
    "and it can be done by phone",
    "which only works on weekdays",
    "and a warning is printed on the package",
    "because the computer picks names at random",
    "and you will be notified by text message",
    "which doubles your chances",
    "but only for people over sixty",
    "and it must be renewed every spring",
    "as several newspapers have reported",
    "and the manager decides who wins",
    "which makes it illegal in some countries",
    "and there is a hotline for complaints",
)


def swapped_figures(statement: Statement, rng: random.Random) -> str | None:
    """Exchange two figures of the sentence, or take one from elsewhere in the evidence."""
    if statement.names:
        return _other_cell(statement, rng)
    text = statement.bare
    found = [m for m in _FIGURE.finditer(text) if not _YEAR.fullmatch(m[0])]
    found = [m for m in found if not _is_date(text, m)]
    if not found:
        return None
    pairs = [
        (a, b)
        for i, a in enumerate(found)
        for b in found[i + 1 :]
        if a[0] != b[0]
        and _shape(a[0]) == _shape(b[0])
        and not _RANGE.search(text[max(0, a.start() - 10) : b.end() + 10])
    ]
    if pairs:
        a, b = rng.choice(pairs)
        return text[: a.start()] + b[0] + text[a.end() : b.start()] + a[0] + text[b.end() :]
    a = rng.choice(found)
    own = {m[0] for m in found}
    source = statement.cited[0].quote
    others = [m[0] for m in _FIGURE.finditer(source) if _shape(m[0]) == _shape(a[0])]
    others = sorted({o for o in others if o not in own and not _YEAR.fullmatch(o)})
    if not others:
        return None
    return text[: a.start()] + rng.choice(others) + text[a.end() :]


def swapped_entities(statement: Statement, rng: random.Random) -> str | None:
    """Give what is said of one name to another, from the same passage or row set if there is."""
    if len(statement.names) == 2:
        return _exchanged(statement.text, *statement.names)
    if statement.names:
        others = sorted({e.facts[0].entity for e in statement.evidence} - {*statement.names})
        return statement.text.replace(statement.names[0], rng.choice(others)) if others else None
    text = statement.bare
    mine = sorted({name for m in _NAME.finditer(text) if (name := _tidy(m[0]))})
    near = {name for m in _NAME.finditer(statement.cited[0].quote) if (name := _tidy(m[0]))}
    far = {_tidy(m[0]) for e in statement.evidence for m in _NAME.finditer(e.quote)} - {""}
    for name in rng.sample(mine, len(mine)):
        for pool in (near, far):
            fitting = sorted(o for o in pool if o not in text and not _akin(o, name))
            fitting = [o for o in fitting if (o.isupper()) == (name.isupper())]
            if fitting:
                return re.sub(rf"\b{re.escape(name)}\b", rng.choice(fitting), text)
    return None


def wrong_year(statement: Statement, rng: random.Random) -> str | None:
    """Change a year, by choice to another of the evidence."""
    text = statement.bare
    found = list(_YEAR.finditer(text))
    if not found:
        return None
    year = rng.choice(found)
    there = {m[0] for m in _YEAR.finditer(statement.cited[0].quote)} - {m[0] for m in found}
    same = sorted(other for other in there if len(other) == len(year[0]))
    if same and rng.random() < 0.5:
        other = rng.choice(same)
    else:
        by = rng.choice((-3, -2, -1, 1, 2, 3))
        start = int(year[0][:4]) + by
        other = str(start) + (f"{year[0][4]}{(start + 1) % 100:02}" if len(year[0]) > 4 else "")
    return None if other in text else text[: year.start()] + other + text[year.end() :]


def wrong_unit(statement: Statement, rng: random.Random) -> str | None:
    """Give a figure another unit or scale."""
    if statement.figures:
        figure = statement.figures[0]
        number = re.sub(r"[^\d.,]", "", figure)
        wrong = [f"{number}%", f"${number}", f"{number} million", f"{number} minutes"]
        other = rng.choice([unit for unit in wrong if unit != figure])
        return statement.text.replace(figure, other, 1)
    text = statement.bare
    ways = [(p, r) for p, r in _UNITS if re.search(p, text)]
    if not ways:
        return None
    pattern, replacement = rng.choice(ways)
    return re.sub(pattern, replacement, text, count=1)


def inverted_comparison(statement: Statement, rng: random.Random) -> str | None:
    """Turn a word of comparison, order or frequency into its opposite."""
    text = statement.text
    both = [*_OPPOSITES, *((b, a) for a, b in _OPPOSITES)]
    there = [(a, b) for a, b in both if re.search(rf"(?<![-\w]){a}(?![-\w])", text, re.I)]
    there = [(a, b) for a, b in there if not _inside_longer(a, text)]
    if statement.names:
        there = [(a, b) for a, b in there if a in ("higher", "lower")]
    if not there or _NOT_NEGATIVE.search(text):
        return None
    a, b = rng.choice(there)
    return re.sub(
        rf"(?<![-\w]){a}(?![-\w])", lambda m: _as_cased(m[0], b), text, count=1, flags=re.I
    )


def dropped_negation(statement: Statement, rng: random.Random) -> str | None:
    """Leave out a "not" or its like."""
    text = statement.bare
    if _NOT_NEGATIVE.search(text):
        return None
    ways = [(p, r) for p, r in _NEGATIVES if re.search(p, text)]
    if not ways:
        return None
    pattern, replacement = rng.choice(ways)
    return re.sub(pattern, replacement, text, count=1)


def unsupported_clause(statement: Statement, rng: random.Random) -> str | None:
    """Append something that the cited evidence does not say: invented, or said elsewhere."""
    clause = rng.choice(_CLAUSES)
    foreign = _said_elsewhere(statement)
    if foreign and rng.random() < FOREIGN_SHARE:
        clause = f"and {_lowered(rng.choice(foreign))}"
    return (
        f"{statement.text.rstrip('.')}, {clause}."
        if statement.names
        else (f"{statement.bare.rstrip('.')}, {clause}.")
    )


CORRUPTIONS: dict[str, Corrupt] = {
    "swapped figures": swapped_figures,
    "swapped entities": swapped_entities,
    "wrong year": wrong_year,
    "wrong unit": wrong_unit,
    "inverted comparison": inverted_comparison,
    "dropped negation": dropped_negation,
    "unsupported clause": unsupported_clause,
}


def _other_cell(statement: Statement, rng: random.Random) -> str | None:
    """Exchange two figures about rows, or put another cell's figure in."""
    if not statement.figures:
        return None
    if len(set(statement.figures)) > 1:
        return _exchanged(statement.text, *rng.sample(sorted(set(statement.figures)), 2))
    mine = statement.figures[0]
    cells = {fact.display for piece in statement.evidence for fact in piece.facts}
    others = sorted(cells - {mine, mine.split(" ")[0]})
    return statement.text.replace(mine, rng.choice(others)) if others else None


def _exchanged(text: str, a: str, b: str) -> str | None:
    if a in b or b in a:
        return None
    return text.replace(a, "\0").replace(b, a).replace("\0", b)


def _said_elsewhere(statement: Statement) -> list[str]:
    """Return short sentences of pieces that are not cited, of other documents."""
    cited = {piece.document for piece in statement.cited}
    quotes = [e.quote for e in statement.evidence if e.document not in cited and not e.facts]
    found = [m[0].strip(" .") for quote in quotes for m in _SHORT_SENTENCE.finditer(quote)]
    return [said for said in found if not re.search(r"[:;\n]", said)]


def _lowered(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _shape(figure: str) -> str:
    return "$" if figure.startswith("$") else "%" if figure[-1] in "%t" else "n"


def _is_date(text: str, figure: re.Match[str]) -> bool:
    around = [*text[: figure.start()].split()[-1:], *text[figure.end() :].split()[:1]]
    return any(word.strip(".,") in _MONTHS for word in around)


def _tidy(name: str) -> str:
    first = name.split()[0]
    return "" if len(name) < 3 or first in _MONTHS or first in _NO_NAMES else name


def _akin(a: str, b: str) -> bool:
    """Whether two names may mean the same: one in the other, or the initials of the other."""

    def initials(name: str) -> str:
        return "".join(word[0] for word in name.split() if word[0].isupper())

    shared = {w.rstrip("s") for w in a.lower().split()} & {w.rstrip("s") for w in b.lower().split()}
    return bool(shared) or a in b or b in a or initials(a) == b or initials(b) == a


def _inside_longer(word: str, text: str) -> bool:
    """Whether a word only stands in a phrase that means something else."""
    longer = (
        "at least",
        "at most",
        "at first",
        "no more",
        "or less",
        "or more",
        "after all",
        "at all",
    )
    rest = text.lower()
    for phrase in longer:
        if word != phrase and word in phrase:
            rest = rest.replace(phrase, "")
    return not re.search(rf"(?<![-\w]){word}(?![-\w])", rest)


def _as_cased(old: str, new: str) -> str:
    return new[:1].upper() + new[1:] if old[:1].isupper() else new
