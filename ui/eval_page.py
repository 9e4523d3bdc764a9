"""The page that `groundskeeper eval` prints: each suite a block, with what changed in it."""

from __future__ import annotations

import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from bot.eval_history import Change
from bot.pack_evaluation import Measure, Outcome, SuiteResult
from bot.pack_report import PackReport
from bot.suites import SUITES

WIDTH = 100
SHOWN = 10


def page(report: PackReport, *, verbose: bool = False) -> Iterator[str]:
    """Yield the lines of the page. `verbose` lists every question that did not end well."""
    yield f"{report.pack} · {_when(report.at)} · {report.seconds:.0f} s"
    yield from _wrapped(" · ".join(f"{name} {value}" for name, value in report.ran_on.items()))
    yield from _wrapped(_compared(report))
    detailed = verbose or len(report.results) == 1
    for name, result in report.results.items():
        yield ""
        if result is None:
            yield f"{name:<20} no set ({SUITES[name].place})"
        elif result.problem:
            yield from _wrapped(f"{name:<20} could not be run: {result.problem}")
        else:
            yield from _block(result, report.change(name), verbose=verbose, detailed=detailed)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_on_hyphens=False, break_long_words=False)


def _compared(report: PackReport) -> str:
    """Say which runs came before, and what has been changed since."""
    runs = report.compared_with
    if not runs:
        return "This is the first run; the next one is compared with it."
    moved = {
        f"{name} {run.ran_on.get(name, 'unknown')} → {value}": None
        for run in runs
        for name, value in report.ran_on.items()
        if run.ran_on.get(name) != value
    }
    when = " and ".join(_when(run.at) for run in runs)
    return f"Compared with {when}: {', '.join(moved) or 'the same index, models and rules'}."


def _block(
    result: SuiteResult, change: Change | None, *, verbose: bool, detailed: bool
) -> Iterator[str]:
    head = f"{result.name:<20} {_questions(result.n):<30} {_since(change):<32}"
    yield f"{head} {result.seconds:6.0f} s"
    for measure in result.findings.measures:
        yield _measure_line(measure, change)
    if detailed:
        yield from _groups(result.findings.outcomes)
    yield from _lists(result, change, verbose=verbose)


def _questions(n: int) -> str:
    return f"{n:,} question" if n == 1 else f"{n:,} questions"


def _since(change: Change | None) -> str:
    if change is None:
        return "first run"
    return f"since {_when(change.since)}" if change.same_set else "set changed, not compared"


def _measure_line(measure: Measure, change: Change | None) -> str:
    i = measure.interval
    scale, digits, sign = (100, 1, "%") if measure.is_share else (1, 3, "")
    value = f"{i.mean * scale:.{digits}f}{sign}"
    ends = f"[{i.low * scale:.{digits}f}, {i.high * scale:.{digits}f}]"
    moved = _moved(measure, change.measures.get(measure.name) if change else None, scale, digits)
    return f"  {measure.name:<24} {value:>7}  {ends:<16} of {measure.n:<8,} {moved}".rstrip()


def _moved(measure: Measure, difference: float | None, scale: int, digits: int) -> str:
    if difference is None:
        return ""
    if abs(difference) * scale < 0.5 * 10.0**-digits:
        return "="
    better = (difference > 0) == (measure.better == "higher")
    return f"{difference * scale:+.{digits}f} {'better' if better else 'worse'}"


def _groups(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Count how the questions of each kind ended."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in outcomes:
        counts[outcome.group][outcome.label] += 1
    for group, labels in counts.items():
        ended = ", ".join(f"{count} {label}" for label, count in labels.most_common())
        yield f"    {group:<22} {labels.total():>5}: {ended}"


def _lists(result: SuiteResult, change: Change | None, *, verbose: bool) -> Iterator[str]:
    """List what ended worse, then other mistakes that may not be, then what ended better."""
    by_key = {outcome.key: outcome for outcome in result.findings.outcomes}
    worse = [by_key[key] for key in change.worse] if change else []
    better = [by_key[key] for key in change.better] if change else []
    others = [o for o in (result.missed if verbose else result.failures) if o not in worse]
    room = len(by_key) if verbose else SHOWN
    rest = "not right" if verbose else "wrong"
    for title, outcomes in (("newly wrong", worse), (rest, others), ("newly right", better)):
        if outcomes:
            yield f"  {title} ({len(outcomes)}):"
            yield from (_outcome_line(outcome, verbose) for outcome in outcomes[:room])
            room = max(0, room - len(outcomes))
    unlisted = len(result.missed) - len(worse) - len(others)
    if unlisted or not room:
        yield f"  {len(result.missed)} of {result.n:,} not right; --verbose lists them"


def _outcome_line(outcome: Outcome, verbose: bool) -> str:
    said = f": {outcome.said}" if outcome.said else ""
    name = outcome.key.removesuffix(f":{outcome.question}")
    line = " ".join(f"{outcome.label}: {outcome.question} ({name}){said}".split())
    return f"    {line if verbose else textwrap.shorten(line, WIDTH - 4, placeholder=' …')}"


def _when(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone():%d %b %Y, %H:%M}"
