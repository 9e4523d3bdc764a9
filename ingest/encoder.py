"""A BERT sentence encoder run by OpenVINO, built from a model folder's own config and weights.

OpenVINO has no reader for safetensors, but the encoder is small enough to be written down in its
opset: embedding sum, layer norm, blocks of attention and feed-forward, masked mean pooling and L2
norm, all inside the graph (Devlin et al., "BERT", 2019; Reimers and Gurevych, "Sentence-BERT",
2019). Against the reference's vectors (tests/data/minilm_reference.json) the cosine is 0.999999
in fp32 and 0.9999 in bf16, but for a word or two it is less: the shortest texts run in fp32.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openvino as ov
import openvino.opset13 as ops
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from ingest.errors import ModelMissing

BATCH = 32
MAX_TOKENS = 256
EXACT_TOKENS = 12
Weights = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class BertConfig:
    """The numbers of a BERT encoder, from `config.json`."""

    hidden_size: int
    num_attention_heads: int
    num_hidden_layers: int
    layer_norm_eps: float

    @classmethod
    def read(cls, path: Path) -> BertConfig:
        """Read the config of a model folder."""
        values = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{name: values[name] for name in cls.__dataclass_fields__})


class SentenceEncoder:
    """Turns texts into unit vectors; safe to share between threads.

    `folder` holds `model.safetensors`, `config.json` and `tokenizer.json`. `precision` is
    OpenVINO's inference precision hint; processors without bf16 units fall back by themselves.
    Raises ModelMissing if a file is missing or cannot be read.
    """

    def __init__(self, folder: Path, precision: str = "bf16") -> None:
        try:
            self._config = BertConfig.read(folder / "config.json")
            weights = load_file(folder / "model.safetensors")
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise ModelMissing(
                f"The embedding model in {folder.name} cannot be read ({error}).",
                hint="Install the dependencies again with `make clean` and the same command.",
            ) from error
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()
        graph = _BertGraph(self._config, weights).build()
        core = ov.Core()
        self._exact, self._quick = (
            core.compile_model(
                graph, "CPU", {"INFERENCE_PRECISION_HINT": hint, "PERFORMANCE_HINT": "LATENCY"}
            )
            for hint in ("f32", precision)
        )
        self._lock = threading.Lock()

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return self._config.hidden_size

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the unit vectors of texts, shape (len(texts), dimension).

        Texts of more than 256 tokens are cut, which the chunker sees to that no passage is.
        """
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        encoded = self._tokenizer.encode_batch(list(texts))
        lengths = [sum(item.attention_mask) for item in encoded]
        for batch in _batches_by_length(lengths):
            longest = max(lengths[i] for i in batch)
            ids = np.array([encoded[i].ids[:longest] for i in batch], dtype=np.int64)
            mask = np.array([encoded[i].attention_mask[:longest] for i in batch], dtype=np.int64)
            model = self._exact if longest <= EXACT_TOKENS else self._quick
            with self._lock:
                vectors[batch] = model([ids, mask])[0]
        return vectors


def _batches_by_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield indices in batches of like length, since a batch costs as much as its longest."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    short = [i for i in order if lengths[i] <= EXACT_TOKENS]
    for group in (short, order[len(short) :]):
        for i in range(0, len(group), BATCH):
            yield group[i : i + BATCH]


class _BertGraph:
    """Writes the encoder down in OpenVINO's opset."""

    def __init__(self, config: BertConfig, weights: Weights) -> None:
        self._config = config
        self._weights = weights

    def build(self) -> ov.Model:
        """Return the model: token ids and attention mask (batch, length) to (batch, hidden)."""
        ids = ops.parameter([-1, -1], np.int64, name="input_ids")
        mask = ops.parameter([-1, -1], np.int64, name="attention_mask")
        weight = ops.convert(mask, "f32")
        # Padding gets a score so low that its attention is nothing.
        bias = ops.multiply(
            ops.subtract(ops.unsqueeze(weight, _axis(1, 2)), np.float32(1.0)), np.float32(1e9)
        )
        hidden = self._embed(ids)
        for layer in range(self._config.num_hidden_layers):
            hidden = self._block(hidden, bias, f"encoder.layer.{layer}.")
        return ov.Model([_mean_pool(hidden, weight)], [ids, mask], "sentence_encoder")

    def _embed(self, ids: ov.Node) -> ov.Node:
        length = ops.gather(ops.shape_of(ids, "i64"), np.int64(1), np.int64(0))
        positions = ops.range(np.int64(0), length, np.int64(1), "i64")
        words = ops.gather(self._constant("embeddings.word_embeddings.weight"), ids, np.int64(0))
        places = ops.gather(
            self._constant("embeddings.position_embeddings.weight"), positions, np.int64(0)
        )
        kind = ops.constant(self._weights["embeddings.token_type_embeddings.weight"][0])
        return self._norm(ops.add(ops.add(words, places), kind), "embeddings.LayerNorm")

    def _block(self, hidden: ov.Node, bias: ov.Node, name: str) -> ov.Node:
        query, key, value = (
            self._heads(self._linear(hidden, f"{name}attention.self.{part}"))
            for part in ("query", "key", "value")
        )
        attended = ops.transpose(
            ops.scaled_dot_product_attention(query, key, value, bias), _axis(0, 2, 1, 3)
        )
        joined = ops.reshape(attended, _axis(0, 0, self._config.hidden_size), True)
        mixed = ops.add(self._linear(joined, f"{name}attention.output.dense"), hidden)
        hidden = self._norm(mixed, f"{name}attention.output.LayerNorm")
        wide = ops.gelu(self._linear(hidden, f"{name}intermediate.dense"), "erf")
        narrow = ops.add(self._linear(wide, f"{name}output.dense"), hidden)
        return self._norm(narrow, f"{name}output.LayerNorm")

    def _heads(self, hidden: ov.Node) -> ov.Node:
        heads = self._config.num_attention_heads
        shape = _axis(0, 0, heads, self._config.hidden_size // heads)
        return ops.transpose(ops.reshape(hidden, shape, True), _axis(0, 2, 1, 3))

    def _linear(self, hidden: ov.Node, name: str) -> ov.Node:
        product = ops.matmul(hidden, self._constant(f"{name}.weight"), False, True)
        return ops.add(product, self._constant(f"{name}.bias"))

    def _norm(self, hidden: ov.Node, name: str) -> ov.Node:
        eps = self._config.layer_norm_eps
        centred = ops.mvn(hidden, _axis(-1), True, eps, "inside_sqrt")
        scaled = ops.multiply(centred, self._constant(f"{name}.weight"))
        return ops.add(scaled, self._constant(f"{name}.bias"))

    def _constant(self, name: str) -> ov.Node:
        return ops.constant(self._weights[name].astype(np.float32))


def _mean_pool(hidden: ov.Node, weight: ov.Node) -> ov.Node:
    """Average over the tokens that are not padding, then scale to length one."""
    weight = ops.unsqueeze(weight, _axis(2))
    total = ops.reduce_sum(ops.multiply(hidden, weight), _axis(1))
    mean = ops.divide(total, ops.reduce_sum(weight, _axis(1)))
    return ops.normalize_l2(mean, _axis(1), 1e-12, "max")


def _axis(*numbers: int) -> ov.Node:
    return ops.constant(np.array(numbers, dtype=np.int64))
