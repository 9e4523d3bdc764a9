"""What PostgreSQL has and a file has not: a connection that breaks, a password, other programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest

from bot.review import Case, Moderators, ReportStore, ReviewQueue
from bot.review.schema import metadata
from ingest.errors import ReviewError
from ingest.paths import DatabaseSchema
from tests.bot.review.places import empty, rows

MakeCase = Callable[..., Case]


@pytest.fixture
def schema(server: str) -> DatabaseSchema:
    """The empty schema that the other tests use too."""
    schema = DatabaseSchema(server, "groundskeeper_tests")
    empty(schema)
    return schema


@pytest.fixture
def store(schema: DatabaseSchema) -> Iterator[ReportStore]:
    store = ReportStore(schema, busy_seconds=0.2)
    yield store
    store.close()


def _end_all_connections(server: str) -> None:
    with psycopg.connect(server) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'groundskeeper'"
        )


def test_a_lost_connection_is_one_sentence_and_the_next_call_connects_again(
    schema: DatabaseSchema, server: str, make_case: MakeCase
) -> None:
    with ReviewQueue(schema) as queue:
        reference = queue.file(make_case(), "wrong_fact").reference
        _end_all_connections(server)
        assert queue.look_up(reference).label == "Received", "noticed before it was used"
    store = ReportStore(schema)
    lost = pytest.raises(ReviewError, match=r"connection was lost while saving.*Look whether")
    with lost, store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM filings")
        _end_all_connections(server)
        connection.exec_driver_sql("DELETE FROM filings")
    with store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM filings").scalar_one() == 1
    with pytest.raises(ReviewError, match="cannot be read"), store.reading() as connection:
        _end_all_connections(server)
        connection.exec_driver_sql("SELECT 1")
    store.close()


def test_who_waits_too_long_is_told_so(store: ReportStore, schema: DatabaseSchema) -> None:
    other = ReportStore(schema)
    with other.writing():
        refused = pytest.raises(ReviewError, match=r"Nothing was saved.*lock.*try again")
        with refused, store.writing():
            pass
        with store.reading() as connection:  # a writer does not keep readers out
            assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    with store.writing():
        pass
    other.close()


def test_readers_see_one_state_and_write_nothing(store: ReportStore) -> None:
    with store.reading() as connection:
        count = "SELECT count(*) FROM sign_in_attempts"
        assert connection.exec_driver_sql(count).scalar_one() == 0
        with store.writing() as writer:
            writer.exec_driver_sql("INSERT INTO sign_in_attempts VALUES ('x', 1)")
        assert connection.exec_driver_sql(count).scalar_one() == 0
    with pytest.raises(ReviewError, match="read-only"), store.reading() as connection:
        connection.exec_driver_sql("INSERT INTO sign_in_attempts VALUES ('y', 1)")


def test_a_commit_is_on_disk_whatever_the_servers_default_is(
    new_schema: DatabaseSchema, server: str
) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("ALTER ROLE tests SET synchronous_commit = off")
        store = ReportStore(new_schema)
        try:
            with store.writing() as writer:
                found = writer.exec_driver_sql("SHOW synchronous_commit").scalar_one()
        finally:
            store.close()
            connection.execute("ALTER ROLE tests RESET synchronous_commit")
    assert found == "on"


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("postgres://birch:s3cret-word@127.0.0.1:1/reports", "refused"),
        ("postgresql://birch:s3cret-word@/reports?host=/nowhere", "No such file"),
        ("postgresql://nobody:s3cret-word@/postgres?{host}", "nobody"),
        ("postgresql+psycopg2://tests:s3cret-word@/nothing?{host}", "nothing"),
    ],
)
def test_a_database_that_is_not_there_is_explained_without_the_password(
    url: str, cause: str, make_case: MakeCase, server: str
) -> None:
    location = DatabaseSchema(url.format(host=server.partition("?")[2]), "groundskeeper_tests")
    assert "s3cret" not in repr(location)
    with ReviewQueue(location) as queue, pytest.raises(ReviewError) as refused:
        queue.file(make_case(), "wrong_fact")
    assert cause in refused.value.message and "DATABASE_URL" in refused.value.hint
    assert "s3cret" not in str(refused.value) and "\n" not in str(refused.value)


def test_what_is_purged_is_in_no_table(schema: DatabaseSchema, make_case: MakeCase) -> None:
    operator = Moderators.operator()
    with ReviewQueue(schema) as queue:
        reference = queue.file(make_case("Is XYZZY here?"), "other", "the XYZZY word").reference
        queue.note(operator, reference, "XYZZY indeed")
        queue.file(make_case("Another?"), "other", "PLUGH")
        assert "XYZZY" in _everything(schema) and "PLUGH" in _everything(schema)
        queue.purge_report(operator, reference)
        assert queue.verify(operator) == []
    assert "XYZZY" not in _everything(schema) and "PLUGH" in _everything(schema)


def _everything(schema: DatabaseSchema) -> str:
    tables = [rows(schema, f"SELECT * FROM {name}") for name in metadata.tables]  # noqa: S608
    return str(tables)


def test_domains_share_a_database_and_nothing_else(
    schema: DatabaseSchema, new_schema: DatabaseSchema, make_case: MakeCase
) -> None:
    operator = Moderators.operator()
    with ReviewQueue(schema) as one, ReviewQueue(new_schema) as other:
        reference = one.file(make_case(), "wrong_fact").reference
        assert (one.count(operator), other.count(operator)) == (1, 0)
        with pytest.raises(ReviewError):
            other.look_up(reference)


def test_a_schema_that_somebody_made_for_us_needs_no_right_to_make_one(server: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE ROLE small LOGIN")
        connection.execute("CREATE SCHEMA prepared AUTHORIZATION small")
        small = server.replace("//tests@", "//small@")
        store = ReportStore(DatabaseSchema(small, "prepared"))
        with store.writing() as writer:
            assert writer.exec_driver_sql("SELECT count(*) FROM reports").scalar_one() == 0
        store.close()
        refused = ReportStore(DatabaseSchema(small, "not_prepared"))
        with pytest.raises(ReviewError, match=r"permission denied.*right"), refused.writing():
            pass
        refused.close()
        connection.execute("DROP SCHEMA prepared CASCADE")
        connection.execute("DROP ROLE small")
