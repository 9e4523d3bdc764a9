from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from ingest.chunking import chunk_document, load_tokenizer
from ingest.domain import load_card
from ingest.encoder import SentenceEncoder
from ingest.errors import DocumentError, ModelUnsupported
from ingest.loaders import load
from ingest.model_folder import ModelFolder
from ingest.record_text import record_chunk
from ingest.records import read_records
from ingest.scan import find_files
from ingest.sentence_model import SentenceModel
from ingest.token_window import TokenWindow
from tests.model_folders import make_sentence_models

PACKS = sorted((Path(__file__).resolve().parents[2] / "corpus").glob("*/domain.toml"))
GUIDES = [file for card in PACKS for file in find_files(card.parent) if file.path.suffix != ".csv"]


def longest(window: TokenWindow, tokenizer: Tokenizer, texts: list[str]) -> int:
    """Count as the encoder does: prompt, text and special tokens together."""
    return max(len(tokenizer.encode(window.prompt + text)) for text in texts)


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tokenizer]:
    folders = make_sentence_models(tmp_path_factory.mktemp("models"))
    return {name: ModelFolder(folder).tokenizer() for name, folder in folders.items()}


@pytest.mark.parametrize("card", PACKS, ids=lambda path: path.parent.name)
def test_the_encoder_reads_every_passage_and_record_of_a_pack_whole(card: Path) -> None:
    window, tokenizer = TokenWindow(), load_tokenizer()
    assert window.limit == SentenceModel(Path()).max_tokens == 256
    passages = [
        chunk.index_text
        for file in GUIDES
        if file.path.is_relative_to(card.parent)
        for chunk in window.chunk(load(file.path), file.name)
    ]
    records = [
        record_chunk(record, table).index_text
        for table in load_card(card.parent).tables
        for record in read_records(card.parent / table.file, table.file, table)[0]
    ]
    assert len(passages) > 10
    assert len(records) > 20
    assert longest(window, tokenizer, passages) <= 256
    assert window.too_long(records) == []


def test_the_default_window_cuts_as_the_chunker_does() -> None:
    for file in GUIDES:
        document = load(file.path)
        expected = chunk_document(document, file.name, load_tokenizer())
        assert TokenWindow().chunk(document, file.name) == expected


@pytest.mark.parametrize("name", ["bert-mean", "roberta-mean", "xlm-roberta-prompts"])
@pytest.mark.parametrize(("limit", "prompt"), [(512, ""), (128, "passage: "), (90, "query: ")])
def test_no_tokenizer_s_passages_are_longer_than_its_window(
    name: str, limit: int, prompt: str, tokenizers: dict[str, Tokenizer]
) -> None:
    window = TokenWindow("another", limit, prompt, load=lambda: tokenizers[name])
    for file in GUIDES[::3]:
        document = load(file.path)
        chunks = window.chunk(document, file.name)
        assert longest(window, tokenizers[name], [chunk.index_text for chunk in chunks]) <= limit
        shown = "".join(chunk.text + chunk.header for chunk in chunks)
        kept = {word for block in document.blocks for word in block.text.split()}
        assert all(word in shown for word in sorted(kept)[::17])


def test_a_prompt_takes_room_from_the_passages() -> None:
    document = load(max(GUIDES, key=lambda file: file.path.stat().st_size).path)
    prompt = "passage of a guide that somebody wrote with care: " * 8
    plain, prompted = TokenWindow(), TokenWindow(prompt=prompt)
    cut = prompted.chunk(document, "guide")
    assert longest(prompted, load_tokenizer(), [chunk.index_text for chunk in cut]) <= 256
    uncut = [chunk.index_text for chunk in plain.chunk(document, "guide")]
    assert len(cut) > len(uncut)
    assert longest(prompted, load_tokenizer(), uncut) > 256


def test_a_wide_window_makes_no_longer_passages() -> None:
    document = load(GUIDES[0].path)
    wide = TokenWindow("wide", 512).chunk(document, "guide")
    assert wide == TokenWindow().chunk(document, "guide")


def test_a_window_too_narrow_for_a_passage_says_so() -> None:
    document = load(GUIDES[0].path)
    with pytest.raises(ModelUnsupported, match="reads only 24 tokens of a passage"):
        TokenWindow("narrow", 24).chunk(document, "guide")
    prompt = "words " * 250
    with pytest.raises(ModelUnsupported, match="reads only 6 tokens of a passage"):
        TokenWindow(prompt=prompt).chunk(document, "guide")


def test_a_document_that_cannot_be_cut_so_short_fails_alone(
    tmp_path: Path, tokenizers: dict[str, Tokenizer]
) -> None:
    class Spendthrift:
        """Counts like MiniLM, and adds thirty tokens that no chunker can know of."""

        def __getattr__(self, name: str) -> object:
            return getattr(load_tokenizer(), name)

        def encode_batch(self, texts: list[str], **options: bool) -> object:
            made = load_tokenizer().encode_batch(texts, **options)
            for item in made:
                if options.get("add_special_tokens", True):
                    item.pad(len(item) + 30)
            return made

    document = load(GUIDES[0].path)
    window = TokenWindow("odd", 40, load=Spendthrift)  # type: ignore[arg-type]
    with pytest.raises(DocumentError, match="cannot be cut into passages of 40 tokens"):
        window.chunk(document, "guide")


def test_a_limit_is_where_the_encoder_cuts(tmp_path: Path) -> None:
    folder = make_sentence_models(tmp_path)["bert-mean"]
    model = SentenceModel.read(ModelFolder(folder))
    encoder, window = SentenceEncoder(model, "f32"), TokenWindow("t", model.max_tokens)
    text = "seed " * (model.max_tokens - 2)
    tokenizer = ModelFolder(folder).tokenizer()
    assert longest(window, tokenizer, [text]) == model.max_tokens
    whole, more, less = encoder.encode([text, text + "nest", text[5:]])
    assert np.array_equal(whole, more)
    assert not np.array_equal(whole, less)
