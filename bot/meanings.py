"""Everyday English for comparing sentences: words of one meaning, words that exclude each other.

No word of a domain is here; what a domain calls its fields stands in its card. The lists are in
synonyms.txt, phrases.txt and exclusives.txt. Not covered: irony, metaphors, and
opposites that nobody wrote down ("sour" for "sweet").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from re import Pattern

from bot.names import words_of
from bot.text import stem

LONG_WORD = 7
ROOT_LETTERS = 6  # by which long words of one root are known: "decide", "decision"

NEGATIONS = words_of(
    "not no never none neither nor without nobody nothing nowhere rarely seldom hardly scarcely "
    "lack lacks lacking lacked"
)
# Words that deny without a "not": where they stand, a missing "not" is no difference.
SOFT_NEGATIONS = words_of(
    "exclude excludes excluded excluding omit omitted decline declined refuse refuses refused "
    "reject rejected deny denied forbid forbidden prohibit prohibited prevent prevents avoid fail "
    "fails failed failure miss missing except unless free optional stop stops lose loses lost "
    "impossible unable blind zero voluntary instead beyond invisible hide hides hidden notall"
)
# How models and people introduce what they were told; no claim of its own.
OPENINGS = words_of(
    "according guide guides data document documents documentation source sources text passage page "
    "article section evidence information says say states state stated explains explain notes note "
    "mentions mention describes reports report puts put short summary brief yes no here word words "
    "importantly specifically basically essentially fact case order means mean noting noted "
    "table record records listed lists given thus overall indeed please remember"
)
_NEGATIVE_FORMS = re.compile(
    r"\b(?:un(?=able|affected|available|aware|certain|clear|common|equal|even|employed|fair|"
    r"familiar|finished|fit|happy|healthy|important|known|like|limited|likely|married|necessary|"
    r"paid|pleasant|reliable|safe|signed|stable|successful|suitable|supported|used|usual|"
    r"verified|weighted|willing|worn)|in(?=ability|accurate|active|adequate|complete|consistent|"
    r"correct|direct\b|eligible|formal|frequent|sufficient|valid|visible)|"
    r"im(?=possible|proper|mature|practical)|ir(?=regular|relevant|responsible|reversible)|"
    r"il(?=legal|legible|logical)|dis(?=agree|allow|approve|connect|continue|honest|similar|obey)|"
    r"non-?(?=[a-z]{4}))",
    re.I,
)
_CONTRACTIONS = (
    (re.compile(r"\b(?:can'?t|cannot)\b", re.I), "can not"),
    (re.compile(r"\bwon't\b", re.I), "will not"),
    (re.compile(r"\bain't\b", re.I), "is not"),
    (re.compile(r"\b([a-z]+)n't\b", re.I), r"\1 not"),
    (re.compile(r"'ve\b", re.I), " have"),
    (re.compile(r"'(?:s|re|ll|d|m)\b|(?<=s)'(?=\s|$)", re.I), ""),
)
_READINGS = (
    # "No earlier than 30 days before" is at most 30 days.
    (re.compile(r"\b(?:no earlier than|at the earliest)(?= (?:\S+ ){2}before)", re.I), "atmost"),
    (re.compile(r"\b(?:no later than|at the latest)(?= (?:\S+ ){2}before)", re.I), "atleast"),
    (
        re.compile(
            r"(?<!twice )(?<!times )(?<!half )\bas (?:much|many) as"
            r"(?= (?:[$\d]|(?:two|three|four|five|six|seven|eight|nine|ten|twelve)\b))",
            re.I,
        ),
        "atmost",
    ),
    (
        re.compile(
            r"\bnot (be|cost|exceed|get|have|hold|last|list|pay|take|use|work) "
            r"(?:more than|over|above)\b",
            re.I,
        ),
        r"\1 atmost",
    ),
    # The season, in which nothing falls.
    (re.compile(r"(?<=\bin )fall\b|(?<=\bthe )fall\b|(?<=\beach )fall\b", re.I), "autumn"),
    (re.compile(r"\bfall(?= (?:\d|and|or|term|semester|quarter|of \d))", re.I), "autumn"),
)
# Matters on which words say little by themselves: "more", "all", "before".
_COMPARING = words_of("amount end time quantity number duty presence frequency likeness")
_WORD = re.compile(r"[A-Za-z][\w.]*")


def plain(text: str) -> str:
    """Return a text with its contractions, negative forms and phrases as single plain words."""
    text = text.replace("–", "-").replace("‑", "-").replace("—", "; ").replace("’", "'")
    if "'" in text or "cannot" in text.lower():
        for form, words in _CONTRACTIONS:
            text = form.sub(words, text)
    text = _NEGATIVE_FORMS.sub("not ", text)
    for form, words in _READINGS:
        text = form.sub(words, text)
    return _with_single_words(text)


@lru_cache(maxsize=50_000)
def meanings(word: str) -> frozenset[str]:
    """Return what a word may be recognised by: its stem, its groups, the root of a long word."""
    root = stem(word)
    keys = {root} | _groups().get(root, frozenset())
    if len(root) >= LONG_WORD:
        keys.add(f"^{root[:ROOT_LETTERS]}")
    return frozenset(keys)


def sides(word: str) -> tuple[tuple[str, str], ...]:
    """Return what a word says on matters where words exclude each other: ("amount", "more")."""
    return _exclusives().get(word, ())


def _lines(name: str) -> list[str]:
    text = files("bot").joinpath(name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@cache
def _groups() -> dict[str, frozenset[str]]:
    """Return the groups of synonyms that each stem is in."""
    groups: dict[str, set[str]] = {}
    for number, (words, _) in enumerate(_synonyms()):
        for word in words:
            groups.setdefault(stem(word), set()).add(f"#{number}")
    return {word: frozenset(found) for word, found in groups.items()}


@cache
def _synonyms() -> list[tuple[list[str], list[str]]]:
    """Return the words and the phrases of each group."""
    read = []
    for line in _lines("synonyms.txt"):
        first, *others = (part.strip() for part in line.split(","))
        words = [*first.split(), *(part for part in others if " " not in part)]
        read.append((words, [part for part in others if " " in part]))
    return read


@cache
def _phrases() -> dict[str, tuple[Pattern[str], dict[str, str]]]:
    """Return for each first word the pattern of its phrases, and the word that each is read as.

    One pattern of all phrases would be tried at every word of every text.
    """
    told = [(phrase, words[0]) for words, phrases in _synonyms() for phrase in phrases]
    halves = (line.partition(">") for line in _lines("phrases.txt"))
    told += [(phrase.strip(), word.strip()) for phrase, _, word in halves]
    found: dict[str, dict[str, str]] = {}
    for phrase, word in told:
        found.setdefault(phrase.split(" ")[0], {})[phrase] = word
    return {
        first: (re.compile(rf"(?:{_longest_first(known)})\b", re.I), known)
        for first, known in found.items()
    }


def _longest_first(phrases: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, phrases), key=len, reverse=True))


def _with_single_words(text: str) -> str:
    pieces, done = [], 0
    for word in _WORD.finditer(text):
        if word.start() < done or word[0].lower() not in _phrases():
            continue
        pattern, known = _phrases()[word[0].lower()]
        if phrase := pattern.match(text, word.start()):
            pieces += [text[done : phrase.start()], known[phrase[0].lower()]]
            done = phrase.end()
    return "".join([*pieces, text[done:]])


@cache
def _exclusives() -> dict[str, tuple[tuple[str, str], ...]]:
    """Return the sides of each word of exclusives.txt."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    for line in _lines("exclusives.txt"):
        head, _, words = line.partition(":")
        about, side = head.split()
        for word in words.split():
            found.setdefault(word, {})[about, side] = None
    return {word: tuple(told) for word, told in found.items()}


def is_comparison(word: str) -> bool:
    """Tell whether a word says less by itself than by what it excludes ("more", "all", "first")."""
    return any(about in _COMPARING for about, _ in sides(word))


def only_one() -> Sequence[tuple[str, str]]:
    """Return the side of a "one" that excludes "several"."""
    return sides("onlyone")
