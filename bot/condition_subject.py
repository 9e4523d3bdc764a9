"""Reads how a question speaks of the entities: of all, of one, of any, of good ones."""

from __future__ import annotations

from bot.condition_order import SUPERLATIVES
from bot.fields import stems
from bot.names import phrase
from bot.question_words import QuestionWords

RATINGS = frozenset({"top", "best", "worst", "good", "great"})
MAX_DESCRIBING = 5  # words between an article and what it belongs to
_INDEFINITE = frozenset({"a", "an", "any", "some", "somewhere", "anywhere"})
_BARE = frozenset({"in", "for", "the", "and", "or"})


class Subject:
    """What a question is about, by the nouns that nothing else has taken.

    Made when everything else is read, because the other readers take words.
    """

    def __init__(self, question: QuestionWords) -> None:
        self._question = question
        self._card = question.card
        self._nouns = {
            i: token
            for i, token in enumerate(question.tokens)
            if i not in question.taken and self._card.is_noun(token)
        }

    @property
    def plural(self) -> bool:
        """Whether it speaks of several: "colleges", "HBCUs"."""
        kinds = [self._question.tokens[f.last - 1] for f in self._question.kinds]
        return any(map(self._card.is_plural, [*self._nouns.values(), *kinds]))

    @property
    def singular(self) -> bool:
        """Whether it speaks of one: "the cheapest college"."""
        return not all(map(self._card.is_plural, self._nouns.values()))

    @property
    def indefinite(self) -> bool:
        """Whether it speaks of one of many: "a small school", not "the smallest of any"."""
        kinds = {f.last - 1: self._question.tokens[f.last - 1] for f in self._question.kinds}
        return not self._says_superlative() and any(
            not self._card.is_plural(noun) and self._has_indefinite_article(i)
            for i, noun in (self._nouns | kinds).items()
        )

    @property
    def described(self) -> bool:
        """Whether it says what it is about without the noun: "cheapest oil filter"."""
        narrowed = bool(self._question.values) or self._says_superlative()
        return bool(self._question.kinds) or (self._orders_by_name() and narrowed)

    @property
    def bare(self) -> bool:
        """Whether a question is nothing but a description: "tribal colleges in Montana"."""
        return all(
            i in self._question.taken or token.norm in _BARE or self._card.is_noun(token)
            for i, token in enumerate(self._question.tokens)
        )

    @property
    def rated(self) -> bool:
        """Whether a word calls the entities themselves good: "best colleges", "a good school"."""
        ratings = (i for i, word in enumerate(self._question.words) if word in RATINGS)
        return any(map(self._stands_before_noun, ratings))

    def _stands_before_noun(self, place: int) -> bool:
        words = self._question.words
        rest = range(place + 1, min(place + 1 + MAX_DESCRIBING, len(words)))
        strange = (i for i in rest if not (self._question.describes(i) or words[i].isdigit()))
        behind = next(strange, None)
        return behind is not None and self._card.is_noun(self._question.tokens[behind])

    def _says_superlative(self) -> bool:
        """Whether it wants what is at an end ("the cheapest"), not what is near one ("cheap")."""
        return any(w in SUPERLATIVES or w.endswith("est") for w in self._question.words)

    def _has_indefinite_article(self, place: int) -> bool:
        before = self._question.words[max(0, place - MAX_DESCRIBING) : place + 1]
        return not _INDEFINITE.isdisjoint(before)

    def _orders_by_name(self) -> bool:
        """Whether its order names the field in so many words: "lowest tuition"."""
        if not self._question.orders:
            return bool(self._question.used)
        found, order = self._question.orders[0]
        label = stems(phrase(self._card.field(order.field).label))
        return not set(label).isdisjoint(stems(self._question.words[found.first : found.last]))
