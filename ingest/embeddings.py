"""The embedding models: the embedded one, a local folder's, an Ollama server's, any of LangChain's.

Each has a name and a digest, so that an index knows by which weights it was made.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import Protocol

from langchain_core.embeddings import Embeddings

from ingest.encoder import SentenceEncoder
from ingest.errors import ModelUnavailable
from ingest.model_pins import MINILM, PinnedFiles, PinnedFolder
from ingest.models import pinned_model, provider_errors
from ingest.ollama_server import OllamaModel
from ingest.sentence_model import SentenceModel
from ingest.settings import Settings
from ingest.token_window import TokenWindow


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


class LocalEmbeddings(Embeddings):
    """A sentence encoder in this process, loaded when the first text comes.

    Raises ModelMissing or ModelIntegrityError at once if its files are not what was pinned, and
    later if they were swapped since.
    """

    def __init__(self, files: PinnedFiles | PinnedFolder) -> None:
        files.verify()
        self.name = files.name
        self.digest = files.digest
        self._files = files
        self.model = self._read()

    @cached_property
    def dimension(self) -> int:
        """The length of a vector."""
        return self.model.dimension

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one unit vector for each text."""
        self._files.verify()
        vectors: list[list[float]] = _encoder(self.model, self.digest).encode(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """Return the unit vector of a question, which by itself is a text like any other."""
        return self.embed_documents([text])[0]

    @property
    def window(self) -> TokenWindow:
        """How much of a text it reads."""
        if not isinstance(self._files, PinnedFolder):
            return TokenWindow()
        return TokenWindow(self.digest, self.model.max_tokens, load=self._files.folder.tokenizer)

    @property
    def prompts(self) -> tuple[str, str]:
        """What the model wants in front of a question, and of a passage."""
        files = self._files
        return files.folder.prompts() if isinstance(files, PinnedFolder) else ("", "")

    def _read(self) -> SentenceModel:
        if isinstance(self._files, PinnedFolder):
            return SentenceModel.read(self._files.folder)
        return SentenceModel(self._files.verify().parent)


_loading = threading.Lock()
_loaded: dict[tuple[SentenceModel, str], SentenceEncoder] = {}


def _encoder(model: SentenceModel, digest: str) -> SentenceEncoder:
    """Return the one encoder of this process: compiling takes 0.7 s and the weights 90 MB.

    Weights that were replaced, and trusted, in the meantime have another digest.
    """
    with _loading:
        if (model, digest) not in _loaded:
            _loaded[model, digest] = SentenceEncoder(model)
        return _loaded[model, digest]


class PromptedEmbeddings(Embeddings):
    """An embedding model that wants to be told, in words, what a text is.

    The words stand in front of each text and change its vector, so they are part of the digest.
    """

    def __init__(self, model: NamedEmbeddings, query: str, passage: str) -> None:
        self.name = model.name
        told = json.dumps([model.digest or model.name, query, passage])
        self.digest = f"sha256:{hashlib.sha256(told.encode()).hexdigest()}"
        self.model = model
        self.query = query
        self.passage = passage

    @cached_property
    def dimension(self) -> int:
        """The length of a vector."""
        return self.model.dimension

    @property
    def for_questions(self) -> PromptedEmbeddings:
        """The same model, which takes every text for a question."""
        return PromptedEmbeddings(self.model, self.query, self.query)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one vector for each passage."""
        return self.model.embed_documents([self.passage + text for text in texts])

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a question."""
        return self.model.embed_query(self.query + text)


class OllamaEmbedder(Embeddings):
    """An embedding model of an Ollama server; its digest is checked before and after every call.

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
        self._model.verify_loaded()
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
    """Return the embedding model that the settings name, with the prompts that it wants.

    Raises ModelError if it is missing, not the pinned one or of a kind that does not run here,
    SettingsError if a provider's package is not installed.
    """
    model = _make_model(settings)
    query, passage = "", ""
    if isinstance(model, LocalEmbeddings):
        query, passage = model.prompts
    if settings.embedding_query_prompt is not None:
        query = settings.embedding_query_prompt
    if settings.embedding_passage_prompt is not None:
        passage = settings.embedding_passage_prompt
    return PromptedEmbeddings(model, query, passage) if query or passage else model


def for_questions(embeddings: NamedEmbeddings) -> NamedEmbeddings:
    """Return the model that takes texts for questions, to compare them with a question.

    It has a digest of its own where a question's vector is another than a passage's.
    """
    if isinstance(embeddings, PromptedEmbeddings):
        return embeddings.for_questions
    return embeddings


def token_window(embeddings: NamedEmbeddings) -> TokenWindow:
    """Return how much of a passage a model reads; MiniLM's window where a provider does not tell.

    What a provider's server cuts off it cuts off there.
    """
    if isinstance(embeddings, PromptedEmbeddings):
        return replace(token_window(embeddings.model), prompt=embeddings.passage)
    return embeddings.window if isinstance(embeddings, LocalEmbeddings) else TokenWindow()


def _make_model(settings: Settings) -> NamedEmbeddings:
    name = settings.embedding
    pinned = pinned_model(name, MINILM, settings)
    if isinstance(pinned, PinnedFiles | PinnedFolder):
        return LocalEmbeddings(pinned)
    if isinstance(pinned, OllamaModel):
        return OllamaEmbedder(pinned)
    from langchain.embeddings import init_embeddings

    provider, _, model = name.partition(":")
    with provider_errors("embedding", name):
        return OtherEmbeddings(name, init_embeddings(model, provider=provider))
