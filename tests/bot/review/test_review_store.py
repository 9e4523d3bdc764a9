"""The database file: private, durable, migrated forwards, honest when it cannot be used."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.review import Case, Moderator, Moderators, ReportStore, ReviewQueue
from bot.review.migrations import MIGRATIONS, schema_version
from bot.review.store import metadata
from ingest.errors import ReportNotFound, ReviewError


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


def test_tables_are_what_the_migrations_make(path: Path) -> None:
    store = ReportStore(path)
    with store.writing() as connection:
        made = sa.MetaData()
        made.reflect(connection)
    store.close()
    assert set(made.tables) == set(metadata.tables)
    for name, table in metadata.tables.items():
        found = made.tables[name]
        assert table.columns.keys() == found.columns.keys()
        assert [c.primary_key for c in table.columns] == [c.primary_key for c in found.columns]


def test_durability_is_what_was_promised(path: Path) -> None:
    store = ReportStore(path)
    with store.writing() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    store.close()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def _add_color(connection: sa.Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE reports ADD COLUMN color TEXT NOT NULL DEFAULT 'grey'")


def _add_color_then_break(connection: sa.Connection) -> None:
    _add_color(connection)
    connection.exec_driver_sql("INSERT INTO there_is_no_such_table VALUES (1)")


def test_migrations_keep_what_is_there_and_leave_a_copy(
    path: Path, queue: ReviewQueue, make_case: Callable[..., Case]
) -> None:
    reference = queue.file(make_case(), "wrong_fact").reference
    queue.close()
    store = ReportStore(path, migrations=(*MIGRATIONS, _add_color))
    for _ in range(2):
        with store.reading() as connection:
            found = connection.exec_driver_sql("SELECT reference, color FROM reports").one()
            assert schema_version(connection) == len(MIGRATIONS) + 1
        assert tuple(found) == (reference, "grey")
    store.close()
    copy = path.with_name("reports.sqlite3.v1")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with ReviewQueue(copy) as before:
        assert before.look_up(reference).label == "Received"
        assert before.verify() == []
    with ReviewQueue(path) as outdated, pytest.raises(ReviewError, match="newer version"):
        outdated.look_up(reference)


def test_a_migration_that_breaks_changes_nothing(
    path: Path, queue: ReviewQueue, make_case: Callable[..., Case]
) -> None:
    reference = queue.file(make_case(), "wrong_fact").reference
    queue.close()
    broken = ReportStore(path, migrations=(*MIGRATIONS, _add_color_then_break))
    with pytest.raises(ReviewError), broken.writing():
        pass
    broken.close()
    assert queue.look_up(reference).label == "Received"
    assert queue.verify() == []


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
assert queue.verify() == []
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
    assert queue.verify() == []


def test_moderators_and_queue_share_a_file(path: Path) -> None:
    with Moderators(path) as moderators, ReviewQueue(path) as queue:
        assert queue.count(moderators.operator()) == 0
