"""What readers see of the index: one generation, only what SQL knows, and clear words otherwise."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from ingest import database as db
from ingest.chunking import chunk_document, load_tokenizer
from ingest.documents import Chunk
from ingest.embeddings import make_embeddings
from ingest.errors import IndexDamaged, IndexMismatch, IndexMissing
from ingest.filters import Filter
from ingest.index import DocumentInfo, Snapshot
from ingest.lexical import LexicalIndex
from ingest.loaders import load
from ingest.scan import find_files
from ingest.vectors import ChromaConnection
from tests.packs import HashedEmbeddings, Pack, end_vector_servers

COLLEGES = Path(__file__).resolve().parents[2] / "corpus" / "colleges"


def query(hashed: HashedEmbeddings, text: str) -> np.ndarray:
    return np.asarray(hashed.embed_query(text), dtype=np.float32)


CHROMA_ALONE = 0
"""So many vectors are compared one by one: Chroma is asked for any."""


def dense_search(
    pack: Pack, hashed: HashedEmbeddings, exact_chunks: int = CHROMA_ALONE
) -> list[tuple[int, float]]:
    with pack.index(hashed, exact_chunks) as index, index.snapshot() as snapshot:
        return snapshot.dense_search(query(hashed, "robin"), 5)


def names_found(snapshot: Snapshot, vector: np.ndarray, k: int) -> list[str]:
    found = snapshot.dense_search(vector, k)
    chunks = snapshot.chunks([number for number, _ in found])
    return [chunks[number].document for number, _ in found]


# --- one generation -------------------------------------------------------------------------------


def test_a_snapshot_sees_its_generation_to_the_end(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    mouldy, wet = query(hashed, "mouldy food"), query(hashed, "wet food")
    with small_pack.index(hashed) as index, index.snapshot() as old:
        before = old.dense_search(mouldy, 20)
        small_pack.edit("guides/feeding.md", "Mouldy food must go", "Wet food must go")
        small_pack.write("birds.csv", "id,name,aliases,family,weight,wingspan,eggs\n")
        small_pack.reindex(hashed)
        assert old.generation == 1 and old.lexical_search("mouldy", 5)
        assert not old.lexical_search("wet", 5)
        after = old.dense_search(mouldy, 20)
        assert dict(after) == pytest.approx(dict(before), abs=1e-5), "no sweep takes any away"
        with index.snapshot() as new:
            assert new.generation == 2 and new.lexical_search("wet", 5)
            assert len(new.dense_search(wet, 20)) == new.counts()["chunks"] < len(before)


def test_a_rebuild_does_not_take_the_vectors_from_under_a_reader(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    with small_pack.index(hashed) as index, index.snapshot() as old:
        small_pack.reindex(HashedEmbeddings("b", dimension=32))
        assert len(old.dense_search(query(hashed, "robin"), 5)) == 5


def test_a_search_fills_up_although_chroma_holds_what_sql_does_not_know(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    robin = query(hashed, "robin")
    with small_pack.index(hashed, CHROMA_ALONE) as index, index.snapshot() as snapshot:
        expected = snapshot.dense_search(robin, 3)
        for strangers in (3, 300):
            ids = [f"stranger-{i}" for i in range(strangers)]
            snapshot._shared.vectors.upsert(ids, np.tile(robin, (strangers, 1)))
            found = snapshot.dense_search(robin, 3)
            assert dict(found) == pytest.approx(dict(expected), abs=1e-5)
    report = small_pack.reindex(hashed)
    assert report.generation == 1, "what SQL does not know is no change"


def test_many_readers_at_once(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    small_pack.reindex(hashed)
    robin = query(hashed, "robin")
    together = threading.Barrier(40)
    with small_pack.index(hashed) as index:

        def ask(_: int) -> list[tuple[int, float]]:
            with index.snapshot() as snapshot:
                together.wait(timeout=20)
                return snapshot.dense_search(robin, 3)

        with ThreadPoolExecutor(40) as pool:
            answers = list(pool.map(ask, range(40)))
    assert all(answer == answers[0] for answer in answers)


def test_an_index_opened_before_the_first_reindex_sees_it(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    with small_pack.index(hashed) as index:
        with pytest.raises(IndexMissing, match="Garden birds has not"), index.snapshot():
            pass
        small_pack.reindex(hashed)
        with index.snapshot() as snapshot:
            assert snapshot.generation == 1


def test_an_index_that_is_deleted_and_made_again_under_a_reader(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    with small_pack.index(hashed) as index:
        with index.snapshot() as snapshot:
            assert snapshot.counts()["documents"] == 4
        for path in small_pack.paths.folder.glob("index.sqlite3*"):
            path.unlink()
        with pytest.raises(IndexMissing), index.snapshot():
            pass
        small_pack.write("guides/owls.md", "# Owls\n\nOwls hunt voles at dusk.\n")
        small_pack.reindex(hashed)
        with index.snapshot() as snapshot:
            assert snapshot.counts()["documents"] == 5
            assert "guides/owls.md" in names_found(snapshot, query(hashed, "owls voles"), 3)


def test_chroma_that_is_deleted_and_made_again_under_a_reader(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    vector = query(hashed, "finches")
    with small_pack.index(hashed, exact_chunks=CHROMA_ALONE) as index:
        with index.snapshot() as snapshot:
            before = snapshot.dense_search(vector, 5)
        shutil.rmtree(small_pack.paths.chroma)
        small_pack.reindex(hashed)
        with index.snapshot() as snapshot:
            assert snapshot.dense_search(vector, 5) == before


# --- what it returns ------------------------------------------------------------------------------


def test_vectors_are_those_that_the_model_made(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    small_pack.reindex(hashed)
    with small_pack.index(hashed) as index, index.snapshot() as snapshot:
        vectors = snapshot.vectors_of([1, 2, 999_999])
        assert sorted(vectors) == [1, 2]
        for number, chunk in snapshot.chunks([1, 2]).items():
            made = hashed.embed_query(chunk.index_text)
            assert vectors[number] == pytest.approx(made, abs=1e-6)
            assert snapshot.chunk(chunk.chunk_id) == chunk
        assert snapshot.chunk("nobody") is None and snapshot.document_text("nobody") == ""


def test_vectors_of_a_model_that_does_not_normalise_have_length_one(small_pack: Pack) -> None:
    class Long(HashedEmbeddings):
        def embed_query(self, text: str) -> list[float]:
            return [7 * x for x in super().embed_query(text)]

    model = Long()
    small_pack.reindex(model)
    with small_pack.index(model) as index, index.snapshot() as snapshot:
        (vector,) = snapshot.vectors_of([1]).values()
        (fresh,) = index.embed(["a text that nobody embedded"])
        assert np.linalg.norm([vector, fresh], axis=1) == pytest.approx([1, 1])
        exact = snapshot.dense_search(np.asarray(model.embed_query("robin")), 3)
    found = dense_search(small_pack, model)
    assert dict(found[:3]) == pytest.approx(dict(exact), abs=1e-5)


def test_a_document_text_is_what_its_passages_point_into(indexed_pack: Pack) -> None:
    encoder = make_embeddings(indexed_pack.settings)
    with indexed_pack.index(encoder) as index, index.snapshot() as snapshot:
        passages = [c for c in snapshot.chunks(range(1, 1000)).values() if c.kind == "passage"]
        for chunk in passages:
            assert snapshot.document_text(chunk.document)[chunk.start : chunk.end] == chunk.text
    assert len(passages) >= 4


def test_every_passage_of_the_colleges_guides_is_quoted_as_it_stands() -> None:
    files = [file for file in find_files(COLLEGES) if file.name.startswith("guides/")]
    assert len(files) >= 5
    for file in files:
        document = load(file.path)
        for chunk in chunk_document(document, file.name, load_tokenizer()):
            assert document.text[chunk.start : chunk.end] == chunk.text, (file.name, chunk.ordinal)


def test_the_real_encoder_finds_what_is_meant(indexed_pack: Pack) -> None:
    encoder = make_embeddings(indexed_pack.settings)
    with indexed_pack.index(encoder) as index, index.snapshot() as snapshot:
        (vector,) = index.embed(["Which month is right for emptying and washing a nest box?"])
        assert names_found(snapshot, vector, 1) == ["guides/nest-boxes.html"]


# --- an index that cannot answer ------------------------------------------------------------------


def snapshot_error(pack: Pack, hashed: HashedEmbeddings) -> Exception:
    """Use every part of a snapshot and return what that raised."""
    with pack.index(hashed) as index:
        try:
            with index.snapshot() as snapshot:
                snapshot.counts()
                snapshot.documents()
                numbers = [number for number, _ in snapshot.lexical_search("robin finch food", 50)]
                snapshot.chunks(range(1, 100))
                snapshot.vectors_of(numbers)
        except Exception as error:
            return error
    raise AssertionError("it can be used")


def close_cleanly(pack: Pack) -> Path:
    """Fold the write-ahead log into the database file, which is then all there is."""
    connection = sqlite3.connect(pack.paths.database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return pack.paths.database


def test_chroma_finds_what_comparing_everything_finds(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    exact, found = (dense_search(small_pack, hashed, exact_chunks=n) for n in (1_000, 0))
    assert [c for _, c in found] == pytest.approx([c for _, c in exact], abs=1e-5)


def test_a_small_index_answers_without_chroma(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    small_pack.reindex(hashed)
    end_vector_servers(small_pack.settings.data_dir)
    shutil.rmtree(small_pack.paths.chroma)
    assert len(dense_search(small_pack, hashed, exact_chunks=1_000)) == 5
    assert not small_pack.paths.chroma.exists(), "nobody started a server"


FILTERS = [
    Filter(kind="passage"),
    Filter(kind="record"),
    Filter(documents=("guides/feeding.md", "birds.csv")),
    Filter(folder="guides"),
    Filter(folder="guide"),
    Filter(types=("html",)),
    Filter(types=("markdown", "table"), kind="passage"),
    Filter(since=date(2024, 6, 1)),
    Filter(until=date(2024, 6, 1)),
    Filter(documents=("nothing.md",)),
]


@pytest.mark.parametrize("within", FILTERS, ids=str)
@pytest.mark.parametrize("exact_chunks", [CHROMA_ALONE, 1_000])
def test_a_filter_is_exact(
    within: Filter, exact_chunks: int, small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.write("guides/old.md", "---\nreviewed: 2023\n---\n# Old food\n\nRobins eat bread.\n")
    small_pack.write("guides/new.md", "---\nreviewed: 2024-06\n---\n# New food\n\nRobins eat.\n")
    small_pack.reindex(hashed)
    robin = query(hashed, "robin food")
    with small_pack.index(hashed, exact_chunks) as index, index.snapshot() as snapshot:
        chunks = snapshot.chunks(range(1, 1000))
        media = {d.name: d for d in snapshot.documents()}
        left = {n for n, c in chunks.items() if is_left(c, media[c.document], within)}
        cosines = {n: float(v @ robin) for n, v in snapshot.vectors_of(sorted(left)).items()}
        found = snapshot.dense_search(robin, 4, within)
        best = sorted(cosines.values(), reverse=True)[:4]
        assert [c for _, c in found] == pytest.approx(best, abs=1e-5)
        said = {n for n, _ in snapshot.lexical_search("robins food eggs", 1000)}
        assert {n for n, _ in snapshot.lexical_search("robins food eggs", 1000, within)} == (
            said & left
        )


def is_left(chunk: Chunk, document: DocumentInfo, within: Filter) -> bool:
    """Say again, in Python and for these documents, what a filter leaves."""
    year = {"guides/old.md": "2023", "guides/new.md": "2024-06"}.get(chunk.document, "2026")
    suffixes = {"html": ".html", "markdown": ".md", "table": ".csv"}
    return (
        within.kind in (None, chunk.kind)
        and (not within.documents or chunk.document in within.documents)
        and (not within.folder or chunk.document.startswith(f"{within.folder}/"))
        and (not within.types or any(chunk.document.endswith(suffixes[t]) for t in within.types))
        and (within.since is None or year >= "2024-06")
        and (within.until is None or year <= "2024-06")
        and document.status == "indexed"
    )


@pytest.mark.parametrize("rest", [b"", b"not a database at all", b"SQLite format 3\0" + b"\7" * 99])
def test_a_database_file_of_garbage(
    rest: bytes, small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    close_cleanly(small_pack).write_bytes(rest)
    error = snapshot_error(small_pack, hashed)
    if not rest:
        assert isinstance(error, IndexMissing), "an empty file is an empty database"
        return
    assert isinstance(error, IndexDamaged)
    assert str(error).startswith("The index index.sqlite3 cannot be used (")
    assert "reindex --rebuild" in error.hint
    with pytest.raises(IndexDamaged):
        small_pack.reindex(hashed)
    small_pack.reindex(hashed, rebuild=True)
    with small_pack.index(hashed) as index, index.snapshot() as snapshot:
        assert snapshot.counts()["documents"] == 4


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_database_file_that_was_cut_short(
    share: float, small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    path = close_cleanly(small_pack)
    os.truncate(path, int(path.stat().st_size * share))
    assert isinstance(snapshot_error(small_pack, hashed), IndexDamaged)
    small_pack.reindex(hashed, rebuild=True)
    assert len(dense_search(small_pack, hashed)) == 5


def test_pages_overwritten_in_the_middle_are_found_by_a_rebuild(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    path = close_cleanly(small_pack)
    content = bytearray(path.read_bytes())
    content[8192:-8192] = os.urandom(len(content) - 16384)
    path.write_bytes(content)
    small_pack.reindex(hashed, rebuild=True)
    engine = db.open_engine(path)
    with engine.begin() as connection:
        db.check_integrity(connection)
    engine.dispose()


def test_vectors_of_garbage_are_mended_by_a_rebuild(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    end_vector_servers(small_pack.settings.data_dir)
    (small_pack.paths.chroma / "data" / "chroma.sqlite3").write_bytes(b"garbage" * 1000)
    with pytest.raises(IndexDamaged) as failure:
        dense_search(small_pack, hashed)
    assert "reindex --rebuild" in failure.value.hint
    hashed.texts.clear()
    small_pack.reindex(hashed, rebuild=True)
    assert not hashed.texts, "the vectors are still in SQL"
    assert len(dense_search(small_pack, hashed)) == 5


def test_vectors_that_are_gone_are_said_to_be(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    small_pack.reindex(hashed)
    connection = ChromaConnection(small_pack.paths.chroma)
    for collection in connection.client().list_collections():
        connection.client().delete_collection(collection.name)
    connection.close()
    with pytest.raises(IndexDamaged, match="vectors in Chroma"):
        dense_search(small_pack, hashed)
    small_pack.reindex(hashed)
    assert len(dense_search(small_pack, hashed)) == 5


def test_chunks_that_are_not_yet_shown_crowd_nobody_out(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    with small_pack.index(hashed) as index, index.snapshot() as snapshot:
        known = snapshot.chunks(range(1, 1_000))
        chunk = next(iter(known.values()))
    coming = replace(chunk, text="bird feeder " * 5, header="bird feeder")
    with LexicalIndex(small_pack.paths.lexical).writing() as lexical:
        lexical.add((number, coming) for number in range(1_000, 1_200))
        lexical.commit()
    with small_pack.index(hashed) as index, index.snapshot() as snapshot:
        found = [number for number, _ in snapshot.lexical_search("bird feeder", 3)]
    assert len(found) == 3 and set(found) <= known.keys()


def test_an_index_of_another_version_is_made_again(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    connection = sqlite3.connect(small_pack.paths.database)
    connection.execute("DROP TABLE index_state")
    connection.execute("CREATE TABLE index_state (columns_of_another_time TEXT)")
    connection.execute("PRAGMA user_version = 999")
    connection.commit()
    connection.close()
    error = snapshot_error(small_pack, hashed)
    assert isinstance(error, IndexMismatch) and "another version" in str(error)
    assert len(small_pack.reindex(hashed).added) == 4
    assert len(dense_search(small_pack, hashed)) == 5


def test_our_own_mistakes_are_not_called_damage(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    small_pack.reindex(hashed)
    mistaken = sa.select(db.chunks).where(db.chunks.c.number == sa.bindparam("forgotten"))
    with (
        small_pack.index(hashed) as index,
        pytest.raises(sa.exc.StatementError, match="forgotten"),
        index.snapshot() as snapshot,
    ):
        snapshot.connection.execute(mistaken)


def test_a_folder_name_with_signs_that_mean_something_in_addresses(
    tmp_path: Path, hashed: HashedEmbeddings
) -> None:
    pack = Pack.make(tmp_path / "100% ?mode=ro&x=#1 'é\"")
    pack.reindex(hashed)
    assert pack.paths.database.is_file()
    assert len(dense_search(pack, hashed)) == 5
    end_vector_servers(tmp_path)
