"""The state of an index as one value."""

from __future__ import annotations

import io
import zipfile

import pytest

from ingest.errors import IndexMissing
from ingest.status import IndexStatus, TypeCount, index_status
from tests.packs import DOCUMENTS, HashedEmbeddings, Pack


def status(pack: Pack, hashed: HashedEmbeddings) -> IndexStatus:
    with pack.index(hashed) as index:
        return index_status(index, pack.folder)


def test_what_is_indexed_is_counted_by_type(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    small_pack.reindex(hashed)
    found = status(small_pack, hashed)
    assert found.healthy and found.indexed == DOCUMENTS and found.changed == []
    csv = (small_pack.folder / "birds.csv").stat().st_size
    assert found.types["text/csv"] == TypeCount(documents=1, chunks=12, bytes=csv)
    assert sum(count.documents for count in found.types.values()) == found.documents == 4
    assert sum(count.chunks for count in found.types.values()) == found.chunks
    assert found.sizes.keys() == {"database", "full_text", "vectors", "chroma"}
    assert all(size > 0 for size in found.sizes.values())
    assert found.embedding == "hashed-a" and found.generation == 1


def test_what_changed_since_is_listed(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("owls.md", "# Owls\n\nOwls hunt voles at dusk.\n")
    small_pack.write("more.zip", packed.getvalue())
    small_pack.reindex(hashed)
    found = status(small_pack, hashed)
    assert "more.zip/owls.md" in found.indexed and found.changed == []
    small_pack.write("guides/gulls.md", "# Gulls\n")
    small_pack.write("guides/feeding.md", "# Feeding\n\nNothing more.\n")
    (small_pack.folder / "guides/watching.txt").unlink()
    expected = ["guides/feeding.md", "guides/gulls.md", "guides/watching.txt"]
    assert status(small_pack, hashed).changed == expected


def test_what_failed_and_what_is_stale_have_their_reasons(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.reindex(hashed)
    small_pack.write("guides/feeding.md", b"%PDF-1.7\nthe rest never came")
    small_pack.write("guides/scan.pdf", b"%PDF-1.7\nthe rest never came")
    small_pack.reindex(hashed)
    found = status(small_pack, hashed)
    assert not found.healthy
    assert list(found.failed) == ["guides/scan.pdf"] and found.failed["guides/scan.pdf"]
    assert list(found.stale) == ["guides/feeding.md"] and found.stale["guides/feeding.md"]
    assert found.to_json()["stale"] == found.stale


def test_without_an_index_there_is_no_status(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    with pytest.raises(IndexMissing):
        status(small_pack, hashed)
