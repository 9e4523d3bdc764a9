"""Which fields a question asks for, by the labels and synonyms of the domain card alone.

Words are compared by their stems, the longest phrase first. A mention of an entity counts as
"it", so that "how much is it" is found in "how much is Birch".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.names import phrase, tokenize
from bot.text import stem
from ingest.domain import DomainCard, FieldCard, TableCard
from ingest.lexical import STOP_WORDS

MAX_PHRASE = 9
MAX_ELIDED = 4
PLACEHOLDER = "it"
_LOWER_WORD = re.compile(r"\b[a-z]+\b")
_COMPARING = re.compile(r"\w\w(?:er|ier|est|iest)$")
_JOINING = frozenset({"and", "or", "plus", "vs", "versus"})
_DEGREES = frozenset({"more", "most", "less", "least", "fewer", "fewest"})


@dataclass(frozen=True)
class FieldMatch:
    """Words that ask for fields: token numbers (last excluded), and the keys, as in the card.

    `comparing` says that the words compare ("cheaper", "most students") rather than name.
    """

    first: int
    last: int
    keys: tuple[str, ...]
    comparing: bool


class FieldIndex:
    """Finds the fields of one table in questions."""

    def __init__(self, table: TableCard) -> None:
        self.table = table
        self._phrases: dict[tuple[str, ...], list[str]] = {}
        for field in table.fields:
            for text in (field.label, field.key.replace("_", " "), *field.synonyms):
                keys = self._phrases.setdefault(stems(phrase(text)), [])
                if field.key not in keys:
                    keys.append(field.key)

        self.vocabulary = frozenset(
            word
            for field in table.fields
            for text in (field.label, *field.synonyms)
            for word in phrase(text)
        )

    def find(self, words: Sequence[str]) -> list[FieldMatch]:
        """Return the matches in a sequence of words, in order, none overlapping another."""
        stemmed = stems(words)
        matches: list[FieldMatch] = []
        taken: set[int] = set()
        for size in range(min(MAX_PHRASE, len(words)), 0, -1):
            for first in range(len(words) - size + 1):
                span = range(first, first + size)
                keys = self._phrases.get(stemmed[first : first + size])
                if keys and not taken.intersection(span):
                    taken.update(span)
                    comparing = compares(words[first : first + size])
                    matches.append(FieldMatch(first, first + size, tuple(keys), comparing))
        matches += self._elided(stemmed, words, matches, taken)
        return sorted(matches, key=lambda match: match.first)

    def _elided(
        self,
        stemmed: tuple[str, ...],
        words: Sequence[str],
        matches: Sequence[FieldMatch],
        taken: set[int],
    ) -> list[FieldMatch]:
        """Return fields whose last words stand behind the next one: "4-year and 6-year rate"."""
        found = []
        for match in matches:
            end = match.first - 1
            if end < 1 or words[end] not in _JOINING:
                continue
            for first in range(max(0, end - MAX_ELIDED), end):
                tails = (stemmed[i : match.last] for i in range(match.first + 1, match.last))
                keys = next(
                    (k for t in tails if (k := self.keys_of((*stemmed[first:end], *t)))), ()
                )
                if keys and taken.isdisjoint(range(first, end)):
                    taken.update(range(first, end))
                    found.append(FieldMatch(first, end, keys, comparing=False))
                    break
        return found

    def is_bare(self, match: FieldMatch, words: Sequence[str]) -> bool:
        """Whether a match is no more than what is counted ("students")."""
        units = {stems(phrase(self.table.field(key).unit)) for key in match.keys}
        return match.last == match.first + 1 and stems(words[match.first : match.last]) in units

    def told(self, matches: Sequence[FieldMatch], words: Sequence[str]) -> list[FieldMatch]:
        """Return the matches without bare ones that only stand beside another field.

        "In-state students" asks for no number of students; "students and tuition" does.
        """
        firsts, lasts = {m.first for m in matches}, {m.last for m in matches}

        def stands(match: FieldMatch) -> bool:
            around = {
                *words[max(0, match.first - 1) : match.first],
                *words[match.last : match.last + 1],
            }
            listed = match.last in firsts and (match.first == 0 or match.first in lasts)
            return bool(around & _JOINING) or listed

        bare = [match for match in matches if self.is_bare(match, words)]
        if len(bare) == len(matches):
            return list(matches)
        return [match for match in matches if match not in bare or stands(match)]

    def keys_of(self, stemmed: tuple[str, ...]) -> tuple[str, ...]:
        """Return the fields that a phrase of stems stands for."""
        return tuple(self._phrases.get(stemmed, ()))

    def own_words(self, key: str) -> frozenset[str]:
        """Return the words by which people speak of a field: beside it they add nothing."""
        field = self.table.field(key)
        return frozenset(word for text in (field.label, *field.synonyms) for word in phrase(text))

    def choose(self, matches: Iterable[FieldMatch]) -> tuple[str, ...]:
        """Return the fields that matches ask for, in the order of the question.

        Words for several fields ("tuition") give way to words for one of them ("out of state");
        comparing words ("cheaper") give way to a field of the same kind that is named.
        """
        matches = list(matches)
        named = [match for match in matches if not match.comparing]
        kept = [m for m in matches if not (m.comparing and self._same_kind(m, named))]
        chosen: dict[str, None] = {}
        for match in kept:
            narrower = [
                m for m in kept if set(m.keys) < set(match.keys) and len(m.keys) < len(match.keys)
            ]
            if not narrower:
                chosen.update(dict.fromkeys(match.keys))
        return tuple(chosen)

    def _same_kind(self, comparing: FieldMatch, named: Iterable[FieldMatch]) -> bool:
        kinds = {_kind(self.table.field(key)) for key in comparing.keys}
        wider = [m for m in named if set(comparing.keys) < set(m.keys)]
        rivals = [m for m in named if m not in wider]
        return any(_kind(self.table.field(key)) in kinds for m in rivals for key in m.keys)


def stems(words: Iterable[str]) -> tuple[str, ...]:
    """Return the stems of words."""
    return tuple(stem(word) for word in words)


def ordinary_words(card: DomainCard) -> frozenset[str]:
    """Return words that are no names by themselves: of the card's fields, examples and grammar.

    Example questions count with their lower-case words only: their capitals may be names.
    """
    found = set(STOP_WORDS)
    for text in card.scope.in_scope + card.scope.out_of_scope:
        found.update(_LOWER_WORD.findall(text))
    for table in card.tables:
        texts = [table.entity, table.entity_plural]
        for field in table.fields:
            texts += [field.label, field.unit, *field.synonyms]
        found.update(token.bare for text in texts for token in tokenize(text))
    return frozenset(found)


def familiar_words(card: DomainCard) -> frozenset[str]:
    """Return the words of the card's example questions that belong to the domain."""
    return frozenset(token.bare for text in card.scope.in_scope for token in tokenize(text))


def compares(words: Sequence[str]) -> bool:
    """Whether words compare ("cheaper", "most students") rather than name."""
    if len(words) == 1:
        return bool(_COMPARING.search(words[0]))
    return any(word in _DEGREES for word in words)


def _kind(field: FieldCard) -> tuple[str, str, str | None]:
    return field.type, field.unit, field.better
