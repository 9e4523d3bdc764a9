"""Looking into the corpus: places and their neighbours, files, rows by the page, names as typed."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.library import Library, Passage, Place, Row
from bot.name_search import folded
from bot.record_pages import NAME, PAGE_ROWS, RowsWanted
from bot.retriever import HybridRetriever
from tests.packs import HashedEmbeddings, Pack, end_vector_servers

FIELDS = ("family", "weight")
MANY = 60


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pack]:
    """The small pack with more rows than a page has, one of them without a figure."""
    root = tmp_path_factory.mktemp("library")
    pack = Pack.make(root)
    rows = "".join(f"{100 + n},Dipper {n},,Dippers,{n},,\n" for n in range(MANY))
    pack.edit("birds.csv", "12,Wood", f"{rows}13,Ostrich % _,Émeu,Ostriches,,,\n12,Wood")
    pack.reindex(HashedEmbeddings())
    yield pack
    end_vector_servers(root)


@pytest.fixture(scope="module")
def library(pack: Pack) -> Iterator[Library]:
    with pack.index(HashedEmbeddings()) as index:
        yield Library(index, pack.folder, HybridRetriever(index, reranker=None))


# --- places -----------------------------------------------------------------------------------


def test_every_passage_leads_to_the_next_and_back(library: Library) -> None:
    for document in ("guides/feeding.md", "guides/nest-boxes.html", "guides/watching.txt"):
        seen: list[Passage] = []
        place: Place | None = Place(document)
        while place is not None:
            source = library.source(place)
            assert isinstance(source, Passage)
            seen.append(source)
            place = source.neighbours[1]
        assert [one.number for one in seen] == list(range(1, len(seen) + 1))
        assert all(one.of == len(seen) for one in seen)
        for before, after in pairwise(seen):
            assert library.source(after.neighbours[0]) == before
        assert seen[0].neighbours[0] is None


def test_a_passage_stands_between_what_is_before_and_after_it(library: Library) -> None:
    source = library.source(Place("guides/feeding.md", 10**6))
    assert isinstance(source, Passage)
    assert source.chunk.text.startswith("Bread fills a bird")
    assert "sunflower hearts" in source.before
    assert {"What to offer", "What to leave out"} <= source.headings


def test_a_row_has_all_its_cells_and_its_neighbours(library: Library) -> None:
    source = library.source(Place("birds.csv", row=3))
    assert isinstance(source, Row)
    assert {fact.label: fact.display for fact in source.evidence.facts}["Weight"] == "9"
    assert source.neighbours == (Place("birds.csv", row=2), Place("birds.csv", row=4))
    first = library.source(Place("birds.csv"))
    assert isinstance(first, Row) and first.evidence.row == 2 and first.neighbours[0] is None


@pytest.mark.parametrize(
    "place",
    [
        Place(""),
        Place("no-such.md"),
        Place("domain.toml"),
        Place("../pack/birds.csv"),
        Place("birds.csv", row=10**30),
        Place("birds.csv", row=0),
        Place("guides/feeding.md", start=-1),
        Place("guides/feeding.md' OR 1=1 --"),
    ],
)
def test_what_is_not_there_is_nothing(library: Library, place: Place) -> None:
    assert library.source(place) is None


# --- files ------------------------------------------------------------------------------------


def test_only_documents_of_the_index_are_files(library: Library, pack: Pack) -> None:
    assert library.file_of("birds.csv") == pack.folder / "birds.csv"
    for name in ("domain.toml", "../data", "/etc/passwd", "guides/../domain.toml", "", "guides"):
        assert library.file_of(name) is None


def test_a_file_that_became_a_link_out_of_the_pack_is_none(library: Library, pack: Pack) -> None:
    path = pack.folder / "guides/watching.txt"
    kept = path.read_bytes()
    try:
        path.unlink()
        assert library.file_of("guides/watching.txt") is None
        path.symlink_to("/etc/hostname")
        assert library.file_of("guides/watching.txt") is None
    finally:
        path.unlink()
        path.write_bytes(kept)


def test_a_file_that_changed_is_not_as_indexed(library: Library, pack: Pack) -> None:
    path = pack.folder / "guides/nest-boxes.html"
    assert library.is_as_indexed("guides/nest-boxes.html", path)
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert not library.is_as_indexed("guides/nest-boxes.html", path)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert not library.is_as_indexed("no-such.md", path)


def test_an_escaped_name_finds_its_file(tmp_path: Path) -> None:
    pack = Pack.make(tmp_path)
    pack.write("guides/two\nlines.md", "# Owls\n\nOwls hunt at night and hear very well.\n")
    pack.reindex(HashedEmbeddings())
    with pack.index(HashedEmbeddings()) as index:
        library = Library(index, pack.folder, HybridRetriever(index, reranker=None))
        (name,) = [one.name for one in library.state().documents if "lines" in one.name]
        found = library.file_of(name)
        assert found is not None and found.name == "two\nlines.md"
    end_vector_servers(tmp_path)


def test_a_document_in_an_archive_is_found_in_its_archive(tmp_path: Path) -> None:
    pack = Pack.make(tmp_path)
    with zipfile.ZipFile(pack.folder / "more.zip", "w") as archive:
        archive.writestr("inside/owls.md", "# Owls\n\nOwls hunt at night and hear very well.\n")
    pack.reindex(HashedEmbeddings())
    with pack.index(HashedEmbeddings()) as index:
        library = Library(index, pack.folder, HybridRetriever(index, reranker=None))
        (name,) = [one.name for one in library.state().documents if "owls" in one.name]
        assert library.file_of(name) is None
        archive = library.archive_of(name)
        assert archive is not None and archive.path == pack.folder / "more.zip"
        assert library.archive_of("birds.csv") is library.archive_of("more.zip/no.md") is None
    end_vector_servers(tmp_path)


# --- rows -------------------------------------------------------------------------------------


def names(library: Library, **wanted: object) -> list[str]:
    page = library.rows(RowsWanted(table="birds", fields=FIELDS, **wanted))  # type: ignore[arg-type]
    return [str(row[0]) for row in page.table.rows]


def test_pages_hold_every_row_once_in_every_order(library: Library) -> None:
    for order in (NAME, "weight"):
        for descending in (False, True):
            seen: list[tuple[object, ...]] = []
            for n in range(1, 4):
                wanted = RowsWanted("birds", FIELDS, order=order, descending=descending, page=n)
                page = library.rows(wanted)
                assert page.total == MANY + 13 and page.pages == 3
                assert page.first == (n - 1) * PAGE_ROWS + 1
                seen += page.table.rows
            assert len({row[0] for row in seen}) == MANY + 13
            if order == NAME:
                assert [r[0] for r in seen] == sorted((r[0] for r in seen), reverse=descending)
            else:
                figures = [row[2] for row in seen if row[2] is not None]
                assert figures == sorted(figures, reverse=descending)
                assert seen[-1][2] is None  # what is not reported comes last, either way


def test_a_page_beyond_the_last_is_the_last(library: Library) -> None:
    page = library.rows(RowsWanted("birds", FIELDS, page=10**9))
    assert page.number == 3 and len(page.table.rows) == (MANY + 13) % PAGE_ROWS


def test_rows_are_chosen_by_name_category_and_figure(library: Library) -> None:
    assert names(library, text="redbreast") == ["European robin"]
    assert names(library, text="tit blue") == ["Blue tit"]
    assert names(library, categories={"family": ("Finches",)}) == ["Chaffinch", "Goldfinch"]
    assert names(library, ranges={"weight": (200.0, None)}, order="weight") == [
        "Magpie",
        "Wood pigeon",
    ]
    assert names(library, ranges={"weight": (6.0, 6.0)}, order=NAME) == ["Dipper 6", "Goldcrest"]


def test_what_is_typed_is_no_pattern_and_no_sql(library: Library) -> None:
    assert names(library, text="% _") == ["Ostrich % _"]
    assert names(library, text="'; DROP TABLE records_birds; --") == []
    assert len(names(library, order="record_id); --", ranges={"no_such": (1.0, 2.0)})) == PAGE_ROWS
    assert names(library, categories={"no_such": ("x",)}, text="magpie") == ["Magpie"]


# --- names as they are typed ------------------------------------------------------------------


def typed(library: Library, text: str, limit: int = 5) -> list[str]:
    return [one.name for one in library.entities("birds", text, limit)]


def test_a_name_is_found_by_how_it_begins(library: Library) -> None:
    assert typed(library, "gold") == ["Goldcrest", "Goldfinch"]
    assert typed(library, "TIT") == ["Blue tit", "Great tit"]
    assert typed(library, "redb") == ["European robin"]
    assert typed(library, "pigeon w") == ["Wood pigeon"]
    assert typed(library, "emeu") == ["Ostrich % _"]
    assert typed(library, "obin") == []
    assert typed(library, "\t \n") == typed(library, "")
    assert len(typed(library, "dipper", 7)) == 7


def test_a_namesake_is_told_by_its_label(library: Library) -> None:
    (robin,) = library.entities("birds", "robin", 5)
    assert (robin.record_id, robin.label) == ("birds:1", "Old World flycatchers")


@given(st.text(max_size=40))
def test_folding_leaves_words_and_single_spaces(text: str) -> None:
    once = folded(text)
    assert folded(once) == once
    assert "\n" not in once and "\t" not in once and "  " not in once and once == once.strip()


# --- comparisons ------------------------------------------------------------------------------


def test_a_comparison_is_the_chats_own(library: Library) -> None:
    facts = library.compare("birds", ["birds:2", "birds:1", "birds:2", "birds:999"], ["weight"])
    assert facts.table is not None
    assert [row for row in facts.table.rows] == [("Eurasian wren", 9.0), ("European robin", 18.0)]
    assert [piece.row for piece in facts.evidence] == [3, 2]


def test_a_search_tells_where_each_passage_stands(library: Library) -> None:
    found = library.search("What do finches eat?", 2)
    assert len(found) == 2
    source = library.source(found[0].place)
    assert isinstance(source, Passage) and source.chunk.text == found[0].text
    assert library.search("finches", 3, types=["text"])[0].place.document == "guides/watching.txt"
