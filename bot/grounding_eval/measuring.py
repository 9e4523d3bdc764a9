"""How many false sentences the verifier lets pass, and how many sound ones it turns away."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bot.answer import Evidence
from bot.grounding_eval.corruptions import CORRUPTIONS, Corrupt
from bot.grounding_eval.paraphrases import PAIR_WORDINGS, PARAPHRASES, ROW_WORDINGS
from bot.grounding_eval.statements import (
    HandWritten,
    PassageStatements,
    RecordStatements,
    Statement,
)
from bot.verify import Verdict
from ingest.domain import DomainCard
from ingest.index import Snapshot

CASES = 500
ROWS_SHARE = 0.35  # of the program's cases, those about rows of tables
MAX_TRIES = 1_000
Check = Callable[[str, Mapping[int, Evidence]], Verdict]


@dataclass(frozen=True)
class GroundingCase:
    """A sentence with its markers, what it was made from, and whether it is sound."""

    kind: str
    sound: bool
    sentence: str
    base: str
    evidence: tuple[Evidence, ...]


@dataclass
class KindResult:
    """What became of the cases of one kind; `wrong` are those that were judged wrongly."""

    sound: bool
    total: int = 0
    wrong: list[dict[str, str]] = field(default_factory=list)

    @property
    def wrong_rate(self) -> float:
        """The share judged wrongly, in [0, 1]: sound ones rejected, false ones let through."""
        return len(self.wrong) / self.total if self.total else 0.0


@dataclass
class GroundingResult:
    """What became of all cases, by kind, and the milliseconds that each sentence took."""

    kinds: dict[str, KindResult] = field(default_factory=dict)
    milliseconds: list[float] = field(default_factory=list)

    def of(self, sound: bool) -> KindResult:
        """Return the sum of all sound kinds, or of all false ones."""
        kinds = [kind for kind in self.kinds.values() if kind.sound == sound]
        wrong = [case for kind in kinds for case in kind.wrong]
        return KindResult(sound, sum(kind.total for kind in kinds), wrong)

    def percentile(self, q: float) -> float:
        """Return a percentile of the milliseconds; 0 where nothing was measured."""
        return float(np.percentile(self.milliseconds, q)) if self.milliseconds else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return one JSON-ready object."""
        return {
            "caught": round(1 - self.of(sound=False).wrong_rate, 4),
            "sound_rejected": round(self.of(sound=True).wrong_rate, 4),
            "ms_p50": round(self.percentile(50), 2),
            "ms_p99": round(self.percentile(99), 2),
            "kinds": {
                name: {"sound": k.sound, "n": k.total, "wrong": len(k.wrong), "cases": k.wrong}
                for name, k in self.kinds.items()
            },
        }


def measure(
    cases: Iterable[GroundingCase], check: Check, told: Callable[[], None] = lambda: None
) -> GroundingResult:
    """Judge every case; `told` is called after each."""
    result = GroundingResult()
    for case in cases:
        started = time.perf_counter()
        verdict = check(case.sentence, {piece.n: piece for piece in case.evidence})
        result.milliseconds.append((time.perf_counter() - started) * 1000)
        kind = result.kinds.setdefault(case.kind, KindResult(case.sound))
        kind.total += 1
        if verdict.supported != case.sound:
            kind.wrong.append({"sentence": case.sentence, "base": case.base, "why": verdict.why})
        told()
    return result


def draw_cases(
    card: DomainCard,
    snapshot: Snapshot,
    written: Sequence[HandWritten],
    seed: int,
    number: int = CASES,
) -> list[GroundingCase]:
    """Draw so many false sentences and as many sound ones; the same seed draws the same."""
    rng = random.Random(seed)
    passages = PassageStatements.of_index(snapshot, rng)
    records = RecordStatements(card, snapshot, rng)
    drawing = _Drawing(passages, records, rng)
    told = [(passages.of(hand), hand.quote) for hand in written]
    sound = [_case("by hand", True, said.text, quote, said) for said, quote in told]
    return [*drawing.false(number), *sound, *drawing.sound(number - len(sound))]


class _Drawing:
    """Makes cases of every kind in turn from the same source of chance."""

    def __init__(
        self, passages: PassageStatements, records: RecordStatements, rng: random.Random
    ) -> None:
        self._passages = passages
        self._records = records
        self._rng = rng

    def sound(self, number: int) -> list[GroundingCase]:
        rows = round(number * ROWS_SHARE) if self._records else 0
        cases = []
        for i in range(rows):
            statement = self._about_rows()
            kind = "rows" if len(statement.names) == 1 else "two rows"
            if i % 2 and (changed := PARAPHRASES["number format"](statement, self._rng)):
                statement = statement.saying(changed)
            cases.append(_case(kind, True, statement.text, statement.bare, statement))
        return [*cases, *self._each_in_turn(PARAPHRASES, number - rows, sound=True)]

    def false(self, number: int) -> list[GroundingCase]:
        invented = number // (len(CORRUPTIONS) + 1)
        cases = self._each_in_turn(CORRUPTIONS, number - invented, sound=False)
        return [*cases, *(self._invented_citation() for _ in range(invented))]

    def _each_in_turn(
        self, kinds: Mapping[str, Corrupt], number: int, *, sound: bool
    ) -> list[GroundingCase]:
        left = {kind: number // len(kinds) for kind in kinds}
        for kind in list(kinds)[: number % len(kinds)]:
            left[kind] += 1
        cases: dict[str, GroundingCase] = {}
        for _ in range(MAX_TRIES):
            for kind in [kind for kind, n in left.items() if n]:
                case = self._changed(kind, kinds[kind], sound)
                if case is not None and case.sentence not in cases:
                    cases[case.sentence] = case
                    left[kind] -= 1
            if not any(left.values()):
                break
        return list(cases.values())

    def _changed(self, kind: str, change: Corrupt, sound: bool) -> GroundingCase | None:
        rng = self._rng
        about_rows = not sound and bool(self._records) and rng.random() < ROWS_SHARE
        base = self._about_rows() if about_rows else self._passages.draw()
        statement = base
        if not about_rows and rng.random() < 0.5:
            # Not in an opening: a title that is changed there makes nothing false.
            ways = [way for kind, way in PARAPHRASES.items() if kind != "opening"]
            reworded = rng.choice(ways)(base, rng)
            statement = base.saying(reworded) if reworded else base
        changed = change(statement, rng)
        if changed is None or changed in (statement.text, statement.bare, base.text, base.bare):
            return None
        text = changed if "[" in changed else statement.saying(changed).text
        return _case(kind, sound, text, base.text, base)

    def _invented_citation(self) -> GroundingCase:
        """Cite what is not there, or a piece of evidence that says something else."""
        base = self._passages.draw()
        pieces = {piece.n: piece for piece in base.evidence}
        documents = {piece.document for piece in base.cited}
        others = [
            n
            for n, piece in pieces.items()
            if piece.document not in documents and not _says_it_too(piece, base)
        ]
        beyond = len(pieces) + self._rng.randint(1, 5)
        n = self._rng.choice([beyond, *others[:1]])
        return _case("invented citation", False, f"{base.bare} [{n}]", base.text, base)

    def _about_rows(self) -> Statement:
        if self._rng.random() < 0.5:
            return self._records.draw(ROW_WORDINGS)
        return self._records.draw(PAIR_WORDINGS)


def _says_it_too(piece: Evidence, base: Statement) -> bool:
    """Whether a piece of another document may say the same: it has most of the words."""
    said = {word.strip(".,;:").lower() for word in base.bare.split()}
    return len(said & {word.strip(".,;:").lower() for word in piece.quote.split()}) > len(said) / 2


def _case(kind: str, sound: bool, text: str, base: str, statement: Statement) -> GroundingCase:
    return GroundingCase(kind, sound, text, base, statement.evidence)
