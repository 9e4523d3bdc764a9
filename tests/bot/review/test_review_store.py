"""The reports' database: private, durable, honest when it cannot be used; above all the file."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.review import Case, Moderator, Moderators, ReportStore, ReviewQueue
from ingest.errors import ReportNotFound, ReviewError
from ingest.paths import ReportsLocation


def _write(store: ReportStore) -> None:
    with store.writing() as connection:
        connection.exec_driver_sql("INSERT INTO sign_in_attempts VALUES ('x', 1)")


def test_the_file_is_its_owners_alone(path: Path) -> None:
    store = ReportStore(path)
    _write(store)
    files = [file for file in path.parent.iterdir() if file.suffix != ".lock"]
    assert {file.name for file in files} >= {"reports.sqlite3", "reports.sqlite3-wal"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    store.close()


def test_reading_makes_no_file(path: Path) -> None:
    store = ReportStore(path)
    with store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM reports").scalar_one() == 0
    store.close()
    assert not path.parent.exists()


def test_an_empty_file_becomes_a_queue(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    with ReviewQueue(path) as queue, pytest.raises(ReportNotFound):
        queue.look_up("R-000000")


def test_durability_is_what_was_promised(path: Path) -> None:
    store = ReportStore(path)
    with store.writing() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    store.close()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_a_locked_file_is_said_to_be_locked(path: Path) -> None:
    store = ReportStore(path, busy_seconds=0.1)
    _write(store)
    holder = sqlite3.connect(path)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(ReviewError, match=r"Nothing was saved.*locked.*try again"):
        _write(store)
    with store.reading() as connection:  # a writer does not keep readers out
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    holder.close()
    _write(store)
    store.close()


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"\x00" * 4096])
def test_a_file_that_is_no_database_is_left_alone(
    path: Path, content: bytes, make_case: Callable[..., Case]
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with ReviewQueue(path) as queue:
        with pytest.raises(ReviewError, match="damaged"):
            queue.file(make_case(), "wrong_fact")
        with pytest.raises(ReviewError, match="damaged"):
            queue.look_up("R-000000")
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_explained(
    tmp_path: Path, make_case: Callable[..., Case]
) -> None:
    (tmp_path / "file").touch()
    with (
        ReviewQueue(tmp_path / "file" / "reports.sqlite3") as queue,
        pytest.raises(ReviewError, match="Nothing was saved"),
    ):
        queue.file(make_case(), "wrong_fact")


FULL_DISK = """
import resource, sys
from pathlib import Path
from bot.review import Case, Moderators, ReviewQueue
from ingest.errors import ReviewError

queue = ReviewQueue(Path(sys.argv[1]))
case = Case(question="Does it fit?", answer="No [1]." + "x" * 200_000, status="answered")
small = Case(question="Does it fit?", answer="Yes [1].", status="answered")
saved = queue.file(small, "wrong_fact")
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))
try:
    queue.file(case, "wrong_fact")
except ReviewError as refused:
    print(refused)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
assert queue.count(Moderators.operator()) == 1
assert not queue.file(case, "wrong_fact").repeated
assert queue.verify(Moderators.operator()) == []
queue.close()
"""


def test_a_report_that_finds_no_room_is_not_said_to_be_saved(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FULL_DISK, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Nothing was saved") and "disk" in done.stdout


def test_a_file_that_was_taken_away_is_noticed(
    path: Path, queue: ReviewQueue, make_case: Callable[..., Case], operator: Moderator
) -> None:
    first = queue.file(make_case("First?"), "wrong_fact").reference
    moved = path.parent.parent / "moved"
    path.parent.rename(moved)
    assert queue.count(operator) == 0
    second = queue.file(make_case("Second?"), "wrong_fact").reference
    with ReviewQueue(path) as another:
        assert [one.reference for one in another.reports(operator)] == [second]
    with ReviewQueue(moved / path.name) as old:
        assert [one.reference for one in old.reports(operator)] == [first]


def test_a_closed_queue_opens_again(queue: ReviewQueue, make_case: Callable[..., Case]) -> None:
    reference = queue.file(make_case(), "wrong_fact").reference
    queue.close()
    queue.close()
    assert queue.look_up(reference).reference == reference


def test_threads_share_a_queue(
    queue: ReviewQueue, make_case: Callable[..., Case], operator: Moderator
) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                queue.file(make_case(f"Question {number}.{turn}?"), "wrong_fact")
                queue.file(make_case("The same?"), "wrong_fact")
                queue.reports(operator)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    stats = queue.stats(operator)
    assert (stats.total, stats.repeats) == (41, 39)
    assert queue.verify(Moderators.operator()) == []


def test_moderators_and_queue_share_a_place(location: ReportsLocation) -> None:
    with Moderators(location) as moderators, ReviewQueue(location) as queue:
        assert queue.count(moderators.operator()) == 0
