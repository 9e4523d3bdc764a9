"""Writing the answer: a capable model writes sentences, a small one only chooses quotes.

Both ways nothing is shown that the evidence does not hold. A model that composes has each of its
sentences verified as it comes; what fails is dropped and counted, and if nothing is left the
evidence itself is quoted. A small model reads well and reasons badly: asked whether something
is binding it may say no where the text says yes, in the text's own words, which no check of
words can catch. So it never writes; it picks among numbered quotations, and code prints them.
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

MAX_TOKENS = 300
CHOICES = 4
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
        if not self._chat.composes:
            yield from self._choose(question, extracts)
            return
        shown = False
        for written in self._compose(question, {e.n: e for e in evidence}):
            shown |= not written.dropped
            yield written
        if not shown:
            yield from (Written(quote(window)) for window in windows(extracts)[:1])

    def _compose(self, question: str, evidence: Mapping[int, Evidence]) -> Iterator[Written]:
        messages = answer_messages(self._domain, question, list(evidence.values()))
        for sentence in _sentences(stream_text(self._chat, messages, max_tokens=MAX_TOKENS)):
            if NO_ANSWER in sentence:
                continue
            verdict = verify(sentence, evidence)
            yield Written(sentence, verdict.why)

    def _choose(self, question: str, extracts: Sequence[Extract]) -> Iterator[Written]:
        """Let the model pick a quotation to go with the one that ranks first."""
        offered = windows(extracts)[:CHOICES]
        yield from (Written(quote(window)) for window in offered[:1])
        if len(offered) < 2:
            return
        picked = self._pick(question, offered)
        if picked is not None:
            yield Written(quote(picked))

    def _pick(self, question: str, offered: Sequence[Extract]) -> Extract | None:
        messages = choice_messages(question, [window.text for window in offered])
        grammar = choice_grammar(len(offered))
        reply = "".join(stream_text(self._chat, messages, max_tokens=4, grammar=grammar))
        found = re.search(r"\d+", reply)
        number = int(found[0]) if found else 0
        return offered[number - 1] if 2 <= number <= len(offered) else None


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
