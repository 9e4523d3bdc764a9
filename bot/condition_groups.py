"""Reads what a question tells the entities apart by, and what it asks of each group or of all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from bot.condition_order import SUPERLATIVES
from bot.conditions import Filter, Function, Order
from bot.names import words_of
from bot.question_words import QuestionWords

_FUNCTIONS: dict[str, Function] = {
    "average": "average",
    "avg": "average",
    "mean": "average",
    "median": "median",
    "total": "total",
    "combined": "total",
    "altogether": "total",
}
_COUNTS = {("how", "many"), ("number", "of")}
_SHARE = re.compile(r"\b(?:percent|percentage|share|proportion|fraction) of\b", re.I)
_GROUPING = frozenset({"each", "every", "per", "by", "which", "what"})
CONTRASTS = words_of("vs versus v compare compared comparing comparison than difference")
_COMPARATIVES = words_of("higher lower more less fewer greater better worse bigger smaller larger")


class Groups(NamedTuple):
    """The field that tells entities apart (or ""), which of them count, and what is asked."""

    by: str
    filters: tuple[Filter, ...]
    function: Function | None


# --- of all ---------------------------------------------------------------------------------------


def read_function(question: QuestionWords) -> Function | None:
    """Return what is computed over the entities: "average", "how many"."""
    for i, word in enumerate(question.words):
        if word in _FUNCTIONS and i not in question.taken and question.fields:
            question.taken.add(i)
            if i + 1 not in question.used:  # "an average score above 1500" is a bound
                return _FUNCTIONS[word]
    for match in question.fields:
        word = question.words[match.first]
        if word in _FUNCTIONS and match.first not in question.used:
            return _FUNCTIONS[word]
    return "count" if _counts(question) else None


def _counts(question: QuestionWords) -> bool:
    if question.words[:1] == ["count"]:
        return True
    return any(
        pair in _COUNTS and question.taken.isdisjoint((i, i + 1))
        for i, pair in enumerate(question.pairs)
    )


# --- of each group --------------------------------------------------------------------------------


def named_group(question: QuestionWords) -> str:
    """Return the field that a question groups by ("by state"), or "".

    Words that ask for something else are lost: how many states, the largest city.
    """
    by = ""
    for match in question.fields:
        if any(question.card.field(key).numeric for key in match.keys):
            continue
        before = tuple(question.words[max(0, match.first - 2) : match.first])
        heads = {*before[-1:], question.words[match.first]}
        extreme = any(f.last == match.first for f, _ in question.orders)
        counted = before in _COUNTS or heads & SUPERLATIVES
        if not by and len(match.keys) == 1 and heads & _GROUPING and not counted:
            by = "" if extreme else match.keys[0]
            question.used.add(match.first)
        if extreme or counted or (heads & _GROUPING and by != match.keys[0]):
            said = [*before[-1:], *question.words[match.first : match.last]]
            question.lost.append(" ".join(said))
    return by


def tell_apart(
    question: QuestionWords,
    by: str,
    filters: tuple[Filter, ...],
    order: Order | None,
    function: Function | None,
) -> Groups:
    """Find what the entities are told apart by, and what is asked of each group."""
    if share := _share_of(question):
        return Groups(share, tuple(f for f in filters if f.field != share), "count")
    contrast = _contrast(question, filters) if not by and order is None else ""
    if by and _is_about_one(question, ordered=bool(order or function)):
        question.lost.append(question.card.field(by).label)
        by = ""
    by = by or contrast
    if not by:
        return Groups("", filters, function)
    if _most_of_a_kind(question) or not (order or function or question.asked):
        return Groups(by, filters, "count")
    return Groups(by, filters, function or "average")


def _share_of(question: QuestionWords) -> str:
    """Return the field of the value in "what share of colleges are public"."""
    if not _SHARE.search(" ".join(question.words)) or "are" not in question.words:
        return ""
    place = question.words.index("are")
    behind = [value for f, value in question.values if f.first > place]
    if len(behind) != 1 or not behind[0].values:
        return ""
    question.taken |= {i for i, w in enumerate(question.words) if _SHARE.match(f"{w} of")}
    return behind[0].field


def _contrast(question: QuestionWords, filters: Sequence[Filter]) -> str:
    """Return the field whose values are set against each other: "public vs private"."""
    several = [f.field for f in filters if len(f.values) > 1 and not f.excluded]
    several += _alternatives(question)
    asked = any(question.card.field(key).numeric for key in question.asked)
    counted = "vs" in question.words and _counts(question)
    cues = {i for i, w in enumerate(question.words) if w in CONTRASTS | _COMPARATIVES}
    comparing = any(match.comparing for match in question.fields)
    if len(several) != 1 or not (asked or counted) or not (cues or comparing):
        return ""
    if question.card.is_group(several[0], filters):
        return ""
    question.taken |= cues
    return several[0]


def _alternatives(question: QuestionWords) -> list[str]:
    """Return the fields that are asked for by their values: "public or private"."""
    return [
        match.keys[0]
        for match in question.fields
        if "or" in question.words[match.first : match.last]
        and not question.card.field(match.keys[0]).numeric
    ]


def _is_about_one(question: QuestionWords, ordered: bool) -> bool:
    """Whether a question is about one entity after all: "which state is the largest in"."""
    card = question.card
    nouns = [token for token in question.tokens if card.is_noun(token)]
    kinds = [question.tokens[f.last - 1] for f in question.kinds]
    used = [question.words[m.last - 1] for m in question.fields if m.first in question.used]
    several = any(map(card.is_plural, [*nouns, *kinds])) or any(w.endswith("s") for w in used)
    return not several and (bool(nouns) or not ordered)


def _most_of_a_kind(question: QuestionWords) -> bool:
    """Whether it asks where there are most: "the most colleges", "the fewest HBCUs"."""
    for i, word in enumerate(question.words):
        if word in ("most", "many") and question.counts_noun(i):
            question.taken.add(i)
            return True
    return False
