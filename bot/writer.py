"""Writing the answer: what a model writes is shown only after it was verified.

A model that reasons well composes from the evidence; each sentence is verified as it comes, and
one that fails gives way to the sentence of the evidence that it is nearest to, in quotation marks.
A small one joins true words into untrue sentences, so it can only choose among sentences of the
evidence: by a grammar that allows nothing else, and then it is heard only where our own ranking
agrees, or by their numbers. Code prints what it chose, so a quotation is exact by construction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.answer import Evidence
from bot.chat_models import NamedChatModel, stream_text
from bot.extract import Extract, windows
from bot.prompts import (
    NO_ANSWER,
    answer_messages,
    choice_grammar,
    choice_messages,
    number_messages,
)
from bot.structured import answer_schema, choice_schema, read_answer, read_choice
from bot.verify import nearest_sentence, verify
from ingest.errors import ModelTimeout

MAX_TOKENS = 300
CHOICE_TOKENS = 160
CHOICE_SECONDS = 4.0
CHOICES = 2
NUMBERED = 8  # sentences that a model may choose from by number
NUMBER_TOKENS = 40


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
        if self._chat.composes:
            # What gives orders to a model is not shown to one: it might obey, and cite its orders.
            answer = self._compose(question, {e.n: e for e in evidence if not e.orders})
        elif self._chat.constrained_by == "grammar":
            yield from self._choose_by_grammar(question, best, extracts[:CHOICES])
            return
        else:
            answer = self._choose_by_number(question, extracts[:NUMBERED])
        shown = False
        for written in answer:
            shown |= not written.dropped
            yield written
        if not shown:
            yield from (Written(quote(window)) for window in best)

    def _compose(self, question: str, evidence: Mapping[int, Evidence]) -> Iterator[Written]:
        if not evidence:
            return
        schema = answer_schema(list(evidence)) if self._chat.constrained_by == "schema" else None
        messages = answer_messages(
            self._domain, question, list(evidence.values()), as_json=schema is not None
        )
        heard, said = set[str](), set[str]()
        for sentence in read_answer(
            stream_text(self._chat, messages, max_tokens=MAX_TOKENS, schema=schema)
        ):
            if sentence in heard:
                break  # it goes round in circles
            heard.add(sentence)
            if NO_ANSWER in sentence:
                continue
            if why := verify(sentence, evidence).why:
                yield Written(sentence, why)
                sentence = _instead(sentence, evidence)
            if sentence and sentence not in said:
                said.add(sentence)
                yield Written(sentence)

    def _choose_by_grammar(
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
        # The quotation does not need the model, and a reader would have to wait.
        chosen = _in_time(pieces)
        agreed = chosen == said[0]
        yield Written(chosen, "" if agreed else "our own ranking prefers another sentence")
        for window in best:
            rest = window.after(choices[0]) if agreed else window.text
            if rest:
                yield Written(quote(window, rest))

    def _choose_by_number(self, question: str, choices: Sequence[Extract]) -> Iterator[Written]:
        """Let a model choose sentences by their numbers, and quote them."""
        numbers = range(1, len(choices) + 1)
        messages = number_messages(question, [_one_line(choice.text) for choice in choices])
        pieces = stream_text(
            self._chat, messages, max_tokens=NUMBER_TOKENS, schema=choice_schema(numbers)
        )
        said = _in_time(pieces)
        chosen = read_choice(said, numbers)
        if not chosen:
            yield Written(said, "chose no sentence of the evidence")
        yield from (Written(quote(choices[n - 1])) for n in chosen)


def _in_time(pieces: Iterator[str]) -> str:
    """Return all that a model says; nothing if it takes too long."""
    try:
        return "".join(pieces).strip()
    except ModelTimeout:
        return ""


def _instead(sentence: str, evidence: Mapping[int, Evidence]) -> str:
    """Return a quotation of what a sentence that failed comes from, if that can be told."""
    found = nearest_sentence(sentence, evidence)
    if found is None:
        return ""
    n, start, end = found
    return _quoted(evidence[n], evidence[n].quote[start:end])


def _cited(text: str, extract: Extract) -> str:
    return f"{_one_line(text)} [{extract.evidence.n}]"


def _one_line(text: str) -> str:
    """Join lines (list items, table rows), with a dot between those that do not end by one."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    joined = (line if line[-1] in ".?!:;,”" else f"{line} ·" for line in lines[:-1])
    return " ".join([*joined, *lines[-1:]])


def quote(extract: Extract, text: str = "") -> str:
    """Return a quotation, or a part of it, with its heading and its marker."""
    return _quoted(extract.evidence, text or extract.text)


def _quoted(evidence: Evidence, text: str) -> str:
    """Say under which heading a quotation stands, unless it begins with the same words."""
    heading = next(iter(reversed(evidence.heading_path)), evidence.title)
    line = _one_line(text)
    said = line.lower().startswith(heading.lower())
    return f"“{line}” [{evidence.n}]" if said else f"{heading}: “{line}” [{evidence.n}]"
