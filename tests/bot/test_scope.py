"""The scope gate, with the real encoder, over both packs that are shipped and a small one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from bot.examples import compared_texts
from bot.scope import FALSE_REFUSALS, ScopeGate, conformal_threshold, everyday_requests, nearness
from ingest.domain import load_card
from ingest.embeddings import make_embeddings
from ingest.index import Index, Snapshot
from ingest.reindex import Reindexer
from tests.packs import HashedEmbeddings, Pack, end_vector_servers

ROOT = Path(__file__).parents[2]
SHARED = sorted((ROOT.parent / "shared" / "data" / "scope").glob("*.jsonl"))
RECORDS = 250  # rows of a table that are enough here: the rest is more of the same

# Written for this test; none of them stands among the everyday requests.
UNSEEN = [
    "put ten dollars on my transit card",
    "my bank app locked me out",
    "did the refund land in my account",
    "how much is left to pay on the couch",
    "cancel the yoga class in my calendar",
    "ping me when the cake has to come out",
    "what is nine squared minus one",
    "how do you say cheese in Polish",
    "does it look like rain in Portland",
    "what do I put in a carrot cake",
    "is the taco truck any good",
    "my bag did not come off the plane",
    "play that song from the radio again",
    "who is winning the cricket",
    "warm up the living room",
    "my phone fell in the sink",
    "write a loop that prints the alphabet",
    "how many moons does Jupiter have",
    "my knee hurts when I run",
    "how do I win my girlfriend back",
    "what did the senate vote on",
    "is now a time to buy gold",
    "how do I get gum off a shoe",
    "which camera should I buy for hiking",
    "what happens when a star dies",
    "do you like pizza",
    "how many days of leave do I have in March",
    "read the last message from Eva",
    "is there a train to the lake on Sunday",
    "what is the dog saying when it barks",
]


class Gated:
    """A gate and the generation that it judges by."""

    def __init__(self, index: Index, gate: ScopeGate, snapshot: Snapshot) -> None:
        self._index, self._gate, self._snapshot = index, gate, snapshot

    def passed(self, questions: list[str]) -> list[str]:
        """Return the questions that are in scope."""
        vectors = self._index.embed(questions)
        scores = [self._gate.score(self._snapshot, vector) for vector in vectors]
        return [text for text, score in zip(questions, scores, strict=True) if score.in_scope]


@contextmanager
def gated(root: Path, corpus: Path) -> Iterator[Gated]:
    """Index a pack as it is shipped, with the first rows of its table."""
    pack = Pack.at(root)
    for path in corpus.rglob("*"):
        if path.is_file() and "questions" not in path.parts:
            content = path.read_bytes()
            if path.suffix == ".csv":
                content = b"".join(content.splitlines(keepends=True)[: RECORDS + 1])
            pack.write(str(path.relative_to(corpus)), content)
    embeddings = make_embeddings(pack.settings)
    compared = compared_texts(pack.card)
    Reindexer(pack.folder, pack.card, pack.paths, embeddings, compared=compared).run()
    with pack.index(embeddings) as index, index.snapshot() as snapshot:
        yield Gated(index, ScopeGate(index), snapshot)
    end_vector_servers(root)


@pytest.fixture(scope="module")
def colleges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gated]:
    with gated(tmp_path_factory.mktemp("colleges"), ROOT / "corpus" / "colleges") as opened:
        yield opened


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gated]:
    with gated(tmp_path_factory.mktemp("parts"), ROOT / "corpus" / "auto-parts") as opened:
        yield opened


def questions(pack: str, kind: str = "in-scope") -> list[str]:
    path = ROOT / "corpus" / pack / "questions" / "scope" / f"{kind}.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


def plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower().replace("'", "").replace("’", "")))


# --- what passes ------------------------------------------------------------------------------


def test_what_applicants_ask_passes(colleges: Gated) -> None:
    asked = questions("colleges")
    assert len(asked) - len(colleges.passed(asked)) <= 0.03 * len(asked)


def test_what_customers_ask_of_the_second_pack_passes(parts: Gated) -> None:
    asked = questions("auto-parts")
    assert len(asked) - len(parts.passed(asked)) <= 0.03 * len(asked)


def test_unseen_everyday_requests_are_turned_away(colleges: Gated, parts: Gated) -> None:
    assert not {plain(text) for text in UNSEEN} & {plain(text) for text in everyday_requests()}
    assert len(colleges.passed(UNSEEN)) <= 0.1 * len(UNSEEN)
    assert len(parts.passed(UNSEEN)) <= 0.1 * len(UNSEEN)


def test_what_belongs_to_one_pack_is_off_topic_for_the_other(colleges: Gated, parts: Gated) -> None:
    """Part numbers and abbreviations are strange to either side: some pass and find no evidence."""
    of_parts = questions("auto-parts")
    of_colleges = questions("colleges")
    assert len(colleges.passed(of_parts)) <= 0.25 * len(of_parts)
    assert len(parts.passed(of_colleges)) <= 0.25 * len(of_colleges)


def test_an_everyday_request_that_a_pack_claims_belongs_to_it(indexed_pack: Pack) -> None:
    """A kitchen's pack may say that recipes are its business, though most packs' they are not."""
    card, embeddings = indexed_pack.card, make_embeddings(indexed_pack.settings)
    recipes = ["How do I make waffles?", "Give me a recipe for goulash", "How do I cook lentils?"]
    in_scope = [*card.scope.in_scope, *recipes]
    scope = card.scope.model_copy(update={"in_scope": in_scope})
    kitchen = card.model_copy(update={"scope": scope})
    vector = np.asarray(embeddings.embed_query("How do I make pancakes?"), dtype=np.float32)
    for pack_card, belongs in ((card, False), (kitchen, True)):
        index = Index(pack_card, indexed_pack.paths, embeddings)
        with index.snapshot() as snapshot:
            assert ScopeGate(index).score(snapshot, vector).in_scope is belongs
        index.close()


# --- the threshold ----------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.03, 0.1, 0.25])
@pytest.mark.parametrize("n", [20, 60, 131])
def test_the_rate_holds_on_exchangeable_scores(n: int, rate: float) -> None:
    """The mean share below the threshold is k / (n + 1), whatever the scores are drawn from."""
    rng = np.random.default_rng(n)
    promised = max(np.floor(rate * (n + 1)), 1) / (n + 1)
    below = []
    for _ in range(600):
        scores = rng.standard_t(3, size=n + 50)
        below.append(np.mean(scores[n:] < conformal_threshold(scores[:n], rate)))
    assert np.mean(below) == pytest.approx(promised, abs=0.012)


def test_the_threshold_is_one_of_the_lowest_scores() -> None:
    scores = np.arange(99, dtype=np.float32)[::-1]
    assert conformal_threshold(scores, 0.03) == 2
    assert conformal_threshold(scores[:5], 0.03) == scores[:5].min()


def test_an_example_is_scored_without_itself(indexed_pack: Pack) -> None:
    """With itself each example would be nearest to itself, and the threshold far too high."""
    with indexed_pack.index(make_embeddings(indexed_pack.settings)) as index:
        gate = ScopeGate(index, FALSE_REFUSALS)
        with index.snapshot() as snapshot:
            known = [
                gate.score(snapshot, vector).margin
                for vector in index.embed(index.card.scope.in_scope)
            ]
            assert gate.prepare(snapshot).threshold < min(known)


def test_nearness_is_the_mean_of_the_three_nearest() -> None:
    rows = np.array([[0.9, 0.1, 0.6, 0.3], [0.0, 0.0, 0.0, 0.3]], dtype=np.float32)
    assert nearness(rows) == pytest.approx([0.6, 0.1])
    assert nearness(rows[0, :2]) == pytest.approx(0.5)


# --- what it compares with --------------------------------------------------------------------


def test_new_passages_move_the_line(small_pack: Pack, hashed: HashedEmbeddings) -> None:
    small_pack.reindex(hashed)
    with small_pack.index(hashed) as index:
        gate = ScopeGate(index)
        with index.snapshot() as snapshot:
            before = gate.prepare(snapshot)
            assert gate.prepare(snapshot) is before
        small_pack.write("guides/owls.md", "# Owls\n\nOwls hunt voles at night over open fields.\n")
        small_pack.reindex(hashed)
        with index.snapshot() as snapshot:
            assert len(gate.prepare(snapshot).inside) > len(before.inside)


def test_a_pack_without_passages_has_its_examples_and_records(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    for name in ("feeding.md", "nest-boxes.html", "watching.txt"):
        (small_pack.folder / "guides" / name).unlink()
    small_pack.reindex(hashed)
    with small_pack.index(hashed) as index, index.snapshot() as snapshot:
        assert len(ScopeGate(index).prepare(snapshot).inside) == 10 + 12


def test_the_suggestions_nearest_to_the_question_are_offered(indexed_pack: Pack) -> None:
    card, embeddings = indexed_pack.card, make_embeddings(indexed_pack.settings)
    suggestions = ["Where do swallows spend the winter?", *card.domain.suggestions]
    domain = card.domain.model_copy(update={"suggestions": suggestions})
    index = Index(card.model_copy(update={"domain": domain}), indexed_pack.paths, embeddings)
    [vector] = index.embed(["what should I eat"])
    assert ScopeGate(index).suggest(vector)[0] == "What do finches eat?"
    assert len(ScopeGate(index).suggest(vector)) == 2
    index.close()


def test_a_reindex_embeds_what_the_bot_compares_with(
    small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    compared = compared_texts(small_pack.card)
    for _ in range(2):
        Reindexer(
            small_pack.folder, small_pack.card, small_pack.paths, hashed, compared=compared
        ).run()
    done = len(hashed.texts)
    with small_pack.index(hashed) as index:
        ScopeGate(index)
    assert len(hashed.texts) == done
    assert sum(text == compared[0] for text in hashed.texts) == 1


# --- the texts --------------------------------------------------------------------------------


def test_everyday_requests_are_many_and_distinct() -> None:
    texts = [plain(text) for text in everyday_requests()]
    assert len(texts) >= 600
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize("pack", ["colleges", "auto-parts"])
def test_what_the_gate_is_measured_on_is_not_what_it_was_calibrated_on(pack: str) -> None:
    card = load_card(ROOT / "corpus" / pack)
    known = (*card.scope.in_scope, *card.scope.out_of_scope, *everyday_requests(), *UNSEEN)
    for kind in ("in-scope", "off-topic", "small-talk"):
        asked = [plain(text) for text in questions(pack, kind)]
        assert len(asked) == len(set(asked))
        assert not set(asked) & {plain(text) for text in known}


@pytest.mark.skipif(not SHARED, reason="../shared/data/scope is not here")
def test_no_everyday_request_stands_in_the_test_sets() -> None:
    measured = {
        plain(json.loads(line)["text"])
        for path in SHARED
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    assert not measured & {plain(text) for text in everyday_requests()}
