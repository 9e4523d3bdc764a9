"""Writing the answer: what a model writes is shown only after it was verified.

A model that reasons well composes from the evidence; each sentence is verified as it comes, and
where nothing is left the evidence itself is quoted. A small one joins true words into untrue
sentences, so it may only repeat a sentence of the evidence that also ranks high by our own
measure, and the quotation always follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.answer import Evidence
from bot.chat_models import NamedChatModel, stream_text
from bot.extract import Extract, windows
from bot.prompts import NO_ANSWER, answer_messages, repeat_grammar, repeat_messages
from bot.text import sentences
from bot.verify import verify, verify_repetition

MAX_TOKENS = 300
REPEAT_TOKENS = 80
REPEATABLE = 3
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
            yield from self._repeat(question, best, extracts[:REPEATABLE])
            yield from (Written(quote(window)) for window in best)
            return
        shown = False
        for written in self._compose(question, {e.n: e for e in evidence}):
            shown |= not written.dropped
            yield written
        if not shown:
            yield from (Written(quote(window)) for window in best)

    def _compose(self, question: str, evidence: Mapping[int, Evidence]) -> Iterator[Written]:
        messages = answer_messages(self._domain, question, list(evidence.values()))
        for sentence in _sentences(stream_text(self._chat, messages, max_tokens=MAX_TOKENS)):
            if NO_ANSWER not in sentence:
                yield Written(sentence, verify(sentence, evidence).why)

    def _repeat(
        self, question: str, best: Sequence[Extract], repeatable: Sequence[Extract]
    ) -> Iterator[Written]:
        """Let a small model say the answer in a sentence, from the best quotation alone."""
        shown = {w.evidence.n: w.evidence.model_copy(update={"quote": w.text}) for w in best}
        allowed = {
            n: e.model_copy(update={"quote": _joined(repeatable, n)}) for n, e in shown.items()
        }
        messages = repeat_messages(question, list(shown.values()))
        grammar = repeat_grammar(list(shown))
        pieces = stream_text(self._chat, messages, max_tokens=REPEAT_TOKENS, grammar=grammar)
        for sentence in _sentences(pieces):
            yield Written(sentence, verify_repetition(sentence, allowed).why)


def _joined(extracts: Sequence[Extract], n: int) -> str:
    return "\n".join(extract.text for extract in extracts if extract.evidence.n == n)


def quote(extract: Extract) -> str:
    """Return a quotation with its heading and its marker."""
    heading = next(iter(reversed(extract.evidence.heading_path)), extract.evidence.title)
    text = " ".join(extract.text.split())
    return f"{heading}: “{text}” [{extract.evidence.n}]"


def _sentences(pieces: Iterator[str]) -> Iterator[str]:
    """Yield whole sentences, with the markers behind them, from text that comes in pieces."""
    held = ""
    for piece in pieces:
        held += piece
        while closed := _CLOSED.search(held):
            # A marker may still be followed by another: wait for what comes after it.
            if closed.end() == len(held):
                break
            yield held[: closed.end()].strip()
            held = held[closed.end() :]
    yield from (held[a:b] for a, b in sentences(held))
