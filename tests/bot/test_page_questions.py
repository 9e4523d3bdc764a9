"""Questions whose truth is a page, and the federal PDFs that ours are about."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.page_questions import PagedDocument, PageQuestion, Shown, read_page_questions
from bot.retrieval_eval import index_of
from bot.retriever import HybridRetriever
from ingest.documents import Block, LoadedDocument
from ingest.embeddings import make_embeddings
from ingest.errors import UsageError
from ingest.index import Index
from ingest.loaders import load
from ingest.progress import NoProgress
from ingest.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = ROOT / "bench" / "federal_pdfs.jsonl"
DATA = ROOT.parent / "shared" / "data" / "colleges"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="shared data are absent")


def shown(document: str, *pages: int) -> Shown:
    return Shown(document, frozenset(pages))


def test_the_first_passage_with_a_right_page_counts() -> None:
    question = PageQuestion(id="1", question="Who?", document="a.pdf", pages=(2, 7))
    assert question.rank([shown("b.pdf", 2), shown("a.pdf", 1), shown("a.pdf", 6, 7)]) == 3
    assert question.rank([shown("a.pdf", 2), shown("a.pdf", 7)]) == 1
    assert question.rank([shown("b.pdf", 2), shown("a.pdf", 3)]) is None


def test_a_passage_shows_the_pages_of_its_blocks() -> None:
    text = "aaaa\n\nbbbb\n\ncccc"
    blocks = tuple(
        Block("paragraph", text[start : start + 4], start, start + 4, page)
        for start, page in ((0, 1), (6, 1), (12, 3))
    )
    paged = PagedDocument.of("a.pdf", LoadedDocument("", "application/pdf", text, blocks, 3))
    assert paged.shown(0, 10) == shown("a.pdf", 1)
    assert paged.shown(7, 16) == shown("a.pdf", 1, 3)
    assert paged.shown(12, 16) == shown("a.pdf", 3)
    assert paged.shown(0, 12) == shown("a.pdf", 1)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        '{"id": "1", "question": "Who?", "document": "a.pdf", "pages": []}',
        '{"id": "1", "question": "Who?", "document": "a.pdf", "pages": [0]}',
        '{"id": "1", "question": "Who?", "document": "a.pdf", "pages": [1], "page": 2}',
    ],
)
def test_a_line_that_is_no_question_is_named(tmp_path: Path, line: str) -> None:
    good = '{"id": "0", "question": "Who?", "document": "a.pdf", "pages": [1]}'
    path = tmp_path / "questions.jsonl"
    path.write_text(f"{good}\n\n{line}\n")
    with pytest.raises(UsageError, match=r"questions\.jsonl:3: "):
        read_page_questions(path)


def test_the_federal_questions_are_thirty_and_each_its_own() -> None:
    questions = read_page_questions(QUESTIONS)
    assert len({q.id for q in questions}) == len({q.question for q in questions}) == 30
    assert len({question.document for question in questions}) == 3


@needs_data
def test_every_page_that_is_asked_for_has_text() -> None:
    questions = read_page_questions(QUESTIONS)
    for name in {question.document for question in questions}:
        pages = {block.page for block in load(DATA / name).blocks}
        assert {page for q in questions if q.document == name for page in q.pages} <= pages


@pytest.fixture(scope="module")
def federal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("federal")
    for name in {question.document for question in read_page_questions(QUESTIONS)}:
        shutil.copyfile(DATA / name, folder / name)
    with index_of(folder, make_embeddings(Settings()), NoProgress()) as index:
        yield index


@needs_data
@pytest.mark.slow
def test_nine_of_ten_pages_are_among_four(federal: Index) -> None:
    questions = read_page_questions(QUESTIONS)
    retriever = HybridRetriever(federal)
    with federal.snapshot() as snapshot:
        found = {
            question: [
                shown(hit.chunk.document, hit.chunk.page or 0)
                for hit in retriever.search(snapshot, question.question, 4)
            ]
            for question in questions
        }
    missed = [question.id for question, pages in found.items() if question.rank(pages) is None]
    assert len(missed) <= 3, missed
