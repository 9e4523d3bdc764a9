"""Finds what a question names that is in no record, so that it is not answered for another."""

from __future__ import annotations

from collections.abc import Sequence

from bot.entity_names import EntityNames, is_indefinite
from bot.names import FUNCTION_WORDS, SEPARATORS, Token

_BEFORE_PLACE = frozenset({"in", "near", "from", "around", "outside"})

Span = tuple[int, int]


class UnknownNames:
    """Finds unknown names by kind, shape, capitals or spelling; safe to share between threads."""

    def __init__(self, names: EntityNames) -> None:
        self._names = names

    def find(self, question: str, tokens: Sequence[Token], known: set[int]) -> list[Span]:
        """Return the spans of unknown names (last excluded) outside the `known` tokens."""
        taken = set(known)
        mixed = any(not token.capital for token in tokens if token.text.isalpha())
        spans: list[Span] = []
        for i in range(len(tokens)):
            if i in taken:
                continue
            end = self._names.codes.end_at(question, tokens, i)
            span = (i, end) if end else self._span_at(tokens, i, taken, mixed)
            if span is not None:
                taken.update(range(*span))
                spans.append(span)
        return spans

    def _span_at(
        self, tokens: Sequence[Token], i: int, taken: set[int], mixed: bool
    ) -> Span | None:
        """Return the unknown name that a token belongs to; `mixed`: capitals tell something."""
        token = tokens[i]
        if token.norm in self._names.kinds:
            return self._around_kind(tokens, i, taken)
        if token.norm in self._names.label_words and i and tokens[i - 1].norm in _BEFORE_PLACE:
            return None
        if token.capital and mixed and i > 0 and self._is_unheard(token):
            return _capitals(tokens, i, taken)
        if self._names.may_be_typo(token.bare) and self._is_near_name(token.bare):
            return i, i + 1
        return None

    def _around_kind(self, tokens: Sequence[Token], i: int, taken: set[int]) -> Span | None:
        """Return the span of a name around its kind: "Oxford University", "University of X"."""
        first = i
        while first > 0 and first - 1 not in taken and self._belongs(tokens[first - 1]):
            first -= 1
        last = i + 1
        if last + 1 < len(tokens) and tokens[last].norm in ("of", "at"):
            end = last + 1
            while end < len(tokens) and end not in taken and self._belongs(tokens[end]):
                end += 1
            if end > last + 1:
                last = end
        named = any(map(self._is_strange, tokens[first:last]))
        return (first, last) if named and not is_indefinite(tokens, first) else None

    def _belongs(self, token: Token) -> bool:
        """Whether a token beside a kind word may be part of the same name."""
        if token.norm in SEPARATORS or token.norm in FUNCTION_WORDS:
            return False
        return token.capital or token.norm in self._names.generic or self._is_strange(token)

    def _is_strange(self, token: Token) -> bool:
        """Whether a token is no ordinary word, so that it can only be (part of) a name."""
        return (
            token.bare not in self._names.ordinary
            and token.norm not in self._names.ordinary
            and token.norm not in self._names.generic
            and token.norm not in FUNCTION_WORDS
            and token.bare.isalpha()
            and len(token.bare) > 2
        )

    def _is_unheard(self, token: Token) -> bool:
        known = token.norm in self._names.familiar and token.norm not in self._names.vocabulary
        return self._is_strange(token) and not known

    def _is_near_name(self, word: str) -> bool:
        """Whether a word is within one edit of a name that is a single word."""
        return any((near,) in self._names.exact.found for near in self._names.near(word))


def _capitals(tokens: Sequence[Token], i: int, taken: set[int]) -> Span:
    last = i + 1
    while last < len(tokens) and last not in taken and tokens[last].capital:
        last += 1
    return i, last
