"""Answers in JSON, and what is read of them while they still come in.

Ollama holds a model to a JSON schema given as `format` (its API reference, docs/api.md,
"Structured outputs"). It may not: with some models the schema is ignored without a word (its
issues 14645 and 15260). So whatever comes is read leniently, what is no JSON as prose, and all of
it is verified like any sentence of a model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from bot.markup import undecorated
from bot.text import sentences

MAX_SENTENCES = 4
MAX_CHOSEN = 3
_CLOSED = re.compile(r"[.!?][\"”')]*(?:\s*\[\d+\])+(?=\s|$)")
_MARKER = re.compile(r"\s*\[\d{1,3}\]")
_LIST = re.compile(r'"sentences"\s*:\s*\[')
_OPENING = re.compile(r"\s*(?:```(?:json)?\s*)?(?=\{)")
_FENCE_LENGTH = 12  # of "```json" and some space


def answer_schema(numbers: Sequence[int]) -> dict[str, Any]:
    """Return the JSON schema of an answer that can cite only these pieces of evidence."""
    cites = {"type": "array", "minItems": 1, "items": {"type": "integer", "enum": [*numbers]}}
    sentence = {
        "type": "object",
        "properties": {"text": {"type": "string"}, "cites": cites},
        "required": ["text", "cites"],
    }
    told = {"type": "array", "maxItems": MAX_SENTENCES, "items": sentence}
    return {"type": "object", "properties": {"sentences": told}, "required": ["sentences"]}


def choice_schema(numbers: Sequence[int]) -> dict[str, Any]:
    """Return the JSON schema of a choice among numbered sentences."""
    chosen = {
        "type": "array",
        "maxItems": MAX_CHOSEN,
        "items": {"type": "integer", "enum": [*numbers]},
    }
    return {"type": "object", "properties": {"numbers": chosen}, "required": ["numbers"]}


def read_answer(pieces: Iterator[str]) -> Iterator[str]:
    """Yield the sentences of an answer with their `[n]` markers, each as soon as it is whole.

    Reads JSON of `answer_schema`, and prose with markers where a model writes that instead.
    """
    head = ""
    for piece in pieces:
        head += piece
        if len(head.strip()) > _FENCE_LENGTH:
            break
    rest = chain([head], pieces)
    yield from _json_sentences(rest) if _OPENING.match(head) else prose_sentences(rest)


def read_choice(text: str, numbers: Sequence[int]) -> list[int]:
    """Return the numbers that a model chose, in its order; none where it chose anything else."""
    try:
        value = json.loads(text[_opening_end(text) :].rstrip("` \n"))
    except ValueError:
        return []
    chosen = value.get("numbers") if isinstance(value, dict) else value
    if not isinstance(chosen, list) or any(type(n) is not int or n not in numbers for n in chosen):
        return []
    return list(dict.fromkeys(chosen))[:MAX_CHOSEN]


def prose_sentences(pieces: Iterator[str]) -> Iterator[str]:
    """Yield whole sentences, with the markers behind them, from text that comes in pieces."""
    held = ""
    for piece in pieces:
        held += piece
        # A marker may still be followed by another: wait for what comes after it.
        while (closed := _CLOSED.search(held)) and closed.end() < len(held):
            yield undecorated(held[: closed.end()])
            held = held[closed.end() :]
    if closed := _CLOSED.search(held):
        yield undecorated(held[: closed.end()])
        held = held[closed.end() :]
    yield from (undecorated(held[a:b]) for a, b in sentences(held))


def _json_sentences(pieces: Iterator[str]) -> Iterator[str]:
    """Yield the sentences of the list in a JSON text; what stands around it is left aside."""
    held, decoder, begun = "", json.JSONDecoder(), False
    for piece in pieces:
        held += piece
        if not begun:
            if not (found := _LIST.search(held)):
                continue
            begun, held = True, held[found.end() :]
        while held := held.lstrip(" \t\r\n,"):
            if held[0] != "{":
                return
            try:
                value, end = decoder.raw_decode(held)
            except ValueError:
                break  # not whole yet
            held = held[end:]
            yield _sentence(value)


def _sentence(value: dict[str, Any]) -> str:
    """Write a sentence of the schema as prose with markers; what it lacks the verifier will see."""
    text, cites = value.get("text"), value.get("cites")
    said = undecorated(_MARKER.sub("", text)) if isinstance(text, str) else ""
    numbers = cites if isinstance(cites, list) else []
    return f"{said} {''.join(f'[{n}]' for n in numbers if type(n) is int)}".strip()


def _opening_end(text: str) -> int:
    found = _OPENING.match(text)
    return found.end() if found else 0
