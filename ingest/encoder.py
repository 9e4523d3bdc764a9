"""Encoders of the BERT family run by OpenVINO: texts to unit vectors, pairs of texts to scores.

Against the reference's vectors (tests/data/minilm_reference.json) MiniLM's cosine is 0.999999
in fp32 and 0.9999 in bf16, but for a word or two it is less: the shortest texts run in fp32.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from tokenizers import Tokenizer

from ingest.errors import ModelUnsupported
from ingest.model_folder import CONFIG, WEIGHTS, ModelFolder
from ingest.sentence_model import SentenceModel
from ingest.transformer_graph import TransformerConfig, TransformerGraph

BATCH = 32
EXACT_TOKENS = 12
QUICK = "bf16"


class SentenceEncoder:
    """Turns texts into unit vectors; safe to share between threads.

    `precision` is OpenVINO's inference precision hint; processors without bf16 units fall back
    by themselves. Raises ModelMissing if a file is missing or cannot be read, ModelUnsupported
    if it asks for what we cannot do.
    """

    def __init__(self, model: SentenceModel, precision: str = QUICK) -> None:
        folder = ModelFolder(model.folder)
        self.dimension = model.dimension
        self._tokenizer = folder.tokenizer()
        self._tokenizer.enable_truncation(model.max_tokens)
        self._tokenizer.enable_padding()
        network = _graph(folder, self._tokenizer).sentences(model.steps, folder.tensors)
        self._exact, self._quick = (_compile(network, hint) for hint in ("f32", precision))
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the unit vectors of texts, shape (len(texts), dimension).

        Texts of more tokens than the model reads are cut, which the chunker sees to that no
        passage is.
        """
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        encoded = self._tokenizer.encode_batch(list(texts))
        lengths = [sum(item.attention_mask) for item in encoded]
        for batch in _batches_by_length(lengths):
            longest = max(lengths[i] for i in batch)
            ids = _numbers([encoded[i].ids[:longest] for i in batch])
            mask = _numbers([encoded[i].attention_mask[:longest] for i in batch])
            model = self._exact if longest <= EXACT_TOKENS else self._quick
            with self._lock:
                vectors[batch] = model([ids, mask])[0]
        return vectors


class PairEncoder:
    """A cross-encoder: reads a question and a passage together; safe to share between threads.

    `folder` holds a model for sequence classification with one output. Raises as SentenceEncoder.
    """

    def __init__(self, folder: ModelFolder, precision: str = QUICK) -> None:
        config = folder.read(folder.transformer.file(CONFIG), TransformerConfig)
        self._limit = folder.max_tokens(config.positions)
        self._tokenizer = folder.tokenizer()
        self._tokenizer.enable_truncation(self._limit, strategy="only_second")
        self._tokenizer.enable_padding()
        self._questions = folder.tokenizer()
        self._types = int(folder.tells_types)
        self._model = _compile(_graph(folder, self._tokenizer).pairs(), precision)
        self._lock = threading.Lock()

    def logits(self, question: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Return how well each passage answers the question, shape (len(passages),).

        What is too long is cut off the passage; of a very long question half a window is read.
        """
        question = self._shortened(question)
        encoded = self._tokenizer.encode_batch([(question, passage) for passage in passages])
        lengths = [sum(item.attention_mask) for item in encoded]
        scores = np.zeros(len(passages), dtype=np.float32)
        for batch in _batches_by_length(lengths):
            longest = max(lengths[i] for i in batch)
            ids = _numbers([encoded[i].ids[:longest] for i in batch])
            mask = _numbers([encoded[i].attention_mask[:longest] for i in batch])
            types = self._types * _numbers([encoded[i].type_ids[:longest] for i in batch])
            with self._lock:
                scores[batch] = self._model([ids, mask, types])[0][:, 0]
        return scores

    def _shortened(self, question: str) -> str:
        offsets = self._questions.encode(question, add_special_tokens=False).offsets
        room = self._limit // 2
        return question[: offsets[room - 1][1]] if len(offsets) > room else question


def _graph(folder: ModelFolder, tokenizer: Tokenizer) -> TransformerGraph:
    config = folder.read(folder.transformer.file(CONFIG), TransformerConfig)
    if tokenizer.get_vocab_size() > config.vocab_size:
        raise ModelUnsupported(
            f"The tokenizer of {folder.path} knows {tokenizer.get_vocab_size():,} tokens, "
            f"its encoder only {config.vocab_size:,}."
        )
    tensors = folder.tensors(folder.transformer.file(WEIGHTS))
    return TransformerGraph(config, tensors)


def _compile(network: ov.Model, precision: str) -> ov.CompiledModel:
    hints = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
    return ov.Core().compile_model(network, "CPU", hints)


def _numbers(rows: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    return np.array(rows, dtype=np.int64)


def _batches_by_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield indices in batches of like length, since a batch costs as much as its longest."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    short = [i for i in order if lengths[i] <= EXACT_TOKENS]
    for group in (short, order[len(short) :]):
        for i in range(0, len(group), BATCH):
            yield group[i : i + BATCH]
