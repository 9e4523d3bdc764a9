"""Slips of the finger in the domain's own words, put right: "prise" is "price".

Only words that nobody knows are changed, to the one known word within one edit, and only a
question that is then understood as a whole counts as put right: the planner sees to that.

Not covered: two slips in one word, and slips that make another known word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from rapidfuzz.distance import OSA

from bot.entities import EntityIndex
from bot.names import deletions, phrase, tokenize
from bot.reading import FILLER
from ingest.domain import DomainCard

MIN_LETTERS = 4
_SHORT = 5  # words up to this length may only have two letters exchanged


class Speller:
    """Puts words right that are within one edit of one of its own; safe to share."""

    def __init__(self, words: Iterable[str], is_known: Callable[[str], bool]) -> None:
        self._words = {word for word in words if len(word) >= MIN_LETTERS and word.isalpha()}
        self._is_known = is_known
        self._neighbours: dict[str, list[str]] = defaultdict(list)
        for word in sorted(self._words):
            for shorter in deletions(word):
                self._neighbours[shorter].append(word)

    def correct(self, question: str) -> str:
        """Return a question with its slips put right; the question itself where it has none."""
        corrected = question
        for token in reversed(tokenize(question)):
            if right := self._meant(token.norm):
                corrected = corrected[: token.start] + right + corrected[token.end :]
        return corrected

    def _meant(self, word: str) -> str:
        """Return the one word that a word is a slip of; nothing for a word that is known."""
        if len(word) < MIN_LETTERS or not word.isalpha():
            return ""
        if word in self._words or self._is_known(word):
            return ""
        near = {w for d in deletions(word) for w in self._neighbours.get(d, ())}
        near = {w for w in near if OSA.distance(word, w) <= 1 and w[0] == word[0]}
        if len(word) <= _SHORT:
            near = {w for w in near if sorted(w) == sorted(word)}
        return near.pop() if len(near) == 1 else ""


def card_speller(card: DomainCard, entities: EntityIndex) -> Speller:
    """Return what puts slips right in the words of the card; a word of any name is none."""
    texts = [
        text
        for table in card.tables
        for field in table.fields
        for own in ([field.label], field.synonyms, field.highest, field.lowest, field.groups)
        for text in own
    ]
    for table in card.tables:
        texts += [table.entity, table.entity_plural, *table.entity_words, *table.plain_words]
        texts += [_plural(word) for word in table.entity_words]
        texts += [w for field in table.fields for v, own in field.values.items() for w in (v, *own)]
    words = {word for text in texts for word in phrase(text)}
    return Speller(words, lambda word: word in FILLER or entities.knows(word))


def _plural(word: str) -> str:
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
