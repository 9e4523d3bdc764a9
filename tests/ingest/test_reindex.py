"""What a reindex does with each kind of change, told by its report and seen by a reader."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from ingest.errors import CorpusError, IndexMismatch
from ingest.index import DocumentInfo
from ingest.lexical import LexicalIndex
from ingest.progress import ReindexReport
from ingest.records import record_table, value_column
from ingest.reindex import Reindexer
from tests.packs import DOCUMENTS, TABLE, HashedEmbeddings, Pack

NOT_A_PDF = b"%PDF-1.7\nthe rest never came"


def documents(pack: Pack, hashed: HashedEmbeddings) -> dict[str, DocumentInfo]:
    with pack.index(hashed) as index, index.snapshot() as snapshot:
        return {document.name: document for document in snapshot.documents()}


def texts(pack: Pack, hashed: HashedEmbeddings) -> str:
    with pack.index(hashed) as index, index.snapshot() as snapshot:
        return "\n".join(chunk.text for chunk in snapshot.chunks(range(1, 1000)).values())


def field_values(pack: Pack, hashed: HashedEmbeddings, key: str) -> dict[str, object]:
    table = record_table(pack.card.tables[0])
    with pack.index(hashed) as index, index.snapshot() as snapshot:
        rows = snapshot.connection.execute(sa.select(table.c.name, value_column(table, key)))
        return {name: value for name, value in rows}


def vectors_in_chroma(pack: Pack, hashed: HashedEmbeddings) -> set[str]:
    """Return the ids that Chroma holds, known to SQL or not."""
    with pack.index(hashed) as index, index.snapshot() as snapshot:
        return snapshot._shared.vectors.ids()


def chunk_ids(pack: Pack, hashed: HashedEmbeddings) -> set[str]:
    with pack.index(hashed) as index, index.snapshot() as snapshot:
        return {chunk.chunk_id for chunk in snapshot.chunks(range(1, 1000)).values()}


def age(path: Path, seconds: float = 3600) -> None:
    """Make a file look as if it was written a while ago."""
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_the_first_run_indexes_everything(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    report = small_pack.reindex(hashed)
    assert report.added == DOCUMENTS and report.generation == 1
    assert (report.changed, report.removed, report.unchanged, report.failed) == ([], [], 0, {})
    found = documents(small_pack, hashed)
    assert {d.kind for d in found.values()} == {"table", "document"}
    assert found["birds.csv"].title == "Birds" and found["birds.csv"].vintage == "2025"
    assert report.chunks == len(chunk_ids(small_pack, hashed))
    assert vectors_in_chroma(small_pack, hashed) == chunk_ids(small_pack, hashed)
    assert field_values(small_pack, hashed, "weight")["Magpie"] == 220
    assert report.embedded == len(set(hashed.texts))


def test_a_run_with_nothing_to_do_does_nothing(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    small_pack.reindex(hashed)
    hashed.texts.clear()
    report = small_pack.reindex(hashed)
    assert report.unchanged == len(DOCUMENTS) and report.generation == 1
    assert report.embedded == 0 and not hashed.texts
    assert report.seconds < 1


def test_only_what_changed_is_embedded(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    small_pack.reindex(hashed)
    hashed.texts.clear()
    small_pack.edit("guides/feeding.md", "Mouldy food must go", "Wet food must go")
    report = small_pack.reindex(hashed)
    assert report.changed == ["guides/feeding.md"] and report.unchanged == 3
    assert report.generation == 2
    assert len(hashed.texts) == report.embedded == 1 and "Wet food" in hashed.texts[0]
    shown = texts(small_pack, hashed)
    assert "Wet food" in shown and "Mouldy" not in shown
    assert vectors_in_chroma(small_pack, hashed) == chunk_ids(small_pack, hashed)


def test_added_and_removed_files(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    small_pack.reindex(hashed)
    small_pack.write("guides/owls.md", "# Owls\n\nOwls hunt voles at dusk.\n")
    (small_pack.folder / "guides/watching.txt").unlink()
    report = small_pack.reindex(hashed)
    assert (report.added, report.removed) == (["guides/owls.md"], ["guides/watching.txt"])
    assert "guides/watching.txt" not in documents(small_pack, hashed)
    assert "voles" in texts(small_pack, hashed) and "sunrise" not in texts(small_pack, hashed)
    with small_pack.index(hashed) as index, index.snapshot() as snapshot:
        assert snapshot.lexical_search("voles", 5) and not snapshot.lexical_search("sunrise", 5)


def test_a_renamed_file_costs_no_embedding(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    small_pack.reindex(hashed)
    (small_pack.folder / "guides/feeding.md").rename(small_pack.folder / "guides/food.md")
    report = small_pack.reindex(hashed)
    assert (report.added, report.removed) == (["guides/food.md"], ["guides/feeding.md"])
    assert report.embedded == 0 and report.generation == 2
    assert vectors_in_chroma(small_pack, hashed) == chunk_ids(small_pack, hashed)


def test_two_files_of_the_same_content_are_both_indexed(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    content = (small_pack.folder / "guides/feeding.md").read_bytes()
    small_pack.write("guides/feeding-copy.md", content)
    small_pack.write("guides/again.md", "# Again\n\n" + "Birds sing at dawn.\n\n" * 400)
    report = small_pack.reindex(hashed)
    assert not report.failed
    assert {"guides/feeding.md", "guides/feeding-copy.md"} <= set(documents(small_pack, hashed))


def test_a_touched_file_is_unchanged(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    small_pack.reindex(hashed)
    os.utime(small_pack.folder / "guides/feeding.md", (1, 1))
    report = small_pack.reindex(hashed)
    assert report.unchanged == len(DOCUMENTS) and report.generation == 1


def test_an_edit_within_the_clocks_tick_is_seen(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    path = small_pack.folder / "guides/watching.txt"
    small_pack.reindex(hashed)
    before = path.stat()
    small_pack.edit("guides/watching.txt", "three metres", "seven metres")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert small_pack.reindex(hashed).changed == ["guides/watching.txt"]


def test_files_that_are_surely_unchanged_are_not_even_opened(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    path = small_pack.folder / "guides/watching.txt"
    age(path)
    small_pack.reindex(hashed)
    before = path.stat()
    small_pack.edit("guides/watching.txt", "three metres", "seven metres")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    # The price of a fast run, paid only where somebody sets a file's time back on purpose.
    assert small_pack.reindex(hashed).unchanged == len(DOCUMENTS)
    assert small_pack.reindex(hashed, rebuild=True).generation == 2
    assert "seven metres" in texts(small_pack, hashed)


# --- what cannot be read --------------------------------------------------------------------------


def test_a_broken_file_keeps_its_last_good_version(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    good = (small_pack.folder / "guides/feeding.md").read_bytes()
    small_pack.write("guides/feeding.md", NOT_A_PDF)
    for _ in range(2):
        report = small_pack.reindex(hashed)
        assert list(report.failed) == ["guides/feeding.md"] and report.generation == 1
        kept = documents(small_pack, hashed)["guides/feeding.md"]
        assert kept.stale and kept.reason == report.failed["guides/feeding.md"]
        assert kept.status == "indexed" and "nyjer" in texts(small_pack, hashed)
    small_pack.write("guides/feeding.md", good)
    assert not small_pack.reindex(hashed).failed
    mended = documents(small_pack, hashed)["guides/feeding.md"]
    assert not mended.stale and not mended.reason


def test_a_file_put_back_with_its_old_time_is_not_stale_any_more(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    path = small_pack.folder / "guides/feeding.md"
    age(path)
    good, before = path.read_bytes(), path.stat()
    small_pack.reindex(hashed)
    path.write_bytes(NOT_A_PDF)
    assert small_pack.reindex(hashed).failed
    path.write_bytes(good)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    small_pack.reindex(hashed)
    assert not documents(small_pack, hashed)["guides/feeding.md"].stale


def test_a_file_that_never_could_be_read_is_remembered_until_it_goes(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    path = small_pack.write("guides/scan.pdf", NOT_A_PDF)
    first = small_pack.reindex(hashed)
    assert list(first.failed) == ["guides/scan.pdf"] and "guides/scan.pdf" not in first.added
    again = small_pack.reindex(hashed)
    assert again.failed == first.failed and again.generation == 1, "nothing changed"
    assert documents(small_pack, hashed)["guides/scan.pdf"].status == "failed"
    path.unlink()
    report = small_pack.reindex(hashed)
    assert not report.failed and not report.removed, "of what was never indexed nothing is removed"
    assert "guides/scan.pdf" not in documents(small_pack, hashed)


def test_a_file_that_is_mended_is_added(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    small_pack.write("guides/owls.md", NOT_A_PDF)
    small_pack.reindex(hashed)
    small_pack.write("guides/owls.md", "# Owls\n\nOwls hunt voles at dusk.\n")
    report = small_pack.reindex(hashed)
    assert report.added == ["guides/owls.md"] and not report.failed
    assert documents(small_pack, hashed)["guides/owls.md"].status == "indexed"


def test_broken_rows_are_warned_about_and_the_others_kept(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.write("birds.csv", TABLE + "13,Starling,,Starlings,heavy,40,5\n")
    report = small_pack.reindex(hashed)
    assert (
        report.warnings == {"birds.csv": ["row 14: weight is 'heavy', which is not a number"]}
        and list(documents(small_pack, hashed)["birds.csv"].warnings)
        == report.warnings["birds.csv"]
    )
    assert len(field_values(small_pack, hashed, "weight")) == 12


def test_a_table_that_is_gone_stops_the_run(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    small_pack.reindex(hashed)
    (small_pack.folder / "birds.csv").unlink()
    with pytest.raises(CorpusError, match=r"declares the table birds\.csv"):
        small_pack.reindex(hashed)
    assert len(field_values(small_pack, hashed, "weight")) == 12


# --- the card -------------------------------------------------------------------------------------


def test_a_card_that_says_more_about_a_table_reads_it_again(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    small_pack.edit("domain.toml", 'label = "Weight"', 'label = "Body mass"')
    report = small_pack.reindex(hashed)
    assert report.reread == ["birds.csv"] and report.generation == 2
    assert "Body mass: 18" in texts(small_pack, hashed)


def test_a_field_of_another_type_is_stored_as_that_type(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    assert field_values(small_pack, hashed, "weight")["Goldcrest"] == 6.0
    small_pack.edit(
        "domain.toml", 'label = "Weight"\ntype = "number"', 'label = "Weight"\ntype = "text"'
    )
    small_pack.reindex(hashed)
    assert field_values(small_pack, hashed, "weight")["Goldcrest"] == "6"


def test_a_new_field_is_filled_for_every_row(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    small_pack.reindex(hashed)
    before = small_pack.card
    small_pack.edit(
        "domain.toml",
        '[[tables.fields]]\nkey = "eggs"',
        '[[tables.fields]]\nkey = "brood"\ncolumn = "eggs"\nlabel = "Brood"\ntype = "text"\n\n'
        '[[tables.fields]]\nkey = "eggs"',
    )
    with pytest.raises(IndexMismatch, match="tables"):
        field_values(small_pack, hashed, "brood")
    small_pack.reindex(hashed)
    assert field_values(small_pack, hashed, "brood")["Great tit"] == "8"
    assert before != small_pack.card


def test_a_card_that_its_table_does_not_match_changes_nothing(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    good = (small_pack.folder / "domain.toml").read_text()
    small_pack.edit("domain.toml", 'key = "eggs"', 'key = "eggz"')
    small_pack.edit("domain.toml", '"eggs"]', '"eggz"]')
    small_pack.write("guides/owls.md", "# Owls\n\nOwls hunt voles at dusk.\n")
    with pytest.raises(CorpusError, match="no column 'eggz'"):
        small_pack.reindex(hashed)
    small_pack.write("domain.toml", good)
    assert len(field_values(small_pack, hashed, "eggs")) == 12
    assert "voles" not in texts(small_pack, hashed)


def test_a_table_that_is_no_table_any_more(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    small_pack.reindex(hashed)
    card = (small_pack.folder / "domain.toml").read_text()
    small_pack.write("domain.toml", card.partition("[[tables]]")[0])
    assert small_pack.reindex(hashed).reread == ["birds.csv"]
    with small_pack.index(hashed) as index, index.snapshot() as snapshot:
        tables = sa.inspect(snapshot.connection).get_table_names()
        assert not [name for name in tables if name.startswith("records_")]
    assert documents(small_pack, hashed)["birds.csv"].kind == "document"


def test_a_new_vintage_reaches_the_tables(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    small_pack.reindex(hashed)
    small_pack.edit("domain.toml", 'vintage = "2025"', 'vintage = "2026"')
    small_pack.reindex(hashed)
    assert documents(small_pack, hashed)["birds.csv"].vintage == "2026"


def test_new_examples_of_the_card_are_embedded(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    small_pack.reindex(hashed)
    small_pack.edit("domain.toml", "Recommend a film", "Recommend a novel")
    hashed.texts.clear()
    assert small_pack.reindex(hashed).generation == 1
    assert hashed.texts == ["Recommend a novel"]
    with small_pack.index(hashed) as index:
        assert len(index.embed(small_pack.card.example_texts())) == 20
    assert hashed.texts == ["Recommend a novel"], "who asks finds them all made"


# --- rebuilding -----------------------------------------------------------------------------------


def test_a_rebuild_reads_everything_and_embeds_what_is_new(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    report = small_pack.reindex(hashed, rebuild=True)
    assert report.reread == DOCUMENTS and report.unchanged == 0 and report.generation == 2
    assert not report.changed
    assert vectors_in_chroma(small_pack, hashed) == chunk_ids(small_pack, hashed)


def test_another_model_rebuilds_beside_the_live_index(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    class FailsHalfway(HashedEmbeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            raise KeyboardInterrupt

    small_pack.reindex(hashed)
    with pytest.raises(KeyboardInterrupt):
        small_pack.reindex(FailsHalfway("b", dimension=32))
    robin = np.asarray(hashed.embed_query("robin"), dtype=np.float32)
    with small_pack.index(hashed) as index, index.snapshot() as snapshot:
        assert snapshot.generation == 1 and len(snapshot.dense_search(robin, 5)) == 5

    other = HashedEmbeddings("b", dimension=32)
    words = segments(small_pack)
    report = small_pack.reindex(other)
    assert segments(small_pack) == words, "the words are not the model's"
    assert report.embedded and report.unchanged == len(DOCUMENTS) and report.generation == 2
    with pytest.raises(IndexMismatch, match="hashed-b, but the settings name hashed-a"):
        documents(small_pack, hashed)
    assert vectors_in_chroma(small_pack, other) == chunk_ids(small_pack, other)


def segments(pack: Pack) -> list[tuple[str, object]]:
    """The parts of the full-text index, and what was deleted from each."""
    meta = json.loads((pack.paths.lexical / "meta.json").read_text())
    return [(segment["segment_id"], segment["deletes"]) for segment in meta["segments"]]


def test_another_model_gives_back_the_words_that_were_lost(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    lexical = LexicalIndex(small_pack.paths.lexical)
    with lexical.writing() as writer:
        writer.remove([1, 2])
        writer.commit()
    small_pack.reindex(HashedEmbeddings("b", dimension=32))
    assert lexical.searcher().numbers()[:3].tolist() == [1, 2, 3]


def test_models_without_a_digest_are_told_apart_by_name(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    other = HashedEmbeddings("b")
    hashed.digest = other.digest = ""
    small_pack.reindex(hashed)
    with pytest.raises(IndexMismatch):
        documents(small_pack, other)
    assert small_pack.reindex(other).embedded > 0
    assert documents(small_pack, other)


def test_vectors_that_chroma_lost_come_back_without_the_model(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    with small_pack.index(hashed) as index, index.snapshot() as snapshot:
        snapshot._shared.vectors.delete(sorted(chunk_ids(small_pack, hashed))[:3])
    hashed.texts.clear()
    assert small_pack.reindex(hashed).generation == 2
    assert not hashed.texts
    assert vectors_in_chroma(small_pack, hashed) == chunk_ids(small_pack, hashed)


@pytest.mark.parametrize("lost", ["lexical/meta.json", "*.f32"])
def test_files_that_are_made_from_the_database_come_back(
    lost: str, small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    def found() -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        with small_pack.index(hashed) as index, index.snapshot() as snapshot:
            robin = np.asarray(hashed.embed_query("robin"), dtype=np.float32)
            return snapshot.lexical_search("robin food", 5), snapshot.dense_search(robin, 5)

    small_pack.reindex(hashed)
    before = found()
    for path in small_pack.paths.folder.glob(lost):
        path.unlink()
    hashed.texts.clear()
    assert small_pack.reindex(hashed).generation == 2
    assert not hashed.texts, "the vectors are still in SQL"
    assert found() == before
    assert small_pack.reindex(hashed).generation == 2, "nothing is missing any more"


def test_nothing_of_what_was_removed_stays_in_any_file(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    (small_pack.folder / "guides/feeding.md").unlink()
    small_pack.reindex(hashed)
    with small_pack.index(hashed) as index, index.snapshot() as snapshot:
        known = {number for number in snapshot.chunks(range(1, 1000))}
        assert LexicalIndex(small_pack.paths.lexical).searcher().numbers().tolist() == sorted(known)
    assert vectors_in_chroma(small_pack, hashed) == chunk_ids(small_pack, hashed)
    small_pack.reindex(HashedEmbeddings("b", dimension=32))
    assert len(list(small_pack.paths.folder.glob("*.f32"))) == 1


def test_numbers_given_to_a_reindex_that_was_cut_short_are_given_again(
    small_pack: Pack, hashed: HashedEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pack.reindex(hashed)
    small_pack.write("guides/owls.md", "# Owls\n\nOwls hunt voles at dusk.\n")
    with monkeypatch.context() as patch:
        patch.setattr(Reindexer, "_count_up", mock_power_cut)
        with pytest.raises(KeyboardInterrupt):
            small_pack.reindex(hashed)
    small_pack.write("guides/owls.md", "# Gulls\n\nGulls steal chips at noon.\n")
    small_pack.reindex(hashed)
    with small_pack.index(hashed) as index, index.snapshot() as snapshot:
        assert snapshot.lexical_search("voles", 5) == []
        ((number, _),) = snapshot.lexical_search("chips", 5)
        assert snapshot.chunks([number])[number].header == "Gulls"
        gulls = np.asarray(hashed.embed_query("Gulls\nGulls steal chips at noon."), np.float32)
        assert snapshot.dense_search(gulls, 1)[0] == (number, pytest.approx(1.0, abs=1e-5))


def mock_power_cut(*_: object) -> None:
    raise KeyboardInterrupt


def cached(pack: Pack) -> int:
    with closing(sqlite3.connect(pack.paths.database)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM embeddings").fetchone()
        return int(count)


def reindex_keeping(pack: Pack, hashed: HashedEmbeddings, vectors: int) -> ReindexReport:
    """Reindex with room for so many vectors of texts that are in use no more."""
    space = vectors * 4 * hashed.dimension
    return Reindexer(pack.folder, pack.card, pack.paths, hashed, cache_bytes=space).run()


def test_vectors_of_a_text_that_went_and_comes_back_are_not_made_again(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    before = cached(small_pack)
    guide = small_pack.folder / "guides/feeding.md"
    content = guide.read_bytes()
    guide.unlink()
    small_pack.reindex(hashed)
    small_pack.write("guides/food.md", content)
    hashed.texts.clear()
    assert small_pack.reindex(hashed).added == ["guides/food.md"]
    assert not hashed.texts and cached(small_pack) == before


def test_of_vectors_in_use_no_more_the_oldest_go_first(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    before = cached(small_pack)
    for bird in ("owl", "gull", "swan"):
        small_pack.write("guides/more.md", f"# More\n\nThe {bird} comes at dusk.\n")
        reindex_keeping(small_pack, hashed, 1)
    assert cached(small_pack) == before + 2, "the swan's, and the gull's, which is the latest"
    hashed.texts.clear()
    for bird in ("gull", "owl"):
        small_pack.write("guides/more.md", f"# More\n\nThe {bird} comes at dusk.\n")
        reindex_keeping(small_pack, hashed, 1)
    assert [text.splitlines()[1] for text in hashed.texts] == ["The owl comes at dusk."]
    (small_pack.folder / "guides/more.md").unlink()
    reindex_keeping(small_pack, hashed, 0)
    assert cached(small_pack) == before


def test_another_models_vectors_are_the_first_to_be_of_no_use(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    before = cached(small_pack)
    other = HashedEmbeddings("b")
    small_pack.reindex(other)
    assert cached(small_pack) == 2 * before
    hashed.texts.clear()
    small_pack.reindex(hashed)
    assert not hashed.texts, "back to the first model without a word embedded"
    reindex_keeping(small_pack, other, 0)
    assert cached(small_pack) == before
