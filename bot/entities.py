"""Which entities a question names: full names, other names, typos, and names that do not exist.

Scores of fuzzy matching alone do not tell a typo from a stranger, so a name is resolved in
tiers, the surest first, and what fits none of them is said to be unknown and never answered for
another. Everything is looked up: the spans of the question in dictionaries of phrases, single
misspelt words in a dictionary of words with a letter missing. No scan over all names.

Not covered: names of which several words are misspelt by more than one letter each, and a
misspelling that happens to be another entity's name.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from bot.names import (
    FUNCTION_WORDS,
    SEPARATORS,
    Token,
    content,
    deletions,
    phrase,
    tokenize,
)

Tier = Literal["exact", "alias", "acronym", "fuzzy", "ambiguous", "unknown"]

MAX_SPAN = 14  # tokens; the longest names have about that many
MIN_RATIO = 90.0
MIN_FUZZY_LETTERS = 5
MIN_TRANSPOSED_LETTERS = 6
MAX_CANDIDATES = 12
NEAREST = 3
KIND_SHARE = 0.01
GENERIC_SHARE = 0.02
MIN_GENERIC = 3

# Where a phrase comes from, the surest first.
_NAME, _ALIAS, _DERIVED, _LOOSE = range(4)
_BEFORE_PLACE = frozenset({"in", "near", "from", "around", "outside"})
_INDEFINITE = frozenset({"a", "an", "any", "every", "each", "another", "some", "which", "what"})


@dataclass(frozen=True)
class EntityRow:
    """An entity as the index needs it.

    `label` tells it apart from others of the same name ("Los Angeles, CA"); `label_words` are
    the words by which people may say so ("Los Angeles", "CA", "California").
    """

    record_id: str
    table: str
    name: str
    aliases: tuple[str, ...] = ()
    label: str = ""
    label_words: tuple[str, ...] = ()
    popularity: float = 0.0


@dataclass(frozen=True)
class Candidate:
    """An entity that a mention may mean."""

    record_id: str
    table: str
    name: str
    label: str
    popularity: float


@dataclass(frozen=True)
class Mention:
    """A piece of the question that names an entity.

    `start` and `end` are character offsets, `first` and `last` token numbers (last excluded).
    Candidates come the likeliest first; for an unknown name they are only the nearest ones.
    `weak` mentions are single words that may be ordinary ones ("rice"): they need support from
    the rest of the question.
    """

    start: int
    end: int
    first: int
    last: int
    words: str
    tier: Tier
    candidates: tuple[Candidate, ...]
    weak: bool = False

    @property
    def known(self) -> bool:
        """Whether it names something that is in the data."""
        return self.tier != "unknown"


@dataclass
class _Phrases:
    """Phrase to entities, by where the phrase comes from."""

    found: dict[tuple[str, ...], dict[int, int]] = field(default_factory=dict)

    def add(self, words: tuple[str, ...], entity: int, source: int) -> None:
        if words:
            known = self.found.setdefault(words, {})
            known[entity] = min(source, known.get(entity, source))

    def best(self, words: tuple[str, ...]) -> tuple[int, tuple[int, ...]] | None:
        """Return the surest source of a phrase and its entities from there."""
        known = self.found.get(words)
        if not known:
            return None
        source = min(known.values())
        return source, tuple(entity for entity, s in known.items() if s == source)


@dataclass(frozen=True)
class _Match:
    first: int
    last: int
    source: int
    entities: tuple[int, ...]
    tier: Tier


class EntityIndex:
    """Finds entities in questions. Build it once; reading it is safe from any thread."""

    def __init__(
        self, rows: Sequence[EntityRow], ordinary: frozenset[str], familiar: frozenset[str]
    ) -> None:
        self._rows = rows
        self._ordinary = ordinary
        self._familiar = familiar
        self._exact = _Phrases()
        self._squashed = _Phrases()
        self._loose = _Phrases()
        self._namesakes: dict[tuple[str, ...], list[int]] = defaultdict(list)
        self._acronyms: dict[str, tuple[int, ...]] = {}
        self._vocabulary: set[str] = set()
        self._neighbours: dict[str, list[str]] = defaultdict(list)
        self._by_word: dict[str, list[int]] = defaultdict(list)
        self._labels = Counter(phrase(text) for row in rows for text in set(row.label_words))
        self._label_words = {word for words in self._labels for word in words}
        self._count_words([phrase(row.name) for row in rows])
        self._fill()

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
        return cls(list(records), ordinary, familiar)

    def __len__(self) -> int:
        return len(self._rows)

    def candidate(self, record_id: str) -> Candidate | None:
        """Return the entity of that record id, if there is one."""
        number = self._numbers.get(record_id)
        return None if number is None else _candidate(self._rows[number])

    def knows(self, word: str) -> bool:
        """Whether a word stands in a name or is an ordinary one."""
        return word in self._vocabulary or word in self._ordinary

    @property
    def kind_words(self) -> frozenset[str]:
        """The words that say what kind of thing an entity is; most names end in one."""
        return self._kinds

    def find(self, question: str) -> list[Mention]:
        """Return the mentions in a question, in order, none overlapping another."""
        tokens = tokenize(question)
        matches = _without_crossing(list(self._matches(tokens)))
        taken: list[_Match] = []
        for match in sorted(matches, key=_preference):
            if not any(_overlap(match, other) for other in taken):
                taken.append(match)
        mentions: list[Mention] = []
        for match in sorted(taken, key=lambda match: match.first):
            if not mentions or match.first >= mentions[-1].last:
                mentions += self._mention(question, tokens, match, taken)
        mentions += self._unknown(question, tokens, mentions)
        return sorted(mentions, key=lambda mention: mention.start)

    def nearest(self, words: str) -> tuple[Candidate, ...]:
        """Return the entities whose names share a telling word with these, nearest first."""
        spoken = set(phrase(words)) - self._generic - FUNCTION_WORDS
        sharing = {n for word in spoken for near in self._near(word) for n in self._by_word[near]}
        names = {number: self._rows[number].name.lower() for number in sorted(sharing)}
        best = process.extract(words.lower(), names, scorer=fuzz.WRatio, limit=NEAREST * 4)
        ranked = sorted(best, key=lambda hit: (-round(hit[1]), -self._rows[hit[2]].popularity))
        return tuple(_candidate(self._rows[hit[2]]) for hit in ranked[:NEAREST])

    # --- building -------------------------------------------------------------------------------

    def _count_words(self, names: Sequence[tuple[str, ...]]) -> None:
        """Learn from the names themselves which words are common to many of them."""
        counts = Counter(word for name in names for word in set(name))
        kinds = Counter(word for name in names for word in set(_kind_places(name)))
        enough = max(MIN_GENERIC, KIND_SHARE * len(names))
        self._kinds = frozenset(
            word
            for word, n in kinds.items()
            if n >= max(enough, 2 * self._labels[(word,)]) and word.isalpha() and len(word) > 2
        )
        enough = max(MIN_GENERIC, GENERIC_SHARE * len(names))
        self._generic = self._kinds | {
            word for word, n in counts.items() if n >= max(enough, 2 * self._labels[(word,)])
        }

    def _fill(self) -> None:
        acronyms: dict[str, set[int]] = defaultdict(set)
        self._numbers = {row.record_id: number for number, row in enumerate(self._rows)}
        for number, row in enumerate(self._rows):
            name = phrase(row.name)
            self._add(name, number, _NAME)
            for alias in row.aliases:
                self._add(phrase(alias), number, _ALIAS)
            for derived in self._derived(row, name):
                self._add(derived, number, _DERIVED)
            for base in _bases(row.name):
                self._namesakes[base].append(number)
            for words in (name, *_bases(row.name)):
                acronyms["".join(w[0] for w in words if w not in FUNCTION_WORDS)].add(number)
            for word in set(name):
                self._by_word[word].append(number)
        self._acronyms = {a: tuple(n) for a, n in acronyms.items() if len(a) >= 3 and len(n) == 1}
        for word in self._vocabulary:
            if len(word) >= MIN_FUZZY_LETTERS - 1:
                for shorter in deletions(word):
                    self._neighbours[shorter].append(word)

    def _add(self, words: tuple[str, ...], number: int, source: int) -> None:
        self._exact.add(words, number, source)
        self._vocabulary.update(words)
        if len(words) > 1 and len("".join(words)) >= MIN_TRANSPOSED_LETTERS:
            self._squashed.add(("".join(words),), number, source)
        carried = content(words)
        if len(carried) > 1:
            self._loose.add(carried, number, source)
        distinctive = tuple(word for word in carried if word not in self._generic)
        if len(distinctive) > 1:
            self._loose.add(distinctive, number, _LOOSE)

    def _derived(self, row: EntityRow, name: tuple[str, ...]) -> set[tuple[str, ...]]:
        """Return shorter forms: the name before a dash or comma, and without its kind."""
        forms = set(_bases(row.name))
        for words in (name, *forms.copy()):
            while len(words) > 1 and words[-1] in self._kinds:
                words = words[:-1]
                if len(words) > 1 or self._may_stand_alone(words[0]):
                    forms.add(words)
        return {form for form in forms if not set(form) <= self._generic | FUNCTION_WORDS}

    def _may_stand_alone(self, word: str) -> bool:
        return len(word) > 3 and word not in self._label_words and word not in self._ordinary

    # --- known names ----------------------------------------------------------------------------

    def _matches(self, tokens: Sequence[Token]) -> Iterable[_Match]:
        options = [self._readings(tokens, i) for i in range(len(tokens))]
        for first in range(len(tokens)):
            for last in range(first + 1, min(len(tokens), first + MAX_SPAN) + 1):
                match = self._match_span(tokens, options, first, last)
                if match is not None:
                    yield match

    def _readings(self, tokens: Sequence[Token], i: int) -> tuple[str, ...]:
        """Return the ways to read a token: as it stands, abbreviation undone, typo corrected."""
        token = tokens[i]
        options = dict.fromkeys([token.norm, token.bare])
        before_of = i + 1 < len(tokens) and tokens[i + 1].norm == "of"
        letters = token.text.lower()
        if before_of or letters == "st" or token.bare not in self._vocabulary:
            whole = [word for word in self._generic if word.startswith(letters)]
            if len(whole) == 1 and (before_of or len(letters) >= 2):
                options[whole[0]] = None
        if self._may_be_typo(token.bare) and len(options) == 1:
            for near in self._near(token.bare):
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
            and word[:-1] in self._vocabulary
            and word[:-1] not in self._kinds
            and (i > 0 or word[:-1] not in self._ordinary)
        )

    def _may_be_typo(self, word: str) -> bool:
        return (
            len(word) >= MIN_FUZZY_LETTERS
            and word.isalpha()
            and word not in self._vocabulary
            and word not in self._ordinary
            and word not in self._label_words
        )

    def _near(self, word: str) -> list[str]:
        """Return the known words within one edit."""
        if word in self._vocabulary:
            return [word]
        if len(word) < MIN_FUZZY_LETTERS - 1:
            return []
        near = {known for d in deletions(word) for known in self._neighbours.get(d, ())}
        return sorted(known for known in near if OSA.distance(word, known) <= 1)

    def _match_span(
        self, tokens: Sequence[Token], options: Sequence[tuple[str, ...]], first: int, last: int
    ) -> _Match | None:
        for words in itertools.islice(itertools.product(*options[first:last]), 8):
            match = self._match_words(tokens, words, first, last)
            if match is not None:
                return match
        return None

    def _match_words(
        self, tokens: Sequence[Token], words: tuple[str, ...], first: int, last: int
    ) -> _Match | None:
        found = self._exact.best(words)
        if found is None and len(words) <= 3:
            found = self._squashed.best(("".join(words),))
        loose = False
        if found is None and len(words) > 1 and _may_be_loose(words):
            found = self._loose.best(content(words))
            loose = found is not None
        if found is None:
            return self._match_acronym(tokens, first, last)
        source, entities = found
        if source == _NAME:
            # "Wheaton College" is also what people call "Wheaton College (Massachusetts)".
            entities = tuple(dict.fromkeys((*entities, *self._namesakes.get(words, ()))))
        spoken = [_as_spoken(*pair) for pair in zip(tokens[first:last], words, strict=True)]
        typo = spoken != list(words)
        if typo and not _is_typo(" ".join(spoken), " ".join(words)):
            return None
        if loose and any(t.norm == f"{w}s" for t, w in zip(tokens[first:last], words, strict=True)):
            return None  # "law schools in New York" is not "New York Law School"
        if typo and loose and not any(self._in_order(words, n) for n in entities):
            return None  # "University of Atlantis" is not "Atlantic University"
        tier: Tier = "fuzzy" if typo or loose else "exact" if source == _NAME else "alias"
        return _Match(first, last, source + 4 * (typo or loose), entities, tier)

    def _in_order(self, words: tuple[str, ...], number: int) -> bool:
        """Whether words carry a name of an entity in that name's order."""
        row = self._rows[number]
        return _carried(words) in {_carried(phrase(text)) for text in (row.name, *row.aliases)}

    def _match_acronym(self, tokens: Sequence[Token], first: int, last: int) -> _Match | None:
        word = tokens[first].bare
        if last != first + 1 or word not in self._acronyms or word in self._ordinary:
            return None
        if not tokens[first].text.isupper() or word in self._vocabulary:
            return None
        return _Match(first, last, _DERIVED, self._acronyms[word], "acronym")

    def _mention(
        self, question: str, tokens: Sequence[Token], match: _Match, others: Sequence[_Match]
    ) -> list[Mention]:
        """Return the mention of a match, or nothing where it speaks of no one in particular."""
        first, last = match.first, match.last
        if tokens[last - 1].norm in self._kinds and _indefinite(tokens, first):
            return []
        candidates = sorted(
            (_candidate(self._rows[n]) for n in match.entities),
            key=lambda c: (-c.popularity, c.name, c.record_id),
        )
        label_end = self._label_end(tokens, last, others)
        fitting = [c for c in candidates if self._fits(c, tokens, last, label_end)]
        if not fitting and any(last <= m.first < label_end for m in others):
            label_end, fitting = last, candidates  # "Smith, Wellesley": two names
        last = label_end
        tier = match.tier if len(fitting) == 1 else "ambiguous" if fitting else "unknown"
        start, end = tokens[first].start, tokens[last - 1].end
        return [
            Mention(
                start=start,
                end=end,
                first=first,
                last=last,
                words=question[start:end],
                tier=tier,
                candidates=tuple((fitting or candidates)[:MAX_CANDIDATES]),
                weak=self._weak(tokens[first:last], first),
            )
        ]

    def _weak(self, tokens: Sequence[Token], first: int) -> bool:
        if len(tokens) > 1:
            return False
        token = tokens[0]
        return not (token.capital and (first > 0 or token.text.isupper()))

    def _label_end(self, tokens: Sequence[Token], last: int, others: Sequence[_Match]) -> int:
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
        self, tokens: Sequence[Token], first: int, size: int, others: Sequence[_Match]
    ) -> bool:
        said = tokens[first : first + size]
        if len(said) < size or tuple(token.norm for token in said) not in self._labels:
            return False
        if size == 1 and len(said[0].norm) == 2 and not said[0].text.isupper():
            return False  # "in", "or" and "me" are also codes
        return not any(
            other.first < first + size and first < other.last and other.last - other.first > size
            for other in others
        )

    def _fits(self, candidate: Candidate, tokens: Sequence[Token], first: int, last: int) -> bool:
        """Whether every label word said behind a name is one of this entity's own."""
        row = self._rows[self._numbers[candidate.record_id]]
        own = {word for text in row.label_words for word in phrase(text)} | FUNCTION_WORDS
        return all(token.norm in own for token in tokens[first:last])

    # --- unknown names --------------------------------------------------------------------------

    def _unknown(
        self, question: str, tokens: Sequence[Token], known: Sequence[Mention]
    ) -> list[Mention]:
        taken = {i for mention in known for i in range(mention.first, mention.last)}
        mixed = any(not token.capital for token in tokens if token.text.isalpha())
        mentions: list[Mention] = []
        for i, token in enumerate(tokens):
            if i in taken:
                continue
            span = None
            if token.norm in self._kinds:
                span = self._around_kind(tokens, i, taken)
            elif token.norm in self._label_words and i and tokens[i - 1].norm in _BEFORE_PLACE:
                continue
            elif token.capital and mixed and i > 0 and self._is_unheard(token):
                span = self._capitals(tokens, i, taken)
            elif self._may_be_typo(token.bare) and self._near_misses(token.bare):
                span = (i, i + 1)
            if span is not None:
                taken.update(range(*span))
                mentions.append(self._unknown_mention(question, tokens, *span))
        return mentions

    def _around_kind(
        self, tokens: Sequence[Token], i: int, taken: set[int]
    ) -> tuple[int, int] | None:
        """Return the span of a name around its kind: "Oxford University", "University of X"."""
        first = i
        while first > 0 and first - 1 not in taken and self._belongs(tokens[first - 1]):
            first -= 1
        last = i + 1
        if last + 1 < len(tokens) and tokens[last].norm in ("of", "at"):
            end = last + 1
            while end < len(tokens) and end not in taken and self._belongs(tokens[end]):
                end += 1
            if end > last + 1:
                last = end
        own = [token for token in tokens[first:last] if self._strange(token)]
        return None if not own or _indefinite(tokens, first) else (first, last)

    def _belongs(self, token: Token) -> bool:
        """Whether a token beside a kind word may be part of the same name."""
        if token.norm in SEPARATORS or token.norm in FUNCTION_WORDS:
            return False
        return token.capital or token.norm in self._generic or self._strange(token)

    def _strange(self, token: Token) -> bool:
        """Whether a token is no ordinary word, so that it can only be (part of) a name."""
        return (
            token.bare not in self._ordinary
            and token.norm not in self._ordinary
            and token.norm not in self._generic
            and token.norm not in FUNCTION_WORDS
            and token.bare.isalpha()
            and len(token.bare) > 2
        )

    def _is_unheard(self, token: Token) -> bool:
        known = token.norm in self._familiar and token.norm not in self._vocabulary
        return self._strange(token) and not known

    def _capitals(self, tokens: Sequence[Token], i: int, taken: set[int]) -> tuple[int, int]:
        last = i + 1
        while last < len(tokens) and last not in taken and tokens[last].capital:
            last += 1
        return i, last

    def _near_misses(self, word: str) -> list[str]:
        return [near for near in self._near(word) if (near,) in self._exact.found]

    def _unknown_mention(
        self, question: str, tokens: Sequence[Token], first: int, last: int
    ) -> Mention:
        start, end = tokens[first].start, tokens[last - 1].end
        words = question[start:end]
        return Mention(start, end, first, last, words, "unknown", self.nearest(words), weak=False)


def _candidate(row: EntityRow) -> Candidate:
    return Candidate(row.record_id, row.table, row.name, row.label, row.popularity)


def _preference(match: _Match) -> tuple[int, int, int]:
    """The longest span first; of equal spans the surest; of equal ones the first."""
    return (match.first - match.last, match.source, match.first)


def _overlap(one: _Match, other: _Match) -> bool:
    return one.first < other.last and other.first < one.last


def _without_crossing(matches: list[_Match]) -> list[_Match]:
    """Drop loose matches that cut through a sure one instead of containing it."""
    sure = [match for match in matches if match.source < _LOOSE + 1]
    return [
        match
        for match in matches
        if match.source <= _LOOSE
        or all(match.first <= s.first and s.last <= match.last for s in sure if _overlap(match, s))
    ]


def _indefinite(tokens: Sequence[Token], first: int) -> bool:
    """Whether a name stands behind "a" or "any": "an American university" is no one's name."""
    return first > 0 and tokens[first - 1].norm in _INDEFINITE


def _carried(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in FUNCTION_WORDS)


def _kind_places(name: tuple[str, ...]) -> Iterable[str]:
    """Yield the words that say the kind: the last one, and one in front of "of"."""
    if len(name) > 1:
        yield name[-1]
        if name[1] == "of":
            yield name[0]


def _bases(name: str) -> list[tuple[str, ...]]:
    """Return what stands before a dash, comma, bracket or "at" in a name, if two words or more."""
    found = []
    for mark in ("-", ",", "(", " at ", " in "):
        base, separator, _ = name.partition(mark)
        words = phrase(base)
        if separator and len(words) > 1:
            found.append(words)
    return found


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
