"""How questions end and how the index is doing, as HTML for those who look after the bot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from bot.reason_counts import ReasonCount
from bot.reasons import label
from ingest.status import IndexStatus
from ui import strings
from ui.rendering import escape, folded

MOST_LISTED = 100


def endings_html(counts: Iterable[ReasonCount]) -> str:
    """Return how many questions ended for which reason, the commonest first; "" if none."""
    by_reason: Counter[str] = Counter()
    for count in counts:
        by_reason[count.reason] += count.questions
    if not by_reason:
        return ""
    most, total = max(by_reason.values()), by_reason.total()
    bars = "".join(
        f'<li><span class="gk-name">{escape(label(reason))}</span>'
        f'<span class="gk-track" aria-hidden="true"><i style="width:{100 * n / most:.1f}%"></i>'
        f"</span><b>{n:,} <small>{n / total:.0%}</small></b></li>"
        for reason, n in by_reason.most_common()
    )
    return (
        f'<figure class="gk-chart gk-about"><figcaption>{escape(strings.ENDINGS_TITLE)} '
        f"<small>{escape(strings.INSIGHT_IN_ALL.format(n=total))}</small></figcaption>"
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
