from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ingest.documents import Chunk, ChunkKind
from ingest.errors import IndexDamaged
from ingest.lexical import LexicalIndex, LexicalSearcher

TEXTS = {
    1: ("Guide > Forms", "The F-1 form is filed in March. Part A-1042 costs nothing."),
    2: ("Guide > Grants", "A grant is money that nobody pays back. Applying is free."),
    3: ("Guide > Loans", "A loan is paid back with interest; a grant is not."),
    4: ("Guide > Savings", "A 401k is left out. AP exams and the café are not."),
}


def chunk(
    number: int, header: str, text: str, kind: ChunkKind = "passage", document: str = "guide.md"
) -> tuple[int, Chunk]:
    return number, Chunk(
        chunk_id=f"c{number}",
        document=document,
        ordinal=number,
        text=text,
        header=header,
        start=0,
        end=len(text),
        kind=kind,
    )


def write(index: LexicalIndex, *chunks: tuple[int, Chunk]) -> None:
    with index.writing() as writer:
        writer.add(chunks)
        writer.commit()


def numbers(searcher: LexicalSearcher, query: str, k: int = 5) -> list[int]:
    return [number for number, _ in searcher.search(query, k)]


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    index = LexicalIndex(tmp_path / "lexical")
    assert index.prepare() is False
    write(index, *(chunk(n, header, text) for n, (header, text) in TEXTS.items()))
    return index


def test_words_are_stemmed_and_headings_count_more(index: LexicalIndex) -> None:
    found = index.searcher().search("how do I apply for grants?", 2)
    assert [number for number, _ in found] == [2, 3]
    assert found[0][1] > found[1][1] > 0


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("F-1", [1]),
        ("a-1042", [1]),
        ("401k", [4]),
        ("AP", [4]),
        ("cafe", [4]),
        ("the", [1, 4]),
        ("loans, and the of", [3]),
    ],
)
def test_codes_and_phrases_are_kept(index: LexicalIndex, query: str, expected: list[int]) -> None:
    assert sorted(numbers(index.searcher(), query)) == sorted(expected)


def test_a_quoted_phrase_counts_beside_its_words(index: LexicalIndex) -> None:
    searcher = index.searcher()
    assert numbers(searcher, "“nobody pays back”")[0] == 2
    assert searcher.search("“nobody pays”", 1)[0][1] > searcher.search("nobody pays", 1)[0][1]


def test_one_kind_and_some_documents_are_found_alone(index: LexicalIndex) -> None:
    write(
        index,
        chunk(5, "Grants", "A grant.", kind="record", document="table.csv"),
        chunk(6, "Grants", "A grant.", document="other.md"),
    )
    searcher = index.searcher()

    def found(kind: ChunkKind | None, documents: Sequence[str] | None) -> set[int]:
        return {n for n, _ in searcher.search("grants", 9, kind, documents)}

    assert found(None, None) == {2, 3, 5, 6}
    assert found("passage", None) == {2, 3, 6}
    assert found("record", None) == {5}
    assert found("passage", ["other.md", "none.md"]) == {6}
    assert found(None, []) == set()


def test_a_filter_does_not_change_the_scores(index: LexicalIndex) -> None:
    searcher = index.searcher()
    free, bound = (dict(searcher.search("grant money", 5, kind)) for kind in (None, "passage"))
    assert free == pytest.approx(bound)


def test_what_is_removed_is_not_found(index: LexicalIndex) -> None:
    with index.writing() as writer:
        writer.remove([2, 99])
        writer.commit()
    searcher = index.searcher()
    assert numbers(searcher, "grant") == [3]
    assert searcher.numbers().tolist() == [1, 3, 4] and len(searcher) == 3


def test_a_searcher_stays_at_its_moment(index: LexicalIndex) -> None:
    before = index.searcher("first")
    write(index, chunk(5, "", "A wren."), chunk(2, "", "Replaced."))
    assert index.searcher("first") is before
    assert numbers(before, "wren") == [] and numbers(before, "money") == [2]
    after = index.searcher("second")
    assert numbers(after, "wren") == [5] and numbers(after, "money") == []
    assert numbers(after, "replaced") == [2]


def test_what_was_not_committed_is_forgotten(index: LexicalIndex) -> None:
    with pytest.raises(RuntimeError, match="power cut"), index.writing() as writer:
        writer.add([chunk(7, "", "A wren.")])
        raise RuntimeError("power cut")
    assert numbers(index.searcher(), "wren") == []
    write(index, chunk(8, "", "A wren."))
    assert numbers(index.searcher(), "wren") == [8]


@pytest.mark.parametrize(
    "query",
    ['"', "a AND (", "NEAR(x y)", "text:*", "'; DROP TABLE chunks; --", "", "^^^", "🙂" * 50],
)
def test_no_query_is_syntax(query: str, index: LexicalIndex) -> None:
    index.searcher().search(query, 3)
    assert numbers(index.searcher(), "grant")


def test_a_broken_index_is_said_and_made_again(index: LexicalIndex, tmp_path: Path) -> None:
    (tmp_path / "lexical" / "meta.json").write_text("{")
    again = LexicalIndex(tmp_path / "lexical")
    with pytest.raises(IndexDamaged, match="full-text index cannot be used"):
        again.searcher()
    assert again.prepare() is False
    assert len(again.searcher()) == 0
    write(again, chunk(1, "", "A wren."))
    assert again.prepare() is True and numbers(again.searcher(), "wren") == [1]


def test_a_missing_index_is_not_made_by_a_reader(tmp_path: Path) -> None:
    with pytest.raises(IndexDamaged, match="not there"):
        LexicalIndex(tmp_path / "lexical").searcher()
    assert not (tmp_path / "lexical").exists()
