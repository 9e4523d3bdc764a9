"""The proof that somebody may work on reports, which every service call checks at that moment.

Not covered: somebody who may write the database, or run Python in this process.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import InitVar, dataclass, field
from typing import Any

import sqlalchemy as sa

from bot.review.access import Access, Role
from bot.review.schema import moderators, sessions
from ingest.errors import NotSignedIn, ReviewError

OPERATOR = "operator"
REPORTER = "reporter"

_MADE_HERE = object()
_BY_DEFAULT = Access()


@dataclass(frozen=True)
class Moderator:
    """Somebody who may work on reports; only signing in makes one.

    `session` is the hash of the session's token, empty for the operator at the command line,
    who may read and write the files anyway. `role`, and whether the account is `local` and has a
    password, are for the page to show what it offers; nothing is allowed because of them.
    """

    name: str
    session: str = field(repr=False)
    made_here: InitVar[object]
    role: Role = "moderator"
    local: bool = True

    def __post_init__(self, made_here: object) -> None:
        if made_here is not _MADE_HERE:
            raise NotSignedIn("Only signing in makes a moderator.")


def operator() -> Moderator:
    """Return the actor of the command line; a page must never call this."""
    return Moderator(OPERATOR, "", _MADE_HERE, "administrator")


def require_moderator(
    connection: sa.Connection, who: object, now: int, access: Access = _BY_DEFAULT
) -> Moderator:
    """Return `who` if it may act at this moment; every service call asks this first.

    Raises NotSignedIn for anything but a Moderator whose session and account still exist, and
    whom `access` still lets in.
    """
    if not isinstance(who, Moderator):
        raise not_signed_in()
    if who.name == OPERATOR and not who.session:
        return who
    found = holder(connection, who.session, now, access)
    if found is None or found.name != who.name:
        raise not_signed_in()
    return found


def require_administrator(
    connection: sa.Connection, who: object, now: int, access: Access = _BY_DEFAULT
) -> Moderator:
    """Return `who` if it is an administrator at this moment. Raises NotSignedIn."""
    found = require_moderator(connection, who, now, access)
    if found.role != "administrator":
        raise NotSignedIn("Only an administrator may do this.", hint="Ask one of them.")
    return found


def holder(connection: sa.Connection, session: str, now: int, access: Access) -> Moderator | None:
    """Return who holds a session that has not ended, with the role that they have now."""
    joined = sa.join(sessions, moderators, sessions.c.name == moderators.c.name)
    account = sa.select(moderators.c.name, moderators.c.role, moderators.c.identity)
    alive = account.select_from(joined).where(
        sessions.c.token_hash == session,
        sessions.c.expires_at > now,
        sessions.c.seen_at > now - access.idle_ns,
    )
    row = connection.execute(alive).one_or_none()
    role = row and current_role(row.name, row.role, row.identity, access)
    if row is None or role is None:
        return None
    return Moderator(row.name, session, _MADE_HERE, role, local=not row.identity)


def current_role(name: str, role: Any, identity: str, access: Access) -> Role | None:
    """Return what an account may do now, with its columns `role` and `identity`."""
    if identity:
        return access.role_of(name, json.loads(identity)["groups"])
    kept: Role = role
    return kept if access.local_accounts else None


def require_account(connection: sa.Connection, name: str) -> str:
    """Return the account's name as it is kept. Raises ReviewError if there is none."""
    found = sa.select(moderators.c.name).where(moderators.c.name == fold(name))
    kept: str | None = connection.execute(found).scalar_one_or_none()
    if kept is None:
        raise ReviewError("There is no moderator of this name.")
    return kept


def fold(name: str) -> str:
    """Return the form in which names are kept; any text has one, so unknown names do too."""
    folded = unicodedata.normalize("NFKC", name).strip().casefold()
    return folded.replace("\0", "\ufffd").encode("utf-8", "replace").decode()[:64]


def not_signed_in() -> NotSignedIn:
    """Return the refusal that says no more than that signing in would help."""
    return NotSignedIn("You are not signed in, or your session has ended.", hint="Sign in again.")


def hash_token(token: str) -> str:
    """Return what is stored of a token: its SHA-256; it has 256 random bits, so no salt."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
