from __future__ import annotations

import ast
import multiprocessing
import threading
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.answer import Answer
from bot.reason_counts import ReasonCount, ReasonCounts
from bot.reasons import LABELS, is_known, label, told_scores
from ingest.errors import GroundskeeperError

DAY = date(2026, 11, 21)


class Calendar:
    def __init__(self) -> None:
        self.today = DAY

    def __call__(self) -> date:
        return self.today


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "domain" / "counts.sqlite3"


def answer(status: str = "answered", reason: str = "", dropped: int = 0) -> Answer:
    return Answer.model_validate(
        {
            "question": "A private matter?",
            "status": status,
            "reason": reason,
            "text": "A private answer.",
            "dropped_sentences": dropped,
        }
    )


def test_each_day_status_and_reason_is_counted(path: Path) -> None:
    calendar = Calendar()
    counts = ReasonCounts(path, today=calendar)
    for _ in range(3):
        counts.add(answer(dropped=2))
    counts.add(answer("refused", "scope"))
    calendar.today += timedelta(days=1)
    counts.add(answer("blocked", "rule:no-stories"))

    assert counts.read(30) == [
        ReasonCount(DAY, "answered", "", 3, 6),
        ReasonCount(DAY, "refused", "scope", 1, 0),
        ReasonCount(DAY + timedelta(days=1), "blocked", "rule:no-stories", 1, 0),
    ]


def test_only_the_days_asked_for_are_read(path: Path) -> None:
    calendar = Calendar()
    counts = ReasonCounts(path, today=calendar)
    for _ in range(5):
        counts.add(answer())
        calendar.today += timedelta(days=1)
    calendar.today -= timedelta(days=1)

    assert [count.day.day for count in counts.read(2)] == [24, 25]
    assert len(counts.read(1)) == 1
    assert len(counts.read(3_660)) == 5


def test_no_text_gets_into_the_file(path: Path) -> None:
    ReasonCounts(path).add(answer("refused", "scope"))

    on_disk = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"scope" in on_disk
    assert b"private" not in on_disk


def test_reading_makes_no_file(path: Path) -> None:
    assert ReasonCounts(path).read(30) == []
    assert not path.parent.exists()


def _count(path: Path, times: int) -> None:
    counts = ReasonCounts(path)
    for _ in range(times):
        counts.add(answer("refused", "scope"))


def test_two_processes_and_many_threads_lose_no_count(path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [
        *(spawn.Process(target=_count, args=(path, 100)) for _ in range(2)),
        *(threading.Thread(target=_count, args=(path, 25)) for _ in range(4)),
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [count.questions for count in ReasonCounts(path).read(2)] == [300]


def test_what_cannot_be_counted_is_logged_and_no_more(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"garbage" * 1000)
    counts = ReasonCounts(path)

    counts.add(answer())

    assert "could not be counted (counts.sqlite3: file is not a database)" in caplog.text
    with pytest.raises(GroundskeeperError, match=r"counts cannot be read.*Remove the file"):
        counts.read(30)


def test_a_folder_that_cannot_be_made_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    ReasonCounts(tmp_path / "file" / "counts.sqlite3").add(answer())

    assert "could not be counted" in caplog.text


def test_a_file_that_was_removed_is_begun_anew(path: Path) -> None:
    counts = ReasonCounts(path, today=lambda: DAY)
    counts.add(answer())
    for file in path.parent.iterdir():
        file.unlink()
    counts.add(answer())

    assert counts.read(1) == [ReasonCount(DAY, "answered", "", 1, 0)]


# --- the vocabulary ---------------------------------------------------------------------------


def test_every_reason_in_the_code_is_in_the_vocabulary() -> None:
    """Reads what stands as the reason in each `Stop(…)` and `Objection(…)` of the package."""
    found = set()
    for path in (Path(__file__).parent.parent.parent / "bot").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                place = {"Stop": 1, "Objection": 0}.get(node.func.id)
                if place is not None and isinstance(node.args[place], ast.Constant):
                    found.add(node.args[place].value)

    assert {"scope", "no_evidence", "unsupported", "limit", "injection"} <= found
    assert all(map(is_known, found))


def test_every_reason_has_words() -> None:
    assert all(label(reason) for reason in LABELS)
    assert label("rule:no-stories") == "the rule “no-stories”"
    assert not is_known("rule:")
    assert not is_known("whatever")


def test_a_score_stands_beside_its_threshold() -> None:
    scores = {"scope": 0.034, "scope_threshold": 0.117, "length": 2400.0, "length_threshold": 2000}

    assert told_scores(scores) == [
        "scope 0.03 (threshold 0.12)",
        "length 2,400 (threshold 2,000)",
    ]
    assert told_scores({"alone": -1}) == ["alone -1.00"]
    assert told_scores({}) == []
