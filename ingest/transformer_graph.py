"""Encoders of the BERT family written down in OpenVINO's opset.

OpenVINO has no reader for safetensors, but these encoders are small enough to be written down:
embedding sum, layer norm, blocks of attention and feed-forward (Devlin et al., "BERT", 2019), and
what stands on top of them: pooling and dense layers for sentences (Reimers and Gurevych,
"Sentence-BERT", 2019), or one score for a pair of texts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import openvino as ov
import openvino.opset13 as ops
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from ingest.errors import ModelUnsupported
from ingest.model_folder import Tensors

Activation = Callable[[ov.Node], ov.Node]
ACTIVATIONS: dict[str, Activation] = {
    "gelu": lambda x: ops.gelu(x, "erf"),
    "gelu_new": lambda x: ops.gelu(x, "tanh"),
    "gelu_pytorch_tanh": lambda x: ops.gelu(x, "tanh"),
    "relu": ops.relu,
    "silu": lambda x: ops.swish(x),
    "tanh": ops.tanh,
}
_WORDS = "embeddings.word_embeddings.weight"


@dataclass(frozen=True)
class LayerNames:
    """How a family names the weights of one of its layers."""

    layer: str = "encoder.layer"
    query: str = "attention.self.query"
    key: str = "attention.self.key"
    value: str = "attention.self.value"
    attended: str = "attention.output.dense"
    attention_norm: str = "attention.output.LayerNorm"
    widen: str = "intermediate.dense"
    narrow: str = "output.dense"
    norm: str = "output.LayerNorm"


@dataclass(frozen=True)
class Head:
    """How a family scores a pair from its first token: dense, activation, one output.

    `inside` tells whether the first layer's name has the encoder's prefix.
    """

    dense: str
    activation: str
    output: str
    inside: bool = False


@dataclass(frozen=True)
class Family:
    """What tells one family of encoders from another.

    `skips_padding` is RoBERTa's count of positions, which begins behind the padding's number.
    """

    names: LayerNames
    head: Head
    skips_padding: bool = False
    has_types: bool = True


_ROBERTA = Family(
    LayerNames(), Head("classifier.dense", "tanh", "classifier.out_proj"), skips_padding=True
)
FAMILIES = {
    "bert": Family(LayerNames(), Head("pooler.dense", "tanh", "classifier", inside=True)),
    "roberta": _ROBERTA,
    "xlm-roberta": _ROBERTA,
    "camembert": _ROBERTA,
    "distilbert": Family(
        LayerNames(
            "transformer.layer",
            "attention.q_lin",
            "attention.k_lin",
            "attention.v_lin",
            "attention.out_lin",
            "sa_layer_norm",
            "ffn.lin1",
            "ffn.lin2",
            "output_layer_norm",
        ),
        Head("pre_classifier", "relu", "classifier"),
        has_types=False,
    ),
}


def _named(*names: str) -> int:
    """Return a required number that goes by another name in some families."""
    number: int = Field(validation_alias=AliasChoices(*names), gt=0)
    return number


class TransformerConfig(BaseModel):
    """The numbers of an encoder, from `config.json`."""

    model_config = ConfigDict(frozen=True)

    model_type: str
    vocab_size: int = Field(gt=0)
    hidden_size: int = _named("hidden_size", "dim")
    intermediate_size: int = _named("intermediate_size", "hidden_dim")
    num_hidden_layers: int = _named("num_hidden_layers", "n_layers")
    num_attention_heads: int = _named("num_attention_heads", "n_heads")
    hidden_act: str = Field(validation_alias=AliasChoices("hidden_act", "activation"))
    max_position_embeddings: int = Field(gt=0)
    layer_norm_eps: float = Field(1e-12, gt=0)
    pad_token_id: int | None = Field(None, ge=0)
    position_embedding_type: str = "absolute"
    architectures: tuple[str, ...] | None = None

    @property
    def family(self) -> Family:
        """The family; raises ModelUnsupported if it is none of ours."""
        if self.model_type not in FAMILIES:
            raise ModelUnsupported(
                f"The architecture {self.model_type!r} is not one that runs here.",
                hint=f"These do: {', '.join(FAMILIES)}.",
            )
        return FAMILIES[self.model_type]

    @property
    def first_position(self) -> int:
        """The number of the first token's position."""
        padding = 1 if self.pad_token_id is None else self.pad_token_id
        return padding + 1 if self.family.skips_padding else 0

    @property
    def positions(self) -> int:
        """How many tokens it has positions for."""
        return self.max_position_embeddings - self.first_position

    def check(self) -> None:
        """Raise ModelUnsupported if it asks for what is not written down here."""
        self.family  # noqa: B018  raises
        if self.hidden_act not in ACTIVATIONS:
            raise ModelUnsupported(f"The activation {self.hidden_act!r} is not one that runs here.")
        if self.position_embedding_type != "absolute":
            raise ModelUnsupported(
                f"Positions of the kind {self.position_embedding_type!r} do not run here."
            )
        if self.hidden_size % self.num_attention_heads:
            raise ModelUnsupported(
                f"{self.num_attention_heads} heads cannot share {self.hidden_size} dimensions."
            )


@dataclass(frozen=True)
class Pooling:
    """Makes one vector of the tokens' vectors; those of several modes stand side by side."""

    modes: tuple[str, ...] = ("mean",)


@dataclass(frozen=True)
class Dense:
    """A linear layer on the vector; `weights` is its file inside the model's folder."""

    inputs: int
    outputs: int
    bias: bool
    activation: str
    weights: str


@dataclass(frozen=True)
class Normalize:
    """Scales the vector to length one."""


Step = Pooling | Dense | Normalize


class TransformerGraph:
    """Writes down one encoder, with weights of the given shapes or ModelUnsupported."""

    def __init__(self, config: TransformerConfig, tensors: Tensors) -> None:
        config.check()
        self._config = config
        self._names = config.family.names
        self._tensors = tensors
        # The weights of a model that was trained for a task stand under its encoder's name.
        words = next((name for name in tensors if name.endswith(_WORDS)), _WORDS)
        self._prefix = words.removesuffix(_WORDS)
        self._ids = ops.parameter([-1, -1], np.int64, name="input_ids")
        self._mask = ops.parameter([-1, -1], np.int64, name="attention_mask")
        self._types = ops.parameter([-1, -1], np.int64, name="token_type_ids")

    def sentences(self, steps: Sequence[Step], dense: Callable[[str], Tensors]) -> ov.Model:
        """Return the model of token ids and mask (batch, length) to unit vectors (batch, size).

        `dense` reads the weights of a dense layer.
        """
        hidden = self._encode(None)
        weight = ops.unsqueeze(ops.convert(self._mask, "f32"), _axis(2))
        for step in steps:
            if isinstance(step, Pooling):
                hidden = ops.concat([POOLINGS[mode](hidden, weight) for mode in step.modes], 1)
            elif isinstance(step, Dense):
                hidden = self._dense(hidden, step, dense(step.weights))
            else:
                hidden = _unit(hidden)
        return ov.Model([_unit(hidden)], [self._ids, self._mask], "sentence_encoder")

    def pairs(self) -> ov.Model:
        """Return the model of ids, mask and token types (batch, length) to logits (batch, 1)."""
        head = self._config.family.head
        if f"{head.output}.weight" not in set(self._tensors):
            raise ModelUnsupported(
                f"{self._tensors.path} has no classifier.",
                hint="A reranker is a model for sequence classification.",
            )
        first = ops.gather(self._encode(self._types), np.int64(0), np.int64(1))
        size = self._config.hidden_size
        prefix = self._prefix if head.inside else ""
        mixed = ACTIVATIONS[head.activation](self._linear(first, prefix + head.dense, size, size))
        outputs = self._tensors.get(f"{head.output}.weight", (None, size)).shape[0]
        if outputs != 1:
            raise ModelUnsupported(f"A reranker gives a pair one score, and this model {outputs}.")
        logit = self._linear(mixed, head.output, size, 1)
        return ov.Model([logit], [self._ids, self._mask, self._types], "cross_encoder")

    def _encode(self, types: ov.Node | None) -> ov.Node:
        """Return the tokens' vectors (batch, length, hidden); of one type if none are given."""
        # Padding gets a score so low that its attention is nothing.
        weight = ops.unsqueeze(ops.convert(self._mask, "f32"), _axis(1, 2))
        bias = ops.multiply(ops.subtract(weight, np.float32(1.0)), np.float32(1e9))
        hidden = self._embed(types)
        for layer in range(self._config.num_hidden_layers):
            hidden = self._block(hidden, bias, f"{self._prefix}{self._names.layer}.{layer}.")
        return hidden

    def _embed(self, types: ov.Node | None) -> ov.Node:
        config, name = self._config, f"{self._prefix}embeddings."
        first = np.int64(config.first_position)
        length = ops.gather(ops.shape_of(self._ids, "i64"), np.int64(1), np.int64(0))
        positions = ops.range(first, ops.add(length, first), np.int64(1), "i64")
        total = ops.add(
            self._rows(f"{name}word_embeddings.weight", config.vocab_size, self._ids),
            self._rows(
                f"{name}position_embeddings.weight", config.max_position_embeddings, positions
            ),
        )
        if config.family.has_types:
            kinds = np.int64(0) if types is None else types
            total = ops.add(total, self._rows(f"{name}token_type_embeddings.weight", None, kinds))
        return self._norm(total, f"{name}LayerNorm")

    def _rows(self, name: str, rows: int | None, numbers: ov.Node) -> ov.Node:
        table = self._tensors.get(name, (rows, self._config.hidden_size))
        return ops.gather(ops.constant(table), numbers, np.int64(0))

    def _block(self, hidden: ov.Node, bias: ov.Node, name: str) -> ov.Node:
        n, size, wide = self._names, self._config.hidden_size, self._config.intermediate_size
        query, key, value = (
            self._heads(self._linear(hidden, name + part, size, size))
            for part in (n.query, n.key, n.value)
        )
        attended = ops.transpose(
            ops.scaled_dot_product_attention(query, key, value, bias), _axis(0, 2, 1, 3)
        )
        joined = ops.reshape(attended, _axis(0, 0, size), True)
        mixed = ops.add(self._linear(joined, name + n.attended, size, size), hidden)
        hidden = self._norm(mixed, name + n.attention_norm)
        activate = ACTIVATIONS[self._config.hidden_act]
        widened = activate(self._linear(hidden, name + n.widen, size, wide))
        narrowed = ops.add(self._linear(widened, name + n.narrow, wide, size), hidden)
        return self._norm(narrowed, name + n.norm)

    def _heads(self, hidden: ov.Node) -> ov.Node:
        heads = self._config.num_attention_heads
        shape = _axis(0, 0, heads, self._config.hidden_size // heads)
        return ops.transpose(ops.reshape(hidden, shape, True), _axis(0, 2, 1, 3))

    def _linear(self, hidden: ov.Node, name: str, inputs: int, outputs: int) -> ov.Node:
        weight = self._tensors.get(f"{name}.weight", (outputs, inputs))
        bias = self._tensors.get(f"{name}.bias", (outputs,))
        return ops.add(ops.matmul(hidden, ops.constant(weight), False, True), ops.constant(bias))

    def _dense(self, hidden: ov.Node, step: Dense, tensors: Tensors) -> ov.Node:
        weight = tensors.get("linear.weight", (step.outputs, step.inputs))
        product = ops.matmul(hidden, ops.constant(weight), False, True)
        if step.bias:
            product = ops.add(product, ops.constant(tensors.get("linear.bias", (step.outputs,))))
        return product if step.activation == "identity" else ACTIVATIONS[step.activation](product)

    def _norm(self, hidden: ov.Node, name: str) -> ov.Node:
        size = (self._config.hidden_size,)
        centred = ops.mvn(hidden, _axis(-1), True, self._config.layer_norm_eps, "inside_sqrt")
        scaled = ops.multiply(centred, ops.constant(self._tensors.get(f"{name}.weight", size)))
        return ops.add(scaled, ops.constant(self._tensors.get(f"{name}.bias", size)))


def _mean(hidden: ov.Node, weight: ov.Node) -> ov.Node:
    return ops.divide(_sum(hidden, weight), ops.reduce_sum(weight, _axis(1)))


def _mean_sqrt(hidden: ov.Node, weight: ov.Node) -> ov.Node:
    return ops.divide(_sum(hidden, weight), ops.sqrt(ops.reduce_sum(weight, _axis(1))))


def _sum(hidden: ov.Node, weight: ov.Node) -> ov.Node:
    return ops.reduce_sum(ops.multiply(hidden, weight), _axis(1))


def _max(hidden: ov.Node, weight: ov.Node) -> ov.Node:
    below = ops.multiply(ops.subtract(weight, np.float32(1.0)), np.float32(1e9))
    return ops.reduce_max(ops.add(hidden, below), _axis(1))


def _first(hidden: ov.Node, weight: ov.Node) -> ov.Node:
    return ops.gather(hidden, np.int64(0), np.int64(1))


POOLINGS: dict[str, Callable[[ov.Node, ov.Node], ov.Node]] = {
    "cls": _first,
    "max": _max,
    "mean": _mean,
    "mean_sqrt_len_tokens": _mean_sqrt,
}


def _unit(vectors: ov.Node) -> ov.Node:
    return ops.normalize_l2(vectors, _axis(1), 1e-12, "max")


def _axis(*numbers: int) -> ov.Node:
    return ops.constant(np.array(numbers, dtype=np.int64))
