"""What moderators try their decisions on: the pack's folder, its live index and bots over it."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path

from bot.chat_models import NamedChatModel, make_chat_model
from bot.guard_model import make_guard_model
from bot.pipeline import Bot
from bot.regressions import ask_after
from bot.review.trial_cache import TrialCache
from bot.rules import pack_rules
from bot.silent_chat import silent_chat
from ingest.domain import CARD_NAME, DomainCard
from ingest.embedding_cache import VectorMemory, from_bytes, model_key, to_bytes
from ingest.embeddings import for_questions, make_embeddings
from ingest.index import Index, Vector
from ingest.paths import domain_paths
from ingest.rules import rules_version
from ingest.settings import Settings

Asked = tuple[str, tuple[str, ...]]
Tell = Callable[[int, int], None]

VECTORS_REMEMBERED = 10_000
ANSWERS_AT_ONCE = 20
# Beside visitors who never cease, a tenth of a core is left for a try.
MOST_PATIENCE_SECONDS, LOOK_AGAIN_SECONDS = 1.0, 0.05
MAKERS = 3  # how the texts below are made; another number makes them anew


def tell_nobody(_done: int, _of: int) -> None:
    """Take no notice of how far something is."""


class Workbench:
    """Bots as people meet them today, made when first asked for; nothing here is counted.

    `chat` is called for the answering model once a case is run; the dry run of a rule does
    without one, and waits while visitors' questions keep the bot `busy`. Safe to share between
    threads.
    """

    def __init__(
        self,
        settings: Settings,
        index: Index,
        chat: Callable[[], NamedChatModel],
        *,
        busy: Callable[[], bool] = bool,
    ) -> None:
        self.settings = settings
        self.index = index
        self._chat = chat
        self._busy = busy
        self._model = for_questions(index.embeddings)
        self._memory = VectorMemory(self._model.embed_documents, VECTORS_REMEMBERED)
        self._cache = TrialCache(index.paths.trials)
        self._quoting = threading.Lock()

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

    def vectors(self, texts: Sequence[str]) -> dict[str, Vector]:
        """Return the unit vectors of texts, made in one go and remembered while this is open."""
        if not texts:
            return {}
        return dict(zip(texts, self._memory.vectors(texts), strict=True))

    def pack_vectors(self, texts: Sequence[str]) -> dict[str, Vector]:
        """Return the unit vectors of texts of the pack, kept on disk for the next time."""
        model = model_key(self._model)
        found = self._cache.find("vector", model, texts)
        missing = list(dict.fromkeys(text for text in texts if text not in found))
        if missing:
            vectors = self._model.embed_documents(missing)
            made = dict(zip(missing, map(to_bytes, vectors), strict=True))
            self._cache.keep("vector", model, made)
            found |= made
        return {text: from_bytes(stored) for text, stored in found.items()}

    def quoted(self, asked: Sequence[Asked], tell: Tell = tell_nobody) -> dict[Asked, str]:
        """Return what the quoting bot answers to questions of the pack, empty where it does not.

        Each is asked after the questions before it. A tenth of a second each: so they are kept
        on disk for as long as index, card and rules stay as they are, and `tell` is told how many
        are done.
        """
        keys = {json.dumps(one, ensure_ascii=False): one for one in asked}
        with self._quoting:
            made_with = self._made_with()
            found = self._cache.find("answer", made_with, list(keys))
            missing = [key for key in keys if key not in found]
            for start in range(0, len(missing), ANSWERS_AT_ONCE):
                some = {key: keys[key] for key in missing[start : start + ANSWERS_AT_ONCE]}
                tell_more = partial(_tell_more, tell, len(found), len(keys))
                found |= self._quote_some(made_with, some, tell_more)
        return {keys[key]: text.decode() for key, text in found.items()}

    def close(self) -> None:
        """Let go of what was kept; the index is its opener's."""
        self._cache.close()

    def _quote_some(
        self, made_with: str, asked: Mapping[str, Asked], tell: Callable[[int], None]
    ) -> dict[str, bytes]:
        """Quote and keep, also what was quoted before `tell` put an end to it by raising."""
        made: dict[str, bytes] = {}
        try:
            for key, one in asked.items():
                tell(len(made))
                self._give_way()
                made[key] = self._quote(*one)
        finally:
            self._cache.keep("answer", made_with, made)
        return made

    def _quote(self, question: str, history: tuple[str, ...]) -> bytes:
        answer = ask_after(self.quoting_bot, question, history)
        return (answer.text if answer.status == "answered" else "").encode()

    def _give_way(self) -> None:
        """Let those go first who are waiting for an answer, if not for ever.

        Lowering the thread's priority would not do: it holds Python's lock while it is waiting.
        """
        end = time.monotonic() + MOST_PATIENCE_SECONDS
        while self._busy() and time.monotonic() < end:
            time.sleep(LOOK_AGAIN_SECONDS)

    def _made_with(self) -> str:
        """Return what tells one state of index, card, rules and model from another."""
        with self.index.snapshot() as snapshot:
            generation = snapshot.generation, snapshot.updated_at_ns
        card = hashlib.sha256((self.pack / CARD_NAME).read_bytes()).hexdigest()
        rules = rules_version(pack_rules(self.pack))
        told = json.dumps([MAKERS, *generation, card, rules, model_key(self.index.embeddings)])
        return hashlib.sha256(told.encode()).hexdigest()

    def _bot(self, chat: NamedChatModel) -> Bot:
        return Bot(self.index, chat, self.settings, (), make_guard_model(self.settings))


def _tell_more(tell: Tell, done: int, of: int, more: int) -> None:
    tell(done + more, of)


@contextmanager
def open_workbench(settings: Settings, card: DomainCard) -> Iterator[Workbench]:
    """Open a pack for trying decisions on."""
    index = Index(card, domain_paths(settings, card), make_embeddings(settings))
    bench = Workbench(settings, index, lambda: make_chat_model(settings))
    try:
        yield bench
    finally:
        bench.close()
        index.close()
