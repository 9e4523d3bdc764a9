"""A question on its way through the bot: what is known of it so far, and how the way ends."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bot.answer import Answer, Evidence, Question, Status
from bot.chat_models import NamedChatModel
from bot.evidence import citation_of, shown_of
from bot.facts import Facts
from bot.guard import Guard
from bot.narrowing import Narrowing
from ingest.errors import LimitExceeded
from ingest.index import Snapshot, Vector

MARKER = re.compile(r"\[(\d{1,3})\]")


class Stop(Exception):
    """A stage ends the way of a question, with what to say and why."""

    def __init__(self, status: Status, reason: str, text: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.text = text


@dataclass
class Draft:
    """A question on its way: what is known of it so far."""

    question: Question
    text: str
    guard: Guard = field(init=False)
    snapshot: Snapshot = field(init=False)
    vector: Vector = field(init=False)
    where: Narrowing = field(init=False)
    started: float = field(default_factory=time.perf_counter)
    rules_version: str = ""
    generation: int = 0
    facts: Facts | None = None
    evidence: tuple[Evidence, ...] = ()
    sentences: list[str] = field(default_factory=list)
    dropped: int = 0
    note: str = ""
    flags: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    scores: dict[str, float] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    deadline: float = math.inf

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the milliseconds spent inside to a stage's timing, if there is time for it.

        What nobody waits for any more ends here (`within` cannot end it in the middle).
        """
        started = time.perf_counter()
        if started > self.deadline:
            raise LimitExceeded(f"There was no time left for {stage}.")
        try:
            yield
        finally:
            spent = (time.perf_counter() - started) * 1000
            self.timings[stage] = round(self.timings.get(stage, 0.0) + spent, 2)

    def finish(self, chat: NamedChatModel, status: Status, reason: str, text: str) -> Answer:
        """Return the answer; citations resolve only to evidence of this turn."""
        shown = status in ("answered", "abstained")
        cited = {int(n) for n in MARKER.findall(text)} if shown else set()
        text = f"{self.note} {text}" if shown and self.note else text
        facts = self.facts
        table = facts.table if facts is not None and status == "answered" else None
        if table is not None:
            cited.update(table.citations)
        total = (time.perf_counter() - self.started) * 1000
        return Answer(
            id=self.question.id,
            question=self.question.text,
            status=status,
            reason=reason,
            text=text,
            citations=tuple(citation_of(e) for e in shown_of(self.evidence) if e.n in cited),
            table=table,
            plan=facts.plan_json if facts is not None else None,
            model=chat.name,
            digest=chat.digest,
            rules_version=self.rules_version,
            index_generation=self.generation,
            timings_ms={**self.timings, "total": round(total, 2)},
            dropped_sentences=self.dropped,
            evidence=shown_of(self.evidence) if shown else (),
            flags=self.flags,
            suggestions=self.suggestions,
            scores={name: round(score, 4) for name, score in self.scores.items()},
        )
