"""The names of all entities: every phrase that says one, and what their words have in common.

Everything is looked up: phrases in dictionaries, misspelt words in a dictionary of words with a
letter missing. No scan over all names.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from bot.codes import Codes
from bot.mentions import Candidate
from bot.names import FUNCTION_WORDS, Token, content, deletions, phrase

MIN_FUZZY_LETTERS = 5
MIN_TRANSPOSED_LETTERS = 6
NEAREST = 3
KIND_SHARE = 0.01
GENERIC_SHARE = 0.02
MIN_GENERIC = 3

# Where a phrase comes from, the surest first.
NAME, ALIAS, DERIVED, LOOSE = range(4)
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


@dataclass
class Phrases:
    """Phrase to entities, by where the phrase comes from."""

    found: dict[tuple[str, ...], dict[int, int]] = field(default_factory=dict)

    def add(self, words: tuple[str, ...], entity: int, source: int) -> None:
        """Let a phrase stand for an entity; the surest source of several counts."""
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


class EntityNames:
    """The names of entities, which are numbered as in `rows`; safe to share between threads.

    `exact` holds phrases as they are said, `squashed` without spaces, `loose` in any order;
    `namesakes` are the entities whose names begin with a phrase. `kinds` are the words that say
    what kind of thing an entity is; `generic` ones are common to many names. `ordinary` and
    `familiar` words: see EntityIndex.build.
    """

    def __init__(
        self, rows: Sequence[EntityRow], ordinary: frozenset[str], familiar: frozenset[str]
    ) -> None:
        self.rows = rows
        self.ordinary = ordinary
        self.familiar = familiar
        self.numbers = {row.record_id: number for number, row in enumerate(rows)}
        self.exact = Phrases()
        self.squashed = Phrases()
        self.loose = Phrases()
        self.namesakes: dict[tuple[str, ...], list[int]] = defaultdict(list)
        self.acronyms: dict[str, tuple[int, ...]] = {}
        self.vocabulary: set[str] = set()
        self.labels = Counter(phrase(text) for row in rows for text in set(row.label_words))
        self.label_words = {word for words in self.labels for word in words}
        self._neighbours: dict[str, list[str]] = defaultdict(list)
        self._by_word: dict[str, list[int]] = defaultdict(list)
        self._count_words([phrase(row.name) for row in rows])
        self._fill()
        self.codes = Codes(self.exact.found)

    def candidate(self, number: int) -> Candidate:
        """Return an entity as a mention may mean it."""
        row = self.rows[number]
        return Candidate(row.record_id, row.table, row.name, row.label, row.popularity)

    def near(self, word: str) -> list[str]:
        """Return the known words within one edit."""
        if word in self.vocabulary:
            return [word]
        if len(word) < MIN_FUZZY_LETTERS - 1:
            return []
        near = {known for d in deletions(word) for known in self._neighbours.get(d, ())}
        return sorted(known for known in near if OSA.distance(word, known) <= 1)

    def nearest(self, words: str) -> tuple[Candidate, ...]:
        """Return the entities whose names share a telling word with these, nearest first.

        Of a code it is those whose codes are spelt most like it.
        """
        if coded := self.codes.nearest(words):
            return tuple(map(self.candidate, coded))
        spoken = set(phrase(words)) - self.generic - FUNCTION_WORDS
        sharing = {n for word in spoken for near in self.near(word) for n in self._by_word[near]}
        names = {number: self.rows[number].name.lower() for number in sorted(sharing)}
        best = process.extract(words.lower(), names, scorer=fuzz.WRatio, limit=NEAREST * 4)
        ranked = sorted(best, key=lambda hit: (-round(hit[1]), -self.rows[hit[2]].popularity))
        return tuple(self.candidate(hit[2]) for hit in ranked[:NEAREST])

    def called(self, words: str) -> tuple[Candidate, ...]:
        """Return the best known entities whose names have all of some words that tell names apart.

        None where a word of them is common to many names, or is an ordinary one.
        """
        said = phrase(words)
        if not said or not self.generic.union(self.ordinary, FUNCTION_WORDS).isdisjoint(said):
            return ()
        sharing = set.intersection(*(set(self._by_word.get(word, ())) for word in said))
        known = sorted(sharing, key=lambda n: (-self.rows[n].popularity, self.rows[n].name))
        return tuple(map(self.candidate, known[:NEAREST]))

    def may_be_typo(self, word: str) -> bool:
        """Whether a word is long enough to be misspelt, and no other word that is known."""
        return (
            len(word) >= MIN_FUZZY_LETTERS
            and word.isalpha()
            and word not in self.vocabulary
            and word not in self.ordinary
            and word not in self.label_words
        )

    # --- building -------------------------------------------------------------------------------

    def _count_words(self, names: Sequence[tuple[str, ...]]) -> None:
        """Learn from the names themselves which words are common to many of them."""
        counts = Counter(word for name in names for word in set(name))
        kinds = Counter(word for name in names for word in set(_kind_places(name)))
        enough = max(MIN_GENERIC, KIND_SHARE * len(names))
        self.kinds = frozenset(
            word
            for word, n in kinds.items()
            if n >= max(enough, 2 * self.labels[(word,)]) and word.isalpha() and len(word) > 2
        )
        enough = max(MIN_GENERIC, GENERIC_SHARE * len(names))
        self.generic = self.kinds | {
            word for word, n in counts.items() if n >= max(enough, 2 * self.labels[(word,)])
        }

    def _fill(self) -> None:
        acronyms: dict[str, set[int]] = defaultdict(set)
        for number, row in enumerate(self.rows):
            name = phrase(row.name)
            self._add(name, number, NAME)
            for alias in row.aliases:
                self._add(phrase(alias), number, ALIAS)
            for derived in self._derived(row, name):
                self._add(derived, number, DERIVED)
            for base in _bases(row.name):
                self.namesakes[base].append(number)
            for words in (name, *_bases(row.name)):
                acronyms["".join(w[0] for w in words if w not in FUNCTION_WORDS)].add(number)
            for word in set(name):
                self._by_word[word].append(number)
        self.acronyms = {a: tuple(n) for a, n in acronyms.items() if len(a) >= 3 and len(n) == 1}
        for word in self.vocabulary:
            if len(word) >= MIN_FUZZY_LETTERS - 1:
                for shorter in deletions(word):
                    self._neighbours[shorter].append(word)

    def _add(self, words: tuple[str, ...], number: int, source: int) -> None:
        self.exact.add(words, number, source)
        self.vocabulary.update(words)
        if len(words) > 1 and len("".join(words)) >= MIN_TRANSPOSED_LETTERS:
            self.squashed.add(("".join(words),), number, source)
        carried = content(words)
        if len(carried) > 1:
            self.loose.add(carried, number, source)
        distinctive = tuple(word for word in carried if word not in self.generic)
        if len(distinctive) > 1:
            self.loose.add(distinctive, number, LOOSE)

    def _derived(self, row: EntityRow, name: tuple[str, ...]) -> set[tuple[str, ...]]:
        """Return shorter forms: the name before a dash or comma, and without its kind."""
        forms = set(_bases(row.name))
        for words in (name, *forms.copy()):
            while len(words) > 1 and words[-1] in self.kinds:
                words = words[:-1]
                if len(words) > 1 or self._may_stand_alone(words[0]):
                    forms.add(words)
        return {form for form in forms if not set(form) <= self.generic | FUNCTION_WORDS}

    def _may_stand_alone(self, word: str) -> bool:
        return len(word) > 3 and word not in self.label_words and word not in self.ordinary


def is_indefinite(tokens: Sequence[Token], first: int) -> bool:
    """Whether a name stands behind "a" or "any": "an American university" is no one's name."""
    return first > 0 and tokens[first - 1].norm in _INDEFINITE


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
