"""What happened to reports: appended once, chained by hash, never changed.

Each event's hash covers the event and the hash before it (as in Schneier and Kelsey, "Secure
Audit Logs to Support Computer Forensics", 1999), so that a change, a gap or another order shows.
Comments, notes and the case itself stand beside the chain, which holds only a salted hash of
them: a purge removes words and salt, and the chain still verifies.

Not covered: somebody who may write the whole file can compute the whole chain anew. Whoever has
to rule that out keeps `ChainHead.hash` elsewhere and has it compared.

Kinds, with what `old` and `new` hold: filed (new: category, detail: severity unless normal) and
repeated (new: category), moved (states), assigned (names, "" for nobody), rated (severities),
noted, resolved (old: state, new: outcome, detail: what was changed), rerun (old and new: how the
answer ended then and now, detail: the document that changed in between), purged.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.review.cases import Case, clean
from bot.review.schema import chain_head, event_texts, report_events, reports
from bot.review.states import FORMER_CATEGORIES

# Kinds that leave a report's version as it is: they overtake nobody's work.
UNVERSIONED = ("noted", "repeated", "rerun", "purged")


@dataclass(frozen=True)
class Entry:
    """An event that is about to be appended. `at` is in nanoseconds since 1970."""

    reference: str
    at: int
    actor: str
    kind: str
    version: int
    old: str = ""
    new: str = ""
    detail: str = ""
    text: str = ""
    snapshot: str = ""


def append(connection: sa.Connection, entry: Entry) -> None:
    """Append an event to the chain, inside the transaction that makes it true."""
    head = connection.execute(sa.select(chain_head)).one()
    number = head.events + 1
    salt = secrets.token_hex(16)
    sealed = bool(entry.text or entry.snapshot)
    row: dict[str, Any] = {
        "number": number,
        "reference": entry.reference,
        "at": entry.at,
        "actor": entry.actor,
        "kind": entry.kind,
        "old": entry.old,
        "new": entry.new,
        "detail": entry.detail,
        "version": entry.version,
        "seal": _sha256(salt, entry.text, entry.snapshot) if sealed else "",
        "previous": head.hash,
    }
    row["hash"] = _sha256(*row.values())
    connection.execute(sa.insert(report_events).values(row))
    if sealed:
        words = {"salt": salt, "text": entry.text, "snapshot": entry.snapshot}
        connection.execute(sa.insert(event_texts).values(number=number, **words))
    connection.execute(sa.update(chain_head).values(events=number, hash=row["hash"]))


def find_problems(connection: sa.Connection, kept_hash: str = "") -> list[str]:
    """Check the chain, every text and every report against its events; [] when all agree."""
    problems = list(_kept_hash_problems(connection, kept_hash))
    replayed: dict[str, dict[str, Any]] = {}
    lost_texts: list[tuple[int, str]] = []
    number, previous = 0, ""
    for row in _chain(connection):
        number += 1
        problems.extend(_link_problems(row, number, previous))
        if row.seal and row.salt is None:
            lost_texts.append((row.number, row.reference))
        number, previous = row.number, row.hash
        _replay(replayed.setdefault(row.reference, {"purged": False}), row)
    head = connection.execute(sa.select(chain_head)).one_or_none()
    if head is None or (head.events, head.hash) != (number, previous):
        problems.append(f"The chain does not end where it should: after event {number}.")
    problems.extend(
        f"Event {event} of {reference}: its text is gone, and it was not purged."
        for event, reference in lost_texts
        if not replayed[reference]["purged"]
    )
    return problems + list(_report_problems(connection, replayed))


def _kept_hash_problems(connection: sa.Connection, kept_hash: str) -> Iterator[str]:
    if not kept_hash:
        return
    known = sa.select(report_events.c.number).where(report_events.c.hash == kept_hash)
    if connection.execute(known).first() is None:
        yield "No event has the hash that was kept: the chain was written anew or cut off."


def _chain(connection: sa.Connection) -> Iterator[sa.Row[Any]]:
    chosen = sa.select(
        report_events, event_texts.c.salt, event_texts.c.text, event_texts.c.snapshot
    )
    joined = chosen.outerjoin(event_texts, event_texts.c.number == report_events.c.number)
    yield from connection.execute(
        joined.order_by(report_events.c.number), execution_options={"yield_per": 1000}
    )


def _link_problems(row: sa.Row[Any], number: int, previous: str) -> Iterator[str]:
    where = f"Event {row.number} of {row.reference}"
    if row.number != number:
        yield f"{where}: event {number} is missing before it."
    elif row.previous != previous:
        yield f"{where}: it does not follow the event before it."
    content = [getattr(row, column.name) for column in report_events.c if column.name != "hash"]
    if _sha256(*content) != row.hash:
        yield f"{where}: it was changed after it was written."
    if row.salt is not None and _sha256(row.salt, row.text, row.snapshot) != row.seal:
        yield f"{where}: its text was changed after it was written."


def _replay(state: dict[str, Any], row: sa.Row[Any]) -> None:
    """Carry one event over into what its report must look like afterwards."""
    state["version"] = row.version
    match row.kind:
        case "filed":
            category = FORMER_CATEGORIES.get(row.new, row.new)
            severity = row.detail or "normal"
            state.update(status="new", category=category, severity=severity, repeats=0)
            state.update(assignee=None, outcome=None, outcome_detail="", filed_at=row.at)
            if row.salt is not None:
                state.update(comment=row.text, question=_question(row.snapshot))
        case "repeated":
            state["repeats"] = state.get("repeats", 0) + 1
        case "moved":
            state.update(status=row.new, outcome=None, outcome_detail="")
        case "assigned":
            state["assignee"] = row.new or None
        case "rated":
            state["severity"] = row.new
        case "resolved":
            state.update(status="resolved", outcome=row.new, outcome_detail=row.detail)
        case "purged":
            state.update(purged=True, question="", comment="")


def _question(snapshot: str) -> str:
    try:
        return clean(Case.from_text(snapshot).question)
    except ValueError:
        return ""  # its text was changed, which is a finding of its own


def _report_problems(
    connection: sa.Connection, replayed: dict[str, dict[str, Any]]
) -> Iterator[str]:
    for report in connection.execute(sa.select(reports).order_by(reports.c.filed_at)):
        state = replayed.get(report.reference)
        if state is None:
            yield f"Report {report.reference}: no event says that it was filed."
            continue
        found = {**report._asdict(), "purged": report.purged_at is not None}
        for key, value in state.items():
            if found[key] != value:
                yield f"Report {report.reference}: its {key} is not what its events say."


def _sha256(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True).encode()).hexdigest()
