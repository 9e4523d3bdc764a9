"""From conditions to a plan about many entities, and from a follow-up to the next one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.condition_groups import CONTRASTS
from bot.condition_subject import RATINGS
from bot.conditions import Conditions, Filter
from bot.mentions import Mention
from bot.names import phrase
from bot.plan import MAX_FIELDS, PAGE, Operation, Plan
from ingest.domain import TableCard

MAX_IGNORED = 3
SHOWN_FIELDS = 4
# Words of a question that wants something explained, rather than entities listed.
_EXPLAINED = re.compile(
    r"\b(?:do|does|did|how|why|when|should|can|could|will|what|is|i|my|me|we)\b", re.I
)
_MORE = re.compile(
    r"^\W*(?:and |please )?(?:(?:show|give|tell|see|say|list|load) )?(?:me |us )?(?:some |the )?"
    r"(?:more|next|rest|others)\b|^\W*(?:please )?(?:continue|go on|keep going|what else)\W*$",
    re.I,
)


def asks_for_more(question: str) -> bool:
    """Whether it begins as one who wants the next page of a list does."""
    return bool(_MORE.match(question))


def select(
    question: str, conditions: Conditions, mentions: Sequence[Mention], table: TableCard
) -> Plan | None:
    """Return the plan of a question about many entities; None where it may be about another thing.

    Such a question speaks of the entities as a kind, names none of them, and says which it
    wants; a word that nobody understood makes it a near miss, or prose if nothing in it is
    explicit.
    """
    named = conditions.plural or conditions.singular or conditions.by
    says = conditions.order or conditions.function or conditions.fields or conditions.listed
    described = says and conditions.described and not conditions.leftover
    if conditions.empty and conditions.plural and _WANTS_ALL.match(question):
        return _ask_which(table)
    if _is_of_unknown_kind(conditions, mentions) and not _EXPLAINED.search(question):
        return _ask_which(table).model_copy(update={"ignored": conditions.leftover})
    if (conditions.empty and not conditions.rated) or not (named or described):
        return None
    if any(m.known and not m.weak and not _said(m, conditions) for m in mentions):
        return None
    if conditions.rated and conditions.order is None and not conditions.function:
        return None if any(m.known for m in mentions) else _ask_by_what(conditions, table)
    asks = conditions.explicit or conditions.by or _asks_for_a_list(conditions, table)
    if not asks or len(conditions.leftover) > MAX_IGNORED or conditions.denies:
        return None
    listed = conditions.plural and _asks_for_a_list(conditions, table)
    if conditions.leftover and not (conditions.exact or listed):
        return None
    return _plan(conditions, table)


def _ask_which(table: TableCard) -> Plan:
    """Ask back which ones, where it wants a list of them all."""
    ranks = tuple(key for key in table.overview_fields if table.field(key).numeric)
    return Plan(operation="ask", table=table.name, asks_for="list", fields=ranks[:MAX_FIELDS])


def _is_of_unknown_kind(conditions: Conditions, mentions: Sequence[Mention]) -> bool:
    """Whether it speaks of entities by words that nobody understands: "alpine colleges"."""
    empty = conditions.empty and not (conditions.fields or conditions.rated or conditions.denies)
    left = {word.lower() for word in conditions.leftover}
    few = 0 < len(left) <= MAX_IGNORED and left.isdisjoint(CONTRASTS)
    return empty and few and conditions.plural and not any(m.known for m in mentions)


def _ask_by_what(conditions: Conditions, table: TableCard) -> Plan | None:
    """Ask back what is to count, where it asks for the best ones as such."""
    left = tuple(w for w in conditions.leftover if w.lower() not in RATINGS and not w.isdigit())
    if len(left) > MAX_IGNORED or not (conditions.plural or conditions.singular):
        return None
    ranks = tuple(key for key in table.overview_fields if table.field(key).numeric)
    return Plan(
        operation="ask",
        table=table.name,
        asks_for="rank",
        filters=conditions.filters,
        fields=ranks[:MAX_FIELDS],
        ignored=left,
    )


def _said(mention: Mention, conditions: Conditions) -> bool:
    """Whether a name is part of a value that is named: "New York" in "New York City"."""
    words = phrase(mention.words)
    return any(
        said[i : i + len(words)] == words for said in conditions.said for i in range(len(said))
    )


def narrow(
    last: Plan, conditions: Conditions, question: str, table: TableCard, *, refers: bool
) -> Plan | None:
    """Return the last plan edited by a follow-up ("only the public ones", "which is largest?")."""
    if asks_for_more(question) and conditions.empty:
        return last.model_copy(update={"offset": last.offset + last.limit, "operation": "list"})
    if last.function and _WHICH.match(question) and conditions.empty and not conditions.leftover:
        return _those_counted(last, table)
    says = not conditions.empty or conditions.fields or conditions.limit
    goes_on = refers or _can_only_go_on(conditions, question)
    if conditions.leftover or not (says and goes_on):
        return None
    return _narrowed(last, conditions, question)


def _those_counted(last: Plan, table: TableCard) -> Plan:
    """Return the list of what was only counted or averaged: "which ones?"."""
    changed = {
        "operation": "list",
        "function": None,
        "offset": 0,
        "fields": last.fields or tuple(table.overview_fields[:SHOWN_FIELDS]),
    }
    return last.model_copy(update=changed)


def _narrowed(last: Plan, conditions: Conditions, question: str) -> Plan:
    """Return the last plan with what a follow-up says in place of the same before."""
    replaced = {f.field for f in conditions.filters}
    function = conditions.function
    if last.function and not function and conditions.order is None and not conditions.fields:
        function = last.function  # "and in Michigan?" after an average
    order = None if function else conditions.order or last.order
    fields = tuple(dict.fromkeys((*last.fields, *conditions.fields)))[:MAX_FIELDS]
    changed = {
        "operation": "summary" if function else "list",
        "filters": (*(f for f in last.filters if f.field not in replaced), *conditions.filters),
        "order": order,
        "function": function,
        "fields": _with_order(fields, order.field if order else ""),
        "limit": _limit(conditions, one=_asks_for_one(conditions, question)),
        "offset": (conditions.rank or 1) - 1,
        "ignored": (),
    }
    return last.model_copy(update=changed)


def _limit(conditions: Conditions, *, one: bool) -> int:
    """Return how many are shown; of a place in the order only the one who has it."""
    return 1 if conditions.rank else conditions.limit or (1 if one else PAGE)


def _asks_for_one(conditions: Conditions, question: str) -> bool:
    """Whether it asks which one is at the end of an order."""
    ends = conditions.order is not None and not conditions.plural
    return ends and bool(_ONE.search(question)) and not _ARE.search(question)


def _can_only_go_on(conditions: Conditions, question: str) -> bool:
    """Whether a question makes sense only after another one."""
    return (
        _only(question)
        or _is_fragment(conditions, question)
        or _counts_only(conditions)
        or _sorts_only(conditions)
    )


_WANTS_ALL = re.compile(
    r"^\W*(?:please |can you )?(?:show|give|list|find|tell|name)(?: me| us)?"
    r"(?: a list of| all| some| the| any)* [\w-]+\W*(?:please)?\W*$"
    r"|^\W*(?:all|list of)(?: the)? [\w-]+\W*$",
    re.I,
)
_ARE = re.compile(r"\b(?:are|have)\b", re.I)
_WHICH = re.compile(
    r"^\W*(?:which|what|list|show|name|give|see)(?: me| us)?(?: ones| they| them| all| those)*"
    r"(?: are (?:they|those))?\W*$",
    re.I,
)
_ONE = re.compile(r"\bwhich (?:one |of |is |has )", re.I)


_FRAGMENT = re.compile(r"^\W*(?:with|in|from|under|over|below|above|at|top|where|that)\b", re.I)


def _is_fragment(conditions: Conditions, question: str) -> bool:
    """Whether it can only go on from what was said: "with more than 10,000", "top 3"."""
    named = conditions.plural or conditions.singular
    return not named and bool(_FRAGMENT.match(question))


def _only(question: str) -> bool:
    return bool(re.match(r"^\W*(?:only|just|now)\b", question, re.I))


def _counts_only(conditions: Conditions) -> bool:
    """Whether it is no more than "how many?"."""
    named = conditions.plural or conditions.singular or conditions.filters
    return conditions.function == "count" and not named


def _sorts_only(conditions: Conditions) -> bool:
    """Whether it is no more than an order: "cheapest first"."""
    named = conditions.plural or conditions.singular or conditions.filters
    return conditions.order is not None and not named


def _asks_for_a_list(conditions: Conditions, table: TableCard) -> bool:
    """Whether filters alone make a question: "list HBCUs", "colleges in Vermont", two of them."""
    several = len(conditions.filters) > 1
    one_of_many = conditions.indefinite and (several or conditions.listed)
    if not (conditions.plural or one_of_many or (conditions.described and several)):
        return False
    placed = any(f.field in table.label_fields for f in conditions.filters)
    asked = conditions.described and bool(conditions.fields) and not conditions.leftover
    return conditions.listed or placed or asked or len(conditions.filters) > 1


def _plan(conditions: Conditions, table: TableCard) -> Plan | None:
    if conditions.by:
        return _grouped(conditions, table)
    one = not (conditions.plural or conditions.indefinite) and conditions.order is not None
    summary = conditions.function is not None
    asked = [key for key in conditions.fields if not summary or table.field(key).numeric]
    if summary and conditions.function != "count" and not asked:
        return None
    operation: Operation = "summary" if summary else "list"
    bounds = [f.field for f in conditions.filters if f.comparison]
    fields = tuple(dict.fromkeys((*bounds, *asked))) if not summary else tuple(asked)
    fields = _with_order(fields, conditions.order.field if conditions.order else "")
    return Plan(
        operation=operation,
        table=table.name,
        filters=_checked(conditions.filters),
        order=conditions.order,
        limit=_limit(conditions, one=one),
        offset=(conditions.rank or 1) - 1,
        function=conditions.function,
        fields=(fields or (() if summary else tuple(table.overview_fields[:SHOWN_FIELDS])))[
            :MAX_FIELDS
        ],
        ignored=conditions.leftover,
        loose=conditions.loose,
    )


def _grouped(conditions: Conditions, table: TableCard) -> Plan:
    """Return the plan of one figure for each group."""
    asked = [key for key in conditions.fields if table.field(key).numeric]
    fields = _with_order(tuple(asked), conditions.order.field if conditions.order else "")
    counts = conditions.function == "count"
    return Plan(
        operation="groups",
        table=table.name,
        filters=conditions.filters,
        by=conditions.by,
        order=None if counts else conditions.order,
        function=conditions.function,
        fields=() if counts else fields[:MAX_FIELDS],
        ignored=conditions.leftover,
        loose=conditions.loose,
    )


def _with_order(fields: tuple[str, ...], key: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((key, *fields))) if key else fields


def _checked(filters: tuple[Filter, ...]) -> tuple[Filter, ...]:
    return tuple(dict.fromkeys(filters))
