"""One change by whoever is signed in now, and what came of it, said on the next page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from bot.review import Moderator
from ingest.errors import GroundskeeperError, ReportConflict
from ui import strings
from ui.in_hand import in_hand
from ui.rendering import failure_html, note_html
from ui.services import Services, signed_in

_SAID = "moderation-said"


@dataclass
class _Said:
    """What there is to say of the last change, if anything, and what was typed in vain."""

    waiting: bool = False
    failure: tuple[str, str] | None = None
    typed: dict[str, str] = field(default_factory=dict)

    def say(self, failure: tuple[str, str] | None = None) -> None:
        self.waiting, self.failure = True, failure


def change(
    services: Services,
    act: Callable[[Moderator], object],
    *,
    saves: bool = True,
    keep: tuple[str, str] = ("", ""),
) -> bool:
    """Act as whoever is signed in now; True if it was done.

    Where nothing `saves`, only what went wrong is said. `keep` is a report and what was typed for
    it, which is kept where the report's form may be gone, because another moderator was faster.
    """
    who, said = signed_in(services), _said()
    if who is None:
        return False
    try:
        act(who)
    except ReportConflict as conflict:
        reference, typed = keep
        said.typed[reference] = typed
        said.say((strings.CONFLICT.format(what=conflict.message), ""))
    except GroundskeeperError as error:
        said.say((error.message, error.hint))
    else:
        if saves:
            said.say()
        return True
    return False


def typed_in_vain(reference: str) -> str:
    """Return, once, what was typed for a report that another moderator had just changed."""
    return _said().typed.pop(reference, "")


def say_what_happened() -> None:
    """Say once how the last change went."""
    said = _said()
    if said.waiting:
        said.waiting, failure = False, said.failure
        st.html(note_html(strings.DONE, "saved") if failure is None else failure_html(*failure))


def _said() -> _Said:
    said: _Said | None = in_hand(_SAID)
    if said is None:
        said = st.session_state[_SAID] = _Said()
    return said
