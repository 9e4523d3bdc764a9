"""Which entities a question names: full names, other names, typos, and names that do not exist.

Scores of fuzzy matching alone do not tell a typo from a stranger, so a name is resolved in
tiers, the surest first, and what fits none of them is said to be unknown and never answered for
another.

Not covered: names of which several words are misspelt by more than one letter each, and a
misspelling that happens to be another entity's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.entity_names import EntityNames, EntityRow, is_indefinite
from bot.mentions import Candidate, Mention, Tier
from bot.name_matches import NameMatch, NameMatcher
from bot.names import FUNCTION_WORDS, Token, phrase, tokenize
from bot.unknown_names import UnknownNames

MAX_CANDIDATES = 12


class EntityIndex:
    """Finds entities in questions. Build it once; reading it is safe from any thread."""

    def __init__(self, names: EntityNames) -> None:
        self._names = names
        self._matcher = NameMatcher(names)
        self._unknown = UnknownNames(names)

    @classmethod
    def build(
        cls,
        records: Iterable[EntityRow],
        ordinary: frozenset[str] = frozenset(),
        familiar: frozenset[str] = frozenset(),
    ) -> EntityIndex:
        """Build the index.

        `ordinary` are words that mean something else in common speech; `familiar` ones are
        known in this domain ("FAFSA"), so that their capitals alone make no unknown name.
        """
        return cls(EntityNames(list(records), ordinary, familiar))

    def __len__(self) -> int:
        return len(self._names.rows)

    def candidate(self, record_id: str) -> Candidate | None:
        """Return the entity of that record id, if there is one."""
        number = self._names.numbers.get(record_id)
        return None if number is None else self._names.candidate(number)

    def knows(self, word: str) -> bool:
        """Whether a word stands in a name or is an ordinary one."""
        return word in self._names.vocabulary or word in self._names.ordinary

    @property
    def kind_words(self) -> frozenset[str]:
        """The words that say what kind of thing an entity is; most names end in one."""
        return self._names.kinds

    def nearest(self, words: str) -> tuple[Candidate, ...]:
        """Return the entities whose names share a telling word with these, nearest first."""
        return self._names.nearest(words)

    def called(self, words: str) -> tuple[Candidate, ...]:
        """Return the best known entities whose names have all of these words."""
        return self._names.called(words)

    def find(self, question: str) -> list[Mention]:
        """Return the mentions in a question, in order, none overlapping another."""
        tokens = tokenize(question)
        matches = self._matcher.match(tokens)
        mentions: list[Mention] = []
        for match in matches:
            if not mentions or match.first >= mentions[-1].last:
                mentions += self._mention(question, tokens, match, matches)
        known = {i for mention in mentions for i in range(mention.first, mention.last)}
        for first, last in self._unknown.find(question, tokens, known):
            nearest = self.nearest(question[tokens[first].start : tokens[last - 1].end])
            mentions.append(_said(question, tokens, first, last, "unknown", nearest))
        return sorted(mentions, key=lambda mention: mention.start)

    def _mention(
        self, question: str, tokens: Sequence[Token], match: NameMatch, others: Sequence[NameMatch]
    ) -> list[Mention]:
        """Return the mention of a match, or nothing where it speaks of no one in particular."""
        first, last = match.first, match.last
        if tokens[last - 1].norm in self._names.kinds and is_indefinite(tokens, first):
            return []
        candidates = sorted(
            map(self._names.candidate, match.entities),
            key=lambda c: (-c.popularity, c.name, c.record_id),
        )
        label_end = self._label_end(tokens, last, others)
        fitting = [c for c in candidates if self._fits(c, tokens[last:label_end])]
        if not fitting and any(last <= m.first < label_end for m in others):
            label_end, fitting = last, candidates  # "Smith, Wellesley": two names
        if _asks_where(tokens, first, last, label_end):
            label_end, fitting = last, fitting or candidates
        tier = match.tier if len(fitting) == 1 else "ambiguous" if fitting else "unknown"
        meant = (fitting or candidates)[:MAX_CANDIDATES]
        weak = _is_weak(tokens[first:label_end], first)
        return [_said(question, tokens, first, label_end, tier, meant, weak)]

    # --- labels: the words behind a name that say which one ---------------------------------------

    def _label_end(self, tokens: Sequence[Token], last: int, others: Sequence[NameMatch]) -> int:
        """Return where the words behind a name end that say which one: "in Missouri", ", MO"."""
        while True:
            after = last
            while after < len(tokens) and tokens[after].norm in ("in", "the"):
                after += 1
            sizes = [n for n in (4, 3, 2, 1) if self._is_label(tokens, after, n, others)]
            if not sizes:
                return last
            last = after + sizes[0]

    def _is_label(
        self, tokens: Sequence[Token], first: int, size: int, others: Sequence[NameMatch]
    ) -> bool:
        said = tokens[first : first + size]
        if len(said) < size or tuple(token.norm for token in said) not in self._names.labels:
            return False
        if size == 1 and len(said[0].norm) == 2 and not said[0].text.isupper():
            return False  # "in", "or" and "me" are also codes
        return not any(
            other.first < first + size and first < other.last and other.last - other.first > size
            for other in others
        )

    def _fits(self, candidate: Candidate, said: Sequence[Token]) -> bool:
        """Whether every label word said behind a name is one of this entity's own."""
        row = self._names.rows[self._names.numbers[candidate.record_id]]
        own = {word for text in row.label_words for word in phrase(text)} | FUNCTION_WORDS
        return all(token.norm in own for token in said)


def _asks_where(tokens: Sequence[Token], first: int, last: int, label_end: int) -> bool:
    """Whether the label is what is asked about: "is Birch in Ohio?" names Birch alone."""
    before = [token.norm for token in tokens[:first] if token.norm != "the"]
    is_it_in = before[-1:] in (["is"], ["was"]) and last < label_end
    asks = [token.norm for token in tokens[label_end:]][:1] in ([], ["or"])
    return is_it_in and tokens[last].norm == "in" and asks


def _said(
    question: str,
    tokens: Sequence[Token],
    first: int,
    last: int,
    tier: Tier,
    candidates: Sequence[Candidate],
    weak: bool = False,
) -> Mention:
    start, end = tokens[first].start, tokens[last - 1].end
    return Mention(start, end, first, last, question[start:end], tier, tuple(candidates), weak)


def _is_weak(tokens: Sequence[Token], first: int) -> bool:
    """Whether a name is a single word that may be an ordinary one."""
    if len(tokens) > 1:
        return False
    return not (tokens[0].capital and (first > 0 or tokens[0].text.isupper()))
