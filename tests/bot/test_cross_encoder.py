from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from bot.cross_encoder import READ, CrossEncoderReranker, make_reranker
from bot.fusion import Shares
from bot.rerank import Candidate, FeatureReranker
from bot.retriever import HybridRetriever
from ingest.documents import Chunk
from ingest.embeddings import make_embeddings
from ingest.encoder import PairEncoder
from ingest.errors import ModelIntegrityError, ModelMissing
from ingest.index import Index
from ingest.model_folder import ModelFolder
from ingest.model_pins import ModelPins, PinnedFolder
from ingest.settings import Settings
from tests.model_folders import PASSAGES, QUESTION, make_cross_encoder
from tests.packs import Pack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_cross_encoder(tmp_path / "pairs", "bert", np.random.default_rng(7))
    return tmp_path / "pairs"


@pytest.fixture
def settings(tmp_path: Path, folder: Path) -> Settings:
    """Settings that name a cross-encoder, which is trusted."""
    pins = ModelPins(tmp_path / "models.toml")
    files = PinnedFolder(f"folder:{folder}", pins)
    pins.trust(files.name, files.found())
    return Settings(models_file=pins.path, reranker=files.name)


@pytest.fixture(scope="module")
def index(indexed_pack: Pack) -> Iterator[Index]:
    with indexed_pack.index(make_embeddings(indexed_pack.settings)) as opened:
        yield opened


def candidate(text: str, header: str = "") -> Candidate:
    chunk = Chunk(text, "guide.md", 0, text, header, 0, len(text))
    return Candidate(chunk, Shares(0.5, 0.5))


def test_each_setting_names_a_reranker(settings: Settings) -> None:
    assert isinstance(make_reranker(Settings()), FeatureReranker)
    assert make_reranker(Settings(reranker="none")) is None
    assert isinstance(make_reranker(settings), CrossEncoderReranker)


def test_scores_are_the_logistic_function_of_the_model_s(settings: Settings, folder: Path) -> None:
    reranker = make_reranker(settings)
    assert reranker is not None
    scores = reranker.score(QUESTION, [candidate(text) for text in PASSAGES])
    logits = PairEncoder(ModelFolder(folder)).logits(QUESTION, PASSAGES)
    assert np.allclose(scores, 1 / (1 + np.exp(-logits)))
    assert np.ptp(scores) > 0.05
    assert reranker.score(QUESTION, []) == []


def test_headings_are_read_with_the_passage(settings: Settings) -> None:
    reranker = make_reranker(settings)
    assert reranker is not None
    bare, headed, whole = reranker.score(
        QUESTION,
        [candidate("seed"), candidate("seed", "Feeding birds"), candidate("Feeding birds\nseed")],
    )
    assert headed == whole != bare


def test_only_the_first_candidates_are_read(settings: Settings, folder: Path) -> None:
    pins = ModelPins(settings.models_file)
    reranker = CrossEncoderReranker(PinnedFolder(settings.reranker, pins), read=3)
    many = [candidate(f"birds eat seed {i}") for i in range(9)]
    scores = reranker.score(QUESTION, many)
    assert len(scores) == 9
    assert max(scores[3:]) < min(scores[:3])
    assert scores[:3] == reranker.score(QUESTION, many[:3])
    assert READ == 20


def test_an_unpinned_or_swapped_cross_encoder_is_refused(
    settings: Settings, folder: Path, tmp_path: Path
) -> None:
    reranker = make_reranker(settings)
    assert reranker is not None
    with pytest.raises(ModelIntegrityError, match=f"models trust folder:{folder}"):
        make_reranker(settings.model_copy(update={"models_file": tmp_path / "none.toml"}))
    (folder / "config.json").write_text((folder / "config.json").read_text() + " ")
    with pytest.raises(ModelIntegrityError, match=r"config\.json\) is not the one"):
        reranker.score(QUESTION, [candidate("seed")])
    with pytest.raises(ModelMissing, match="The setting must name a folder"):
        make_reranker(settings.model_copy(update={"reranker": "folder:absent"}))


def test_one_cross_encoder_serves_all_threads(settings: Settings) -> None:
    reranker = make_reranker(settings)
    assert reranker is not None
    candidates = [candidate(text) for text in PASSAGES]
    questions = [f"what of bird {i % 4}" for i in range(16)]
    with ThreadPoolExecutor(8) as pool:
        scores = list(pool.map(lambda q: reranker.score(q, candidates), questions))
    assert scores[:4] * 4 == scores
    assert scores[0] != scores[1]


def test_retrieval_follows_the_cross_encoder(
    settings: Settings, folder: Path, index: Index
) -> None:
    reranker = make_reranker(settings)
    with index.snapshot() as snapshot:
        fused = HybridRetriever(index, reranker=None).search(snapshot, QUESTION, 50)
        hits = HybridRetriever(index, reranker=reranker).search(snapshot, QUESTION, 50)
    read = [hit.chunk.index_text for hit in fused[:READ]]
    order = np.argsort(-PairEncoder(ModelFolder(folder)).logits(QUESTION, read), kind="stable")
    assert [hit.chunk.index_text for hit in hits[:READ]] == [read[i] for i in order]
    assert [hit.chunk.index_text for hit in hits] != [hit.chunk.index_text for hit in fused]
    assert all(0 <= hit.score <= 1 for hit in hits)
