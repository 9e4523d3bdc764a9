"""Passages out of hits, on a real index: whole, exact to the letter, not all of one document."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

from bot.passages import MAX_CHARS, MAX_OF_DOCUMENT, gather, guaranteed, spread
from bot.retriever import Hit
from ingest.documents import Chunk
from ingest.index import Index, Snapshot
from tests.packs import HashedEmbeddings, Pack

ITEMS = [
    f"- Bird number {n} eats seed of kind {n} from the feeder near the pond." for n in range(30)
]
GUIDE = "\n".join(
    [
        "# Long guide",
        "## Lists",
        "This is what each bird eats:",
        "",
        *ITEMS,
        "",
        "## Stories",
        *(
            f"\nStory {n}. " + f"The heron of pond {n} waits for its fish until the evening. " * 10
            for n in range(4)
        ),
        "## Short",
        "A single line about owls.",
    ]
)


@pytest.fixture
def index(small_pack: Pack, hashed: HashedEmbeddings) -> Iterator[Index]:
    small_pack.write("guides/long.md", GUIDE)
    small_pack.reindex(hashed)
    with small_pack.index(hashed) as opened:
        yield opened


@pytest.fixture
def snapshot(index: Index) -> Iterator[Snapshot]:
    with index.snapshot() as opened:
        yield opened


def chunks_of(snapshot: Snapshot, heading: str) -> list[Chunk]:
    numbers = [number for number, _ in snapshot.lexical_search("bird heron owls", 100)]
    found = snapshot.chunks(numbers).values()
    ours = [chunk for chunk in found if chunk.heading_path[-1:] == (heading,)]
    return sorted(ours, key=lambda chunk: chunk.ordinal)


def hits(*chunks: Chunk) -> list[Hit]:
    return [Hit(n, 1 - n / 10, 0.5, 0.5, chunk) for n, chunk in enumerate(chunks, start=1)]


def is_exact(snapshot: Snapshot, chunk: Chunk) -> bool:
    return snapshot.document_text(chunk.document)[chunk.start : chunk.end] == chunk.text


def test_neighbours_in_a_section_become_one_passage(snapshot: Snapshot) -> None:
    first, second, *_ = chunks_of(snapshot, "Stories")
    (passage,) = gather(snapshot, hits(second, first), 4)
    assert passage.rank == 1 and passage.chunk.chunk_id == second.chunk_id
    assert (passage.chunk.start, passage.chunk.end) == (first.start, second.end)
    assert is_exact(snapshot, passage.chunk)


def test_a_list_that_was_cut_gets_its_other_part(snapshot: Snapshot) -> None:
    first, second, *_ = chunks_of(snapshot, "Lists")
    (passage,) = gather(snapshot, hits(first), 4)
    assert passage.chunk.text.startswith("This is what each bird eats:")
    assert (passage.chunk.start, passage.chunk.end) == (first.start, second.end)
    (passage,) = gather(snapshot, hits(second), 4)
    assert passage.chunk.start <= second.start and passage.chunk.text != second.text
    assert is_exact(snapshot, passage.chunk)


def test_whole_paragraphs_get_nothing_that_was_not_found(snapshot: Snapshot) -> None:
    story, short = chunks_of(snapshot, "Stories")[1], chunks_of(snapshot, "Short")[0]
    passages = gather(snapshot, hits(story, short), 4)
    assert [passage.chunk for passage in passages] == [story, short]


def test_a_passage_begins_on_the_page_of_its_hit(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    write_pages(small_pack, "The stork of pond {n} brings a fish to its nest by noon. ")
    small_pack.reindex(hashed)
    with small_pack.index(hashed) as index, index.snapshot() as snapshot:
        found = snapshot.chunks([n for n, _ in snapshot.lexical_search("stork", 100)]).values()
        chunks = sorted((c for c in found if c.page), key=lambda chunk: chunk.ordinal)
        on_second = next(chunk for chunk in chunks if chunk.page == 2)
        on_first = chunks[chunks.index(on_second) - 1]
        assert on_first.heading_path == on_second.heading_path and on_first.page == 1
        for asked in ((on_first, on_second), (on_second, on_first)):
            passages = gather(snapshot, hits(*asked), 4)
            assert [(p.chunk.page, p.chunk.start) for p in passages] == [
                (chunk.page, chunk.start) for chunk in asked
            ]


def write_pages(pack: Pack, sentence: str) -> None:
    """Write a PDF of one heading and two pages below it."""
    styles = getSampleStyleSheet()
    pages = [Paragraph(sentence.format(n=n) * 8, styles["BodyText"]) for n in range(4)]
    story = [Paragraph("Storks", styles["Heading1"]), *pages[:2], PageBreak(), *pages[2:]]
    SimpleDocTemplate(str(pack.folder / "guides" / "storks.pdf")).build(story)


def test_a_passage_stays_bounded(snapshot: Snapshot) -> None:
    lists, stories = chunks_of(snapshot, "Lists"), chunks_of(snapshot, "Stories")
    assert stories[-1].end - stories[0].start > MAX_CHARS
    passages = gather(snapshot, hits(*stories, *lists), 10)
    assert len(passages) < len(stories) + len(lists)
    for passage in passages:
        assert is_exact(snapshot, passage.chunk) and len(passage.chunk.text) <= MAX_CHARS


def test_sections_and_documents_do_not_run_together(snapshot: Snapshot) -> None:
    last, short = chunks_of(snapshot, "Stories")[-1], chunks_of(snapshot, "Short")[0]
    assert last.ordinal + 1 == short.ordinal
    assert len(gather(snapshot, hits(last, short), 4)) == 2


def test_what_stands_between_two_belongs_to_one(snapshot: Snapshot) -> None:
    first, second, third, *_ = chunks_of(snapshot, "Stories")
    passages = gather(snapshot, hits(first, third, second), 4)
    assert [(p.chunk.start, p.chunk.end) for p in passages] == [
        (first.start, second.end),
        (third.start, third.end),
    ]


def test_joined_hits_make_room_for_others(snapshot: Snapshot) -> None:
    first, second, third, *_ = chunks_of(snapshot, "Stories")
    short = chunks_of(snapshot, "Short")[0]
    passages = gather(snapshot, hits(first, second, short, third), 2)
    assert len(passages) == 2 and passages[1].chunk == short


def made_hit(rank: int, document: str, score: float = 0.0, title: str = "") -> Hit:
    chunk = Chunk(str(rank), document, 7 * rank, "", "", 0, 0)
    return Hit(rank, score or 1 / rank, 0, 0, chunk, title)


def test_one_document_leaves_room_for_others_unless_it_is_named() -> None:
    found = [*(made_hit(n, "a", title="Nest boxes") for n in range(1, 6)), made_hit(6, "b")]
    order = [one.rank for one in spread(found, "Where do I hang a box?")]
    assert order == [1, 2, 3, 6, 4, 5] and order.index(6) == MAX_OF_DOCUMENT
    assert spread(found, "What is said of the nest box?") == found


def test_each_part_has_its_best_first_and_no_chunk_comes_twice() -> None:
    whole = [made_hit(n, "a", score) for n, score in ((1, 0.8), (2, 0.79), (3, 0.4))]
    parts = [[made_hit(2, "a", 0.9), made_hit(4, "a", 0.5)], [made_hit(5, "a", 0.6)], []]
    found = guaranteed(parts, whole)
    assert [hit.chunk.chunk_id for hit in found] == ["2", "5", "1", "4", "3"]
    assert [hit.rank for hit in found] == [1, 2, 3, 4, 5]


def test_nothing_found_gives_nothing(snapshot: Snapshot) -> None:
    assert gather(snapshot, [], 4) == []
