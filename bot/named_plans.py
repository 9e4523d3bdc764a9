"""Plans for the entities that a question names: their figures, a comparison, what is like one.

Every word has to find its place: a plan that leaves some over is about something near.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.bounds import Comparison
from bot.condition_order import SUPERLATIVES
from bot.condition_reader import ConditionReader
from bot.conditions import Filter, Function, Loose, Order, Than
from bot.entities import EntityIndex
from bot.mentions import Candidate, Mention
from bot.names import fold
from bot.plan import (
    MAX_ENTITIES,
    MAX_FIELDS,
    Choice,
    Operation,
    Plan,
    PlannedEntity,
    UnknownName,
)
from bot.reading import Reading
from bot.than import compared_by
from bot.units import canonical, convertible
from bot.yes_no import asks_yes_or_no, read_checks
from ingest.domain import TableCard

MAX_SAME_NAME = 4
MAX_BARE_WORDS = 3
MAX_LEFTOVER = 3
_THAN_IT = re.compile(r"\b(?:than|as|like) (?:the )?it\b", re.I)
_BETTER = re.compile(r"\b(?:better|best|worse|worst|nicer|superior)\b", re.I)
_GOOD = re.compile(
    r"^\W*(?:is it(?: an?| the| really| any| very)* (?:good|great|decent|bad|nice)\b"
    r"|how good is it\b)[^,;]*$",
    re.I,
)
_PLACED = re.compile(r"^(.+)\n.*\b(?:in|near|around|from|to|an?|any) \1\b", re.I)
_TOGETHER = re.compile(r"\b(?:total|sum|combined|together|altogether)\b", re.I)
_SIMILAR = re.compile(
    r"^\W*(?:(?:what|which|list|show|find|name|give|me|some|are|please|any|other|more|the|most|top"
    r"|\d+|is there|are there) )*(?:\w+ )?(?:that are |that is |which are |are )?"
    r"(?:similar to|like|comparable to|much like|close to|alternatives to) (?:the )?it\W*$"
    r"|^\W*(?:what|which) (?:\w+ )?(?:is|are) (?:most )?(?:similar to|like|comparable to) it\W*$"
    r"|^\W*alternatives (?:to|for) it\W*$",
    re.I,
)


class NamedPlans:
    """Plans questions about named entities of one table; safe to share between threads."""

    def __init__(
        self, table: TableCard, conditions: ConditionReader, entities: EntityIndex
    ) -> None:
        self._table = table
        self._entities = entities
        self._conditions = conditions

    def plan(self, reading: Reading) -> Plan | None:
        """Return the plan of a question, or None where it cannot be planned with confidence."""
        if reading.prose:
            return None
        if not reading.mentions:
            return self._which_ones(reading)
        if _SIMILAR.match(reading.masked):
            return self._similar(reading)
        if (checked := self._yes_or_no(reading)) is not None:
            return checked
        fields = reading.fields[:MAX_FIELDS]
        if not any(mention.known for mention in reading.mentions) and not (
            fields or reading.overview or reading.compares
        ):
            return self._unknown_codes(reading)
        if fields:
            return self._with_fields(reading, fields)
        if reading.overview or reading.bare:
            operation: Operation = "overview" if len(reading.mentions) == 1 else "compare"
            return self._make(operation, reading, tuple(self._table.overview_fields))
        if reading.compares and len(reading.mentions) > 1 and not reading.leftover:
            return self._make("compare", reading, tuple(self._table.overview_fields))
        if (better := self._better(reading)) is not None:
            return better
        return self._unknown_field(reading)

    def _better(self, reading: Reading) -> Plan | None:
        """Show the main figures where it asks which of several is better, and not by what."""
        sure = [m for m in reading.mentions if m.known and not (m.weak and m.tier == "fuzzy")]
        several = len(sure) > 1
        rates = (_BETTER if several else _GOOD).search(reading.masked)
        if not sure or len(sure) < len(reading.mentions) or not rates:
            return None
        if len(reading.leftover) > MAX_LEFTOVER:
            return None
        operation: Operation = "compare" if several else "overview"
        plan = self._make(operation, reading, tuple(self._table.overview_fields))
        said = " ".join(reading.leftover)
        unknown = (Loose(kind="unknown", words=said),) if said else ()
        loose = (Loose(kind="better", words="better"), *unknown)
        return plan and plan.model_copy(update={"loose": loose})

    def _which_ones(self, reading: Reading) -> Plan | None:
        """Ask back where figures are asked for, or a comparison, of nobody in particular."""
        compares = reading.compares and reading.masked.lower().lstrip().startswith("compare")
        bare = reading.only_fields and reading.words <= MAX_BARE_WORDS
        if several := self._several_called(reading):
            return several
        if reading.leftover or not (compares or bare):
            return None
        return Plan(
            operation="ask",
            table=self._table.name,
            asks_for="compare" if compares else "lookup",
            fields=reading.fields,
        )

    def _several_called(self, reading: Reading) -> Plan | None:
        """Ask back where figures are asked for by a word of several names: "Miami price"."""
        said = " ".join(reading.leftover)
        if not reading.fields or not said or _PLACED.search(f"{said}\n{reading.masked}"):
            return None
        called = self._entities.called(said)
        if len(called) < 2:
            return None
        return Plan(
            operation="ask",
            table=self._table.name,
            unknown=(UnknownName(words=said, nearest=tuple(map(_choice, called))),),
            fields=reading.fields,
        )

    def _with_fields(self, reading: Reading, fields: tuple[str, ...]) -> Plan | None:
        if self._speaks_of_others(reading):
            return None
        order = self._order_of(reading)
        left = reading.leftover
        if order is not None:
            left = tuple(word for word in left if word.lower() not in SUPERLATIVES)
            fields = (order.field, *(key for key in fields if key != order.field))[:MAX_FIELDS]
        left, unit = self._asked_unit(left, fields)
        if len(left) > self._allowed_leftover(reading.mentions):
            return None
        operation: Operation = "compare" if len(reading.mentions) > 1 else "lookup"
        plan = self._make(operation, reading, fields, ignored=left)
        total = operation == "compare" and bool(_TOGETHER.search(reading.masked))
        function: Function | None = "total" if total else None
        update = {
            "order": order,
            "checks": self._understood_checks(reading),
            "filters": self.than_the_last(reading, plan),
            "function": function,
            "unit": unit,
        }
        return plan and plan.model_copy(update=update)

    def _understood_checks(self, reading: Reading) -> tuple[tuple[str, str], ...]:
        """Return what "is it private?" checks, where no word of the question is left over."""
        left = reading.checks and self._conditions.read(reading.masked).leftover
        return () if left else reading.checks

    def than_the_last(self, reading: Reading, plan: Plan | None) -> tuple[Filter, ...]:
        """Return the comparison of "is Birch larger than Rowan?", for its yes or no."""
        than = _THAN_IT.search(reading.masked)
        if plan is None or not than or not asks_yes_or_no(reading.masked):
            return ()
        words = self._conditions.words
        order = compared_by(reading.masked[: than.start()], words)
        if order is None or order.field not in plan.fields or len(plan.entities) != 2:
            return ()
        last = plan.entities[1]
        figure = Than(record_id=last.record_id, name=last.name)
        side: Comparison = ">" if order.highest else "<"
        return (Filter(field=order.field, comparison=side, than=figure),)

    def _yes_or_no(self, reading: Reading) -> Plan | None:
        """Plan for what one entity is checked for: "does it have more than 10,000?"."""
        if len(reading.mentions) != 1 or not reading.mentions[0].known:
            return None
        conditions = self._conditions.read(reading.masked)
        checks = read_checks(reading.masked, conditions, self._table)
        if not checks:
            return None
        keys = dict.fromkeys((*(f.field for f in checks), *reading.fields))
        plan = self._make("lookup", reading, tuple(keys)[:MAX_FIELDS])
        update = {"filters": checks, "loose": conditions.loose}
        return plan and plan.model_copy(update=update)

    def _asked_unit(
        self, left: tuple[str, ...], fields: Sequence[str]
    ) -> tuple[tuple[str, ...], str]:
        """Return the words without the unit that the figures are wanted in, and that unit."""
        for size in (2, 1):
            for first in range(len(left) - size + 1):
                unit = canonical(" ".join(left[first : first + size]))
                if any(convertible(unit, self._table.field(key).unit) for key in fields):
                    return (*left[:first], *left[first + size :]), unit
        return left, ""

    def _speaks_of_others(self, reading: Reading) -> bool:
        """Whether it asks for others beside the one named: "colleges cheaper than it"."""
        several = self._conditions.speaks_of_several(reading.masked)
        return several and len(reading.mentions) == 1 and bool(_THAN_IT.search(reading.masked))

    def _order_of(self, reading: Reading) -> Order | None:
        """Return the order that a question asks for among several named entities."""
        if len(reading.mentions) < 2:
            return None
        return self._conditions.superlative(reading.masked)

    def _similar(self, reading: Reading) -> Plan | None:
        known = [mention for mention in reading.mentions if mention.known]
        if len(known) != 1 or len(reading.mentions) > 1 or not self._table.similar_fields:
            return None
        if reading.comparative:
            return None  # "cheaper alternatives to" asks for more than nearness
        if known[0].weak and known[0].tier == "fuzzy":
            return None
        return self._make("similar", reading, tuple(self._table.similar_fields[:MAX_FIELDS]))

    def _allowed_leftover(self, mentions: Sequence[Mention]) -> int:
        """Return how many words nobody understood a plan may stand beside."""
        known = [mention for mention in mentions if mention.known]
        if not known or all(mention.weak and mention.tier == "fuzzy" for mention in known):
            return 0
        return MAX_LEFTOVER if any(not mention.weak for mention in known) else 1

    def _unknown_field(self, reading: Reading) -> Plan | None:
        """Plan for words that ask a known entity for something the records do not have."""
        if not reading.asked or any(m.weak or not m.known for m in reading.mentions):
            return None
        plan = self._make("lookup", reading, ())
        return plan and plan.model_copy(update={"unknown_fields": (reading.asked,)})

    def _unknown_codes(self, reading: Reading) -> Plan | None:
        """Plan for codes that no entity has, where nothing else is said: they can only be names."""
        only = all(mention.is_code for mention in reading.mentions) and not reading.leftover
        return self._make("overview", reading, ()) if only else None

    def _make(
        self,
        operation: Operation,
        reading: Reading,
        fields: tuple[str, ...],
        ignored: tuple[str, ...] = (),
    ) -> Plan | None:
        entities = self._planned(reading.mentions)
        unknown = tuple(_unknown(m) for m in reading.mentions if not m.known)
        if not entities and not unknown:
            return None
        return Plan(
            operation=operation,
            table=self._table.name,
            entities=entities[:MAX_ENTITIES],
            unknown=unknown,
            fields=fields,
            ignored=ignored,
        )

    def of_entities(self, reading: Reading, fields: tuple[str, ...]) -> Plan | None:
        """Plan for the entities of a reading, as a follow-up needs it."""
        return self._make("lookup", reading, fields)

    def _planned(self, mentions: Sequence[Mention]) -> tuple[PlannedEntity, ...]:
        """Return each entity once, those that share a name with all who bear it."""
        planned: dict[str, PlannedEntity] = {}
        for mention in mentions:
            candidates = [c for c in mention.candidates if c.table == self._table.name]
            if not mention.known or not candidates:
                continue
            namesakes = {fold(c.name) for c in candidates}
            show_all = 1 < len(candidates) <= MAX_SAME_NAME and len(namesakes) == 1
            for candidate in candidates if show_all else candidates[:1]:
                entity = _planned_entity(mention, candidate, candidates, show_all)
                planned.setdefault(candidate.record_id, entity)
        return tuple(planned.values())


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
