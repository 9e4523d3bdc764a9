"""The embedding models: the embedded one, an Ollama server's, or any of LangChain's.

Each has a name and a digest, so that an index knows by which weights it was made.
"""

from __future__ import annotations

import functools
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Protocol

from langchain_core.embeddings import Embeddings

from ingest.encoder import BertConfig, SentenceEncoder
from ingest.errors import ModelUnavailable
from ingest.model_pins import MINILM, PinnedFiles
from ingest.models import pinned_model, provider_errors
from ingest.ollama_server import OllamaModel
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
        """By what the model is known: `sha256:` and the hash of its weights, if that is told."""
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

    def __init__(self, files: PinnedFiles) -> None:
        self.name = files.name
        self.digest = files.digest
        self._files = files
        files.verify()

    @cached_property
    def dimension(self) -> int:
        """The length of a vector."""
        return BertConfig.read(self._files.verify().parent / "config.json").hidden_size

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one unit vector for each text."""
        vectors: list[list[float]] = _encoder(self._files.verify().parent).encode(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """Return the unit vector of a question; MiniLM treats it like any text."""
        return self.embed_documents([text])[0]


_loading = threading.Lock()
_load = functools.cache(SentenceEncoder)


def _encoder(folder: Path) -> SentenceEncoder:
    """Return the one encoder of this process: compiling takes 0.7 s and the weights 90 MB."""
    with _loading:
        return _load(folder)


class OllamaEmbedder(Embeddings):
    """An embedding model of an Ollama server; its digest is checked before every call.

    Raises ModelError at once and at every call if it cannot be used or is not the pinned one.
    """

    def __init__(self, model: OllamaModel) -> None:
        from langchain_ollama import OllamaEmbeddings  # a second to import, for those who need it

        self.name = model.name
        self.digest = model.verify()
        self._model = model
        self._client = OllamaEmbeddings(
            model=model.model, base_url=model.host, client_kwargs=model.client_options
        )

    @cached_property
    def dimension(self) -> int:
        """The length of a vector, found by asking for one."""
        return len(self.embed_query("dimension"))

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one vector for each text."""
        if not texts:
            return []
        self._model.verify()
        with self._model.translated():
            vectors = self._client.embed_documents(texts)
        if len(vectors) != len(texts):
            raise ModelUnavailable(
                f"{self.name} returned {len(vectors)} vectors for {len(texts)} texts."
            )
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a question."""
        return self.embed_documents([text])[0]


class OtherEmbeddings(Embeddings):
    """Any of LangChain's embedding models.

    Who runs it tells no digest of the weights, so an index knows it by its name's.
    """

    def __init__(self, name: str, model: Embeddings) -> None:
        self.name = name
        self.digest = f"name-{hashlib.sha256(name.encode()).hexdigest()}"
        self._model = model

    @cached_property
    def dimension(self) -> int:
        """The length of a vector, found by asking for one."""
        return len(self.embed_query("dimension"))

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one vector for each text; raises ModelUnavailable."""
        with self._translated():
            return self._model.embed_documents(texts)

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a question; raises ModelUnavailable."""
        with self._translated():
            return self._model.embed_query(text)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            raise ModelUnavailable(f"{self.name} could not embed: {error}.") from error


def make_embeddings(settings: Settings) -> NamedEmbeddings:
    """Return the embedding model that the settings name.

    Raises ModelError if it is missing or not the pinned one, SettingsError if a provider's
    package is not installed.
    """
    name = settings.embedding
    pinned = pinned_model(name, MINILM, settings)
    if isinstance(pinned, PinnedFiles):
        return EmbeddedEmbeddings(pinned)
    if isinstance(pinned, OllamaModel):
        return OllamaEmbedder(pinned)
    from langchain.embeddings import init_embeddings

    provider, _, model = name.partition(":")
    with provider_errors("embedding", name):
        return OtherEmbeddings(name, init_embeddings(model, provider=provider))
