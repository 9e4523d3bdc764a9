"""Texts counted and cut by a tokenizer's tokens: at sentence ends, between words, inside them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

# An ordinary token has four to five characters. What has more than this on average is no
# language (a base64 blob is one unknown token), so it is counted by its length.
_CHARS_PER_TOKEN = 12
# Longer texts are handed to the tokenizer in parts, which bounds its memory.
_MAX_ENCODED_CHARS = 20_000
_ENCODE_BATCH = 256

# Full stops that need no space behind them.
_FULL_STOPS = "。！？"
_SENTENCE_END = re.compile(rf"[.!?…][\"'”’)\]]*\s+(?=[^\sa-z])|[{_FULL_STOPS}]|\n")
_NO_SENTENCE_END = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|vs|etc|approx|cf|e\.g|i\.e|Fig|Jr|Sr|Inc|Ltd|Co|U\.S|U\.K)"
    r"|\b[A-Z])\.\s+$"
)
_GAP = re.compile(r"\s+")


class Encoded(Protocol):
    """One tokenised text: the character span of each token."""

    @property
    def offsets(self) -> list[tuple[int, int]]:
        """Start and end of each token in the text."""
        ...

    def __len__(self) -> int:
        """The number of tokens."""
        ...


class TokenCounter(Protocol):
    """What chunking needs of a tokenizer; `tokenizers.Tokenizer` offers it."""

    def encode_batch(self, input: Any, *, add_special_tokens: bool = True) -> Sequence[Encoded]:
        """Tokenise several texts."""
        ...


class TokenSpans:
    """Counts and cuts texts by tokens.

    Counts add up: this tokenizer splits at white space before anything else, so a text has as
    many tokens as its parts between spaces have together.
    """

    def __init__(self, tokenizer: TokenCounter) -> None:
        self._tokenizer = tokenizer

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the cost of each text: its tokens, or more where it is no language."""
        counts = [0] * len(texts)
        slices = [(i, part) for i, text in enumerate(texts) for part in _slices(text)]
        for i in range(0, len(slices), _ENCODE_BATCH):
            batch = slices[i : i + _ENCODE_BATCH]
            encoded = self._encode([text[start:end] for _, (text, start, end) in batch])
            for (owner, (_, start, end)), encoding in zip(batch, encoded, strict=True):
                counts[owner] += _cost(len(encoding), end - start)
        return counts

    def split(self, text: str, room: int) -> list[tuple[int, int, int]]:
        """Cut a text into spans (start, end, cost) of at most `room` each."""
        spans: list[tuple[int, int, int]] = []
        for _, start, end in _slices(text):
            encoding = self._encode([text[start:end]])[0]
            tokens = [start + first for first, _ in encoding.offsets]
            for pattern_end in self._sentences(text, start, end):
                self._add(spans, text, tokens, pattern_end, room)
        return [_trimmed(text, span) for span in spans if text[span[0] : span[1]].strip()]

    def _encode(self, texts: list[str]) -> Sequence[Encoded]:
        return self._tokenizer.encode_batch(texts, add_special_tokens=False)

    @staticmethod
    def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        begin = start
        for match in _SENTENCE_END.finditer(text, start, end):
            if _NO_SENTENCE_END.search(text, max(begin, match.end() - 16), match.end()):
                continue
            yield begin, match.end()
            begin = match.end()
        if begin < end:
            yield begin, end

    def _add(
        self,
        spans: list[tuple[int, int, int]],
        text: str,
        tokens: list[int],
        sentence: tuple[int, int],
        room: int,
    ) -> None:
        """Append a sentence to the last span if it fits, else begin a new one."""
        start, end = sentence
        cost = _cost(bisect_left(tokens, end) - bisect_left(tokens, start), end - start)
        if cost <= room:
            self._append(spans, text, start, end, cost, room)
            return
        for word in _words(text, start, end):
            count = bisect_left(tokens, word[1]) - bisect_left(tokens, word[0])
            cost = _cost(count, word[1] - word[0])
            pieces = [(*word, cost)] if cost <= room else self._unbroken(text, word, tokens, room)
            for piece in pieces:
                self._append(spans, text, *piece, room)

    @staticmethod
    def _append(
        spans: list[tuple[int, int, int]], text: str, start: int, end: int, cost: int, room: int
    ) -> None:
        if spans and is_seam(text, start) and spans[-1][2] + cost <= room:
            spans[-1] = (spans[-1][0], end, spans[-1][2] + cost)
        else:
            spans.append((start, end, cost))

    def _unbroken(
        self, text: str, span: tuple[int, int], tokens: list[int], room: int
    ) -> Iterator[tuple[int, int, int]]:
        """Cut a run without spaces (a script that writes none, a blob) at token starts.

        A part of a word may have more tokens than its share of the whole, so each part is
        counted, and halved until it fits.
        """
        parts = list(_cuts(span, tokens, room))
        for i in range(0, len(parts), _ENCODE_BATCH):
            batch = parts[i : i + _ENCODE_BATCH]
            encoded = self._encode([text[start:end] for start, end in batch])
            for (start, end), encoding in zip(batch, encoded, strict=True):
                cost = _cost(len(encoding), end - start)
                if cost <= room:
                    yield start, end, cost
                else:
                    yield from self._halved(text, start, end, room)

    def _halved(self, text: str, start: int, end: int, room: int) -> Iterator[tuple[int, int, int]]:
        todo = [(start, end)]
        while todo:
            first, last = todo.pop()
            cost = _cost(len(self._encode([text[first:last]])[0]), last - first)
            if cost <= room or last - first == 1:
                yield first, last, cost
                continue
            middle = (first + last) // 2
            todo += [(middle, last), (first, middle)]


def is_seam(text: str, position: int) -> bool:
    """Whether the parts on both sides have as many tokens as the whole."""
    return position == 0 or text[position - 1].isspace() or text[position - 1] in _FULL_STOPS


def _cuts(span: tuple[int, int], tokens: list[int], room: int) -> Iterator[tuple[int, int]]:
    """Yield parts of a span of `room` tokens each, or of as many characters as these may have."""
    start, end = span
    while start < end:
        index = bisect_left(tokens, start) + room
        cut = min(tokens[index] if index < len(tokens) else end, end)
        cut = min(max(cut, start + 1), start + room * _CHARS_PER_TOKEN)
        yield start, cut
        start = cut


def _cost(tokens: int, characters: int) -> int:
    return max(tokens, characters // _CHARS_PER_TOKEN)


def _slices(text: str) -> Iterator[tuple[str, int, int]]:
    """Cut a very long text at white space into parts that the tokenizer takes at once."""
    start = 0
    while len(text) - start > _MAX_ENCODED_CHARS:
        limit = start + _MAX_ENCODED_CHARS
        cut = max(text.rfind(" ", start, limit), text.rfind("\n", start, limit)) + 1
        end = cut if cut > start else limit
        yield text, start, end
        start = end
    yield text, start, len(text)


def _words(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the words, each with the white space behind it."""
    begin = start
    for match in _GAP.finditer(text, start, end):
        yield begin, match.end()
        begin = match.end()
    if begin < end:
        yield begin, end


def _trimmed(text: str, span: tuple[int, int, int]) -> tuple[int, int, int]:
    start, end, cost = span
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip()), cost
