"""Finds spans of a question that say the name of an entity: in full, in short, or misspelt."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from bot.entity_names import (
    DERIVED,
    LOOSE,
    MIN_FUZZY_LETTERS,
    MIN_TRANSPOSED_LETTERS,
    NAME,
    EntityNames,
)
from bot.mentions import Tier
from bot.names import FUNCTION_WORDS, SEPARATORS, Token, content, phrase

MAX_SPAN = 14  # tokens; the longest names have about that many
MAX_READINGS = 8  # of one span
MIN_RATIO = 90.0
MIN_GUESSED_LETTERS = 6


@dataclass(frozen=True)
class NameMatch:
    """A span of tokens (last excluded) that says entities' name; a low `source` is a sure one."""

    first: int
    last: int
    source: int
    entities: tuple[int, ...]
    tier: Tier

    def overlaps(self, other: NameMatch) -> bool:
        """Whether two spans have a token in common."""
        return self.first < other.last and other.first < self.last


class NameMatcher:
    """Matches the words of questions with the names of entities; safe to share between threads."""

    def __init__(self, names: EntityNames) -> None:
        self._names = names

    def match(self, tokens: Sequence[Token]) -> list[NameMatch]:
        """Return the best matches, none overlapping another: the longest, then the surest."""
        taken: list[NameMatch] = []
        for match in sorted(_without_crossing(list(self._matches(tokens))), key=_preference):
            if not any(match.overlaps(other) for other in taken):
                taken.append(match)
        return sorted(taken, key=lambda match: match.first)

    def _matches(self, tokens: Sequence[Token]) -> Iterable[NameMatch]:
        options = [self._readings(tokens, i) for i in range(len(tokens))]
        for first in range(len(tokens)):
            for last in range(first + 1, min(len(tokens), first + MAX_SPAN) + 1):
                match = self._match_span(tokens, options, first, last)
                if match is not None:
                    yield match

    # --- ways to read a word --------------------------------------------------------------------

    def _readings(self, tokens: Sequence[Token], i: int) -> tuple[str, ...]:
        """Return the ways to read a token: as it stands, abbreviation undone, typo corrected."""
        token = tokens[i]
        options = dict.fromkeys([token.norm, token.bare])
        before_of = i + 1 < len(tokens) and tokens[i + 1].norm == "of"
        letters = token.text.lower()
        if before_of or letters == "st" or token.bare not in self._names.vocabulary:
            whole = [word for word in self._names.generic if word.startswith(letters)]
            if len(whole) == 1 and (before_of or len(letters) >= 2):
                options[whole[0]] = None
        if self._names.may_be_typo(token.bare) and len(options) == 1:
            for near in self._names.near(token.bare):
                options[near] = None
        if self._may_be_possessive(tokens, i):
            options[token.norm[:-1]] = None
        return tuple(options)

    def _may_be_possessive(self, tokens: Sequence[Token], i: int) -> bool:
        """Whether a word may be a name's with its apostrophe left out: "penn states website"."""
        word = tokens[i].norm
        return (
            len(word) > MIN_FUZZY_LETTERS - 1
            and word.endswith("s")
            and i + 1 < len(tokens)
            and word[:-1] in self._names.vocabulary
            and word[:-1] not in self._names.kinds
            and (i > 0 or word[:-1] not in self._names.ordinary)
        )

    # --- spans ----------------------------------------------------------------------------------

    def _match_span(
        self, tokens: Sequence[Token], options: Sequence[tuple[str, ...]], first: int, last: int
    ) -> NameMatch | None:
        for words in itertools.islice(itertools.product(*options[first:last]), MAX_READINGS):
            match = self._match_words(tokens, words, first, last)
            if match is not None:
                return match
        return None

    def _match_words(
        self, tokens: Sequence[Token], words: tuple[str, ...], first: int, last: int
    ) -> NameMatch | None:
        found = self._names.exact.best(words)
        if found is None and len(words) <= 3:
            found = self._names.squashed.best(("".join(words),))
        loose = False
        if found is None and len(words) > 1 and _may_be_loose(words):
            found = self._names.loose.best(content(words))
            loose = found is not None
        if found is None:
            return self._match_acronym(tokens, first, last)
        source, entities = found
        if source == NAME:
            # "Wheaton College" is also what people call "Wheaton College (Massachusetts)".
            entities = tuple(dict.fromkeys((*entities, *self._names.namesakes.get(words, ()))))
        spoken = [_as_spoken(*pair) for pair in zip(tokens[first:last], words, strict=True)]
        typo = spoken != list(words)
        said = " ".join(spoken), " ".join(words)
        if typo and not (_is_typo(*said) or self._is_guess(tokens, first, words)):
            return None
        if len(words) == 1 and f"{tokens[first].text}s" == words[0]:
            return None  # "teacher" is a word of its own and not short for "Teachers"
        if loose and any(t.norm == f"{w}s" for t, w in zip(tokens[first:last], words, strict=True)):
            return None  # "law schools in New York" is not "New York Law School"
        if typo and loose and not any(self._in_order(words, n) for n in entities):
            return None  # "University of Atlantis" is not "Atlantic University"
        tier: Tier = "fuzzy" if typo or loose else "exact" if source == NAME else "alias"
        return NameMatch(first, last, source + 4 * (typo or loose), entities, tier)

    def _is_guess(self, tokens: Sequence[Token], first: int, words: tuple[str, ...]) -> bool:
        """Whether a long word can only be a slip inside one name that is a single word.

        Both its ends must be right, and no word beside it may say that another name is meant:
        the kind in "University of Atlantis".
        """
        said = tokens[first].bare
        beside = {t.norm for t in (*tokens[max(0, first - 2) : first], *tokens[first + 1 :][:1])}
        if len(words) != 1 or len(said) < MIN_GUESSED_LETTERS or beside & self._names.kinds:
            return False
        alike = [near for near in self._names.near(said) if (near,) in self._names.exact.found]
        return alike == [*words] and (said[0], said[-1]) == (words[0][0], words[0][-1])

    def _in_order(self, words: tuple[str, ...], number: int) -> bool:
        """Whether words carry a name of an entity in that name's order."""
        row = self._names.rows[number]
        return _carried(words) in {_carried(phrase(text)) for text in (row.name, *row.aliases)}

    def _match_acronym(self, tokens: Sequence[Token], first: int, last: int) -> NameMatch | None:
        word, names = tokens[first].bare, self._names
        if last != first + 1 or word not in names.acronyms or word in names.ordinary:
            return None
        if not tokens[first].text.isupper() or word in names.vocabulary:
            return None
        return NameMatch(first, last, DERIVED, names.acronyms[word], "acronym")


def _preference(match: NameMatch) -> tuple[int, int, int]:
    """The longest span first; of equal spans the surest; of equal ones the first."""
    return (match.first - match.last, match.source, match.first)


def _without_crossing(matches: list[NameMatch]) -> list[NameMatch]:
    """Drop loose matches that cut through a sure one instead of containing it."""
    sure = [match for match in matches if match.source <= LOOSE]
    return [
        match
        for match in matches
        if match.source <= LOOSE
        or all(match.first <= s.first and s.last <= match.last for s in sure if match.overlaps(s))
    ]


def _carried(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in FUNCTION_WORDS)


def _may_be_loose(words: tuple[str, ...]) -> bool:
    """Whether a span may be matched without regard to order: it ends in no joining word."""
    ends = {words[0], words[-1]}
    apart = SEPARATORS | {"and", "for", "in"}  # "university in California" is no one's name
    return not (ends & FUNCTION_WORDS) and not (set(words) & apart)


def _as_spoken(token: Token, word: str) -> str:
    """Return a token to compare with the word it is read as; an abbreviation is no typo."""
    spoken = token.text.lower()
    if word in (token.norm, token.bare) or word.startswith(spoken) or spoken == f"{word}s":
        return word
    return token.bare


def _is_typo(spoken: str, meant: str) -> bool:
    """Whether the whole phrase is near enough, each word being within one edit already."""
    if fuzz.ratio(spoken, meant) >= MIN_RATIO:
        return True
    return len(spoken) >= MIN_TRANSPOSED_LETTERS and sorted(spoken) == sorted(meant)
