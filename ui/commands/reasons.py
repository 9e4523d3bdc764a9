"""`groundskeeper reasons`: how questions ended, which guard stopped them, what was left open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from bot.open_topics import OpenTopic, OpenTopics
from bot.reason_counts import ReasonCount, ReasonCounts
from bot.reasons import label
from ui.context import AppContext
from ui.output import JsonOption, print_json, say
from ui.report_text import one_line

SHOWN_TOPICS = 20


def reasons(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=3_660, help="How many days back.")] = 30,
    as_json: JsonOption = False,
) -> None:
    """Show how many questions were answered, why the others were not, and what they were about.

    No text of a question is kept: what it was about is told in the words of the pack.
    """
    app: AppContext = context.obj
    counts = ReasonCounts(app.paths.counts).read(days)
    topics = OpenTopics(app.paths.counts, app.card, app.settings.open_topics_days).read(days)
    if as_json:
        left_open = [{"topic": one.topic, "questions": one.questions} for one in topics]
        shown = [_as_json(count) for count in counts]
        print_json({"days": days, "counts": shown, "left_open": left_open})
    else:
        _show(counts, days)
        _show_topics(topics)


def _as_json(count: ReasonCount) -> dict[str, Any]:
    return {
        "day": count.day.isoformat(),
        "status": count.status,
        "reason": count.reason,
        "questions": count.questions,
        "dropped_sentences": count.dropped,
    }


def _show(counts: Sequence[ReasonCount], days: int) -> None:
    total = sum(count.questions for count in counts)
    say(f"{_counted(total, 'question')} in {_counted(days, 'day')} (UTC)")
    by_reason: Counter[tuple[str, str]] = Counter()
    for count in counts:
        by_reason[count.status, count.reason] += count.questions
    for (status, reason), questions in by_reason.most_common():
        share = f"{questions / total:.1%}"
        say(f"  {questions:>8,}  {share:>6}  {status:<10} {reason:<24} {label(reason)}".rstrip())
    if dropped := sum(count.dropped for count in counts):
        say(f"{_counted(dropped, 'sentence')} of the model did not pass the verifier")


def _show_topics(topics: Sequence[OpenTopic]) -> None:
    if topics:
        say("Left open, by what the pack calls it:")
    for one in topics[:SHOWN_TOPICS]:
        say(f"  {one.questions:>8,}  {one_line(one.topic)}")


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"
