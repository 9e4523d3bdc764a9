"""Migrations: forwards only, once, all or nothing, and what is there stays."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot.review import Case, Moderators, ReportStore, ReviewQueue
from bot.review.migrations import VERSIONS, newest_version, schema_version
from bot.review.schema import metadata
from ingest.errors import ReviewError
from ingest.paths import DatabaseSchema, ReportsLocation
from tests.bot.review.places import change, rows

FIRST_VERSION = Path(__file__).with_name("first_version.sql")
ADD_COLOR = "ALTER TABLE reports ADD COLUMN color TEXT NOT NULL DEFAULT 'grey'"
REVISION = """
from alembic import op
revision, down_revision = "9001", "{newest}"
branch_labels = depends_on = None

def upgrade():
    for statement in {statements!r}:
        op.execute(statement)
"""


@pytest.fixture
def unmade(request: pytest.FixtureRequest, location: ReportsLocation) -> ReportsLocation:
    """A place where nobody has made anything yet."""
    if isinstance(location, DatabaseSchema):
        return request.getfixturevalue("new_schema")
    return location


@pytest.fixture
def later(tmp_path: Path) -> Callable[..., tuple[Path, ...]]:
    """Make the migrations of a later version of the program, which has one more."""

    def make(*statements: str) -> tuple[Path, ...]:
        folder = tmp_path / "later 100%"
        folder.mkdir()
        text = REVISION.format(newest=newest_version(), statements=statements)
        (folder / "r9001_one_more.py").write_text(text)
        return (*VERSIONS, folder)

    return make


def test_tables_are_what_the_migrations_make(unmade: ReportsLocation) -> None:
    store = ReportStore(unmade)
    with store.writing() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
        assert schema_version(connection) == newest_version()
    store.close()


def test_texts_are_sorted_alike_everywhere(unmade: ReportsLocation) -> None:
    store = ReportStore(unmade)
    with store.writing() as connection:
        for name in ("b", "A", "a", "Z", "é", "-"):
            connection.execute(sa.text("INSERT INTO sign_in_attempts VALUES (:n, 1)"), {"n": name})
        ordered = sa.text("SELECT name FROM sign_in_attempts ORDER BY name")
        assert "".join(connection.execute(ordered).scalars()) == "-AZabé"
    store.close()


def test_of_programs_that_start_at_once_one_migrates(unmade: ReportsLocation) -> None:
    start = threading.Barrier(20)
    failures: list[BaseException] = []

    def begin() -> None:
        store = ReportStore(unmade)
        try:
            start.wait()
            with store.writing() as connection:
                found = connection.exec_driver_sql("SELECT version_num FROM alembic_version")
                assert found.scalars().all() == [newest_version()]
        except BaseException as error:
            failures.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=begin) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert rows(unmade, "SELECT count(*) FROM chain_head") == [(1,)]


def test_migrations_keep_what_is_there(
    queue: ReviewQueue,
    location: ReportsLocation,
    unmade: ReportsLocation,
    later: Callable[..., tuple[Path, ...]],
    make_case: Callable[..., Case],
) -> None:
    with ReviewQueue(unmade) as queue:
        reference = queue.file(make_case(), "wrong_fact").reference
    store = ReportStore(unmade, versions=later(ADD_COLOR))
    for _ in range(2):
        with store.reading() as connection:
            found = connection.exec_driver_sql("SELECT reference, color FROM reports").one()
            assert schema_version(connection) == "9001"
        assert tuple(found) == (reference, "grey")
    store.close()
    with ReviewQueue(unmade) as outdated, pytest.raises(ReviewError, match="newer version"):
        outdated.look_up(reference)


def test_a_file_is_copied_before_it_is_migrated(
    path: Path,
    queue: ReviewQueue,
    later: Callable[..., tuple[Path, ...]],
    make_case: Callable[..., Case],
) -> None:
    reference = queue.file(make_case(), "wrong_fact").reference
    queue.close()
    store = ReportStore(path, versions=later(ADD_COLOR))
    with store.reading():
        pass
    store.close()
    copy = path.with_name(f"reports.sqlite3.v{newest_version()}")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with ReviewQueue(copy) as before:
        assert before.look_up(reference).label == "Received"
        assert before.verify(Moderators.operator()) == []


def test_a_migration_that_breaks_changes_nothing(
    unmade: ReportsLocation,
    later: Callable[..., tuple[Path, ...]],
    make_case: Callable[..., Case],
) -> None:
    with ReviewQueue(unmade) as queue:
        reference = queue.file(make_case(), "wrong_fact").reference
    broken = ReportStore(unmade, versions=later(ADD_COLOR, "INSERT INTO there_is_none VALUES (1)"))
    with pytest.raises(ReviewError), broken.writing():
        pass
    broken.close()
    with ReviewQueue(unmade) as queue:
        assert queue.look_up(reference).label == "Received"
        assert queue.verify(Moderators.operator()) == []


def test_a_version_that_nobody_knows_is_left_alone(unmade: ReportsLocation) -> None:
    store = ReportStore(unmade)
    with store.writing():
        pass
    store.close()
    change(unmade, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ReviewError, match="newer version"), store.writing():
        pass
    assert rows(unmade, "SELECT version_num FROM alembic_version") == [("9999",)]


@pytest.fixture
def first_version(path: Path) -> Path:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.executescript(FIRST_VERSION.read_text(encoding="utf-8"))
    connection.close()
    return path


def test_a_file_of_the_first_version_is_carried_over(first_version: Path) -> None:
    operator = Moderators.operator()
    with ReviewQueue(first_version) as queue:
        assert queue.verify(operator) == []
        assert queue.count(operator) == 2
        assert queue.stats(operator).by_category == {"wrong_fact": 1, "other": 2, "harmful": 1}
    told = "SELECT model, document FROM reports ORDER BY filed_at"
    assert rows(first_version, told) == [
        ("first-model", "rivers.md"),
        ("first-model", ""),
        ("first-model", "maps.md"),
        ("", ""),  # its words were purged
    ]
    cited = "SELECT document FROM report_documents ORDER BY reference, document"
    assert sorted(rows(first_version, cited)) == [("maps.md",), ("maps.md",), ("rivers.md",)]
    assert rows(first_version, "SELECT name, role FROM moderators ORDER BY name") == [
        ("birch", "moderator"),
        ("fir", "administrator"),
    ]
    copy = sqlite3.connect(first_version.with_name("reports.sqlite3.v0001"))
    assert copy.execute("SELECT count(*) FROM reports WHERE category = 'wrong'").fetchone() == (1,)
    copy.close()


def test_programs_of_the_first_version_see_that_they_are_too_old(first_version: Path) -> None:
    with ReviewQueue(first_version) as queue:
        queue.count(Moderators.operator())
    assert rows(first_version, "PRAGMA user_version") == [(2,)]
