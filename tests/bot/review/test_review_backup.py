"""Backup and restore: whole while others write, checked, nothing overwritten or lost."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.review import Case, Moderator, Moderators, ReviewQueue
from bot.review.backup import back_up, restore
from ingest.errors import NotSignedIn, ReviewError
from ingest.paths import DatabaseSchema
from tests.bot.review.conftest import PASSWORD
from tests.bot.review.places import other_program, rows
from tests.bot.review.postgres_cluster import find_programs
from tests.bot.review.test_review_migrations import FIRST_VERSION

MakeCase = Callable[..., Case]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copies" / "reports.copy"


@pytest.fixture
def folder(copy: Path) -> Path:
    copy.parent.mkdir()
    return copy.parent


def test_a_copy_is_whole_private_and_one_file(
    path: Path, queue: ReviewQueue, make_case: MakeCase, copy: Path, folder: Path
) -> None:
    reference = queue.file(make_case(), "wrong_fact").reference
    told = back_up(path, copy)
    assert (told.reports, told.events, told.problems) == (1, 1, [])
    assert [file.name for file in folder.iterdir()] == [copy.name]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    queue.file(make_case("Later?"), "wrong_fact")
    with ReviewQueue(copy) as copied:
        assert copied.look_up(reference).label == "Received"
        assert copied.count(Moderators.operator()) == 1


def test_nothing_is_overwritten_unasked(
    path: Path, queue: ReviewQueue, make_case: MakeCase, copy: Path, folder: Path
) -> None:
    with pytest.raises(ReviewError, match="no reports"):
        back_up(path, copy)
    queue.file(make_case(), "wrong_fact")
    copy.write_text("a letter")
    with pytest.raises(ReviewError, match="--yes"):
        back_up(path, copy)
    assert copy.read_text() == "a letter"
    back_up(path, copy, replace=True)
    with pytest.raises(ReviewError, match="--yes"):
        restore(path, copy)
    with pytest.raises(ReviewError, match="there already"):
        back_up(path, path, replace=True)
    assert queue.count(Moderators.operator()) == 1


def test_a_copy_comes_back_in_place_and_what_was_there_is_kept(
    path: Path, queue: ReviewQueue, make_case: MakeCase, copy: Path, folder: Path
) -> None:
    operator = Moderators.operator()
    first = queue.file(make_case("First?"), "wrong_fact").reference
    back_up(path, copy)
    second = queue.file(make_case("Second?"), "wrong_fact").reference
    told = restore(path, copy, replace=True)
    assert (told.reports, told.problems) == (1, [])
    assert [one.reference for one in queue.reports(operator)] == [first], "seen by who has it open"
    assert queue.verify(operator) == []
    assert told.kept is not None
    with ReviewQueue(told.kept) as before:
        assert {one.reference for one in before.reports(operator)} == {first, second}
        assert before.verify(operator) == []
    queue.note(operator, first, "goes on")
    with pytest.raises(Exception, match="events are never"), other_program(path) as connection:
        connection.exec_driver_sql("DELETE FROM report_events")


def test_a_copy_can_be_put_where_nothing_is(
    path: Path, queue: ReviewQueue, make_case: MakeCase, copy: Path, folder: Path
) -> None:
    reference = queue.file(make_case(), "wrong_fact").reference
    back_up(path, copy)
    elsewhere = folder / "other" / "reports.sqlite3"
    assert restore(elsewhere, copy).kept is None
    with ReviewQueue(elsewhere) as restored:
        assert restored.look_up(reference).label == "Received"
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o600


def test_reports_filed_meanwhile_are_in_one_place_or_the_other(
    path: Path, queue: ReviewQueue, make_case: MakeCase, copy: Path, folder: Path
) -> None:
    operator = Moderators.operator()
    queue.file(make_case("First?"), "wrong_fact")
    back_up(path, copy)
    receipts: list[str] = []
    enough = threading.Event()

    def go_on_filing() -> None:
        for number in range(60):
            receipts.append(queue.file(make_case(f"No {number}?"), "wrong_fact").reference)
            if number == 10:
                enough.set()

    writer = threading.Thread(target=go_on_filing)
    writer.start()
    assert enough.wait(60)
    other = back_up(path, folder / "another")
    told = restore(path, copy, replace=True)
    writer.join()
    assert other.problems == [] and other.reports > 10
    assert told.kept is not None
    with ReviewQueue(told.kept) as before:
        found = [one.reference for one in before.reports(operator, limit=500)]
        assert before.verify(operator) == []
    after = [one.reference for one in queue.reports(operator, limit=500)]
    assert queue.verify(operator) == []
    assert sorted(receipts) == sorted({*found} ^ {*after}), "the first one is in both"


def test_who_signed_out_since_stays_signed_out(
    path: Path, moderators: Moderators, birch: Moderator, copy: Path, folder: Path
) -> None:
    token = moderators.sign_in("birch", PASSWORD).token
    back_up(path, copy)
    moderators.sign_out(token)
    restore(path, copy, replace=True)
    with pytest.raises(NotSignedIn):
        moderators.moderator(token)
    moderators.sign_in("birch", PASSWORD)


def test_a_copy_of_an_older_version_is_brought_up_to_date(path: Path, folder: Path) -> None:
    old = folder / "old"
    connection = sqlite3.connect(old)
    connection.executescript(FIRST_VERSION.read_text(encoding="utf-8"))
    connection.close()
    before = old.read_bytes()
    told = restore(path, old)
    assert (told.reports, told.problems) == (4, [])
    assert rows(path, "SELECT count(*) FROM reports WHERE category = 'wrong_fact'") == [(1,)]
    assert old.read_bytes() == before
    assert [file.name for file in folder.iterdir()] == ["old"]
    assert {file.name for file in path.parent.iterdir()} <= {path.name, f"{path.name}.lock"}


@pytest.mark.parametrize("content", [b"", b"no database, " * 1_000])
def test_what_is_no_copy_is_refused(
    path: Path, queue: ReviewQueue, make_case: MakeCase, folder: Path, content: bytes
) -> None:
    reference = queue.file(make_case(), "wrong_fact").reference
    wrong = folder / "wrong"
    wrong.write_bytes(content)
    with pytest.raises(ReviewError):
        restore(path, wrong, replace=True)
    with pytest.raises(ReviewError, match="no file"):
        restore(path, folder / "nothing", replace=True)
    assert queue.look_up(reference).label == "Received"
    assert [file.name for file in path.parent.iterdir() if "unfinished" in file.name] == []


def test_a_damaged_file_is_set_aside_for_the_copy(
    path: Path, queue: ReviewQueue, make_case: MakeCase, copy: Path, folder: Path
) -> None:
    reference = queue.file(make_case(), "wrong_fact").reference
    back_up(path, copy)
    queue.close()
    path.write_bytes(b"garbage" * 1_000)
    told = restore(path, copy, replace=True)
    assert told.kept is not None and told.kept.read_bytes() == b"garbage" * 1_000
    assert queue.look_up(reference).label == "Received"


def test_a_history_that_was_tampered_with_is_copied_and_told(
    path: Path, queue: ReviewQueue, make_case: MakeCase, copy: Path, folder: Path
) -> None:
    queue.file(make_case(), "wrong_fact")
    with other_program(path, triggers=False) as connection:
        connection.exec_driver_sql("UPDATE report_events SET actor = 'fir'")
    assert "changed after it was written" in back_up(path, copy).problems[0]


def test_postgresqls_own_programs_are_named_and_do_it(
    new_schema: DatabaseSchema, make_case: MakeCase, folder: Path, copy: Path
) -> None:
    operator = Moderators.operator()
    with pytest.raises(ReviewError) as to_dump:
        back_up(new_schema, copy)
    with pytest.raises(ReviewError) as to_restore:
        restore(new_schema, copy)
    with ReviewQueue(new_schema) as queue:
        reference = queue.file(make_case(), "wrong_fact").reference
        _run(to_dump.value.hint, new_schema.url)
        queue.file(make_case("Later?"), "wrong_fact")
        _run(to_restore.value.hint, new_schema.url)
        assert [one.reference for one in queue.reports(operator)] == [reference]
        assert queue.verify(operator) == []
        queue.note(operator, reference, "goes on")
    with pytest.raises(Exception, match="events are never"), other_program(new_schema) as outside:
        outside.exec_driver_sql("DELETE FROM report_events")


def _run(hint: str, url: str) -> None:
    """Run the command that an error told, as its reader would."""
    command = hint.removeprefix("Run: ")
    path = f"{find_programs()}:/usr/bin:/bin"
    environment = {"DATABASE_URL": url, "PATH": path}
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
