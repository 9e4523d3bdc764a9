"""Work in a thread of its own: how far it is, what came of it, and its end when nobody waits."""

from __future__ import annotations

import threading

import pytest

from ingest.errors import UsageError
from ui import strings
from ui.background import Tell, Work


def test_a_result_waits_until_it_is_looked_at() -> None:
    work = Work(lambda _: 42)
    work.wait(60)
    assert (work.over, work.result, work.failure) == (True, 42, None)


def test_how_far_it_is_can_be_seen_meanwhile() -> None:
    told, go_on = threading.Event(), threading.Event()

    def do(tell: Tell) -> str:
        tell(3, 7)
        told.set()
        go_on.wait(60)
        return "done"

    work = Work(do)
    assert told.wait(60)
    assert (work.over, work.progress, work.result) == (False, (3, 7), None)
    go_on.set()
    work.wait(60)
    assert work.result == "done"


def test_what_a_person_can_mend_is_kept_as_it_was_said() -> None:
    def do(_: Tell) -> None:
        raise UsageError("There is a rule already.", hint="Choose another id.")

    work = Work(do)
    work.wait(60)
    assert work.failure is not None
    assert (work.failure.message, work.failure.hint) == (
        "There is a rule already.",
        "Choose another id.",
    )


def test_our_own_bugs_are_logged_and_end_the_work(caplog: pytest.LogCaptureFixture) -> None:
    work = Work(lambda _: [][0])
    work.wait(60)
    assert work.failure is not None and work.failure.message == strings.BROKEN
    assert "IndexError" in caplog.text


def test_what_nobody_waits_for_ends_at_its_next_step() -> None:
    begun, go_on = threading.Event(), threading.Event()
    steps = []

    def do(tell: Tell) -> None:
        for step in range(3):
            tell(step, 3)
            steps.append(step)
            begun.set()
            go_on.wait(60)

    work = Work(do)
    assert begun.wait(60)
    work.abandon()
    go_on.set()
    work.wait(60)
    assert (work.over, steps, work.result, work.failure) == (True, [0], None, None)
