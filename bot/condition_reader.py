"""Reads a question about many entities: which of them, in what order and how many.

"Public colleges in Texas or Oklahoma under $12k with a graduation rate above 60%, cheapest
first" is read into filters, an order and a limit, by the words of the domain card alone. What
was not understood is left over, and the planner decides what that means.

Not covered: what a field is not ("does not require"), and anything that needs arithmetic between
fields; their words are left over. "Cheaper than Birch" is read by bot.than.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from bot.bounds import take_bounds
from bot.condition_filters import read_filters
from bot.condition_groups import named_group, read_function, tell_apart
from bot.condition_order import read_limit, read_rank, sorted_by, superlative
from bot.condition_subject import Subject
from bot.condition_words import ConditionWords
from bot.conditions import Conditions, Filter, Order
from bot.names import FUNCTION_WORDS, tokenize, words_of
from bot.question_words import QuestionWords
from ingest.domain import TableCard
from ingest.lexical import STOP_WORDS

_NEAR_TO = re.compile(
    r"\b(?:close to|near(?:by)? to|not (?:too )?far from|within (?:an? |about |\d+ )?[\w-]+"
    r"(?: drive)? (?:of|from)|(?:a )?(?:short|easy) drive from)(?= )",
    re.I,
)
_NEGATED = re.compile(
    r"\b(?:but not|(?:that |which |who )?(?:are|is) ?n[o'’]?t|other than|apart from|besides"
    r"|outside of|aside from|anything but|excluding|except(?: for)?)(?= )",
    re.I,
)
_PLAIN_THAN = re.compile(r"(?:less|fewer|lower|cheaper|smaller|more|greater|higher|larger|bigger)$")
_LISTS = re.compile(
    r"^\W*(?:(?:please|can you|could you|ok|so|hi|hello|hey)\W+)*"
    r"(?:which|list|show|find|name|give|do you (?:guys )?(?:have|sell|carry|stock))\b",
    re.I,
)
_FILLER = (
    STOP_WORDS
    | FUNCTION_WORDS
    | words_of(
        """find show list give name me us please pls all any every each some there want wanted need
    looking look like tell see get having have has offer offers located based where that with under
    over rate rates cost costs charge charges only just also still currently right now ones one us
    usa america american country nation nationwide national united ranked rank sort sorted order
    ordered by first ascending descending data per year yearly annual dollars usd what which how
    many much number count ok thanks hi hello hey i'm whats what's overall go attend among amongst
    across within exist exists whose who same these those them they of
    pay pays paying my our daughter son kid child family friend i'd id want wants would prefer"""
    )
)
_FILLER |= words_of(
    "wants wanting hoping sell sells carry carries stock what're somewhere anywhere any somebody"
    " someone who combined altogether lol ok please yall"
)
_FILLER -= words_of("front back side than not no between without except versus vs outside")


class ConditionReader:
    """Reads conditions on the entities of one table; safe to share between threads.

    `places` are the values of the text fields that tell entities apart, by field key.
    """

    def __init__(self, table: TableCard, places: Mapping[str, Iterable[str]] | None = None) -> None:
        self._card = ConditionWords(table, places)

    def read(self, question: str) -> Conditions:
        """Read a question; what it does not say is empty."""
        words = self._words_of(self._spelt_plainly(question))
        return _conditions(words, listed=bool(_LISTS.match(question)))

    @property
    def words(self) -> ConditionWords:
        """The words of the table's card."""
        return self._card

    def superlative(self, question: str) -> Order | None:
        """Return the order of "cheapest of" or "highest", but not of "compare by"."""
        return superlative(self._words_of(question))

    def speaks_of_several(self, question: str) -> bool:
        """Whether a question speaks of entities as such, in the plural: "colleges"."""
        return any(self._card.is_noun(t) and self._card.is_plural(t) for t in tokenize(question))

    def _words_of(self, question: str) -> QuestionWords:
        bounds, rest = take_bounds(question)
        return QuestionWords(self._card, tokenize(rest), bounds)

    def _spelt_plainly(self, question: str) -> str:
        """Say nearness, negation and "lighter than 5" in the one way that is read further on."""
        plain = _NEGATED.sub("not", _NEAR_TO.sub("near", question))
        for words, order in self._card.comparatives.items():
            label, side = self._card.field(order.field).label, "over" if order.highest else "under"
            if " " in words or words not in plain.lower() or _PLAIN_THAN.match(words):
                continue
            than_number = re.compile(rf"\b{re.escape(words)} than (?=\$?\s?\d)", re.I)
            plain = than_number.sub(f"{label} {side} ", plain)
        return plain


def _conditions(question: QuestionWords, listed: bool) -> Conditions:
    """Read everything, in the order in which one part helps to read the next."""
    by = named_group(question)
    filters = read_filters(question)
    extreme = superlative(question)
    order = extreme or sorted_by(question)
    function = read_function(question) if order is None else None
    by, filters, function = tell_apart(question, by, filters, order, function)
    rank = read_rank(question) if order is not None and not by else None
    limit = read_limit(question, ordered=order is not None)
    subject = Subject(question)
    return Conditions(
        filters=filters,
        order=order,
        limit=limit,
        function=function,
        fields=question.asked,
        plural=subject.plural,
        singular=subject.singular,
        indefinite=subject.indefinite or (extreme is None and order is not None),
        described=subject.described,
        listed=listed or subject.bare,
        leftover=(*question.lost, *_leftover(question, filters, order)),
        said=frozenset(tuple(question.words[f.first : f.last]) for f, _ in question.values),
        loose=tuple(question.loose),
        by=by,
        rated=subject.rated,
        rank=rank,
    )


def _leftover(question: QuestionWords, filters: Sequence[Filter], order: Order | None) -> list[str]:
    """Return the words that nobody understood, without those that say nothing here."""
    fields = {*question.asked, *(f.field for f in filters), *([order.field] if order else [])}
    empty = _FILLER.union(*map(question.card.own_words, fields))
    return [
        token.text
        for i, token in enumerate(question.tokens)
        if i not in question.taken
        and token.norm not in empty
        and (len(token.norm) > 1 or token.norm.isdigit())
        and not question.card.is_noun(token)
        and not question.card.is_plain(token.norm)
    ]
