"""Chunks: sizes, headings, offsets, identity; with MiniLM's own tokenizer."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunking import chunk_document, load_tokenizer
from ingest.documents import Chunk, LoadedDocument
from ingest.errors import ModelMissing
from ingest.loaders.builder import DocumentBuilder

TOKENIZER = load_tokenizer()
SENTENCE = "The aid office reads every form that arrives before the date and answers by post. "


def tokens(texts: Iterable[str]) -> list[int]:
    return [len(encoding) for encoding in TOKENIZER.encode_batch(list(texts))]


def document(
    *blocks: tuple[object, ...], title: str = "Guide", paged: bool = False
) -> LoadedDocument:
    """Blocks as (kind or heading level, text[, page])."""
    builder = DocumentBuilder("text/plain")
    for kind, text, *page in blocks:
        if isinstance(kind, int):
            builder.heading(str(text), kind, *page)
        else:
            getattr(builder, str(kind))(text, *page)
    return builder.build(title, pages=9 if paged else None)


def chunks_of(loaded: LoadedDocument, **options: int) -> list[Chunk]:
    return check(loaded, chunk_document(loaded, "guides/a.md", TOKENIZER, **options), **options)


def check(loaded: LoadedDocument, chunks: list[Chunk], limit: int = 256, **_: int) -> list[Chunk]:
    """What holds for the chunks of every document."""
    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
    assert len({chunk.chunk_id for chunk in chunks}) == len(chunks)
    assert all(len(chunk.chunk_id) == 32 for chunk in chunks)
    assert max(tokens(chunk.index_text for chunk in chunks), default=0) <= limit
    end = 0
    lost = []
    for chunk in chunks:
        assert chunk.text == loaded.text[chunk.start : chunk.end] == chunk.text.strip() != ""
        assert chunk.start >= end
        lost.append(loaded.text[end : chunk.start])
        end = chunk.end
    lost.append(loaded.text[end:])
    # Between chunks stand only headings, and each of these is in some heading path.
    headings = [block.text for block in loaded.blocks if block.kind == "heading"]
    for line in "\n".join(lost).split("\n"):
        assert not line.strip() or line in headings
    paths = {name for chunk in chunks for name in chunk.heading_path}
    texts = "\n".join(chunk.text for chunk in chunks)
    assert all(heading in paths or heading in texts for heading in headings)
    return chunks


def test_sections_become_chunks_under_their_headings() -> None:
    loaded = document(
        (1, "Guide"),
        ("paragraph", SENTENCE * 4),
        (2, "Costs"),
        (3, "Tuition"),
        ("paragraph", SENTENCE * 5),
        (2, "Dates"),
        ("paragraph", SENTENCE * 6),
    )
    chunks = chunks_of(loaded)
    assert [chunk.heading_path for chunk in chunks] == [
        ("Guide",),
        ("Guide", "Costs", "Tuition"),
        ("Guide", "Dates"),
    ]
    # The title is not said twice.
    assert chunks[1].header == "Guide > Costs > Tuition"
    assert chunks[1].text == (SENTENCE * 5).strip()


def test_the_title_stands_in_front_where_no_heading_repeats_it() -> None:
    (chunk,) = chunks_of(document((1, "Costs"), ("paragraph", "Text."), title="The Guide"))
    assert chunk.header == "The Guide > Costs"
    assert chunk.index_text == "The Guide > Costs\nText."
    (chunk,) = chunks_of(document(("paragraph", "Text."), title=""))
    assert chunk.header == ""


def test_paragraphs_are_packed_to_the_target_and_never_over_the_limit() -> None:
    chunks = chunks_of(document(*[("paragraph", SENTENCE * 3)] * 40))
    sizes = tokens(chunk.text for chunk in chunks)
    assert all(120 <= size <= 200 for size in sizes[:-1])


def test_a_long_paragraph_is_cut_at_sentence_ends_and_abbreviations_are_none() -> None:
    long = ("It is run by Dr. A. Smith of the U.S. Department, e.g. in spring. " * 40).strip()
    chunks = chunks_of(document(("paragraph", long)))
    assert len(chunks) > 2
    assert all(
        chunk.text.startswith("It is") and chunk.text.endswith("spring.") for chunk in chunks
    )


def test_a_sentence_without_end_is_cut_between_words() -> None:
    chunks = chunks_of(document(("paragraph", "word " * 1000)))
    assert sum(chunk.text.count("word") for chunk in chunks) == 1000


@pytest.mark.parametrize(
    "text", ["大学学费申请" * 500, "a" * 50_000, "a.b," * 3000, "é" * 3000, "😀" * 999]
)
def test_text_without_spaces_is_cut_and_nothing_is_lost(text: str) -> None:
    chunks = chunks_of(document(("paragraph", text)))
    assert "".join(chunk.text for chunk in chunks) == text
    assert max(len(chunk.text) for chunk in chunks) < 3000


def test_short_sections_join_their_neighbour_under_the_common_heading() -> None:
    loaded = document(
        (1, "Guide"),
        ("paragraph", "Reviewed in May."),
        (2, "Terms"),
        (3, "Grant"),
        ("paragraph", "Money to keep."),
        (3, "Loan"),
        ("paragraph", SENTENCE * 3),
        (2, "Dates"),
        ("paragraph", SENTENCE * 4),
    )
    first, second, third = chunks_of(loaded)
    assert first.text == "Reviewed in May."
    assert second.heading_path == ("Guide", "Terms")
    assert second.text == "Grant\n\nMoney to keep.\n\nLoan\n\n" + (SENTENCE * 3).strip()
    assert third.heading_path == ("Guide", "Dates")


def test_a_short_section_does_not_join_across_a_higher_heading() -> None:
    loaded = document(
        (1, "A"), (2, "B"), ("paragraph", "Short."), (1, "C"), ("paragraph", SENTENCE * 4)
    )
    assert [chunk.heading_path for chunk in chunks_of(loaded)] == [("A", "B"), ("C",)]


def test_a_heading_with_nothing_below_it_is_kept_as_text() -> None:
    (chunk,) = chunks_of(document((1, "Only a heading")))
    assert chunk.text == "Only a heading"
    chunks = chunks_of(document((1, "A"), (1, "B"), ("paragraph", SENTENCE * 20)))
    assert [chunk.text[:1] for chunk in chunks] == ["A", "T", "T"]


def test_a_page_starts_a_chunk_only_when_the_last_is_half_full() -> None:
    long, short = SENTENCE * 6, SENTENCE * 2
    loaded = document(("paragraph", long, 1), ("paragraph", short, 2), paged=True)
    assert [chunk.page for chunk in chunks_of(loaded)] == [1, 2]
    loaded = document(("paragraph", short, 1), ("paragraph", long, 2), paged=True)
    # A citation opens the page that holds most of it.
    assert [chunk.page for chunk in chunks_of(loaded)] == [2]


def test_what_announces_a_list_stays_with_it() -> None:
    loaded = document(
        ("paragraph", SENTENCE * 10),
        ("paragraph", "You need one of these:"),
        *[("list_item", SENTENCE)] * 4,
    )
    first, second = chunks_of(loaded)
    assert first.text == (SENTENCE * 10).strip()
    assert second.text.startswith("You need one of these:\n\nThe aid office")


def test_the_last_row_stays_with_its_table() -> None:
    row = "Cost for one year: Books; College A: $1,200; College B: $1,300; College C: $1,400"
    loaded = document(*[("table_row", row)] * 7, ("paragraph", SENTENCE * 3))
    first, second = chunks_of(loaded)
    assert first.text.count("Books") == 7
    assert second.text == (SENTENCE * 3).strip()


def test_long_headings_lose_their_left_and_stay_in_the_text() -> None:
    heading = " ".join(f"word{i}" for i in range(200))
    deep = [(level, f"{level} " + "heading " * 20) for level in range(1, 7)]
    chunks = chunks_of(document((1, heading), ("paragraph", SENTENCE)))
    assert chunks[0].header.endswith("word199")
    assert "word0 " in chunks[0].text
    chunks = chunks_of(document(*deep, ("paragraph", SENTENCE)))
    assert chunks[0].header.endswith(("6 " + "heading " * 20).strip())


def test_ids_say_what_is_in_a_chunk() -> None:
    blocks = [(1, "A"), ("paragraph", SENTENCE * 8), ("paragraph", "Other. " * 80)]
    before = chunks_of(document(*blocks))
    again = chunks_of(document(*blocks))
    assert [c.chunk_id for c in before] == [c.chunk_id for c in again]
    grown = chunks_of(document((1, "New"), ("paragraph", SENTENCE * 7), *blocks))
    assert {c.chunk_id for c in before} < {c.chunk_id for c in grown}
    renamed = chunk_document(document(*blocks), "guides/b.md", TOKENIZER)
    assert not {c.chunk_id for c in before} & {c.chunk_id for c in renamed}


def test_equal_passages_have_different_ids() -> None:
    chunks_of(document(*[(1, "A"), ("paragraph", SENTENCE * 8)] * 3))


def test_an_empty_document_has_no_chunks() -> None:
    assert chunks_of(document()) == []


def test_sizes_that_cannot_work_are_refused() -> None:
    for options in ({"limit": 8, "target": 8}, {"target": 300}, {"target": 0}):
        with pytest.raises(ValueError, match="do not fit"):
            chunk_document(document(), "a", TOKENIZER, **options)


def test_a_missing_tokenizer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelMissing, match="tokenizer"):
        load_tokenizer.__wrapped__()


def test_a_megabyte_takes_less_than_two_seconds() -> None:
    section = [(2, "Heading"), *[("paragraph", SENTENCE * 4)] * 5]
    loaded = document(*section * 620)
    assert len(loaded.text) > 1_000_000
    started = time.process_time()
    chunk_document(loaded, "a", TOKENIZER)
    # Processor time over all threads, so that other work on the machine does not count.
    assert time.process_time() - started < 4.0


words = st.one_of(
    st.sampled_from(["fee", "aid.", "U.S.", "$5,500", "Unterstützung", "学费", "a-b/c", "😀", "ﷺ"]),
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.text("ab.,", min_size=30, max_size=150),
)
texts = st.lists(words, max_size=60).map(" ".join)
kinds = st.sampled_from(["paragraph", "list_item", "table_row", 1, 2, 3, 6])
blocks = st.lists(st.tuples(kinds, texts, st.integers(1, 4)), max_size=14)


@settings(max_examples=80, deadline=None)
@given(blocks, texts, st.booleans(), st.sampled_from([(180, 256), (40, 64), (12, 24)]))
def test_whatever_the_document_the_rules_hold(
    parts: list[tuple[object, ...]], title: str, paged: bool, sizes: tuple[int, int]
) -> None:
    loaded = document(*sorted(parts, key=lambda part: int(str(part[2]))), title=title, paged=paged)
    chunks_of(loaded, target=sizes[0], limit=sizes[1])
