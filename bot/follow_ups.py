"""What can be asked next: questions near an answer, each tried before it is offered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa
from pydantic import ValidationError

from bot.answer import Answer
from bot.next_questions import ASKABLE_TYPES, figure_question, section_question
from bot.plan import Plan
from bot.planning import Planning
from ingest import database as db
from ingest.domain import DomainCard, TableCard
from ingest.index import Snapshot

MOST = 3
MOST_TRIED = 6
_MOST_NAMED = 2
_LONGEST = 140

Section = tuple[str, tuple[str, ...]]
Rehearsal = Callable[[str], frozenset[Section] | None]


def follow_ups(
    answer: Answer,
    card: DomainCard,
    planning: Planning,
    snapshot: Snapshot,
    rehearse: Rehearsal,
) -> tuple[str, ...]:
    """Return up to `MOST` questions that follow an answer, each of which has an answer.

    `rehearse` returns the sections (document, heading path) that a question would be answered
    from, None if it would not be. After an answer from records they are about records, after one
    from documents about sections near those that it cites; where it has none, also those that the
    card brings. What a rule has stopped is followed by nothing: it may be about distress.
    """
    if answer.status not in ("answered", "abstained", "refused"):
        return ()
    records = (q for q in dict.fromkeys(near(answer, card)) if _known(q, planning, snapshot))
    found = [question for question in records if len(question) <= _LONGEST][:MOST]
    tried = 0
    for question, section in _prose(answer, card, snapshot) if not found else ():
        if len(found) == MOST or tried == MOST_TRIED:
            break
        if len(question) > _LONGEST or question == answer.question:
            continue
        tried += 1
        sections = rehearse(question)
        if sections is not None and (section is None or section in sections):
            found.append(question)
    return tuple(found)


def _prose(
    answer: Answer, card: DomainCard, snapshot: Snapshot
) -> Iterator[tuple[str, Section | None]]:
    """Yield questions about sections, each with its own, then the card's; none is tried."""
    passages = [cited for cited in answer.citations if cited.row is None]
    asked = set[str]()
    if passages:
        first = passages[0]
        cited = {piece.heading_path for piece in passages}
        for path in _sections_after(snapshot, first.document, first.heading_path):
            seen = path in cited and answer.status == "answered"
            question = section_question(path[-1]) if len(path) > 1 and not seen else ""
            if question and question not in asked:
                asked.add(question)
                yield question, (first.document, path)
    if answer.status != "answered":
        yield from ((question, None) for question in answer.suggestions or card.domain.suggestions)


def _sections_after(
    snapshot: Snapshot, document: str, path: Sequence[str]
) -> list[tuple[str, ...]]:
    """Return the heading paths of a document in its order, from the cited one round to it."""
    c = db.chunks.c
    rows = snapshot.connection.execute(
        sa.select(c.heading_path)
        .where(c.document == document, c.kind == "passage")
        .order_by(c.ordinal)
    )
    paths = list(dict.fromkeys(tuple(row.heading_path) for row in rows))
    at = paths.index(tuple(path)) if tuple(path) in paths else 0
    return [*paths[at:], *paths[:at]]


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
    told = set(table.overview_fields if plan.operation == "overview" else plan.fields)
    others = [f for f in table.fields if f.key not in told and f.type in ASKABLE_TYPES]
    others.sort(key=lambda field: field.key not in table.overview_fields)
    figures = [figure_question(names, field) for field in others]
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
