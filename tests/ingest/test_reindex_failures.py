"""What a reindex says, and leaves, where it cannot write: one sentence, and the old index."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from ingest import database as db
from ingest.errors import IndexDamaged
from tests.packs import HashedEmbeddings, Pack, end_vector_servers
from tests.workers import reindex_with_small_files, run_in_process, write_edition


def found(pack: Pack, hashed: HashedEmbeddings, question: str = "robins chapter") -> list[str]:
    with pack.index(hashed) as index, index.snapshot() as snapshot:
        vector = np.asarray(hashed.embed_query(question), np.float32)
        numbers = [n for n, _ in snapshot.lexical_search(question, 5)]
        numbers += [n for n, _ in snapshot.dense_search(vector, 5)]
        chunks = snapshot.chunks(numbers)
        return [chunks[number].text for number in numbers]


@pytest.mark.parametrize(
    "kilobytes",
    [48, pytest.param(16, marks=pytest.mark.slow), pytest.param(300, marks=pytest.mark.slow)],
)
def test_a_disk_that_is_full_costs_nothing_that_was_there(
    kilobytes: int, small_pack: Pack, hashed: HashedEmbeddings, tmp_path: Path
) -> None:
    """No file may grow beyond a size, which is how a process meets a full disk or a quota."""
    write_edition(small_pack, 1)
    small_pack.reindex(hashed)
    before = found(small_pack, hashed)
    write_edition(small_pack, 2, sections=400)
    said = tmp_path / "said.txt"
    run_in_process(reindex_with_small_files, small_pack.root, kilobytes * 1024, said)
    error, hint = said.read_text().splitlines()
    assert error.startswith("IndexDamaged: ") and hint
    assert "Traceback" not in error
    assert found(small_pack, hashed) == before
    assert not small_pack.paths.staging.exists(), "what it had staged takes no space any more"
    end_vector_servers(small_pack.root)  # it may have been started with the same limit
    assert small_pack.reindex(hashed).generation == 2
    assert "edition 2" in found(small_pack, hashed)[0]


def test_a_database_that_another_program_holds(
    small_pack: Pack, hashed: HashedEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pack.reindex(hashed)
    small_pack.write("guides/owls.md", "# Owls\n\nOwls hunt voles at dusk.\n")
    monkeypatch.setattr(db, "BUSY_TIMEOUT_MS", 50)
    with closing(sqlite3.connect(small_pack.paths.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(IndexDamaged, match="locked") as failure:
            small_pack.reindex(hashed)
        assert "try again" in failure.value.hint
        assert found(small_pack, hashed, "robin food")
    assert small_pack.reindex(hashed).added == ["guides/owls.md"]


def test_a_database_that_may_only_be_read(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    """The tests may run as root, whom no file's mode stops: SQLite is told to refuse instead."""
    small_pack.reindex(hashed)
    small_pack.write("guides/owls.md", "# Owls\n\nOwls hunt voles at dusk.\n")
    with read_only(), pytest.raises(IndexDamaged, match="readonly") as failure:
        small_pack.reindex(hashed)
    assert "right to write" in failure.value.hint
    assert found(small_pack, hashed, "robin food")
    assert small_pack.reindex(hashed).added == ["guides/owls.md"]


@contextmanager
def read_only() -> Iterator[None]:
    def refuse(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    sa.event.listen(sa.engine.Engine, "connect", refuse)
    try:
        yield
    finally:
        sa.event.remove(sa.engine.Engine, "connect", refuse)


def test_what_another_run_had_staged_is_of_no_consequence(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.paths.folder.mkdir(parents=True)
    small_pack.paths.staging.write_bytes(b"half of something" * 1000)
    assert len(small_pack.reindex(hashed).added) == 4
    assert not small_pack.paths.staging.exists()


def test_a_model_that_fails_in_the_middle_leaves_the_old_index(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    class FailsLater(HashedEmbeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            if len(self.texts) > 200:
                raise IndexError("the model's own fault")
            return super().embed_documents(texts)

    write_edition(small_pack, 1)
    small_pack.reindex(hashed)
    before = found(small_pack, hashed)
    write_edition(small_pack, 2, sections=400)
    with pytest.raises(IndexError):
        small_pack.reindex(FailsLater())
    assert found(small_pack, hashed) == before
    hashed.texts.clear()
    report = small_pack.reindex(hashed)
    assert report.generation == 2 and 0 < report.embedded < report.chunks
