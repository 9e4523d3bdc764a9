"""The results of `groundskeeper eval` on given question sets, as lines for people."""

from __future__ import annotations

from collections import Counter

from bot.abstention_evaluation import AbstentionResult
from bot.evaluation import ScopeResult
from bot.fact_evaluation import OperationResult, Outcome
from bot.intervals import Interval
from bot.retrieval_eval import MEASURES, Evaluation
from ui.output import say


def show_scope(result: ScopeResult, wrong: str) -> None:
    """Say how many questions of a file ended wrong (which is `wrong`), and how all ended."""
    statuses = ", ".join(f"{count} {status}" for status, count in result.by_status.most_common())
    say(f"{result.name}: {len(result.wrong)} of {result.total} {wrong} ({result.wrong_rate:.1%})")
    say(f"  {statuses}")


def show_facts(results: dict[str, OperationResult]) -> None:
    """Say which questions missed their figure, then the shares of each operation and of all."""
    for name, result in results.items():
        for miss in result.missed:
            said = f": {miss['text'][:200]}" if miss["text"] else ""
            say(f"{name} {miss['outcome']}: {miss['id']} {miss['question']}{said}")
    say(f"{'':18} {'n':>5} {'right':>6} {'abstained':>10} {'wrong figure':>13}")
    for name, result in results.items():
        _show_row(name, result.total, result.outcomes)
    _show_row(
        "all",
        sum(result.total for result in results.values()),
        sum((result.outcomes for result in results.values()), Counter()),
    )


def _show_row(name: str, total: int, outcomes: Counter[Outcome]) -> None:
    right = outcomes["right"] / total if total else 0.0
    say(f"{name:18} {total:5} {right:6.1%} {outcomes['abstained']:10} {outcomes['wrong']:13}")


def show_abstention(result: AbstentionResult) -> None:
    """Say the shares of near misses and answerable questions, and each signal's area under ROC."""
    say(f"{result.name}: {len(result.judged)} questions")
    shares = {
        "near misses answered": result.near_misses_answered,
        "answerable turned down": result.answerable_turned_down,
        "right": result.accuracy,
    }
    for name, share in shares.items():
        say(f"  {name:24} {share.mean:6.1%}  [{share.low:.1%}, {share.high:.1%}]")
    for system in ("support", "cosine", "bm25"):
        area = result.auroc(system)
        say(f"  AUROC of {system:15} {area.mean:6.3f}  [{area.low:.3f}, {area.high:.3f}]")


def show_retrieval(result: Evaluation) -> None:
    """Say each system's measures, and by how much the last, the whole, differs from the parts."""
    *others, ours = result.values
    queries = len(result.milliseconds[ours])
    say(f"{result.dataset}: {queries} queries; mean and 95% interval over them")
    for name in result.values:
        _show_intervals(name, {m: result.mean(name, m) for m in MEASURES})
    for other in others:
        differences = {m: result.difference(ours, other, m) for m in MEASURES}
        _show_intervals(f"{ours} - {other}", differences, sign="+")


def _show_intervals(name: str, intervals: dict[str, Interval], sign: str = "") -> None:
    cells = (
        f"{measure} {i.mean:{sign}.3f} [{i.low:{sign}.3f}, {i.high:{sign}.3f}]"
        for measure, i in intervals.items()
    )
    say(f"  {name:16} {'  '.join(cells)}")
