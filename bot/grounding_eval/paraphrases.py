"""Sound rewrites: the same thing in other words, each a way in which people and models reword.

Independent little programs, not one: what a verifier makes of one says little about the next.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from bot.grounding_eval.statements import Statement

Rewrite = Callable[[Statement, random.Random], str | None]

ROW_WORDINGS = (
    "{a}: {x} {ax} {1}.",
    "{a} has {x} of {ax} {1}.",
    "The {x} of {a} is {ax} {1}.",
    "According to the data, the {x} at {a} comes to {ax} {1}.",
    "At {a} the {x} is {ax} {1}.",
    "{a}'s {x}: {ax} {1}.",
    "With {ax}, that is what {a} reports as its {x} {1}.",
    "For {x}, {a} reports {ax} ({vintage}) {1}.",
    "{a} has {x} of {ax} and {y} of {ay} {1}.",
    "{y} at {a} is {ay}, and {x} is {ax} {1}.",
)
PAIR_WORDINGS = (
    "{X}: {a} {ax} {1}; {b} {bx} {2}.",
    "{a} has {x} of {ax} {1}, while {b} has {bx} {2}.",
    "The {x} of {a} is {ax} {1}, compared with {bx} at {b} {2}.",
    "{a} ({ax}) has a {more} {x} than {b} ({bx}) {1} {2}.",
    "The {x} is {more} at {a} than at {b}: {ax} against {bx} {1} {2}.",
    "{a} has a {more} {x} than {b} {1} {2}.",
    "At {b} the {x} is {bx} {2}; at {a} it is {ax} {1}.",
    "{a} reports {ax} as {x} {1} and {b} reports {bx} {2}.",
)
_COUNTS = dict(
    enumerate(
        (
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ),
        start=2,
    )
)
_MONTH = r"(January|February|March|April|May|June|July|August|September|October|November|December)"
_SYNONYMS = {
    "usually": ("normally", "generally", "typically"),
    "often": ("frequently", "commonly"),
    "must": ("have to", "need to"),
    "may": ("can",),
    "about": ("around", "roughly", "approximately"),
    "get": ("receive", "obtain"),
    "gives": ("provides", "grants"),
    "give": ("provide",),
    "ask for": ("request", "require"),
    "asks for": ("requires", "requests"),
    "begin": ("start",),
    "begins": ("starts",),
    "finish": ("complete",),
    "needs": ("requires",),
    "show": ("display", "indicate"),
    "shows": ("displays", "indicates"),
    "many": ("a lot of", "numerous"),
    "each": ("every",),
    "every": ("each",),
    "buy": ("purchase",),
    "help": ("assist",),
    "large": ("big",),
    "small": ("little",),
    "cheap": ("inexpensive",),
    "some": ("certain", "a few"),
    "choose": ("pick", "select"),
    "repay": ("pay back",),
    "money": ("funds",),
    "allows": ("lets",),
    "parts": ("components",),
    "also": ("as well",),
    "because": ("since", "as"),
    "although": ("even though", "though"),
    "but": ("yet",),
    "only": ("just", "solely"),
    "near": ("close to",),
    "keep": ("retain",),
    "change": ("alter", "modify"),
    "check": ("verify",),
    "the same": ("an identical",),
    "for example": ("for instance",),
    "such as": ("like", "for instance"),
    "more than": ("over", "above"),
    "less than": ("under", "below"),
    "at least": ("no less than", "a minimum of"),
    r"at most(?= \$?\d)": ("no more than", "a maximum of"),
    "up to": ("at most", "as much as"),
    "before": ("prior to", "ahead of"),
    "after": ("following",),
    "until": ("up until",),
    "harder": ("more difficult",),
    "cheapest": ("least expensive",),
    "yearly": ("annual",),
    "a year": ("per year", "annually"),
}
_CONTRACTED = {
    "do not": "don't",
    "does not": "doesn't",
    "is not": "isn't",
    "are not": "aren't",
    "cannot": "can't",
    "was not": "wasn't",
    "were not": "weren't",
    "will not": "won't",
    "it is": "it's",
    "you have": "you've",
    "there is": "there's",
}
_OPENINGS = (
    "According to the guide, {rest}",
    "The guide says that {rest}",
    "In short, {rest}",
    "As “{title}” puts it, {rest}",
    "{title} explains that {rest}",
    "Yes: {rest}",
    "Here is what it says: {rest}",
    "Note that {rest}",
    "The documents state that {rest}",
)


def number_format(statement: Statement, rng: random.Random) -> str | None:
    """Write a figure in another of its usual forms."""
    ways: list[Callable[[str], str]] = [
        lambda t: re.sub(
            r"\$(\d+(?:,\d{3})*(?:\.\d+)?)(?![\dk]| ?(?:million|billion))", r"\1 dollars", t
        ),
        lambda t: re.sub(r"\$(\d{1,3}),000\b", r"$\1k", t),
        lambda t: re.sub(r"\$(\d{1,3}),000\b", r"\1 thousand dollars", t),
        lambda t: re.sub(r"(\d) percent\b", r"\1%", t),
        lambda t: re.sub(r"(\d)%", r"\1 percent", t),
        lambda t: re.sub(_MONTH + r" (\d{1,2}), (\d{4})", r"\2 \1 \3", t),
        lambda t: re.sub(_MONTH + r" (\d{1,2})\b(?!,? \d|-)", _with_ordinal, t),
        lambda t: re.sub(r"(?<=\s)(\d{1,2})(?= [a-z]{3})", _spelled, t),
        lambda t: re.sub(rf"\b({'|'.join(_COUNTS.values())})\b(?= [a-z])", _in_digits, t),
        lambda t: re.sub(r"(\d{4})–(\d{2})\b", r"\1-\2", t),
        lambda t: re.sub(r"(\d{1,3}),(\d{3})\b", r"\1\2", t),
    ]
    return _first_change(statement.bare, ways, rng)


def synonyms(statement: Statement, rng: random.Random) -> str | None:
    """Exchange up to three words for others of their meaning."""
    text = statement.bare
    there = [word for word in _SYNONYMS if re.search(rf"(?<![-\w]){word}(?![-\w])", text)]
    for word in rng.sample(there, min(3, len(there))):
        text = re.sub(rf"(?<![-\w]){word}(?![-\w])", rng.choice(_SYNONYMS[word]), text, count=1)
    return None if text == statement.bare else text


def clause_order(statement: Statement, rng: random.Random) -> str | None:
    """Put a condition, a reason or a list in another order."""
    ways: list[Callable[[str], str]] = [
        lambda t: re.sub(r"^(If|When|Because|Although) ([^,]+), ([^,;:]+)\.$", _condition_last, t),
        lambda t: re.sub(
            r"^((?!.*\bonly\b)[A-Z][^,;:]+) (if|when|because) ([^,;:]+)\.$", _condition_first, t
        ),
        lambda t: re.sub(r"^(For|In|At|On) ([^,]{4,60}), ([^:;]+)\.$", _place_last, t),
        lambda t: re.sub(
            r"\b([A-Z][\w ]{2,25}), ([A-Z][\w ]{2,25}) and ([A-Z]\w+(?: [A-Z]\w+)*)\b", _rotated, t
        ),
        lambda t: re.sub(r"^([^;]{20,}); ([^;]{20,})\.$", _swapped_halves, t),
    ]
    return _first_change(statement.bare, ways, rng)


def contraction(statement: Statement, rng: random.Random) -> str | None:
    """Contract what people contract."""
    there = [word for word in _CONTRACTED if re.search(rf"\b{word}\b", statement.bare)]
    if not there:
        return None
    word = rng.choice(there)
    return re.sub(rf"\b{word}\b", _CONTRACTED[word], statement.bare)


def opening(statement: Statement, rng: random.Random) -> str | None:
    """Say where it stands, as models like to."""
    said = rng.choice(_OPENINGS)
    return said.format(rest=_lowered(statement.bare), title=statement.cited[0].title)


def shortened(statement: Statement, rng: random.Random) -> str | None:
    """Leave out an aside or a half that the rest does not need."""
    ways: list[Callable[[str], str]] = [
        lambda t: re.sub(r" \([^)]*\)", "", t, count=1),
        lambda t: re.sub(r"^([^;]{25,}); [^;]+\.$", r"\1.", t),
        lambda t: re.sub(r"^([^:;,]{30,}), (?:and|but|so) [^:]+\.$", r"\1.", t),
        lambda t: re.sub(r", (?:usually|often|for example|for instance|also called [^,]+),", "", t),
    ]
    return _first_change(statement.bare, ways, rng)


PARAPHRASES: dict[str, Rewrite] = {
    "number format": number_format,
    "synonyms": synonyms,
    "clause order": clause_order,
    "contraction": contraction,
    "opening": opening,
    "shortened": shortened,
}


def _first_change(text: str, ways: list[Callable[[str], str]], rng: random.Random) -> str | None:
    for way in rng.sample(ways, len(ways)):
        if (changed := way(text)) != text:
            return changed
    return None


def _with_ordinal(match: re.Match[str]) -> str:
    day = int(match[2])
    ending = "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{match[1]} {day}{ending}"


def _spelled(match: re.Match[str]) -> str:
    return _COUNTS.get(int(match[1]), match[1])


def _in_digits(match: re.Match[str]) -> str:
    return next(str(n) for n, word in _COUNTS.items() if word == match[1])


def _lowered(text: str) -> str:
    """Return a sentence as it goes on behind an opening; names and acronyms keep their capitals."""
    first, _, second = text.partition(" ")
    is_name = first[1:] != first[1:].lower() or second[:1].isupper() or "." in first
    return text if is_name else text[:1].lower() + text[1:]


def _raised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _condition_last(m: re.Match[str]) -> str:
    return f"{_raised(m[3])} {m[1].lower()} {m[2]}."


def _condition_first(m: re.Match[str]) -> str:
    return f"{_raised(m[2])} {m[3]}, {_lowered(m[1])}."


def _place_last(m: re.Match[str]) -> str:
    return f"{_raised(m[3])} {m[1].lower()} {m[2]}."


def _rotated(m: re.Match[str]) -> str:
    return f"{m[2]}, {m[3]} and {m[1]}"


def _swapped_halves(m: re.Match[str]) -> str:
    return f"{_raised(m[2])}; {_lowered(m[1])}."
