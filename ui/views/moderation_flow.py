"""From report to report: which is open, what comes next, and the way back from a decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from bot.review import Moderator, Report
from bot.review.outcomes import undo as undo_outcome
from ui import strings
from ui.in_hand import in_hand
from ui.rendering import note_html
from ui.services import Services
from ui.views.moderation_changes import change

OPENED, ORDER = "opened-report", "queue-listed"
_FLOW = "moderation-flow"


@dataclass(frozen=True)
class _Decided:
    """A decision that was just saved; `added` where it added something to the pack."""

    reference: str
    version: int
    told: str
    added: bool


@dataclass
class _Flow:
    """What can be taken back."""

    last: _Decided | None = None


def go_to(reference: str | None) -> None:
    """Open a report, or the list."""
    if reference is None:
        st.session_state.pop(OPENED, None)
    else:
        st.session_state[OPENED] = reference


def neighbours(reference: str) -> tuple[str | None, str | None]:
    """Return the report before and the one after, in the list as it was last seen."""
    order: list[str] = st.session_state.get(ORDER, [])
    if reference not in order:
        return None, next(iter(order), None)
    at = order.index(reference)
    return (order[at - 1] if at else None), (order[at + 1] if at + 1 < len(order) else None)


def decide(
    services: Services,
    report: Report,
    act: Callable[[Moderator], Report],
    told: str,
    *,
    added: bool = False,
    typed: str = "",
) -> bool:
    """Save what closes a report and go on to the next one; True if it was saved.

    `told` says it in a few words on the next page, `added` that the pack has got a rule or a
    case; `typed` is kept if another moderator was faster.
    """
    closed, flow = list[Report](), _flow()
    saved = change(
        services, lambda who: closed.append(act(who)), saves=False, keep=(report.reference, typed)
    )
    if saved:
        reference = report.reference
        flow.last = _Decided(reference, closed[0].version, told, added)
        go_to(neighbours(reference)[1])
    return saved


def offer_undo(services: Services) -> None:
    """Say what was decided on the page before, and offer to take it back."""
    last = _flow().last
    if last is None or st.session_state.get(OPENED) == last.reference:
        return
    with st.container(key="gk-decided", horizontal=True, vertical_alignment="center"):
        told = strings.DECIDED.format(reference=last.reference, what=last.told)
        st.html(note_html(told, "saved"))
        st.button(
            strings.UNDO,
            icon=":material/undo:",
            shortcut="U",
            on_click=_undo,
            args=(services, last),
        )


def _undo(services: Services, last: _Decided) -> None:
    queue, note, flow = services.reports, strings.UNDONE.format(what=last.told), _flow()

    def undo(who: Moderator) -> Report:
        if not last.added:
            return queue.move(who, last.reference, last.version, "triaged", note)
        pack = services.open_bench().pack
        return undo_outcome(queue, who, last.reference, last.version, pack=pack, note=note)

    undone = change(services, undo)
    flow.last = None
    if undone:
        go_to(last.reference)


def _flow() -> _Flow:
    flow: _Flow | None = in_hand(_FLOW)
    if flow is None:
        flow = st.session_state[_FLOW] = _Flow()
    return flow
