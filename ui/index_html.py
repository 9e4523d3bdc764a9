"""How questions end and how the index is doing, as HTML for those who look after the bot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from bot.answer_times import BOUNDS_MS, TimeClass, within_ms
from bot.open_topics import OpenTopic
from bot.reason_counts import ReasonCount
from bot.reasons import label
from ingest.status import IndexStatus
from ui import strings
from ui.rendering import escape, folded

MOST_LISTED = 100
MOST_TOPICS = 10


def endings_html(counts: Iterable[ReasonCount]) -> str:
    """Return how many questions ended for which reason, the commonest first; "" if none."""
    by_reason: Counter[str] = Counter()
    for count in counts:
        by_reason[count.reason] += count.questions
    if not by_reason:
        return ""
    total = by_reason.total()
    rows = [
        (label(reason), n, f"{n:,} <small>{n / total:.0%}</small>")
        for reason, n in by_reason.most_common()
    ]
    told = strings.INSIGHT_IN_ALL.format(n=total)
    return _bars_html(strings.ENDINGS_TITLE, told, rows)


def times_html(classes: Sequence[TimeClass]) -> str:
    """Return how long answers took, the quickest first; "" if there were none."""
    total = sum(one.questions for one in classes)
    if not total:
        return ""
    told = strings.TIMES_TOLD.format(
        half=_seconds(within_ms(classes, 0.5)), most=_seconds(within_ms(classes, 0.95))
    )
    rows = [
        (_seconds(one.bound_ms), n, f"{n:,} <small>{n / total:.0%}</small>")
        for one in classes
        if (n := one.questions)
    ]
    return _bars_html(strings.TIMES_TITLE, told, rows)


def _seconds(bound_ms: int | None) -> str:
    """Return a class of times in words; None is the one without a bound."""
    if bound_ms is None:
        return strings.TIMES_LONGER.format(seconds=f"{BOUNDS_MS[-1] / 1e3:g}")
    return strings.TIMES_UP_TO.format(seconds=f"{bound_ms / 1e3:g}")


def open_topics_html(topics: Sequence[OpenTopic]) -> str:
    """Return what was asked about and not answered, the commonest first; "" if nothing."""
    if not topics:
        return ""
    rows = [(one.topic, one.questions, f"{one.questions:,}") for one in topics[:MOST_TOPICS]]
    return _bars_html(strings.OPEN_TOPICS_TITLE, strings.OPEN_TOPICS_TOLD, rows)


def _bars_html(title: str, told: str, rows: Sequence[tuple[str, int, str]]) -> str:
    """Return names with their numbers as bars, each number as it is to be shown."""
    most = max(number for _, number, _ in rows)
    bars = "".join(
        f'<li><span class="gk-name">{escape(name)}</span>'
        f'<span class="gk-track" aria-hidden="true"><i style="width:{100 * n / most:.1f}%"></i>'
        f"</span><b>{shown}</b></li>"
        for name, n, shown in rows
    )
    return (
        f'<figure class="gk-chart gk-about"><figcaption>{escape(title)} '
        f"<small>{escape(told)}</small></figcaption>"
        f'<ul role="list">{bars}</ul></figure>'
    )


def index_html(status: IndexStatus) -> str:
    """Return what is indexed, and what is not as it should be with the reason."""
    figures = {
        strings.INDEX_DOCUMENTS: f"{status.documents:,}",
        strings.INDEX_PASSAGES: f"{status.chunks:,}",
        strings.INDEX_SIZE: megabytes(sum(status.sizes.values())),
    }
    shown = "".join(
        f"<div><b>{escape(figure)}</b><span>{escape(name)}</span></div>"
        for name, figure in figures.items()
    )
    made = strings.INDEX_MADE.format(
        n=status.generation, when=f"{datetime.fromisoformat(status.updated_at):%d %B %Y, %H:%M}"
    )
    troubles = (
        _list_html(strings.INDEX_FAILED, status.failed),
        _list_html(strings.INDEX_STALE, status.stale),
        _list_html(strings.INDEX_SUSPICIOUS, _joined(status.suspicious)),
        _list_html(strings.INDEX_CHANGED, dict.fromkeys(status.changed, "")),
        _list_html(strings.INDEX_WARNINGS, _joined(status.warnings)),
    )
    well = "" if any(troubles) else f"<p>{escape(strings.INDEX_WELL)}</p>"
    return (
        f'<div class="gk-figures">{shown}</div><p><small>{escape(made)}</small></p>'
        f"{well}{''.join(troubles)}"
    )


def megabytes(size: int) -> str:
    """Return bytes as megabytes, for people."""
    return f"{size / 2**20:,.0f} MB" if size >= 2**20 else "< 1 MB"


def _joined(said: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {name: " ".join(sentences) for name, sentences in said.items()}


def _list_html(title: str, reasons: Mapping[str, str]) -> str:
    """Return documents with their reasons, folded away; "" where there are none."""
    if not reasons:
        return ""
    lines = [
        f"<li><b>{escape(name)}</b> {escape(reason)}</li>"
        for name, reason in list(reasons.items())[:MOST_LISTED]
    ]
    if len(reasons) > MOST_LISTED:
        lines.append(f"<li>{escape(strings.INDEX_MORE.format(n=len(reasons) - MOST_LISTED))}</li>")
    return folded(f"{title}: {len(reasons):,}", f"<ul>{''.join(lines)}</ul>")
