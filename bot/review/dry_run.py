"""What a rule would have stopped: a dry run over recent reports and the pack's question sets.

Nothing is saved and nothing is asked of a language model. A question is tried as it was asked; an
answer sentence by sentence, as it was shown, or as the bot quotes its sources today.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from bot.abstention_evaluation import read_cases as read_abstention_cases
from bot.checks import Objection
from bot.evaluation import read_questions
from bot.fact_evaluation import fact_sets
from bot.fact_evaluation import read_cases as read_fact_cases
from bot.regressions import FILE as REGRESSIONS
from bot.regressions import RegressionCase, read_regressions
from bot.review.cases import Case
from bot.review.moderators import Moderator
from bot.review.rerun import sentences
from bot.review.review_queue import ReviewQueue
from bot.review.states import Category
from bot.review.views import Report, ReportSummary
from bot.review.workbench import Tell, Workbench, tell_nobody
from bot.rules import RuleSet
from bot.text import normalise
from ingest.index import Vector
from ingest.rules import Role, RuleCard

Verdict = Literal["good", "bad", "open"]

REPORTS_WITHIN = timedelta(days=30)
MOST_REPORTS = 1_000
# Whether stopping a question of this kind is what one wants.
SCOPE_SETS: dict[str, Verdict] = {
    "off-topic": "good",
    "unsafe": "good",
    "in-scope": "bad",
    "small-talk": "bad",
}
CATEGORIES: dict[Category, Verdict] = {"harmful": "good", "wrongly_refused": "bad"}


@dataclass(frozen=True)
class Sample:
    """A question to try a rule on: where it comes from, and what stopping it would be.

    `answer` is what was shown, empty where only asking tells.
    """

    source: str
    question: str
    verdict: Verdict
    answer: str = ""
    history: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hit:
    """A sample that the rule applies to; `text` is the question, or the sentence of the answer."""

    sample: Sample
    role: Role
    text: str


@dataclass(frozen=True)
class DryRun:
    """What a rule applies to, among `tried` samples; `flags` says that it would only mark them."""

    tried: int
    hits: tuple[Hit, ...]
    flags: bool
    stops_case: bool

    def of(self, verdict: Verdict) -> tuple[Hit, ...]:
        """Return the hits that are right ("good"), wrong ("bad"), or to be judged ("open")."""
        return tuple(hit for hit in self.hits if hit.sample.verdict == verdict)


def dry_run(
    rule: RuleCard,
    report: Report,
    queue: ReviewQueue,
    who: Moderator,
    bench: Workbench,
    tell: Tell = tell_nobody,
) -> DryRun:
    """Try a rule before it is saved; `tell` hears how many questions have been asked anew.

    Raises NotSignedIn, UsageError where a question set is not well, IndexUnavailable where a rule
    with examples, or one on answers, has no index to be tried on.
    """
    reported = list(_reported(report, queue, who))
    of_pack = list(pack_samples(bench.pack))
    hits = [*_Trial(rule, bench, kept=False).hits(reported, tell)]
    hits += _Trial(rule, bench, kept=True).hits(of_pack, tell)
    stops_case = any(hit.sample.source == report.reference for hit in hits)
    tried = len(reported) + len(of_pack)
    return DryRun(tried, tuple(hits), rule.action == "flag", stops_case)


def pack_samples(pack: Path) -> Iterator[Sample]:
    """Yield the questions of a pack's sets that say whether they may be stopped."""
    folder = pack / "questions"
    for kind, verdict in SCOPE_SETS.items():
        path = folder / "scope" / f"{kind}.jsonl"
        questions = read_questions(path) if path.is_file() else ()
        yield from (Sample(f"scope/{kind}", text, verdict) for text in questions)
    for path in fact_sets(folder):
        for fact in read_fact_cases([path]):
            expected: Verdict = "open" if isinstance(fact.expect, str) else "bad"
            yield Sample(path.stem, fact.question, expected, history=fact.history)
    abstention = folder / "abstention.jsonl"
    for case in read_abstention_cases(abstention) if abstention.is_file() else ():
        yield Sample("abstention", case.question, "bad" if case.answerable else "open")
    for kept in read_regressions(pack / REGRESSIONS):
        yield Sample(f"regression {kept.id}", kept.question, _wanted(kept), history=kept.history)


def _wanted(kept: RegressionCase) -> Verdict:
    """A case that only forbids words is passed by saying nothing."""
    if kept.status is not None:
        return "good" if kept.status in ("refused", "blocked") else "bad"
    return "bad" if kept.must else "good"


def _reported(report: Report, queue: ReviewQueue, who: Moderator) -> Iterator[Sample]:
    """Yield the report itself, whatever its age, and those of the last days."""
    if report.case is not None:
        yield _sample(report, report.case, "good")
    group = {other.reference for other in report.group}
    for other, case in queue.recent_cases(who, REPORTS_WITHIN, MOST_REPORTS):
        if other.reference != report.reference:
            verdict = "good" if other.reference in group else _judged(other)
            yield _sample(other, case, verdict)


def _sample(report: ReportSummary, case: Case, verdict: Verdict) -> Sample:
    return Sample(report.reference, case.question, verdict, case.answer, case.asked_before)


def _judged(report: ReportSummary) -> Verdict:
    if report.outcome == "answer_fine":
        return "bad"
    return CATEGORIES.get(report.category, "open")


@dataclass(frozen=True)
class _Trial:
    """One rule on many samples; `kept` says whether what is made of their texts may be kept."""

    rule: RuleCard
    bench: Workbench
    kept: bool

    def hits(self, samples: Sequence[Sample], tell: Tell) -> Iterator[Hit]:
        """Yield what the rule applies to: each sample once, its question before its answer."""
        left = samples
        if "question" in self.rule.applies_to:
            asked = {sample: [sample.question] for sample in samples}
            found = list(self._applied(asked, "question"))
            yield from found
            stopped = {hit.sample for hit in found}
            left = [sample for sample in samples if sample not in stopped]
        if "answer" in self.rule.applies_to:
            yield from self._applied(self._answers(left, tell), "answer")

    def _answers(self, samples: Sequence[Sample], tell: Tell) -> dict[Sample, list[str]]:
        """Return the sentences of answers as shown, or of what should be answered, as quoted."""
        asked = {
            sample: (sample.question, sample.history)
            for sample in samples
            if self.kept and sample.verdict == "bad"
        }
        quoted = self.bench.quoted(list(asked.values()), tell)
        return {
            sample: sentences(quoted[asked[sample]] if sample in asked else sample.answer)
            for sample in samples
        }

    def _applied(self, texts: Mapping[Sample, list[str]], role: Role) -> Iterator[Hit]:
        embed = self._vectors([text for some in texts.values() for text in some])
        rules = RuleSet([self.rule], self.bench.index, embed)
        for sample, some in texts.items():
            applies = (text for text in some if _applies(rules, text, role))
            if (first := next(applies, None)) is not None:
                yield Hit(sample, role, first)

    def _vectors(self, texts: Sequence[str]) -> Callable[[str], Vector]:
        """Return the way to the texts' vectors, made in one go if the rule is one of meaning."""
        read = list(dict.fromkeys(normalise(text) for text in texts)) if self.rule.examples else []
        return (self.bench.pack_vectors if self.kept else self.bench.vectors)(read).__getitem__


def _applies(rules: RuleSet, text: str, role: Role) -> bool:
    found = rules.inspect(text, role)
    return isinstance(found, Objection) or bool(found.flags)
