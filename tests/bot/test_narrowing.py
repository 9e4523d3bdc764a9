"""Where a question says to look, and that nothing else is found there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from bot.answer import Question, Turn
from bot.narrowing import choose_documents, look, narrow
from bot.pipeline import Bot, open_bot
from bot.retriever import HybridRetriever
from ingest.errors import UsageError
from ingest.filters import Filter
from ingest.index import DocumentInfo, Index
from tests.packs import HashedEmbeddings, Pack

TITLES = {
    "guides/feeding.pdf": "Feeding birds",
    "guides/seed.md": "Seed",
    "guides/nest-boxes.html": "Nest boxes and where to hang them",
    "guides/winter.md": "Feeding birds in winter",
    "guides/words.md": "Glossary",
    "birds.csv": "Birds",
}
MEDIA = {"pdf": "application/pdf", "csv": "text/csv", "html": "text/html", "md": "text/markdown"}


def document(name: str) -> DocumentInfo:
    ending = name.rpartition(".")[2]
    kind = "table" if ending == "csv" else "document"
    return DocumentInfo(name, TITLES[name], kind, MEDIA[ending], None, "", "", "", False, ())


DOCUMENTS = [document(name) for name in TITLES]


@pytest.mark.parametrize(
    ("question", "name", "left"),
    [
        ("According to the nest box guide, which hole is best?",
         "guides/nest-boxes.html", "Which hole is best?"),
        ("Which hole is best, in the guide about nest boxes only?",
         "guides/nest-boxes.html", "Which hole is best?"),
        ("What does the winter guide say about fat?", "guides/winter.md", "Fat?"),
        ("Is bread bad according to the PDF about feeding?", "guides/feeding.pdf", "Is bread bad?"),
        ("What is a brood in the glossary?", "guides/words.md", "What is a brood?"),
        ("Using guides/seed.md, what is nyjer?", "guides/seed.md", "What is nyjer?"),
        ("Only in seed: what is nyjer?", "guides/seed.md", "What is nyjer?"),
        ("based on Feeding birds in winter, how much?", "guides/winter.md", "How much?"),
    ],
)  # fmt: skip
def test_a_question_narrows_to_the_one_document_that_it_names(
    question: str, name: str, left: str
) -> None:
    assert narrow(question, DOCUMENTS) == ((name,), left)


def test_a_name_that_fits_two_narrows_to_both_and_one_that_fits_many_to_none() -> None:
    both = ("guides/feeding.pdf", "guides/winter.md")
    assert narrow("In the feeding guide, is bread bad?", DOCUMENTS) == (both, "Is bread bad?")
    many = [replace(DOCUMENTS[1], name=f"{i}.md", title=f"Seed {i}") for i in range(4)]
    question = "In the seed guide, what is nyjer?"
    assert narrow(question, many) == ((), question)


@pytest.mark.parametrize(
    "question",
    [
        "What do the guides say about bread?",
        "In the fishing guide, is bread bad?",
        "According to my neighbour, bread is bad",
        "In the birds table, how heavy is a robin?",
        "In winter, what do birds eat?",
        "Which nest box documents do I need?",
        "What do birds say about seed?",
        "",
    ],
)
def test_what_names_no_document_narrows_nothing(question: str) -> None:
    assert narrow(question, DOCUMENTS) == ((), question)


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("guides/words.md", "guides/words.md"),
        ("words.md", "guides/words.md"),
        ("glossary", "guides/words.md"),
        ("the glosary", "guides/words.md"),
        ("Feeding birds", "guides/feeding.pdf"),
        ("winter", "guides/winter.md"),
        ("nest boxs", "guides/nest-boxes.html"),
        ("birds.csv", "birds.csv"),
    ],
)
def test_a_document_is_chosen_by_path_or_title(wanted: str, name: str) -> None:
    assert choose_documents([wanted, wanted], DOCUMENTS) == (name,)


@pytest.mark.parametrize(
    ("wanted", "said"), [("fishing", "No document"), ("feeding", "fits 2"), ("", "No")]
)
def test_a_choice_that_is_none_is_said(wanted: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        choose_documents([wanted], DOCUMENTS)


@pytest.fixture(scope="module")
def bot(indexed_pack: Pack) -> Iterator[Bot]:
    with open_bot(indexed_pack.settings) as opened:
        yield opened


def test_an_answer_says_where_it_looked(bot: Bot) -> None:
    answer = bot.answer(Question(text="According to the nest boxes guide, when do I clean them?"))
    assert answer.text.startswith("Looked only in: Nest boxes. ")
    assert "October" in answer.text
    assert {piece.document for piece in answer.evidence} == {"guides/nest-boxes.html"}


def test_of_one_document_a_question_is_about_its_subject(bot: Bot) -> None:
    chosen = Question(text="", within=Filter(documents=("guides/nest-boxes.html",)))
    follow_up = chosen.model_copy(update={"history": (Turn(question="What do tits need?"),)})
    with bot.index.snapshot() as snapshot:
        assert look(chosen, "when are they cleaned?", snapshot).text == (
            "Nest boxes: when are they cleaned?"
        )
        plain = "Which hole lets blue tits in?"
        assert look(chosen, plain, snapshot).text == plain
        assert look(follow_up, "and when?", snapshot).text == "and when?"


def test_what_was_chosen_counts_before_what_is_said(bot: Bot) -> None:
    chosen = Filter(documents=("guides/feeding.md",))
    answer = bot.answer(
        Question(text="In the nest boxes guide: what do finches eat?", within=chosen)
    )
    assert answer.text.startswith("Looked only in: Feeding birds. ")
    assert {piece.document for piece in answer.evidence} == {"guides/feeding.md"}


def test_records_are_not_told_from_where_nobody_wants_to_look(bot: Bot) -> None:
    question = "What is the wingspan of a magpie?"
    assert "56 cm" in bot.answer(Question(text=question)).text
    answer = bot.answer(Question(text=question, within=Filter(types=("markdown",))))
    assert "56" not in answer.text and answer.table is None
    table = bot.answer(Question(text=question, within=Filter(types=("table",))))
    assert "56 cm" in table.text


def test_where_nothing_fits_nothing_is_found(bot: Bot) -> None:
    answer = bot.answer(Question(text="What do finches eat?", within=Filter(folder="nowhere")))
    assert answer.status == "abstained" and answer.evidence == ()
    assert answer.text.startswith("Looked only in: nothing")


def test_without_a_wish_everything_is_searched(bot: Bot) -> None:
    with bot.index.snapshot() as snapshot:
        where = look(Question(text=""), "What do finches eat?", snapshot)
    assert where.documents is None and where.note == "" and where.has_tables


FILTERS = [
    Filter(documents=("guides/n3.md", "guides/n40.md")),
    Filter(folder="guides"),
    Filter(folder="notes/"),
    Filter(types=("html", "text")),
    Filter(kind="record"),
    Filter(since=date(2024, 3, 1), until=date(2024, 6, 30)),
    Filter(folder="guides", types=("markdown",), since=date(2024, 5, 1)),
]


@pytest.fixture
def many(small_pack: Pack, hashed: HashedEmbeddings) -> Iterator[Index]:
    """An index of sixty dated documents in two folders, beside the pack's own."""
    for n in range(60):
        folder = "guides" if n % 3 else "notes"
        small_pack.write(
            f"{folder}/n{n}.md",
            f"---\nreviewed: 2024-{n % 12 + 1:02}\n---\n# Note {n}\n\nFinch {n % 7} eats seed {n}.",
        )
    small_pack.reindex(hashed)
    with small_pack.index(hashed) as opened:
        yield opened


def test_filtered_lists_are_exact(many: Index) -> None:
    query = "finch 3 and its seed"
    retriever = HybridRetriever(many)
    vector = retriever.embed_query(query)
    with many.snapshot() as snapshot:
        everything = dict(snapshot.lexical_search(query, 10_000))
        numbers = [n for n, _ in snapshot.dense_search(vector, 10_000)]
        chunks, vectors = snapshot.chunks(numbers), snapshot.vectors_of(numbers)
        for within in FILTERS:
            names = {one.name for one in snapshot.documents(within)}
            allowed = {
                n
                for n, chunk in chunks.items()
                if chunk.document in names and within.kind in (None, chunk.kind)
            }
            assert allowed and len(allowed) < len(chunks)
            for k in (5, 1_000):
                dense = snapshot.dense_search(vector, k, within)
                lexical = snapshot.lexical_search(query, k, within)
                hits = retriever.search(snapshot, query, k, vector, within)
                cosines = sorted((float(vectors[n] @ vector) for n in allowed), reverse=True)
                assert {n for n, _ in dense} <= allowed
                assert np.allclose([c for _, c in dense], cosines[:k], atol=1e-5)
                words = sorted((everything[n] for n in allowed if n in everything), reverse=True)
                assert {n for n, _ in lexical} <= allowed
                assert np.allclose([s for _, s in lexical], words[:k], rtol=1e-3)
                assert {hit.chunk.document for hit in hits} <= names
                assert len(hits) >= min(k, len(allowed)) * 0.5
