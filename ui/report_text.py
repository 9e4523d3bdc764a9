"""Reports as a terminal shows them: foreign text stays in its place, on lines of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.reasons import told_ending, told_scores
from bot.review import (
    CATEGORY_LABELS,
    OUTCOME_LABELS,
    SEVERITY_LABELS,
    STATUS_LABELS,
    Event,
    Report,
    ReportSummary,
)
from bot.review.history import told
from ui.output import note, say

SHOWN_QUESTION = 70


def show_list(found: Sequence[ReportSummary], total: int) -> None:
    """Print a line for each report, in columns, and how many there are."""
    header = ["reference", "state", "severity", "times", "filed", "assignee", "question"]
    rows = [header] + [
        [
            one.reference,
            STATUS_LABELS[one.status].lower(),
            SEVERITY_LABELS[one.severity].lower(),
            str(one.repeats + 1),
            f"{one.filed_at:%Y-%m-%d}",
            one.assignee or "",
            one_line(one.question, SHOWN_QUESTION),
        ]
        for one in found
    ]
    if found:
        _show_columns(rows)
    note(f"{len(found):,} of {total:,} reports" if total else "There are no such reports.")


def _show_columns(rows: list[list[str]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        say("  ".join(cells).rstrip())


def show_report(report: Report, contacts: Sequence[str] = ()) -> None:
    """Print a whole report: the case as it was seen, and all that happened to it."""
    state, severity = STATUS_LABELS[report.status], SEVERITY_LABELS[report.severity]
    say(f"{report.reference}  {state.lower()}  {severity.lower()}  version {report.version}")
    facts = [
        ("category", CATEGORY_LABELS[report.category].lower()),
        ("reported", f"{report.repeats + 1} times, first {when(report.filed_at)}"),
        ("assignee", report.assignee or "nobody"),
        ("outcome", _outcome(report)),
        ("write to", ", ".join(contacts)),
        ("same question", ", ".join(one.reference for one in report.group)),
    ]
    for label, value in facts:
        if value:
            say(f"{label:14}{one_line(value)}")
    _show_case(report)
    say()
    for event in report.events:
        _show_event(event)


def _outcome(report: ReportSummary) -> str:
    said = OUTCOME_LABELS[report.outcome].lower() if report.outcome else ""
    return ": ".join(filter(None, (said, report.outcome_detail)))


def _show_case(report: Report) -> None:
    case = report.case
    if case is None:
        say("Its question, answer and comments were purged.")
        return
    origin = f"{case.model}, index {case.index_generation}, rules {case.rules_version or 'none'}"
    say(f"{'model':14}{one_line(origin)}")
    say(f"{'digest':14}{one_line(case.digest)}")
    if case.scores:
        say(f"{'scores':14}{one_line(', '.join(told_scores(case.scores)))}")
    for earlier in case.asked_before:
        _show_block("asked before", earlier)
    _show_block("question", case.question)
    _show_block(f"answer ({told_ending(case.status, case.reason)})", case.answer)
    for citation in case.citations:
        place = f", page {citation.page}" if citation.page else ""
        place = f", row {citation.row}" if citation.row else place
        _show_block(f"[{citation.n}] {citation.document}{place}", citation.quote)


def _show_event(event: Event) -> None:
    say(f"{when(event.at)}  {one_line(told(event))}")
    _show_lines(event.text)


def _show_block(label: str, text: str) -> None:
    say()
    say(one_line(label))
    _show_lines(text)


def _show_lines(text: str) -> None:
    """Show foreign text indented, so that no line of it can pass for one of ours."""
    for line in text.splitlines():
        say(f"    {line}")


def one_line(text: str, most: int = 500) -> str:
    """Return the beginning of a text on one line."""
    line = " ".join(text.split())
    return f"{line[:most]}…" if len(line) > most else line


def when(moment: datetime) -> str:
    """Return a moment in UTC."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"
