"""A folder with a model in the sentence-transformers layout: what is in it, read with care.

Only safetensors are read, never a pickle, and no file outside of the folder's own names. The
layout: `modules.json` names the steps, each with a folder of its own; without it there is a
transformer and nothing else (Reimers and Gurevych, "Sentence-BERT", 2019, and its library's
documentation of saved models).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from safetensors import SafetensorError, deserialize
from tokenizers import Tokenizer, normalizers

from ingest.errors import ModelMissing, ModelUnsupported

PREFIX = "folder:"
WEIGHTS = "model.safetensors"
CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
MODULES = "modules.json"
PROMPTS = "config_sentence_transformers.json"
SENTENCE_CONFIG = "sentence_bert_config.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
Schema = TypeVar("Schema", bound=BaseModel)
_JSON_NAMES: dict[type, str] = {dict: "object", list: "list"}
_FLOATS = {"F64": np.float64, "F32": np.float32, "F16": np.float16}


@dataclass(frozen=True)
class Module:
    """One step of a model: its kind ("Pooling") and its folder inside the model's."""

    kind: str
    path: str

    def file(self, name: str) -> str:
        """Return the path of one of its files inside the model's folder."""
        return str(PurePosixPath(self.path) / name)


class _ModuleEntry(BaseModel):
    type: str
    path: str = ""


class _SentenceConfig(BaseModel):
    max_seq_length: int | None = Field(default=None, gt=0)
    do_lower_case: bool = False


class _TokenizerConfig(BaseModel):
    model_max_length: float | None = Field(default=None, gt=0)
    model_input_names: tuple[str, ...] = ("token_type_ids",)


class _Prompts(BaseModel):
    prompts: dict[str, str | None] | None = None
    default_prompt_name: str | None = None


class ModelFolder:
    """Reads the files of one model.

    Everything raises ModelMissing where a file is not there or cannot be read, ModelUnsupported
    where it says something that we cannot do; both name the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def modules(self) -> tuple[Module, ...]:
        """The steps in order; the first is the transformer."""
        if not (self.path / MODULES).is_file():
            return (Module("Transformer", ""),)
        try:
            entries = TypeAdapter(list[_ModuleEntry]).validate_python(self._json(MODULES, list))
        except ValidationError as error:
            raise self._unsupported(MODULES, error) from None
        modules = tuple(Module(e.type.rpartition(".")[2], e.path) for e in entries)
        if not modules or modules[0].kind != "Transformer":
            raise ModelUnsupported(f"{self.path / MODULES} does not begin with a transformer.")
        for module in modules:
            parts = PurePosixPath(module.path)
            if parts.is_absolute() or ".." in parts.parts:
                raise ModelUnsupported(f"{self.path / MODULES} leads out of its folder.")
        return modules

    @property
    def transformer(self) -> Module:
        """The step that holds the encoder, its config and its tokenizer."""
        return self.modules[0]

    @property
    def files(self) -> tuple[str, ...]:
        """The files that shape the output, the encoder's weights first."""
        needed = [self.transformer.file(name) for name in (WEIGHTS, CONFIG, TOKENIZER)]
        told = [MODULES, PROMPTS, *map(self.transformer.file, (SENTENCE_CONFIG, TOKENIZER_CONFIG))]
        told += [m.file(name) for m in self.modules[1:] for name in (CONFIG, WEIGHTS)]
        there = [name for name in dict.fromkeys(told) if (self.path / name).is_file()]
        return (*needed, *(name for name in there if name not in needed))

    def read(self, name: str, schema: type[Schema]) -> Schema:
        """Return what a JSON file says, as the schema has it."""
        try:
            return schema.model_validate(self._json(name, dict))
        except ValidationError as error:
            raise self._unsupported(name, error) from None

    def tokenizer(self) -> Tokenizer:
        """Return the tokenizer, which neither pads nor truncates."""
        name = self.transformer.file(TOKENIZER)
        text = self._bytes(name)
        try:
            tokenizer = Tokenizer.from_str(text.decode())
        except Exception as error:  # what the library raises has no other type
            raise ModelMissing(f"{self.path / name} cannot be read ({error}).") from error
        tokenizer.no_truncation()
        tokenizer.no_padding()
        if self._sentence_config.do_lower_case:
            steps = [normalizers.Lowercase(), tokenizer.normalizer]
            tokenizer.normalizer = normalizers.Sequence([step for step in steps if step])
        return tokenizer

    def max_tokens(self, positions: int) -> int:
        """Return how many tokens, the special ones counted, the model reads of a text.

        `positions` is how many its encoder has places for.
        """
        told = self._sentence_config.max_seq_length or self._tokenizer_config.model_max_length
        return int(min(positions, told or positions))

    @property
    def tells_types(self) -> bool:
        """Whether the encoder is told which of two texts a token belongs to."""
        return "token_type_ids" in self._tokenizer_config.model_input_names

    def prompts(self) -> tuple[str, str]:
        """Return what the model wants in front of a question, and of a passage.

        Its default prompt stands in front of both where it has none for either.
        """
        read = self._read_or(PROMPTS, _Prompts())
        prompts = read.prompts or {}
        query = prompts.get("query") or ""
        named = (prompts.get(name) for name in ("document", "passage", "corpus"))
        passage = next((prompt for prompt in named if prompt), "")
        if query or passage:
            return query, passage
        default = prompts.get(read.default_prompt_name or "") or ""
        return default, default

    def tensors(self, name: str) -> Tensors:
        """Return the floating-point tensors of a safetensors file, as float32."""
        try:
            views = deserialize(self._bytes(name))  # type: ignore[no-untyped-call]
        except SafetensorError as error:
            raise ModelMissing(f"{self.path / name} cannot be read ({error}).") from error
        return Tensors(self.path / name, {key: view for key, view in views if _is_float(view)})

    @property
    def _sentence_config(self) -> _SentenceConfig:
        return self._read_or(self.transformer.file(SENTENCE_CONFIG), _SentenceConfig())

    @property
    def _tokenizer_config(self) -> _TokenizerConfig:
        return self._read_or(self.transformer.file(TOKENIZER_CONFIG), _TokenizerConfig())

    def _read_or(self, name: str, default: Schema) -> Schema:
        return self.read(name, type(default)) if (self.path / name).is_file() else default

    def _json(self, name: str, kind: type) -> Any:
        try:
            value = json.loads(self._bytes(name))
        except ValueError as error:
            raise ModelMissing(f"{self.path / name} is not valid JSON ({error}).") from None
        if not isinstance(value, kind):
            raise ModelUnsupported(f"{self.path / name} holds no {_JSON_NAMES[kind]}.")
        return value

    def _bytes(self, name: str) -> bytes:
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise missing_file(self.path, name, error) from error

    def _unsupported(self, name: str, error: ValidationError) -> ModelUnsupported:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        return ModelUnsupported(f"{self.path / name}: {key}: {first['msg']}.")


class Tensors:
    """The tensors of one file by name, each asked for in its shape."""

    def __init__(self, path: Path, views: dict[str, dict[str, Any]]) -> None:
        self.path = path
        self._views = views

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def get(self, name: str, shape: tuple[int | None, ...]) -> NDArray[np.float32]:
        """Return a tensor; None in `shape` stands for any number. Raises ModelUnsupported."""
        view = self._views.get(name)
        if view is None:
            raise ModelUnsupported(f"{self.path} has no tensor {name!r}.")
        found = tuple(view["shape"])
        if len(found) != len(shape) or any(
            w not in (None, n) for n, w in zip(found, shape, strict=True)
        ):
            wanted = tuple("any" if n is None else n for n in shape)
            raise ModelUnsupported(
                f"The tensor {name!r} of {self.path} has the shape {found}, not {wanted}."
            )
        return _to_float32(view).reshape(found)


def missing_file(folder: Path, name: str, error: OSError) -> ModelMissing:
    """Say that a file of a model folder cannot be read, and why that may be."""
    hint = ""
    if name.endswith(WEIGHTS) and list((folder / name).parent.glob("*.bin")):
        hint = "Its weights are pickled (.bin), which could run code; save them as safetensors."
    elif not folder.is_dir():
        hint = "The setting must name a folder."
    return ModelMissing(f"{folder / name} cannot be read ({error.strerror}).", hint=hint)


def _is_float(view: dict[str, Any]) -> bool:
    return view["dtype"] == "BF16" or view["dtype"] in _FLOATS


def _to_float32(view: dict[str, Any]) -> NDArray[np.float32]:
    """Widen a tensor's bytes; bfloat16 is the upper half of a float32."""
    if view["dtype"] == "BF16":
        halves = np.frombuffer(view["data"], dtype="<u2").astype(np.uint32)
        return (halves << 16).view(np.float32)
    return np.frombuffer(view["data"], dtype=_FLOATS[view["dtype"]]).astype(np.float32)
