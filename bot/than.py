"""Reads "cheaper than Birch" of a question about many entities: a bound that is Birch's own figure.

Not covered: "twice as much as Birch", and two such comparisons in one question.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.bounds import Comparison
from bot.condition_words import ConditionWords
from bot.conditions import Filter, Order, Than
from bot.mentions import Mention
from bot.names import Token, tokenize

MAX_COMPARING = 6  # words of "a higher graduation rate"
_UP = frozenset({"higher", "more", "greater", "larger", "bigger"})
_DOWN = frozenset({"lower", "less", "fewer", "smaller"})
_RATED = {"better": True, "worse": False}
_BEFORE_NAME = frozenset({"the", "at", "that", "of", "those"})


def take_than(
    question: str, mentions: Sequence[Mention], words: ConditionWords
) -> tuple[str, Filter, Mention] | None:
    """Return a question without its comparison with an entity, the comparison, and the entity.

    None where it compares with no entity by a figure of the table.
    """
    tokens = tokenize(question)
    for mention in mentions:
        place = mention.first - 1
        while place >= 0 and tokens[place].norm in _BEFORE_NAME:
            place -= 1
        name = [token.norm for token in tokens[mention.first : mention.last]]
        is_one = mention.known and not words.is_value(name)
        if not is_one or place < 1 or tokens[place].norm != "than":
            continue
        read = _comparison(tokens[:place], words)
        if read is None:
            continue
        first, order = read
        comparison: Comparison = ">" if order.highest else "<"
        start, end = tokens[first].start, _end_of_name(mention, tokens)
        than = Than(record_id=mention.candidates[0].record_id, name=mention.candidates[0].name)
        said = question[start:end]
        found = Filter(field=order.field, comparison=comparison, than=than, words=said)
        return f"{question[:start]} {question[end:]}", found, mention
    return None


def compared_by(before: str, words: ConditionWords) -> Order | None:
    """Return by what, and which way, the words in front of "than" compare."""
    read = _comparison(tokenize(before), words)
    return None if read is None else read[1]


def _end_of_name(mention: Mention, tokens: Sequence[Token]) -> int:
    """Return where a name ends: in "cheaper than Birch in Ohio" the place says which are meant."""
    named = {token.norm for token in tokenize(mention.candidates[0].name)}
    for place in range(mention.first + 1, mention.last):
        if tokens[place].norm == "in" and "in" not in named:
            return tokens[place - 1].end
    return mention.end


def _comparison(before: Sequence[Token], words: ConditionWords) -> tuple[int, Order] | None:
    """Return where the words in front of "than" begin that compare, and by what."""
    said = [token.norm for token in before]
    least = max(0, len(said) - MAX_COMPARING)
    for first in range(least, len(said)):
        order = words.comparatives.get(" ".join(said[first:]))
        if order is not None:
            return first, order
    for first in range(len(said) - 1, least - 1, -1):
        if said[first] in _UP | _DOWN | _RATED.keys():
            fields = words.fields_in(said[first + 1 :])
            key = next((k for m in fields for k in m.keys if words.field(k).numeric), None)
            if key is None:
                return None
            rated = _RATED.get(said[first])
            better = words.field(key).better != "lower"
            up = said[first] in _UP if rated is None else rated is better
            return first, Order(field=key, highest=up)
    return None
