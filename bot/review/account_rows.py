"""The rows of accounts and sessions, changed inside a transaction of the caller's."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

import sqlalchemy as sa

from bot.review.access import Identity, Role
from bot.review.moderators import OPERATOR, REPORTER, fold, require_account
from bot.review.saved_views import forget_views
from bot.review.schema import moderators, sessions
from ingest.errors import NotSignedIn, ReviewError

ENDED = 0  # what `seen_at` of a session is that was ended

_NAME = re.compile(r"[\w.@+-]{1,64}")


def keep_identity(
    connection: sa.Connection, key: str, identity: Identity, role: Role, now: int
) -> None:
    """Make or renew the account of an address that a provider vouches for."""
    person = {"issuer": identity.issuer, "subject": identity.subject}
    known = json.dumps(person | {"groups": identity.groups})
    account = account_row(connection, key)
    if account is None:
        row = {"name": key, "password_hash": "", "added_at": now, "role": role, "identity": known}
        connection.execute(sa.insert(moderators).values(row))
        return
    if not account.identity:
        raise NotSignedIn(
            f"{key} has a local account here, which an identity provider does not open.",
            hint="Sign in with its password, or let an administrator remove it.",
        )
    before = json.loads(account.identity)
    if person != {part: before[part] for part in person}:
        # The address is somebody else's now.
        end_sessions(connection, key)
        forget_views(connection, key)
    change_account(connection, key, identity=known, role=role)


def of_session(held: str) -> sa.ColumnElement[bool]:
    """Return the condition for the session whose token has this hash."""
    return sessions.c.token_hash == held


def session_row(connection: sa.Connection, held: str) -> sa.Row[Any] | None:
    """Return a session, ended or not, by the hash of its token."""
    return connection.execute(sa.select(sessions).where(of_session(held))).one_or_none()


def end_sessions(connection: sa.Connection, key: str, but: str = "") -> None:
    """End the sessions of an account, but for one."""
    own = (sessions.c.name == key) & (sessions.c.token_hash != but)
    connection.execute(sa.update(sessions).where(own).values(seen_at=ENDED))


def account_row(connection: sa.Connection, key: str) -> sa.Row[Any] | None:
    """Return an account by the name as it is kept."""
    return connection.execute(sa.select(moderators).where(moderators.c.name == key)).one_or_none()


def password_hash_of(connection: sa.Connection, key: str) -> str | None:
    """Return the hash of a password, empty for a provider's account, None for no account."""
    account = account_row(connection, key)
    return account and account.password_hash


def change_account(connection: sa.Connection, key: str, **values: Any) -> None:
    """Change columns of an account."""
    connection.execute(sa.update(moderators).where(moderators.c.name == key).values(**values))


def require_local(connection: sa.Connection, name: str) -> str:
    """Return the name of a local account. Raises ReviewError for none, or for a provider's."""
    key = require_account(connection, name)
    account = account_row(connection, key)
    if account is not None and account.identity:
        raise ReviewError(
            f"{key} signs in through the identity provider.",
            hint="What that account may do is for the settings to say.",
        )
    return key


def local_administrators(connection: sa.Connection) -> list[str]:
    """Return the local administrators, in a transaction that changes them one at a time."""
    found = sa.select(moderators.c.name).where(
        moderators.c.role == "administrator", moderators.c.identity == ""
    )
    return list(connection.execute(found.order_by(moderators.c.name).with_for_update()).scalars())


def well_formed(name: str) -> str:
    """Return the form in which a name is kept. Raises ReviewError for what cannot be one."""
    key = fold(name)
    if not _NAME.fullmatch(unicodedata.normalize("NFKC", name).strip()) or not _NAME.fullmatch(key):
        raise ReviewError(
            "This cannot be a moderator's name.",
            hint="Use up to 64 letters, digits and . @ + - _ without spaces.",
        )
    if key in (OPERATOR, REPORTER):
        raise ReviewError(f"The name {key} is reserved.", hint="Choose another one.")
    return key
