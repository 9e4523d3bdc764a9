"""Reads in what order a question wants the entities, and how many of them."""

from __future__ import annotations

from bot.conditions import Loose, Order
from bot.fields import FieldMatch
from bot.ordinals import ordinal
from bot.question_words import QuestionWords
from bot.wording import lower_label

MAX_LIMIT = 100

_LOWEST = frozenset({"lowest", "least", "fewest", "smallest", "minimum", "shortest"})
_HIGHEST = frozenset({"highest", "most", "greatest", "largest", "biggest", "maximum", "longest"})
_RATED = {"top": True, "best": True, "worst": False}
SUPERLATIVES = _LOWEST | _HIGHEST | _RATED.keys()
_RATED_LOOSELY = {"high": True, "great": True, "good": True, "strong": True, "decent": True}
_RATED_LOOSELY |= {"low": False, "bad": False, "poor": False, "weak": False}
_BY_NUMBER = frozenset({"high", "low"})  # say the direction themselves; the others what is better
_COMPARING = frozenset({"compare", "comparing", "compared"})
_NUMERALS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
_NUMERALS |= {"nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20}

# --- superlatives ---------------------------------------------------------------------------------


def superlative(question: QuestionWords) -> Order | None:
    """Return the order that a superlative asks for, or a wish without a number."""
    return _of_card(question) or _of_field(question) or _rated_loosely(question)


def _of_card(question: QuestionWords) -> Order | None:
    """Return the order of the first superlative of the card itself: "cheapest"."""
    if not question.orders:
        return None
    found, order = question.orders[0]
    for f, other in question.orders[1:]:
        if other != order:  # one order at a time
            question.lost += question.words[f.first : f.last]
    order = _about_named_field(question, order)
    flipped = question.excludes(found)  # "not expensive"
    return order.model_copy(update={"highest": order.highest is not flipped})


def _about_named_field(question: QuestionWords, order: Order) -> Order:
    """Let "cheapest" be about a field of its kind that is named beside it."""
    kind = question.card.kind(order.field)
    for match in question.fields:
        if match.first in question.used or len(match.keys) > 1 or match.comparing:
            continue
        if match.keys[0] != order.field and question.card.kind(match.keys[0]) == kind:
            question.used.add(match.first)
            return order.model_copy(update={"field": match.keys[0]})
    return order


def _of_field(question: QuestionWords) -> Order | None:
    """Return the order of a field beside "highest" or "best"."""
    for i, word in enumerate(question.words):
        if i in question.taken or word not in SUPERLATIVES:
            continue
        match = _numeric_field_near(question, i)
        if match is None:
            continue
        question.taken.add(i)
        question.used.add(match.first)
        key = match.keys[0]
        if word not in _RATED:
            return Order(field=key, highest=word in _HIGHEST)
        upward = question.card.field(key).better != "lower"
        return Order(field=key, highest=upward is _RATED[word])
    return None


def _numeric_field_near(question: QuestionWords, place: int) -> FieldMatch | None:
    """Return the field that a superlative is about: the next one, or else the last one."""
    free = [match for match in question.fields if match.first not in question.used]
    after = [match for match in free if match.first > place]
    for match in after[:1] or free[-1:]:
        if question.card.field(match.keys[0]).numeric:
            return match
    return None


def _rated_loosely(question: QuestionWords) -> Order | None:
    """Return the order of the first wish without a number: "high earnings"."""
    orders: list[Order] = []
    for match in question.fields:
        place = match.first - 1
        word = question.words[place] if match.first else ""
        field = question.card.field(match.keys[0])
        if word not in _RATED_LOOSELY or not field.numeric or match.first in question.used:
            continue
        if {"is", "what's", "are"} & {*question.words[max(0, place - 2) : place]}:
            continue  # "what is a good rate" asks for no entity
        question.taken.add(place)
        rated = _RATED_LOOSELY[word]
        upward = rated if word in _BY_NUMBER else rated is (field.better != "lower")
        if orders:
            said = question.text(place, match.last)
            question.loose.append(Loose(kind="beside", words=said, taken_for=lower_label(field)))
        else:
            question.used.add(match.first)
        orders.append(Order(field=field.key, highest=upward))
    return orders[0] if orders else None


# --- sorted by, and how many ----------------------------------------------------------------------


def sorted_by(question: QuestionWords) -> Order | None:
    """Return the order of "by price"; "compare A and B by price" asks for none."""
    for match in question.fields:
        if not match.first or match.first in question.used or question.words[match.first] == "how":
            continue
        field = question.card.field(match.keys[0])
        if question.words[match.first - 1] != "by" or not field.numeric:
            continue
        comparing = {i for i, word in enumerate(question.words) if word in _COMPARING}
        if comparing and _names_several_values(question):
            return None
        question.taken |= comparing
        question.used.add(match.first)
        return Order(field=field.key, highest=field.better != "lower")
    return None


def _names_several_values(question: QuestionWords) -> bool:
    """Whether it names several values of one field: "public and private"."""
    named = [value.field for _, value in question.values if value.values]
    return len(named) > len(set(named))


def read_rank(question: QuestionWords) -> int | None:
    """Return the place in the order that is asked for: 2 in "the second largest"."""
    marks = _superlative_places(question)
    for i, word in enumerate(question.words):
        place = ordinal(word)
        if place and i + 1 in marks and i not in question.taken:
            question.taken.add(i)
            return min(place, MAX_LIMIT)
    return None


def _superlative_places(question: QuestionWords) -> set[int]:
    """Return where words ask for an end of an order: "largest", "most students"."""
    marks = {i for i, word in enumerate(question.words) if word in SUPERLATIVES}
    return marks | {i for f, _ in question.orders for i in range(f.first, f.last)}


def read_limit(question: QuestionWords, ordered: bool) -> int | None:
    """Return the number beside a superlative: "top 5", "the five largest"."""
    marks = _superlative_places(question)
    marks |= {i for i, word in enumerate(question.words) if word == "first"}
    for i, word in enumerate(question.words):
        number = int(word) if word.isdigit() and len(word) < 4 else _NUMERALS.get(word)
        if not number or i in question.taken:
            continue
        beside = marks & {i - 1, i + 1}
        if beside or (ordered and question.counts_noun(i)):
            question.taken |= {i, *beside}
            return min(number, MAX_LIMIT)
    single = {"minimum", "maximum"} & set(question.words) or ("of", "any") in question.pairs
    return 1 if ordered and single else None
