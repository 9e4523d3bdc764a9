"""What moderators try their decisions on: the pack's folder, its live index and bots over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from bot.answer import Answer
from bot.chat_models import NamedChatModel, make_chat_model
from bot.guard_model import make_guard_model
from bot.pipeline import Bot
from bot.regressions import ask_after
from bot.silent_chat import silent_chat
from ingest.domain import DomainCard
from ingest.embeddings import make_embeddings
from ingest.index import Index
from ingest.paths import domain_paths
from ingest.settings import Settings


class Workbench:
    """Bots as people meet them today, made when first asked for; nothing here is counted.

    `chat` is called for the answering model once a case is run; the dry run of a rule does
    without one.
    """

    def __init__(
        self, settings: Settings, index: Index, chat: Callable[[], NamedChatModel]
    ) -> None:
        self.settings = settings
        self.index = index
        self._chat = chat
        self._quoted: dict[tuple[str, tuple[str, ...]], Answer] = {}
        self._generation = 0

    @property
    def pack(self) -> Path:
        """The pack's folder, where rules and regression cases are added."""
        return self.settings.domain

    @cached_property
    def bot(self) -> Bot:
        """The bot with today's index, model and rules; raises ModelError."""
        return self._bot(self._chat())

    @cached_property
    def quoting_bot(self) -> Bot:
        """The bot with a model that says nothing: it quotes, quickly and always the same."""
        return self._bot(silent_chat())

    def quoted(self, question: str, history: tuple[str, ...]) -> Answer:
        """Return what the quoting bot answers after `history`, asked once for each generation.

        A moderator tries a rule several times until it fits, and a pack has many questions.
        """
        with self.index.snapshot() as snapshot:
            generation = snapshot.generation
        if generation != self._generation:
            self._quoted, self._generation = {}, generation
        key = question, history
        if key not in self._quoted:
            self._quoted[key] = ask_after(self.quoting_bot, question, history)
        return self._quoted[key]

    def _bot(self, chat: NamedChatModel) -> Bot:
        return Bot(self.index, chat, self.settings, None, make_guard_model(self.settings))


@contextmanager
def open_workbench(settings: Settings, card: DomainCard) -> Iterator[Workbench]:
    """Open a pack for trying decisions on."""
    index = Index(card, domain_paths(settings, card), make_embeddings(settings))
    try:
        yield Workbench(settings, index, lambda: make_chat_model(settings))
    finally:
        index.close()
