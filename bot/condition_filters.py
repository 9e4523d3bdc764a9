"""Reads which entities a question is about: by values, bounds, spans, and what is excluded."""

from __future__ import annotations

from collections.abc import Iterator

from bot.bounds import Bound, Comparison, bound_at
from bot.condition_words import NEAR, ConditionWords, Value
from bot.conditions import Filter, Loose, merged
from bot.fields import FieldMatch
from bot.names import words_of
from bot.question_words import QuestionWords
from bot.wording import spoken

_LEFT_OF_BOUND = words_of(
    "is of are at the a be being that rate rates it it's its has and but usd pay pays paying charge"
    " charges cost costs"
)
_RIGHT_OF_BOUND = words_of("in of for dollars usd a per year total")


def read_filters(question: QuestionWords) -> tuple[Filter, ...]:
    """Return the conditions on single fields: values, then bounds, then spans."""
    _take_nearness(question)
    values, bounds, spans = _by_value(question), _by_bound(question), _by_span(question)
    return merged([*values, *bounds, *spans])


# --- values ---------------------------------------------------------------------------------------


def _take_nearness(question: QuestionWords) -> None:
    """Read "near Boston" as "in Boston", and keep that to be told."""
    for f, value in question.values:
        if not question.card.is_place(value) or not f.first:
            continue
        if question.words[f.first - 1] in NEAR:
            question.taken.add(f.first - 1)
            said = question.text(f.first, f.last)
            place = value.values[0] if len(value.values) == 1 else said
            taken_for = spoken(place, question.card.field(value.field))
            question.loose.append(Loose(kind="near", words=f"near {said}", taken_for=taken_for))


def _by_value(question: QuestionWords) -> Iterator[Filter]:
    for f, value in question.values:
        excluded = question.excludes(f)
        said = question.text(f.first, f.last)
        words = f"not {said}" if excluded else said
        if value.values:
            yield Filter(field=value.field, values=value.values, excluded=excluded, words=words)
        elif excluded and None not in (value.low, value.high):
            question.lost.append(words)  # would be two ranges
        else:
            yield from _by_band(value, words, excluded)


def _by_band(value: Value, words: str, excluded: bool = False) -> Iterator[Filter]:
    """Yield the ends of a range of numbers, or the rest where the range is excluded."""
    ends: tuple[tuple[Comparison, float | None], ...] = ((">=", value.low), ("<", value.high))
    if excluded:
        ends = (("<", value.low), (">=", value.high))
    for comparison, number in ends:
        if number is not None:
            yield Filter(field=value.field, comparison=comparison, number=number, words=words)


# --- numbers --------------------------------------------------------------------------------------


def _by_bound(question: QuestionWords) -> Iterator[Filter]:
    for i, word in enumerate(question.words):
        number = bound_at(word)
        if number is None:
            continue
        question.taken.add(i)
        bound = question.bounds[number]
        key = _field_of(question, bound, i)
        if key is None:
            question.lost.append(bound.text)
            continue
        field = question.card.field(key)
        for comparison, limit in bound.limits:
            yield Filter(
                field=key,
                comparison=comparison,
                number=bound.number_for(limit, field),
                words=bound.text,
            )


def _by_span(question: QuestionWords) -> Iterator[Filter]:
    for i, word in enumerate(question.words):
        found = list(question.card.spans_of(word)) if i not in question.taken else []
        if found:
            question.taken.add(i)
            yield from found


def _field_of(question: QuestionWords, bound: Bound, place: int) -> str | None:
    """Return the field that a bound is about: named right before it, behind it, or implied."""
    return (
        _named_beside(question, bound, place)
        or _verb_beside(question, bound, place)
        or _implied(question.card, bound)
    )


def _named_beside(question: QuestionWords, bound: Bound, place: int) -> str | None:
    """Return the nearest field that is named; one that is used already comes last."""
    near = [
        (match.first in question.used, gap, match)
        for match in question.fields
        if (gap := _gap(question, match, place)) is not None
    ]
    for _, _, match in sorted(near, key=lambda side: side[:2]):
        for key in match.keys:
            if bound.fits(question.card.field(key)):
                question.used.add(match.first)
                return key
    return None


def _gap(question: QuestionWords, match: FieldMatch, place: int) -> int | None:
    """Return how many words stand between a field and a bound; None if others than may."""
    if match.last <= place:
        between, allowed = question.words[match.last : place], _LEFT_OF_BOUND
    else:
        between, allowed = question.words[place + 1 : match.first], _RIGHT_OF_BOUND
    strange = [
        w
        for w in between
        if w not in allowed and bound_at(w) is None and not question.card.is_plain(w)
    ]
    return None if strange else len(between)


def _verb_beside(question: QuestionWords, bound: Bound, place: int) -> str | None:
    """Return the field of a verb next to a bound: "graduate at least 80%"."""
    behind = place + 1
    while behind < len(question.words) and _says_little(question, behind):
        behind += 1
    for i in (place - 1, behind):
        word = question.words[i] if 0 <= i < len(question.words) else ""
        key = question.card.field_of_verb(word)
        if key and bound.fits(question.card.field(key)):
            question.taken.add(i)
            return key
    return None


def _says_little(question: QuestionWords, place: int) -> bool:
    """Whether a word between a bound and its verb adds nothing: "50% of students graduate"."""
    word = question.words[place]
    return word in _RIGHT_OF_BOUND or question.card.is_plain(word)


def _implied(card: ConditionWords, bound: Bound) -> str | None:
    """Return the field that a bound speaks of by itself: by its first word, unit or "$"."""
    key = card.field_of_word(bound.text.split()[0])
    if key and bound.fits(card.field(key)):
        return key
    if bound.measured:
        return card.field_of_unit(bound)
    priced = bound.unit in ("$", "k") or (bound.ceiling and not bound.unit)
    return card.field_of_money() if priced else None
