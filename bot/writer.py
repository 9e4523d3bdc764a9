"""Writing the answer: what a model writes is shown only after it was verified.

A model that reasons well composes from the evidence; each sentence is verified as it comes, and
where nothing is left the evidence itself is quoted. A small one joins true words into untrue
sentences, so its decoding is held to the best sentences of the evidence: it can only say one of
them to the letter, is heard only where our own ranking agrees, and the quotation follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.answer import Evidence
from bot.chat_models import NamedChatModel, stream_text
from bot.extract import Extract, windows
from bot.prompts import NO_ANSWER, answer_messages, choice_grammar, choice_messages
from bot.text import sentences
from bot.verify import verify
from ingest.errors import ModelTimeout

MAX_TOKENS = 300
CHOICE_TOKENS = 160
CHOICE_SECONDS = 4.0
CHOICES = 2
_CLOSED = re.compile(r"[.!?][\"”')]*(?:\s*\[\d+\])+(?=\s|$)")


@dataclass(frozen=True)
class Written:
    """A sentence that may be shown, or one that was dropped and why."""

    text: str
    dropped: str = ""


class Writer:
    """Turns evidence into sentences with `[n]` markers, by the model that is configured."""

    def __init__(self, domain: str, chat: NamedChatModel) -> None:
        self._domain = domain
        self._chat = chat

    def write(
        self, question: str, evidence: Sequence[Evidence], extracts: Sequence[Extract]
    ) -> Iterator[Written]:
        """Yield sentences as they are ready; raises ModelError if the model cannot be used."""
        best = windows(extracts)[:1]
        if not self._chat.composes:
            yield from self._choose(question, best, extracts[:CHOICES])
            return
        shown = False
        # What gives orders to a model is not shown to one: it might obey, and cite its orders.
        for written in self._compose(question, {e.n: e for e in evidence if not e.orders}):
            shown |= not written.dropped
            yield written
        if not shown:
            yield from (Written(quote(window)) for window in best)

    def _compose(self, question: str, evidence: Mapping[int, Evidence]) -> Iterator[Written]:
        if not evidence:
            return
        messages = answer_messages(self._domain, question, list(evidence.values()))
        for sentence in _sentences(stream_text(self._chat, messages, max_tokens=MAX_TOKENS)):
            if NO_ANSWER not in sentence:
                yield Written(sentence, verify(sentence, evidence).why)

    def _choose(
        self, question: str, best: Sequence[Extract], choices: Sequence[Extract]
    ) -> Iterator[Written]:
        """Let a small model say one of the best sentences, then quote where it stands."""
        said = [_cited(choice.text, choice) for choice in choices]
        messages = choice_messages(question, [choice.text for choice in choices])
        pieces = stream_text(
            self._chat,
            messages,
            max_tokens=CHOICE_TOKENS,
            grammar=choice_grammar(said),
            seconds=CHOICE_SECONDS,
        )
        try:
            chosen = "".join(pieces).strip()
        except ModelTimeout:
            chosen = ""  # the quotation does not need the model, and a reader would have to wait
        agreed = chosen == said[0]
        yield Written(chosen, "" if agreed else "our own ranking prefers another sentence")
        for window in best:
            rest = window.after(choices[0]) if agreed else window.text
            if rest:
                yield Written(quote(window, rest))


def _cited(text: str, extract: Extract) -> str:
    return f"{_one_line(text)} [{extract.evidence.n}]"


def _one_line(text: str) -> str:
    """Join lines (list items, table rows), with a dot between those that do not end by one."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    joined = (line if line[-1] in ".?!:;,”" else f"{line} ·" for line in lines[:-1])
    return " ".join([*joined, *lines[-1:]])


def quote(extract: Extract, text: str = "") -> str:
    """Return a quotation, or a part of it, with its heading and its marker."""
    heading = next(iter(reversed(extract.evidence.heading_path)), extract.evidence.title)
    said = _one_line(text or extract.text)
    return f"{heading}: “{said}” [{extract.evidence.n}]"


def _sentences(pieces: Iterator[str]) -> Iterator[str]:
    """Yield whole sentences, with the markers behind them, from text that comes in pieces."""
    held = ""
    for piece in pieces:
        held += piece
        # A marker may still be followed by another: wait for what comes after it.
        while (closed := _CLOSED.search(held)) and closed.end() < len(held):
            yield held[: closed.end()].strip()
            held = held[closed.end() :]
    if closed := _CLOSED.search(held):
        yield held[: closed.end()].strip()
        held = held[closed.end() :]
    yield from (held[a:b] for a, b in sentences(held))
