"""What takes long to open keeps nobody waiting, and is tried again after it failed."""

from __future__ import annotations

import threading

import pytest

from ingest.errors import ModelMissing, StillOpening
from ui.opening import Opening


class Slow:
    """Something that opens once it may, and counts how often that was tried."""

    def __init__(self) -> None:
        self.may = threading.Event()
        self.tried = 0
        self.failure: Exception | None = None

    def open(self) -> str:
        self.tried += 1
        assert self.may.wait(60)
        if self.failure is not None:
            raise self.failure
        return "open"


def test_who_comes_too_early_is_told_and_it_opens_once() -> None:
    slow = Slow()
    opening = Opening(slow.open)
    for _ in range(2):
        with pytest.raises(StillOpening):
            opening.get()
    assert slow.tried == 1
    slow.may.set()
    assert opening.begin().result(60) == "open"
    assert opening.get() == "open"


def test_a_failure_is_told_once_and_tried_again() -> None:
    slow = Slow()
    slow.may.set()
    slow.failure = ModelMissing("No such model.")
    opening = Opening(slow.open)
    with pytest.raises(ModelMissing):
        opening.begin().result(60)
    with pytest.raises(ModelMissing):
        opening.get()
    slow.failure = None
    assert opening.begin().result(60) == "open"


def test_what_needs_it_waits_no_longer_than_it_does() -> None:
    slow = Slow()
    used: list[str] = []
    use = Opening(slow.open).then(lambda: used.append("used"))
    with pytest.raises(StillOpening):
        use()
    assert used == []
    slow.may.set()
