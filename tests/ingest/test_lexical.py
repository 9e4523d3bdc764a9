from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from ingest import database as db
from ingest.filters import Filter
from ingest.lexical import Fts5Index, match_expression

ROWS = [
    (1, "Guide > Forms", "The F-1 form is filed in March."),
    (2, "Guide > Grants", "A grant is money that nobody pays back. Applying is free."),
    (3, "Guide > Loans", "A loan is paid back with interest; a grant is not."),
]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sa.Connection]:
    engine = db.open_engine(tmp_path / "i.sqlite3")
    with db.writing(engine) as connection:
        index = Fts5Index()
        db.metadata.create_all(connection)
        index.create(connection)
        index.add(connection, ROWS)
        yield connection
    engine.dispose()


def test_words_are_stemmed_and_headings_count_more(connection: sa.Connection) -> None:
    found = Fts5Index().search(connection, "how do I apply for grants?", 3)
    assert [number for number, _ in found] == [2, 3]
    assert found[0][1] > found[1][1] > 0


def test_a_code_with_a_hyphen_is_one_thing(connection: sa.Connection) -> None:
    assert [number for number, _ in Fts5Index().search(connection, "F-1", 3)] == [1]


def test_one_kind_of_chunk_is_found_alone(connection: sa.Connection) -> None:
    found = Fts5Index().search(connection, "grants", 3, Filter(kind="record"))
    assert found == []


def test_what_is_removed_is_not_found(connection: sa.Connection) -> None:
    Fts5Index().remove(connection, [2])
    assert [n for n, _ in Fts5Index().search(connection, "grant", 3)] == [3]


@pytest.mark.parametrize(
    "query",
    ['"', "a AND (", "NEAR(x y)", "text:*", "'; DROP TABLE chunks; --", "", "the of", "🙂" * 50],
)
def test_no_query_is_syntax(query: str, connection: sa.Connection) -> None:
    Fts5Index().search(connection, query, 3)
    assert Fts5Index().search(connection, "grant", 3)


def test_stop_words_go_unless_there_is_nothing_else() -> None:
    assert match_expression("What is the FAFSA?") == '"fafsa"'
    assert match_expression("to be") == '"to" OR "be"'
