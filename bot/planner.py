"""The planner: a question about records becomes a plan, or nothing.

Deterministic and driven by the domain card alone. A wrong plan is worse than none: where a
question cannot be planned with confidence, `plan` returns None and retrieval goes on. Follow-ups
edit the last plan ("and for Birch?", "only the public ones"); they are not guessed anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from bot.condition_reader import ConditionReader
from bot.conditions import Filter
from bot.entities import EntityIndex
from bot.follow_up_plans import MAX_FOLLOW_UP_WORDS, WHICH_OF_THEM, FollowUpPlans
from bot.mentions import Mention
from bot.named_plans import NamedPlans
from bot.names import phrase, tokenize
from bot.plan import Plan
from bot.reading import Reader, Reading, is_prose
from bot.selection import narrow, select
from bot.spelling import card_speller
from bot.than import take_than
from ingest.domain import DomainCard, TableCard

_SIDE_BY_SIDE = re.compile(
    r"^\W*(?:(?:please|can you|could you)\W+)*(?:put|place|set|lay|line|show)(?: me)?\b(.*?),?"
    r"\bside[- ]by[- ]side\b",
    re.I | re.S,
)


class Planner:
    """Plans questions over one generation of the records; safe to share between threads.

    `places` holds, by table and field, the values of the text fields that tell entities apart.
    `titles` are those of documents: words of one of them name no entity.
    """

    def __init__(
        self,
        card: DomainCard,
        entities: EntityIndex,
        places: Mapping[str, Mapping[str, Iterable[str]]],
        titles: Iterable[str] = (),
    ) -> None:
        self.card = card
        self._entities = entities
        self._titles = {words for title in titles if len(words := phrase(title)) > 1}
        kinds = entities.kind_words
        self._speller = card_speller(card, entities)
        self._readers = {table.name: Reader(table, kinds) for table in card.tables}
        self._conditions = {
            table.name: ConditionReader(table, places.get(table.name)) for table in card.tables
        }
        self._named = {
            table.name: NamedPlans(table, self._conditions[table.name], entities)
            for table in card.tables
        }
        self._follow_ups = {
            table.name: FollowUpPlans(
                table,
                entities,
                self._named[table.name],
                self._conditions[table.name],
            )
            for table in card.tables
        }

    def plan(self, question: str, previous: dict[str, Any] | None = None) -> Plan | None:
        """Return the plan of a question, or None where it cannot be planned with confidence.

        `previous` is the plan of the last turn, as `plan_json` or `model_dump` gave it.
        """
        if not self.card.tables:
            return None
        question = _SIDE_BY_SIDE.sub(r"compare\1", question)
        plan = self._plan(question, previous)
        if plan is not None and plan.understood:
            return plan
        corrected = self._speller.correct(question)
        better = self._plan(corrected, previous) if corrected != question else None
        return better if better is not None and better.understood else plan

    def _plan(self, question: str, previous: dict[str, Any] | None) -> Plan | None:
        mentions = self._outside_titles(question, self._entities.find(question))
        table = self._table_of(mentions)
        reading = self._readers[table.name].read(question, mentions)
        last = self._usable(previous)
        if last is not None:
            followed = self._followed(question, reading, last)
            if followed is not None:
                return followed
        return self._select(question, mentions) or self._named[table.name].plan(reading)

    def _outside_titles(self, question: str, mentions: Sequence[Mention]) -> list[Mention]:
        """Drop the mentions that are words of a document's title: "the Birch form"."""
        words = tuple(token.norm for token in tokenize(question))
        inside = {
            place
            for title in self._titles
            for first in range(len(words) - len(title) + 1)
            if words[first : first + len(title)] == title
            for place in range(first, first + len(title))
        }
        return [m for m in mentions if inside.isdisjoint(range(m.first, m.last))]

    # --- many entities --------------------------------------------------------------------------

    def _select(self, question: str, mentions: Sequence[Mention]) -> Plan | None:
        """Plan for all entities that fit, by the first table that understands the question."""
        if is_prose(question):
            return None
        for table in self.card.tables:
            reader = self._conditions[table.name]
            taken = take_than(question, mentions, reader.words)
            asked, others = (question, mentions) if taken is None else _without(taken, mentions)
            conditions = reader.read(asked)
            if taken is not None:
                conditions = replace(conditions, filters=(*conditions.filters, taken[1]))
            plan = select(asked, conditions, others, table)
            if plan is not None:
                return plan
        return None

    def _narrow(self, question: str, reading: Reading, last: Plan) -> Plan | None:
        if last.operation not in ("list", "summary") or reading.words > MAX_FOLLOW_UP_WORDS:
            return None
        table = self.card.table(last.table)
        conditions = self._conditions[table.name].read(question)
        refers = reading.follows or reading.points or reading.adds
        return narrow(last, conditions, question, table, refers=refers)

    # --- follow-ups -----------------------------------------------------------------------------

    def resume(self, question: str, earlier: Iterable[dict[str, Any]]) -> Plan | None:
        """Return the plan of a question that goes on from before a turn about something else.

        "What is their rate?" is about the newest of the `earlier` plans that can be gone on from.
        "How much does it cost?" is not: it may ask what the turn between was about.
        """
        last = next((plan for one in earlier if (plan := self._usable(one))), None)
        if last is None:
            return None
        reading = self._readers[last.table].read(question, self._entities.find(question))
        words = [token.norm for token in tokenize(question)]
        named = [match for match in reading.matches if "it" not in words[match.first : match.last]]
        refers = reading.points or (len(last.entities) > 1 and WHICH_OF_THEM.match(question))
        if reading.mentions or reading.prose or not (refers and named):
            return None
        return self._followed(question, reading, last)

    def _followed(self, question: str, reading: Reading, last: Plan) -> Plan | None:
        """Return the last plan edited; None where the question stands for itself."""
        edits = self._follow_ups[last.table]
        return (
            edits.of_the_only_one(question, reading, last)
            or self._narrow(question, reading, last)
            or edits.plan(question, reading, last)
        )

    def _usable(self, previous: dict[str, Any] | None) -> Plan | None:
        """Read the last plan; None where it is none, or about what is no longer there."""
        if not previous:
            return None
        try:
            plan = Plan.model_validate(previous)
            keys = {field.key for field in self.card.table(plan.table).fields}
        except (ValidationError, KeyError):
            return None
        gone = [e for e in plan.entities if self._entities.candidate(e.record_id) is None]
        return None if gone or not keys.issuperset(plan.fields) else plan

    def _table_of(self, mentions: Sequence[Mention]) -> TableCard:
        """Return the table that most of the named entities are in."""
        tables = [m.candidates[0].table for m in mentions if m.known and m.candidates]
        name = max(tables, key=tables.count) if tables else self.card.tables[0].name
        return self.card.table(name)


def _without(
    taken: tuple[str, Filter, Mention], mentions: Sequence[Mention]
) -> tuple[str, list[Mention]]:
    """Return what is left of a question, and of its mentions, without "cheaper than Birch"."""
    return taken[0], [mention for mention in mentions if mention is not taken[2]]
