"""Measuring a pack: how every question ended, what was measured, and on what it ran."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from bot.chat_models import NamedChatModel, make_chat_model
from bot.eval_history import SuiteRecord
from bot.intervals import Interval
from bot.pipeline import Bot
from bot.silent_chat import silent_chat
from ingest.domain import DomainCard
from ingest.embeddings import make_embeddings
from ingest.errors import GroundskeeperError, ModelError
from ingest.index import Index
from ingest.paths import domain_paths
from ingest.rules import added_rules, rules_version
from ingest.settings import Settings

Told = Callable[[], None]
Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Outcome:
    """How one question ended: `label` names it, `group` what kind of question it was.

    `key` tells it from every other of its suite; `said` is what was wrong with it.
    """

    key: str
    question: str
    group: str
    label: str
    fine: bool
    said: str = ""


@dataclass(frozen=True)
class Measure:
    """A share of `n` questions, or the mean of a score in [0, 1], with its 95% interval."""

    name: str
    interval: Interval
    n: int
    better: Better = "higher"
    is_share: bool = True


@dataclass(frozen=True)
class Findings:
    """What running a set gave."""

    measures: tuple[Measure, ...]
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True)
class SuiteResult:
    """A suite that was run; `problem` says why it could not be, and then nothing else counts.

    `hard` suites promise that nothing is wrong: a mistake there is a failure of the whole run.
    """

    name: str
    set: str
    n: int
    findings: Findings
    seconds: float
    hard: bool = False
    problem: str = ""

    @property
    def missed(self) -> tuple[Outcome, ...]:
        """The questions that did not end well."""
        return tuple(outcome for outcome in self.findings.outcomes if not outcome.fine)

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """The mistakes that fail the run; saying nothing is none."""
        return tuple(o for o in self.missed if o.label != "abstained") if self.hard else ()

    def to_record(self) -> SuiteRecord:
        """Return what the history keeps."""
        return SuiteRecord(
            set=self.set,
            n=self.n,
            measures={m.name: m.interval.mean for m in self.findings.measures},
            missed={outcome.key: outcome.label for outcome in self.missed},
            seconds=round(self.seconds, 1),
        )


class Bench:
    """The pack under measurement: its live index, and bots over it made when first asked for."""

    def __init__(self, settings: Settings, card: DomainCard) -> None:
        self.settings = settings
        self.card = card
        self.index = Index(card, domain_paths(settings, card), make_embeddings(settings))

    @cached_property
    def chat(self) -> NamedChatModel:
        """The answering model that the settings name; raises ModelError."""
        return make_chat_model(self.settings)

    @cached_property
    def bot(self) -> Bot:
        """The bot as people meet it."""
        return Bot(self.index, self.chat, self.settings)

    @cached_property
    def quoting_bot(self) -> Bot:
        """The bot with a model that says nothing: it quotes, quickly and always the same."""
        return Bot(self.index, silent_chat(), self.settings)

    def ran_on(self) -> dict[str, str]:
        """Return what the answers depend on: index, models, rules; raises IndexUnavailable."""
        with self.index.snapshot() as snapshot:
            generation, embedding = snapshot.generation, snapshot.embedding_digest
        try:
            model = _named(self.chat.name, self.chat.digest)
        except ModelError:
            # Most suites do without; the one that does not says why it could not be run.
            model = f"{self.settings.model}, which cannot be used"
        rules = (*self.card.rules, *added_rules(self.settings.domain, self.card.rules))
        return {
            "index": f"generation {generation}",
            "embedding": _named(self.index.embeddings.name, embedding),
            "reranker": self.settings.reranker,
            "model": model,
            "rules": rules_version(rules),
        }


def _named(model: str, digest: str) -> str:
    """Return a model's name with the beginning of its digest."""
    short = digest.removeprefix("sha256:")[:8]
    return f"{model} {short}" if short else model


@contextmanager
def open_bench(settings: Settings, card: DomainCard) -> Iterator[Bench]:
    """Open a pack for measuring; raises IndexUnavailable if it was not indexed."""
    bench = Bench(settings, card)
    try:
        with bench.index.snapshot():
            yield bench
    finally:
        bench.index.close()


@dataclass(frozen=True)
class QuestionSet:
    """The questions of a suite, read and checked, and how they are asked."""

    suite: str
    set: str
    n: int
    ask: Callable[[Bench, Told], Findings]
    hard: bool = False

    def run(self, bench: Bench, told: Told = lambda: None) -> SuiteResult:
        """Ask every question; `told` is called after each."""
        started = time.perf_counter()
        findings, problem = Findings((), ()), ""
        try:
            findings = self.ask(bench, told)
        except GroundskeeperError as error:
            problem = str(error)
        seconds = time.perf_counter() - started
        return SuiteResult(self.suite, self.set, self.n, findings, seconds, self.hard, problem)
