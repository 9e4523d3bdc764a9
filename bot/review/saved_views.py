"""A moderator's own views of the queue: a name for a set of filters."""

from __future__ import annotations

import sqlalchemy as sa

from bot.review.cases import clean
from bot.review.query import BUILT_IN, ReportQuery
from bot.review.schema import saved_views
from bot.review.upserts import upsert
from ingest.errors import ReviewError

NAME_MAX_CHARS = 40
MOST_VIEWS = 30


def views_of(connection: sa.Connection, owner: str) -> dict[str, ReportQuery]:
    """Return a moderator's views by name."""
    chosen = sa.select(saved_views.c.name, saved_views.c.query)
    own = chosen.where(saved_views.c.owner == owner).order_by(saved_views.c.name)
    return {name: ReportQuery.from_text(text) for name, text in connection.execute(own)}


def save_view(
    connection: sa.Connection, owner: str, name: str, query: ReportQuery, now: int
) -> None:
    """Keep a view; one of the same name is replaced.

    Raises ReviewError for a name that is empty, too long or a built-in view's, or for too many.
    """
    called = " ".join(clean(name).split())
    if not called or len(called) > NAME_MAX_CHARS:
        raise ReviewError(f"A view's name has 1 to {NAME_MAX_CHARS} characters.")
    if called.casefold() in BUILT_IN:
        raise ReviewError(f"There is a built-in view “{called}”.", hint="Choose another name.")
    known = views_of(connection, owner)
    if called not in known and len(known) >= MOST_VIEWS:
        raise ReviewError(f"You have {MOST_VIEWS} views already.", hint="Remove one first.")
    text = query.to_text()
    row = {"owner": owner, "name": called, "query": text, "at": now}
    upsert(connection, saved_views, row, query=text, at=now)


def remove_view(connection: sa.Connection, owner: str, name: str) -> None:
    """Forget a view; one that is gone already is no error."""
    own = sa.and_(saved_views.c.owner == owner, saved_views.c.name == name)
    connection.execute(sa.delete(saved_views).where(own))


def forget_views(connection: sa.Connection, owner: str) -> None:
    """Forget all views of somebody who is gone."""
    connection.execute(sa.delete(saved_views).where(saved_views.c.owner == owner))
