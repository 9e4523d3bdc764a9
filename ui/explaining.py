"""How an answer came about, in words: the plan of its records, or the passages it was made from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from pydantic import ValidationError

from bot.answer import Answer, Citation
from bot.plan import Plan, PlannedEntity, UnknownName
from bot.wording import choices_of, conditions, lower_label, quoted
from ingest.domain import DomainCard, TableCard
from ui import strings
from ui.rendering import MARKER, citation_place, escape, folded

# SQLAlchemy's own spelling of a parameter that stands for several values.
_SEVERAL = re.compile(r"__\[POSTCOMPILE_(\w+)\]")


@dataclass(frozen=True)
class Step:
    """One thing that was done or understood: what it is called, and what there is to say."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """How an answer came about; `sql` are the statements that ran, with their placeholders."""

    steps: tuple[Step, ...]
    sql: tuple[str, ...] = ()


def explain(answer: Answer, card: DomainCard) -> Explanation:
    """Return how an answer came about; no steps where there is nothing to tell."""
    if answer.status not in ("answered", "abstained"):
        return Explanation(())
    planned = explain_plan(answer.plan, card)
    steps = [*planned.steps, *_passages(answer)]
    if steps:
        steps += _steps([(strings.TIME_STEP, _timings(answer.timings_ms))])
    return Explanation(tuple(steps), planned.sql)


def explanation_html(explanation: Explanation, *, unfolded: bool = False) -> str:
    """Return a folded section with the steps, and folded again in it the SQL for operators."""
    if not explanation.steps:
        return ""
    steps = "".join(
        f"<dt>{escape(step.name)}</dt>" + "".join(f"<dd>{escape(line)}</dd>" for line in step.lines)
        for step in explanation.steps
    )
    sql = "".join(f'<code class="gk-sql">{escape(query)}</code>' for query in explanation.sql)
    below = folded(strings.SQL_TITLE.format(n=len(explanation.sql)), sql) if sql else ""
    body = f'<dl class="gk-steps">{steps}</dl>{below}'
    return folded(strings.HOW_TITLE, body, unfolded=unfolded)


def written_by(answer: Answer) -> Literal["records", "quotations", "model", "nobody"]:
    """Return whose words an answer's are: code's about records, a document's, or a model's."""
    cited = {citation.n for citation in answer.citations}
    passages = [e for e in answer.evidence if e.kind == "passage" and e.n in cited]
    if answer.status != "answered" or not (passages or answer.plan):
        return "nobody"
    if not passages:
        return "records"
    said = {e.n: _letters(e.quote) for e in passages}
    # "Heading: “quotation” [1]", or a sentence of the passage and its marker.
    *sentences, _ = MARKER.split(answer.text)
    quoted = (
        _letters(text.partition("“")[2] or text) in said.get(int(n), _letters(text))
        for text, n in zip(sentences[::2], sentences[1::2], strict=True)
    )
    return "quotations" if all(quoted) else "model"


def rows_left(plan: Mapping[str, Any] | None, shown: int) -> tuple[int, int]:
    """Return how many rows fit a list and how many of them are still to come; (0, 0) if none."""
    if plan is None or plan.get("operation") != "list" or not shown:
        return 0, 0
    fitting = int(plan.get("fitting", 0))
    return fitting, max(0, fitting - int(plan.get("offset", 0)) - shown)


# --- records ----------------------------------------------------------------------------------


def explain_plan(plan: Mapping[str, Any] | None, card: DomainCard) -> Explanation:
    """Return a plan in words; nothing if there is none, or if it is of another time."""
    if plan is None:
        return Explanation(())
    try:
        understood = Plan.model_validate(plan)
        words = _PlanWords(understood, card.table(understood.table), plan)
        steps = tuple(_steps(words.steps()))
    except (ValidationError, KeyError):
        return Explanation(())
    return Explanation(steps, tuple(_SEVERAL.sub(r":\1", query) for query in plan.get("sql", ())))


def _steps(pairs: Iterable[tuple[str, Iterable[str]]]) -> Iterator[Step]:
    for name, lines in pairs:
        told = tuple(line for line in lines if line)
        if told:
            yield Step(name, told)


class _PlanWords:
    """One plan as a person would tell it."""

    def __init__(self, plan: Plan, card: TableCard, found: Mapping[str, Any]) -> None:
        self._plan = plan
        self._card = card
        self._found = found

    def steps(self) -> Iterator[tuple[str, Iterable[str]]]:
        plan, card = self._plan, self._card
        yield strings.DONE_STEP, [self._operation()]
        yield strings.NAMES_STEP, map(_entity, plan.entities)
        yield strings.UNKNOWN_STEP, map(_unknown, plan.unknown)
        yield strings.FIELDS_STEP, ["; ".join(card.field(key).label for key in plan.fields)]
        yield strings.CHECKS_STEP, [f"{card.field(k).label}: {v}" for k, v in plan.checks]
        yield strings.FILTERS_STEP, self._filters()
        yield strings.ORDER_STEP, [self._order()]
        yield strings.ROWS_STEP, self._rows()
        yield strings.UNUSED_STEP, [quoted([*plan.ignored, *plan.unknown_fields])]
        yield strings.WRITTEN_STEP, [strings.WRITTEN_BY_CODE.format(file=card.file)]

    def _operation(self) -> str:
        card, name = self._card, self._plan.function or self._plan.operation
        return strings.OPERATIONS[name].format(one=card.entity, many=card.entity_plural)

    def _filters(self) -> Iterator[str]:
        """Each condition, and the words that it was read from where they say it otherwise."""
        for words, filters in groupby(self._plan.filters, key=lambda f: f.words):
            group = list(filters)
            meant = conditions(group, self._card)
            named = group[0].values and f"{self._card.field(group[0].field).label}: {meant}"
            same = not words or _letters(words) == _letters(meant)
            yield (named or meant) + ("" if same else f" ({strings.SAID.format(words=words)})")

    def _order(self) -> str:
        order = self._plan.order
        if order is not None:
            way = strings.HIGHEST_FIRST if order.highest else strings.LOWEST_FIRST
            return f"{self._card.field(order.field).label}, {way}"
        by_default = self._plan.operation == "list" and self._card.popularity_field
        if not by_default:
            return ""
        return strings.BY_DEFAULT.format(field=lower_label(self._card.field(by_default)))

    def _rows(self) -> Iterator[str]:
        fitting, lacking = self._found.get("fitting"), self._found.get("lacking")
        if fitting is not None:
            yield strings.ROWS_FIT.format(n=fitting)
            first, last = self._plan.offset + 1, self._plan.offset + self._plan.limit
            if self._plan.operation == "list" and (first > 1 or last < fitting):
                yield strings.ROWS_SHOWN.format(first=first, last=min(last, fitting))
        if lacking:
            yield strings.ROWS_LACKING.format(n=lacking)


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _entity(entity: PlannedEntity) -> str:
    name = f"{entity.name} ({entity.label})" if entity.label else entity.name
    told = strings.TAKEN_FOR.format(words=entity.words, meant=name)
    others = choices_of(entity.other_candidates)
    how = strings.TIERS.get(entity.tier, "")
    return f"{told}, {how}" + (f"; {strings.COULD_BE.format(others=others)}" if others else "")


def _unknown(name: UnknownName) -> str:
    nearest = choices_of(name.nearest)
    return quoted([name.words]) + (f"; {strings.NEAREST.format(names=nearest)}" if nearest else "")


# --- passages ---------------------------------------------------------------------------------


def _passages(answer: Answer) -> Iterator[Step]:
    """Tell which passages were looked at, and how what was made of them was checked."""
    passages = [e for e in answer.evidence if e.kind == "passage"]
    cited = {citation.n for citation in answer.citations}
    lines = []
    for piece in passages:
        place = " · ".join(filter(None, citation_place(Citation(**_fields(piece)))))
        lines.append(strings.USED.format(n=piece.n, place=place) if piece.n in cited else place)
    checked = [strings.CHECKED] if passages and answer.status == "answered" else []
    if checked:
        checked.append(dropped_sentences(answer.dropped_sentences))
    yield from _steps([(strings.PASSAGES_STEP, lines), (strings.CHECKED_STEP, checked)])


def _fields(piece: object) -> dict[str, Any]:
    return {name: getattr(piece, name) for name in Citation.model_fields}


def dropped_sentences(n: int) -> str:
    """Say how many sentences of the model did not pass the check."""
    if not n:
        return strings.DROPPED_NONE
    return strings.DROPPED_ONE if n == 1 else strings.DROPPED.format(n=n)


def _timings(timings: Mapping[str, float]) -> Sequence[str]:
    """Say how long it took: "0.05 s: looking in the records 0.02 s"."""
    total = timings.get("total")
    if total is None:
        return []
    stages = [
        f"{said} {seconds(timings[stage])}"
        for stage, said in strings.STAGES.items()
        if timings.get(stage, 0.0) >= 1
    ]
    return [f"{seconds(total)}{': ' if stages else ''}{', '.join(stages)}"]


def seconds(milliseconds: float) -> str:
    """Return a time as people read it: "6.6 s", "19 ms"."""
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.1f} s"
    return f"{max(1, round(milliseconds))} ms"
