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

from bot.bounds import Comparison
from bot.condition_order import SUPERLATIVES
from bot.condition_reader import ConditionReader
from bot.conditions import Filter, Function, Loose, Order, Than
from bot.entities import EntityIndex
from bot.follow_up_plans import MAX_FOLLOW_UP_WORDS, FollowUpPlans
from bot.mentions import Candidate, Mention
from bot.names import fold, phrase, tokenize
from bot.plan import (
    MAX_ENTITIES,
    MAX_FIELDS,
    Choice,
    Operation,
    Plan,
    PlannedEntity,
    UnknownName,
)
from bot.reading import FILLER, Reader, Reading, is_prose
from bot.selection import narrow, select
from bot.spelling import Speller
from bot.than import compared_by, take_than
from bot.units import canonical, convertible
from bot.yes_no import asks_yes_or_no, read_checks
from ingest.domain import DomainCard, TableCard

MAX_SAME_NAME = 4
MAX_BARE_WORDS = 3
MAX_LEFTOVER = 3
_THAN_IT = re.compile(r"\b(?:than|as|like) (?:the )?it\b", re.I)
_SIDE_BY_SIDE = re.compile(
    r"^\W*(?:(?:please|can you|could you)\W+)*(?:put|place|set|lay|line|show)(?: me)?\b(.*?),?"
    r"\bside[- ]by[- ]side\b",
    re.I | re.S,
)
_BETTER = re.compile(r"\b(?:better|best|worse|worst|nicer|superior)\b", re.I)
_GOOD = re.compile(
    r"^\W*(?:is it(?: an?| the| really| any| very)* (?:good|great|decent|bad|nice)\b"
    r"|how good is it\b)[^,;]*$",
    re.I,
)
_TOGETHER = re.compile(r"\b(?:total|sum|combined|together|altogether)\b", re.I)
_SIMILAR = re.compile(
    r"^\W*(?:(?:what|which|list|show|find|name|give|me|some|are|please|any|other|more|the|most|top"
    r"|\d+|is there|are there) )*(?:\w+ )?(?:that are |that is |which are |are )?"
    r"(?:similar to|like|comparable to|much like|close to|alternatives to) (?:the )?it\W*$"
    r"|^\W*(?:what|which) (?:\w+ )?(?:is|are) (?:most )?(?:similar to|like|comparable to) it\W*$"
    r"|^\W*alternatives (?:to|for) it\W*$",
    re.I,
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
        self._speller = _speller(card, entities)
        self._readers = {table.name: Reader(table, kinds) for table in card.tables}
        self._conditions = {
            table.name: ConditionReader(table, places.get(table.name)) for table in card.tables
        }
        self._follow_ups = {
            table.name: FollowUpPlans(
                table, entities, self._side_by_side, self._conditions[table.name].superlative
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
            edit = self._follow_ups[last.table].plan
            followed = self._narrow(question, reading, last) or edit(question, reading, last)
            if followed is not None:
                return followed
        return self._select(question, mentions) or self._fresh(reading, table)

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

    # --- new questions --------------------------------------------------------------------------

    def _fresh(self, reading: Reading, table: TableCard) -> Plan | None:
        if reading.prose:
            return None
        if not reading.mentions:
            return self._which_ones(reading, table)
        if _SIMILAR.match(reading.masked):
            return self._similar(reading, table)
        if (checked := self._yes_or_no(reading, table)) is not None:
            return checked
        fields = reading.fields[:MAX_FIELDS]
        if not any(mention.known for mention in reading.mentions) and not (
            fields or reading.overview or reading.compares
        ):
            return None
        if fields:
            return self._with_fields(reading, table, fields)
        if reading.overview or reading.bare:
            operation: Operation = "overview" if len(reading.mentions) == 1 else "compare"
            return self._make(operation, table, reading, tuple(table.overview_fields))
        if reading.compares and len(reading.mentions) > 1 and not reading.leftover:
            return self._make("compare", table, reading, tuple(table.overview_fields))
        if (better := self._better(reading, table)) is not None:
            return better
        return self._unknown_field(reading, table)

    def _better(self, reading: Reading, table: TableCard) -> Plan | None:
        """Show the main figures where it asks which of several is better, and not by what."""
        sure = [m for m in reading.mentions if m.known and not (m.weak and m.tier == "fuzzy")]
        several = len(sure) > 1
        rates = (_BETTER if several else _GOOD).search(reading.masked)
        if not sure or len(sure) < len(reading.mentions) or not rates:
            return None
        if len(reading.leftover) > MAX_LEFTOVER:
            return None
        operation: Operation = "compare" if several else "overview"
        plan = self._make(operation, table, reading, tuple(table.overview_fields))
        said = " ".join(reading.leftover)
        unknown = (Loose(kind="unknown", words=said),) if said else ()
        loose = (Loose(kind="better", words="better"), *unknown)
        return plan and plan.model_copy(update={"loose": loose})

    def _which_ones(self, reading: Reading, table: TableCard) -> Plan | None:
        """Ask back where figures are asked for, or a comparison, of nobody in particular."""
        compares = reading.compares and reading.masked.lower().lstrip().startswith("compare")
        bare = reading.only_fields and reading.words <= MAX_BARE_WORDS
        if reading.leftover or not (compares or bare):
            return None
        return Plan(
            operation="ask",
            table=table.name,
            asks_for="compare" if compares else "lookup",
            fields=reading.fields,
        )

    def _with_fields(
        self, reading: Reading, table: TableCard, fields: tuple[str, ...]
    ) -> Plan | None:
        if self._speaks_of_others(reading, table):
            return None
        order = self._order_of(reading, table)
        left = reading.leftover
        if order is not None:
            left = tuple(word for word in left if word.lower() not in SUPERLATIVES)
            fields = (order.field, *(key for key in fields if key != order.field))[:MAX_FIELDS]
        left, unit = self._asked_unit(left, fields, table)
        if len(left) > self._allowed_leftover(reading.mentions):
            return None
        operation: Operation = "compare" if len(reading.mentions) > 1 else "lookup"
        plan = self._make(operation, table, reading, fields, ignored=left)
        total = operation == "compare" and bool(_TOGETHER.search(reading.masked))
        function: Function | None = "total" if total else None
        update = {
            "order": order,
            "checks": self._understood_checks(reading, table),
            "filters": self._than_the_last(reading, table, plan),
            "function": function,
            "unit": unit,
        }
        return plan and plan.model_copy(update=update)

    def _understood_checks(self, reading: Reading, table: TableCard) -> tuple[tuple[str, str], ...]:
        """Return what "is it private?" checks, where no word of the question is left over."""
        left = reading.checks and self._conditions[table.name].read(reading.masked).leftover
        return () if left else reading.checks

    def _than_the_last(
        self, reading: Reading, table: TableCard, plan: Plan | None
    ) -> tuple[Filter, ...]:
        """Return the comparison of "is Birch larger than Rowan?", for its yes or no."""
        than = _THAN_IT.search(reading.masked)
        if plan is None or not than or not asks_yes_or_no(reading.masked):
            return ()
        words = self._conditions[table.name].words
        order = compared_by(reading.masked[: than.start()], words)
        if order is None or order.field not in plan.fields or len(plan.entities) != 2:
            return ()
        last = plan.entities[1]
        figure = Than(record_id=last.record_id, name=last.name)
        side: Comparison = ">" if order.highest else "<"
        return (Filter(field=order.field, comparison=side, than=figure),)

    def _yes_or_no(self, reading: Reading, table: TableCard) -> Plan | None:
        """Plan for what one entity is checked for: "does it have more than 10,000?"."""
        if len(reading.mentions) != 1 or not reading.mentions[0].known:
            return None
        conditions = self._conditions[table.name].read(reading.masked)
        checks = read_checks(reading.masked, conditions, table)
        if not checks:
            return None
        keys = dict.fromkeys((*(f.field for f in checks), *reading.fields))
        plan = self._make("lookup", table, reading, tuple(keys)[:MAX_FIELDS])
        update = {"filters": checks, "loose": conditions.loose}
        return plan and plan.model_copy(update=update)

    def _asked_unit(
        self, left: tuple[str, ...], fields: Sequence[str], table: TableCard
    ) -> tuple[tuple[str, ...], str]:
        """Return the words without the unit that the figures are wanted in, and that unit."""
        for size in (2, 1):
            for first in range(len(left) - size + 1):
                unit = canonical(" ".join(left[first : first + size]))
                if any(convertible(unit, table.field(key).unit) for key in fields):
                    return (*left[:first], *left[first + size :]), unit
        return left, ""

    def _speaks_of_others(self, reading: Reading, table: TableCard) -> bool:
        """Whether it asks for others beside the one named: "colleges cheaper than it"."""
        several = self._conditions[table.name].speaks_of_several(reading.masked)
        return several and len(reading.mentions) == 1 and bool(_THAN_IT.search(reading.masked))

    def _order_of(self, reading: Reading, table: TableCard) -> Order | None:
        """Return the order that a question asks for among several named entities."""
        if len(reading.mentions) < 2:
            return None
        return self._conditions[table.name].superlative(reading.masked)

    def _similar(self, reading: Reading, table: TableCard) -> Plan | None:
        known = [mention for mention in reading.mentions if mention.known]
        if len(known) != 1 or len(reading.mentions) > 1 or not table.similar_fields:
            return None
        if reading.comparative:
            return None  # "cheaper alternatives to" asks for more than nearness
        if known[0].weak and known[0].tier == "fuzzy":
            return None
        return self._make("similar", table, reading, tuple(table.similar_fields[:MAX_FIELDS]))

    def _allowed_leftover(self, mentions: Sequence[Mention]) -> int:
        """Return how many words nobody understood a plan may stand beside."""
        known = [mention for mention in mentions if mention.known]
        if not known or all(mention.weak and mention.tier == "fuzzy" for mention in known):
            return 0
        return MAX_LEFTOVER if any(not mention.weak for mention in known) else 1

    def _unknown_field(self, reading: Reading, table: TableCard) -> Plan | None:
        """Plan for words that ask a known entity for something the records do not have."""
        if not reading.asked or any(m.weak or not m.known for m in reading.mentions):
            return None
        plan = self._make("lookup", table, reading, ())
        return plan and plan.model_copy(update={"unknown_fields": (reading.asked,)})

    def _make(
        self,
        operation: Operation,
        table: TableCard,
        reading: Reading,
        fields: tuple[str, ...],
        ignored: tuple[str, ...] = (),
    ) -> Plan | None:
        entities = self._planned(reading.mentions, table)
        unknown = tuple(_unknown(m) for m in reading.mentions if not m.known)
        if not entities and not unknown:
            return None
        return Plan(
            operation=operation,
            table=table.name,
            entities=entities[:MAX_ENTITIES],
            unknown=unknown,
            fields=fields,
            ignored=ignored,
        )

    def _side_by_side(
        self, reading: Reading, table: TableCard, fields: tuple[str, ...]
    ) -> Plan | None:
        """Plan for the entities of a reading, as a follow-up needs it."""
        return self._make("lookup", table, reading, fields)

    def _planned(self, mentions: Sequence[Mention], table: TableCard) -> tuple[PlannedEntity, ...]:
        """Return each entity once, those that share a name with all who bear it."""
        planned: dict[str, PlannedEntity] = {}
        for mention in mentions:
            candidates = [c for c in mention.candidates if c.table == table.name]
            if not mention.known or not candidates:
                continue
            namesakes = {fold(c.name) for c in candidates}
            show_all = 1 < len(candidates) <= MAX_SAME_NAME and len(namesakes) == 1
            for candidate in candidates if show_all else candidates[:1]:
                entity = _planned_entity(mention, candidate, candidates, show_all)
                planned.setdefault(candidate.record_id, entity)
        return tuple(planned.values())

    # --- follow-ups -----------------------------------------------------------------------------

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


def _speller(card: DomainCard, entities: EntityIndex) -> Speller:
    """Return what puts slips right in the words of the card; a word of any name is none."""
    texts = [
        text
        for table in card.tables
        for field in table.fields
        for own in ([field.label], field.synonyms, field.highest, field.lowest, field.groups)
        for text in own
    ]
    for table in card.tables:
        texts += [table.entity, table.entity_plural, *table.entity_words, *table.plain_words]
        texts += [_plural(word) for word in table.entity_words]
        texts += [w for field in table.fields for v, own in field.values.items() for w in (v, *own)]
    words = {word for text in texts for word in phrase(text)}
    return Speller(words, lambda word: word in FILLER or entities.knows(word))


def _plural(word: str) -> str:
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def _without(
    taken: tuple[str, Filter, Mention], mentions: Sequence[Mention]
) -> tuple[str, list[Mention]]:
    """Return what is left of a question, and of its mentions, without "cheaper than Birch"."""
    return taken[0], [mention for mention in mentions if mention is not taken[2]]


def _planned_entity(
    mention: Mention, candidate: Candidate, candidates: Sequence[Candidate], show_all: bool
) -> PlannedEntity:
    others = tuple(_choice(c) for c in candidates if c is not candidate)
    return PlannedEntity(
        record_id=candidate.record_id,
        name=candidate.name,
        label=candidate.label,
        words=mention.words,
        tier=mention.tier,
        other_candidates=others,
        all_shown=show_all,
    )


def _choice(candidate: Candidate) -> Choice:
    return Choice(record_id=candidate.record_id, name=candidate.name, label=candidate.label)


def _unknown(mention: Mention) -> UnknownName:
    return UnknownName(words=mention.words, nearest=tuple(_choice(c) for c in mention.candidates))
