"""The pack's rules in force, read again when their files change.

A rule that was added, changed or removed counts from the next question on, without a restart. A
file that is broken is refused with its line, and the last good rules stay in force; at the start
there are none yet, so a broken file is an error.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bot.checks import Objection, Passed
from bot.text import normalise
from ingest.domain import CARD_NAME, load_card
from ingest.errors import GroundskeeperError
from ingest.folding import fold
from ingest.rules import (
    RULES_NAME,
    Role,
    RuleCard,
    added_rules,
    compile_pattern,
    rules_version,
)

if TYPE_CHECKING:  # who only reads the rules needs no index, which takes seconds to import
    from ingest.index import Index, Vector

log = logging.getLogger(__name__)

RULE_COSINE = 0.60
CHECK_SECONDS = 0.5
# Scripts without spaces between words, or with endings that are written on to them.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff"
    "\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)
Stamp = tuple[tuple[int, int, int] | None, ...]


class Reading:
    """A text in the forms that rules match: as it is, folded, and as a vector if one asks."""

    def __init__(self, text: str, embed: Callable[[str], Vector]) -> None:
        self.plain = normalise(text)
        self._embed = embed

    @cached_property
    def folded(self) -> str:
        """The text with accents, look-alikes and invisible characters undone."""
        return " ".join(fold(self.plain).split())

    @cached_property
    def vector(self) -> Vector:
        """The text's unit vector, shape (dimension,)."""
        return self._embed(self.plain)


@dataclass(frozen=True)
class Rule:
    """One rule, ready to be tried; `score` is 1 or 0, or the cosine to its nearest example."""

    card: RuleCard
    score: Callable[[Reading], float]
    threshold: float = 1.0

    def objection(self, reading: Reading) -> Objection | None:
        """Return what the rule says about a text, if it applies."""
        score = self.score(reading)
        if score < self.threshold:
            return None
        measured = {} if self.threshold == 1.0 else {"rule": score, "rule_threshold": RULE_COSINE}
        return Objection(f"rule:{self.card.id}", self.card.message, measured)


class RuleSet:
    """The rules that are in force at one time, and their version.

    `embed`, where it is given, knows the unit vectors of all texts that will come.
    """

    def __init__(
        self,
        cards: Sequence[RuleCard],
        index: Index,
        embed: Callable[[str], Vector] | None = None,
    ) -> None:
        self.version = rules_version(cards)
        self._rules = [_rule(card, index) for card in cards]
        self._index = index
        self._embed = embed or self._embed_question

    def __len__(self) -> int:
        return len(self._rules)

    def inspect(self, text: str, role: Role) -> Objection | Passed:
        """Return the first objection to a text of this role, or the ids of rules that flag it."""
        reading = Reading(text, self._embed)
        flags = []
        for rule in self._rules:
            if role not in rule.card.applies_to:
                continue
            objection = rule.objection(reading)
            if objection is not None and rule.card.action != "flag":
                return objection
            if objection is not None:
                flags.append(rule.card.id)
        return Passed(tuple(flags))

    def _embed_question(self, text: str) -> Vector:
        return np.asarray(self._index.embeddings.embed_query(text), dtype=np.float32)


class LiveRules:
    """Hands out the rules in force; looks at the files at most every half second.

    Safe between threads: one of them reads what changed while the others go on with the rules
    that they have. Not covered: two changes of one file within one tick of the file system's
    clock that leave its size as it was.
    """

    def __init__(
        self, folder: Path, index: Index, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Read the rules; raises DomainCardError if one of the files is broken."""
        self._folder = folder
        self._index = index
        self._clock = clock
        self._lock = threading.Lock()
        self._looked = clock()
        self._stamp = self._look()
        self._rules = self._read()

    def current(self) -> RuleSet:
        """Return the rules that are in force now."""
        if self._clock() - self._looked >= CHECK_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._renew()
            finally:
                self._lock.release()
        return self._rules

    def _renew(self) -> None:
        self._looked = self._clock()
        stamp = self._look()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._rules = self._read()
        except GroundskeeperError as error:
            log.error(
                "The rules in force stay as they were, for the new ones are broken: %s", error
            )
        except Exception:
            log.exception("The new rules cannot be read, so those in force stay")
        else:
            log.info("%d rules are in force, version %s", len(self._rules), self._rules.version)

    def _read(self) -> RuleSet:
        return RuleSet(pack_rules(self._folder), self._index)

    def _look(self) -> Stamp:
        return tuple(_stamp(self._folder / name) for name in (CARD_NAME, RULES_NAME))


def pack_rules(folder: Path) -> tuple[RuleCard, ...]:
    """Return all rules of a pack: the card's, then those of `rules.toml`.

    Raises CorpusError if there is no card, DomainCardError with every mistake and its line.
    """
    card = load_card(folder)
    return (*card.rules, *added_rules(folder, card.rules))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _rule(card: RuleCard, index: Index) -> Rule:
    """Make a rule ready.

    Words match whole, in any case, whatever the accents, styled letters, look-alikes, invisible
    characters or hyphens between them, and with a plural or possessive ending. Patterns match the
    text as it is or folded. Examples match what is near them in meaning.

    Not covered: other inflections ("stole" for "steal"), misspellings, signs for letters ("sh1t"),
    letters set apart ("s h i t"), and other languages than the rule's.
    """
    if card.words:
        words = _words_pattern(card.words)
        return Rule(card, lambda reading: float(words.search(reading.folded) is not None))
    if card.pattern:
        pattern = compile_pattern(card.pattern)
        return Rule(
            card,
            lambda reading: float(
                pattern.search(reading.plain) is not None
                or pattern.search(reading.folded) is not None
            ),
        )
    examples = index.embed(card.examples)
    return Rule(card, lambda reading: float(np.max(examples @ reading.vector)), RULE_COSINE)


def _words_pattern(words: Sequence[str]) -> re.Pattern[str]:
    """Return a pattern of alternatives only, which takes linear time in `re` as well."""
    spaced: list[str] = []
    unspaced: list[str] = []
    for word in words:
        parts = [re.escape(part) for part in re.split(r"[\s-]+", fold(word).strip())]
        (unspaced if _UNSPACED.search(word) else spaced).append(r"[\s-]+".join(parts))
    either = [rf"(?<!\w)(?:{'|'.join(spaced)})(?:'?s|es|s')?(?!\w)"] if spaced else []
    return re.compile("|".join([*either, *unspaced]))
