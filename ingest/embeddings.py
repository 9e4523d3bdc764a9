"""The embedding models: the embedded one, an Ollama server's, or any of LangChain's.

Each has a name and a digest, so that an index knows by which weights it was made.
"""

from __future__ import annotations

import functools
import json
import threading
from functools import cached_property
from pathlib import Path
from typing import Protocol

from langchain_core.embeddings import Embeddings

from ingest.encoder import SentenceEncoder
from ingest.errors import SettingsError
from ingest.model_pins import MINILM, ModelPins, VerifiedFiles
from ingest.settings import Settings


class NamedEmbeddings(Protocol):
    """An embedding model that says which weights it runs; safe to share between threads.

    `digest` is empty where a provider does not tell.
    """

    @property
    def name(self) -> str:
        """The model's name, for people."""
        ...

    @property
    def digest(self) -> str:
        """`sha256:` and the hash of the weights."""
        ...

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        ...

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one vector for each passage."""
        ...

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a question."""
        ...


class EmbeddedEmbeddings(Embeddings):
    """all-MiniLM-L6-v2 in this process; loaded when the first text comes.

    Raises ModelMissing or ModelIntegrityError at once if its files are not what was pinned, and
    later if they were swapped since.
    """

    name = MINILM.name

    def __init__(self, files: VerifiedFiles) -> None:
        self._files = files
        files.verify()
        self.digest = files.digest

    @cached_property
    def dimension(self) -> int:
        """The length of a vector."""
        config = (self._files.verify() / "model" / "config.json").read_text(encoding="utf-8")
        return int(json.loads(config)["hidden_size"])

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one unit vector for each text."""
        encoder = _encoder(self._files.verify() / "model")
        return encoder.encode(texts).tolist() if texts else []

    def embed_query(self, text: str) -> list[float]:
        """Return the unit vector of a question; MiniLM treats it like any text."""
        return self.embed_documents([text])[0]


_loading = threading.Lock()
_load = functools.cache(SentenceEncoder)


def _encoder(folder: Path) -> SentenceEncoder:
    """Return the one encoder of this process: compiling takes 0.7 s and the weights 90 MB."""
    with _loading:
        return _load(folder)


def make_embeddings(settings: Settings) -> NamedEmbeddings:
    """Return the embedding model that the settings name.

    Raises ModelError if it is missing or not the pinned one, SettingsError if its name says
    nothing to us.
    """
    if settings.embedding == "embedded":
        return EmbeddedEmbeddings(VerifiedFiles(MINILM, ModelPins(settings.models_file)))
    raise SettingsError(f"Setting 'embedding' has the value {settings.embedding!r}: unknown.")
