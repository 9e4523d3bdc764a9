"""What the retriever finds, on a real index."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig, RunnablePassthrough

from bot.fusion import DENSE_WEIGHT
from bot.retriever import GroundskeeperRetriever, Hit, HybridRetriever
from ingest.embeddings import make_embeddings
from ingest.filters import Filter
from ingest.index import Index
from tests.packs import HashedEmbeddings, Pack

CODES = """# Codes

## Tests
AP courses end with an exam in May.

## Visas
The F-1 status is for students.

## Parts
Order A-1042 for the rear axle.

## Savings
A 401k is paid out late in life.
"""


class LongEmbeddings(HashedEmbeddings):
    """The stand-in with vectors of another length than one, as some models give them."""

    def embed_query(self, text: str) -> list[float]:
        return [7.5 * x for x in super().embed_query(text)]


@pytest.fixture(scope="module")
def index(indexed_pack: Pack) -> Iterator[Index]:
    with indexed_pack.index(make_embeddings(indexed_pack.settings)) as opened:
        yield opened


def search(index: Index, query: str, k: int = 10) -> list[Hit]:
    with index.snapshot() as snapshot:
        return HybridRetriever(index).search(snapshot, query, k)


def test_the_best_hit_says_what_was_asked_and_where(index: Index) -> None:
    best = search(index, "Can I feed bread to birds?")[0]
    assert best.rank == 1 and best.title == "Feeding birds"
    assert best.chunk.document == "guides/feeding.md"
    assert "Bread fills a bird" in best.chunk.text


def test_without_a_reranker_a_score_is_the_convex_combination(index: Index) -> None:
    with index.snapshot() as snapshot:
        retriever = HybridRetriever(index, reranker=None)
        hits = retriever.search(snapshot, "When should I clean a nest box?", 1000)
    most_like = max(hit.cosine for hit in hits)
    most_bm25 = max(hit.bm25 for hit in hits)
    assert most_bm25 > 0
    for hit in hits:
        dense, lexical = (hit.cosine + 1) / (most_like + 1), hit.bm25 / most_bm25
        assert hit.score == pytest.approx(DENSE_WEIGHT * dense + (1 - DENSE_WEIGHT) * lexical)


def test_hits_of_one_list_only_have_their_cosine_computed(index: Index) -> None:
    query = "nyjer seed"
    vector = HybridRetriever(index).embed_query(query)
    with index.snapshot() as snapshot:
        hits = HybridRetriever(index, candidates=1).search(snapshot, query, 5, vector)
        numbers = dict(snapshot.lexical_search("nyjer", 5))
        assert len(numbers) == 1
    by_words = [hit for hit in hits if hit.bm25]
    assert len(by_words) == 1 and by_words[0].cosine != 0.0


def test_a_question_without_a_word_of_the_corpus_is_found_by_meaning(index: Index) -> None:
    hits = search(index, "disinfect a shelter in autumn", k=3)
    assert all(hit.bm25 == 0 for hit in hits)
    assert hits[0].chunk.document == "guides/nest-boxes.html"


def test_ranks_count_up_scores_go_down_and_twice_is_the_same(index: Index) -> None:
    hits = search(index, "feeder for small birds", k=8)
    assert [hit.rank for hit in hits] == list(range(1, 9))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits == search(index, "feeder for small birds", k=8)


def test_k_may_be_more_than_there_is(index: Index) -> None:
    with index.snapshot() as snapshot:
        there = snapshot.counts()["chunks"]
    hits = search(index, "birds", k=10_000)
    assert 0 < len(hits) <= there
    assert len({hit.chunk.chunk_id for hit in hits}) == len(hits)


@pytest.mark.parametrize(("query", "k"), [("", 5), ("  \n", 5), ("birds", 0)])
def test_nothing_asked_nothing_found(query: str, k: int, index: Index) -> None:
    assert search(index, query, k) == []


def test_what_two_documents_say_alike_is_found_once(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    small_pack.write(
        "guides/feeding-again.md", (small_pack.folder / "guides/feeding.md").read_bytes()
    )
    small_pack.reindex(hashed)
    with small_pack.index(hashed) as index:
        found = [hit.chunk for hit in search(index, "sunflower hearts for finches", k=50)]
    texts = [chunk.text for chunk in found if chunk.document.startswith("guides/feeding")]
    assert texts and len(texts) == len(set(texts))


def test_codes_are_found(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    small_pack.write("guides/codes.md", CODES)
    small_pack.reindex(hashed)
    with small_pack.index(hashed) as index:
        for question, expected in {
            "what is AP?": "AP courses",
            "tell me about F-1": "F-1 status",
            "price of A-1042": "A-1042",
            "401k": "401k",
        }.items():
            assert (
                max(search(index, question), key=lambda hit: hit.bm25).chunk.text.find(expected)
                >= 0
            ), question


def test_vectors_of_any_length_give_cosines(small_pack: Pack) -> None:
    embeddings = LongEmbeddings()
    small_pack.reindex(embeddings)
    with small_pack.index(embeddings) as index:
        vector = HybridRetriever(index).embed_query("finches")
        assert np.linalg.norm(vector) == pytest.approx(1.0)
        assert all(-1.0001 <= hit.cosine <= 1.0001 for hit in search(index, "finches"))


class RepeatingChatModel(BaseChatModel):
    """A stand-in for a chat model: it repeats what it was told."""

    @property
    def _llm_type(self) -> str:
        return "repeating"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        said = AIMessage(content=f"I was told: {messages[-1].content}")
        return ChatResult(generations=[ChatGeneration(message=said)])


def plain_chain(retriever: BaseRetriever) -> Runnable[str, str]:
    """What any LangChain program would write; it knows nothing of us."""

    def join(documents: list[Document]) -> str:
        return "\n".join(f"{d.metadata['document']}: {d.page_content}" for d in documents)

    return (
        {"context": retriever | join, "question": RunnablePassthrough()}
        | ChatPromptTemplate.from_template("{context}\n\n{question}")
        | RepeatingChatModel()
        | StrOutputParser()
    )


def test_a_plain_langchain_chain_uses_the_retriever(index: Index) -> None:
    chain = plain_chain(GroundskeeperRetriever(index=index, k=2))
    question = "Can I feed bread to birds?"
    said = chain.invoke(question)
    assert said.startswith("I was told: ") and said.endswith(question)
    assert "guides/feeding.md: " in said and "Bread fills a bird" in said
    assert chain.batch([question, question]) == [said, said]
    assert asyncio.run(chain.ainvoke(question)) == said
    assert "".join(chain.stream(question)) == said


def test_a_langchain_call_may_say_where_to_look_and_how_far(index: Index) -> None:
    retriever = GroundskeeperRetriever(index=index, within=Filter(types=("html",)))
    found = retriever.invoke("bread for birds", k=1)
    assert [document.metadata["document"] for document in found] == ["guides/nest-boxes.html"]
    guides = retriever.invoke("bread for birds", within=Filter(folder="guides"))
    assert guides[0].metadata["document"] == "guides/feeding.md"
    again = asyncio.run(retriever.ainvoke("bread for birds", within=Filter(folder="guides")))
    assert again == guides


def test_a_langchain_config_reaches_the_callbacks(index: Index) -> None:
    class Told(BaseCallbackHandler):
        def __init__(self) -> None:
            self.heard: list[Any] = []

        def on_retriever_start(self, serialized: Any, query: str, **more: Any) -> None:
            self.heard.append((query, more["tags"], more["metadata"]["visit"]))

        def on_retriever_end(self, documents: Any, **_: Any) -> None:
            self.heard.append(len(documents))

    told = Told()
    config: RunnableConfig = {"callbacks": [told], "tags": ["mine"], "metadata": {"visit": 7}}
    GroundskeeperRetriever(index=index, k=3).invoke("seed", config=config)
    assert told.heard == [("seed", ["mine"], 7), 3]


def test_a_langchain_document_says_where_it_stands(index: Index) -> None:
    document = GroundskeeperRetriever(index=index, k=1).invoke(
        "Which millimetres does a hole need?"
    )[0]
    with index.snapshot() as snapshot:
        whole = snapshot.document_text(document.metadata["document"])
    place = slice(document.metadata["start"], document.metadata["end"])
    assert whole[place] == document.page_content
    assert document.metadata["title"] == "Nest boxes"
    assert document.metadata["heading_path"] == ["Nest boxes"]
