"""What can be asked next: questions near an answer, each tried before it is offered."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from bot.answer import Answer
from bot.plan import Plan
from bot.planning import Planning
from bot.wording import lower_label
from ingest.domain import NUMERIC_TYPES, DomainCard, TableCard
from ingest.index import Snapshot

MOST = 3
_MOST_NAMED = 2
_LONGEST = 120


def follow_ups(
    answer: Answer, card: DomainCard, planning: Planning, snapshot: Snapshot
) -> tuple[str, ...]:
    """Return up to `MOST` questions that follow an answer from records, and have answers there."""
    found: list[str] = []
    for question in dict.fromkeys(near(answer, card)):
        if len(found) < MOST and len(question) <= _LONGEST and _known(question, planning, snapshot):
            found.append(question)
    return tuple(found)


def near(answer: Answer, card: DomainCard) -> Iterator[str]:
    """Yield questions that are near an answer's plan, the nearest first; they may have no answer.

    After named entities these are their other figures, and what is like the first of them;
    after a list its first two side by side, and the first by itself.
    """
    if answer.status != "answered" or answer.plan is None:
        return
    try:
        plan = Plan.model_validate(answer.plan)
        table = card.table(plan.table)
    except (ValidationError, KeyError):
        return
    names = [entity.name for entity in plan.entities]
    if plan.operation == "list" and answer.table is not None:
        yield from _after_list([str(row[0]) for row in answer.table.rows])
    elif names and plan.operation in ("lookup", "overview", "compare"):
        yield from _after_names(names[:_MOST_NAMED], plan, table)


def _after_list(names: list[str]) -> Iterator[str]:
    if len(names) > 1:
        yield f"Compare {names[0]} and {names[1]}"
    yield from (f"Tell me about {name}" for name in names[:2])


def _after_names(names: list[str], plan: Plan, table: TableCard) -> Iterator[str]:
    who = " or ".join(names)
    told = set(table.overview_fields if plan.operation == "overview" else plan.fields)
    others = [field for field in table.fields if field.key not in told]
    others.sort(key=lambda f: (f.type not in NUMERIC_TYPES, f.key not in table.overview_fields))
    figures = [f"{who}: {lower_label(field)}" for field in others]
    yield from figures[: MOST - 1]
    if table.similar_fields:
        yield f"Which {table.entity_plural} are similar to {names[0]}?"
    yield from figures[MOST - 1 : 2 * MOST]


def _known(question: str, planning: Planning, snapshot: Snapshot) -> bool:
    """Whether the records answer all of a question, as it stands by itself."""
    plan = planning.planner(snapshot).plan(question, None)
    if plan is None or plan.ignored or plan.unknown or plan.unknown_fields:
        return False
    return planning.run(plan, snapshot).found
