"""Follow-ups about named entities: the last plan edited ("and for Birch?", "the second one").

What a follow-up leaves out is the last plan's. It may speak of entities that are named nowhere in
it: those at a place of the last list, and those that the turn before was about ("which is larger?"
after one lookup and another). Follow-ups about many entities are in bot.selection.

Not covered: "he" and "she", and places counted from the end but "the last".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.condition_reader import ConditionReader
from bot.entities import EntityIndex
from bot.named_plans import NamedPlans
from bot.plan import MAX_ENTITIES, MAX_FIELDS, Operation, Plan, PlannedEntity
from bot.reading import THERE_ARE, Reading
from bot.yes_no import read_checks
from ingest.domain import TableCard

MAX_FOLLOW_UP_WORDS = 10
MAX_FIELD_QUESTION_WORDS = 7
_PLACES = {
    words: place
    for place, forms in enumerate(
        (
            "first 1st one",
            "second 2nd two",
            "third 3rd three",
            "fourth 4th four",
            "fifth 5th five",
            "sixth 6th six",
            "seventh 7th seven",
            "eighth 8th eight",
            "ninth 9th nine",
            "tenth 10th ten",
        )
    )
    for words in forms.split()
}
_PLACES |= {str(place + 1): place for place in range(10)} | {"last": -1}
_SEVERAL = re.compile(r"\b(?:first|top) (two|three|four|five|six|[2-6])\b", re.I)
_AT_PLACE = re.compile(
    r"\bthe (first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last"
    r"|\d+(?:st|nd|rd|th))\b"
    r"|(?:\b(?:number|no\.?|nr\.?)|#) ?(one|two|three|four|five|\d+)\b",
    re.I,
)
_IT = re.compile(r"\b(?:it|its|it's|there|th(?:at|is) one)\b", re.I)
WHICH_OF_THEM = re.compile(
    r"^\W*(?:and |so |ok |then )*(?:which|who|what)(?: one)? (?:is|has|are|of)\b", re.I
)
_MEANS = re.compile(r"\b(?:mean|means|definition|defined|calculated|stand for)\b", re.I)
_COMPARES = re.compile(r"\b(?:\w+er|more|less)\b", re.I)


class FollowUpPlans:
    """Edits the last plan by what a short question about one table says."""

    def __init__(
        self,
        table: TableCard,
        entities: EntityIndex,
        named: NamedPlans,
        conditions: ConditionReader,
    ) -> None:
        self._table = table
        self._entities = entities
        self._named = named
        self._conditions = conditions

    def plan(self, question: str, reading: Reading, last: Plan) -> Plan | None:
        """Return the last plan edited; None where the question stands for itself."""
        if reading.words > MAX_FOLLOW_UP_WORDS:
            return None
        if at_places := self._at_places(question, reading, last):
            return at_places
        if (checked := self._checked(question, reading, last)) is not None:
            return checked
        if reading.prose and not reading.checks:
            return None
        if (against := self._against(question, reading, last)) is not None:
            return against
        if reading.leftover and not self._compared(question, reading, last):
            return None
        if reading.mentions:
            names = reading.follows or reading.adds or (reading.bare and last.fields)
            return self._other_entities(reading, last) if names and not reading.fields else None
        return self._other_fields(question, reading, last)

    def of_the_only_one(self, question: str, reading: Reading, last: Plan) -> Plan | None:
        """Plan for the one entity on the last page: "how long is the warranty on it?"."""
        if len(last.shown) != 1 or not _says_it(question):
            return None
        return self._checked(question, reading, last) or self._at_places(question, reading, last)

    # --- entities that are not named ------------------------------------------------------------

    def _checked(self, question: str, reading: Reading, last: Plan) -> Plan | None:
        """Plan for what the one entity of the last turn is checked for: "is it in Ohio?"."""
        ids = last.shown or tuple(e.record_id for e in last.entities)
        entity = self._entity(ids[0]) if len(ids) == 1 else None
        if entity is None or reading.mentions or not _says_it(question):
            return None
        conditions = self._conditions.read(question)
        checks = read_checks(question, conditions, self._table)
        keys = dict.fromkeys((*(f.field for f in checks), *reading.fields))
        if not checks:
            return None
        return Plan(
            operation="lookup",
            table=last.table,
            entities=(entity,),
            fields=tuple(keys)[:MAX_FIELDS],
            filters=checks,
            loose=conditions.loose,
        )

    def _at_places(self, question: str, reading: Reading, last: Plan) -> Plan | None:
        """Plan for what stands at a place of the last list: "tell me about the second one"."""
        ids = self._pointed(question, last.shown)
        if not ids or reading.mentions or reading.prose:
            return None
        if [w for w in reading.leftover if w.lower() not in _PLACES and not w.isdigit()]:
            return None
        entities = tuple(e for record_id in ids if (e := self._entity(record_id)))
        fields = reading.fields[:MAX_FIELDS]
        single: Operation = "lookup" if fields else "overview"
        return Plan(
            operation="compare" if len(entities) > 1 else single,
            table=last.table,
            entities=entities,
            fields=fields or tuple(self._table.overview_fields),
        )

    def _pointed(self, question: str, shown: Sequence[str]) -> list[str]:
        if len(shown) == 1 and _says_it(question):
            return list(shown)
        if several := _SEVERAL.search(question):
            return list(shown[: _PLACES[several[1].lower()] + 1])
        places = [(m[1] or m[2]).lower() for m in _AT_PLACE.finditer(question)]
        numbers = [_PLACES[place] for place in places if place in _PLACES]
        return [shown[n] for n in numbers if -1 <= n < len(shown)] if shown else []

    def _entity(self, record_id: str) -> PlannedEntity | None:
        found = self._entities.candidate(record_id)
        if found is None:
            return None
        return PlannedEntity(
            record_id=record_id,
            name=found.name,
            label=found.label,
            words=found.name,
            tier="exact",
        )

    # --- other entities, other fields -----------------------------------------------------------

    def _other_entities(self, reading: Reading, last: Plan) -> Plan | None:
        operation: Operation = last.operation
        if operation not in ("lookup", "overview", "compare"):
            operation = "lookup"  # "and X?" after a list asks for X's figures
        new = self._named.of_entities(reading, last.fields or tuple(self._table.overview_fields))
        if new is None:
            return None
        entities, earlier = new.entities, last.earlier
        known = {e.record_id for e in entities}
        kept = tuple(e for e in last.entities if e.record_id not in known)
        if reading.adds or last.operation == "compare":
            entities = (*kept, *entities)[:MAX_ENTITIES]
        else:
            earlier = (*earlier, *kept)[-MAX_ENTITIES + 1 :]
        if len(entities) > 1 and operation != "compare":
            operation = "compare"
        changed = {"operation": operation, "entities": entities, "earlier": earlier}
        return new.model_copy(update=changed)

    def _against(self, question: str, reading: Reading, last: Plan) -> Plan | None:
        """Plan for the last entity beside the one named: "is it larger than Birch?"."""
        fields = reading.fields[:MAX_FIELDS]
        compares = reading.comparative and " than " in question.lower()
        if not (compares and fields and len(last.entities) == 1 and _says_it(question)):
            return None
        new = self._named.of_entities(reading, fields)
        if new is None or len(new.entities) != 1 or new.unknown or reading.leftover:
            return None
        both = (last.entities[0], *new.entities)
        plan = new.model_copy(update={"operation": "compare", "entities": both})
        return plan.model_copy(update={"filters": self._named.than_the_last(reading, plan)})

    def _other_fields(self, question: str, reading: Reading, last: Plan) -> Plan | None:
        compared = self._compared(question, reading, last)
        entities = compared or last.entities
        fields = reading.fields[:MAX_FIELDS] or (last.fields if compared else ())
        if not fields or not entities:
            return None
        several = len(entities) > 1
        short = reading.words <= MAX_FIELD_QUESTION_WORDS and not _MEANS.search(question)
        refers = reading.follows or reading.points or reading.only_fields or short
        if not (refers or (reading.comparative and several)):
            return None
        order = self._conditions.superlative(reading.masked) if several else None
        changed = {
            "operation": "compare" if several else "lookup",
            "entities": entities,
            "earlier": () if compared else last.earlier,
            "fields": (order.field,) if order else fields,
            "order": order,
            "function": None,
            "checks": () if several else reading.checks,
            "filters": (),
            "loose": (),
            "unknown": (),
            "unknown_fields": (),
            "ignored": (),
        }
        return last.model_copy(update=changed)

    def _compared(self, question: str, reading: Reading, last: Plan) -> tuple[PlannedEntity, ...]:
        """Return this turn's entity and those before it, where a question compares them."""
        asks = bool(WHICH_OF_THEM.match(question)) and len(last.entities) == 1
        compares = reading.comparative or bool(_COMPARES.search(question))
        if not (asks and compares and last.earlier):
            return ()
        return (*last.earlier, *last.entities)[-MAX_ENTITIES:]


def _says_it(question: str) -> bool:
    """Whether a question points at one thing: "it", "there", but not "is there"."""
    return bool(_IT.search(THERE_ARE.sub(" ", question)))
