"""Accounts and sessions of those who work on reports: who gets in, for how long, and as what.

A session ends a fixed time after signing in, and sooner if nobody uses it. Tokens are stored as
SHA-256 hashes. The row of a session that was ended stays until it would have ended anyway, so
that an identity provider's cookie, which outlives a sign-out, opens no second one.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import get_args, overload

import sqlalchemy as sa
from argon2 import PasswordHasher

from bot.review import attempts
from bot.review.access import Access, Identity, Role
from bot.review.account_rows import (
    ENDED,
    account_row,
    change_account,
    end_sessions,
    keep_identity,
    local_administrators,
    of_session,
    password_hash_of,
    require_local,
    session_row,
    well_formed,
)
from bot.review.changes import release_all
from bot.review.guarded import Guarded
from bot.review.moderators import (
    OPERATOR,
    Moderator,
    current_role,
    fold,
    hash_token,
    holder,
    not_signed_in,
    operator,
    require_account,
    require_administrator,
    require_moderator,
)
from bot.review.passwords import Passwords
from bot.review.saved_views import forget_views
from bot.review.schema import moderators, sessions
from bot.review.states import check_word
from ingest.errors import NotSignedIn, ReviewError
from ingest.paths import ReportsLocation

SECOND = 10**9
# A provider's word opens a session for this long, and its clock may be this far ahead.
FRESH_FOR = 300 * SECOND
AHEAD = 60 * SECOND
# How exactly the last use of a session is kept: not every page is worth a write.
SEEN_WITHIN = 60 * SECOND


@dataclass(frozen=True)
class Session:
    """What a browser keeps after signing in. `expires_at` is in UTC."""

    token: str = field(repr=False)
    name: str
    expires_at: datetime


@dataclass(frozen=True)
class Account:
    """Somebody who may moderate. Times are in UTC.

    `role` is None for somebody whom the settings no longer let in; `local` says that a password
    signs in, and not an identity provider; `locked_until` that too many tried.
    """

    name: str
    role: Role | None
    local: bool
    added_at: datetime
    signed_in_at: datetime | None
    locked_until: datetime | None


class Moderators(Guarded):
    """The accounts and sessions at `location`.

    `access` gives the rules of the moment. `hasher` holds argon2's parameters; a stored hash of
    other parameters is renewed when its owner signs in. Whoever changes accounts has to be an
    administrator at that very moment, or the operator at the command line.
    """

    operator = staticmethod(operator)

    def __init__(
        self,
        location: ReportsLocation,
        *,
        session_minutes: int = 60,
        access: Callable[[], Access] = Access,
        clock: Callable[[], int] = time.time_ns,
        hasher: PasswordHasher | None = None,
    ) -> None:
        super().__init__(location, clock=clock, access=access)
        self._session_ns = session_minutes * 60 * SECOND
        self._passwords = Passwords(hasher)

    # --- accounts -----------------------------------------------------------------------------

    def add(self, who: Moderator, name: str, password: str, role: Role | None = None) -> None:
        """Make an account; names are told apart without case.

        Where no role is given, the first account is an administrator's, the others moderators'.
        Raises ReviewError for a name that is taken or not well-formed, or a password that is
        too short.
        """
        key = well_formed(name)
        password_hash = self._passwords.hash(password)
        with self._administering(who) as connection:
            if account_row(connection, key) is not None:
                raise ReviewError(f"{key} is a moderator already.")
            first = not local_administrators(connection)
            account = {"name": key, "password_hash": password_hash, "added_at": self._clock()}
            role = role or ("administrator" if first else "moderator")
            connection.execute(sa.insert(moderators).values(**account, role=role))

    def remove(self, who: Moderator, name: str) -> None:
        """Remove an account; its sessions end at once, and what it held is everybody's again.

        Its saved views go with it, so that whoever has the name next does not find them. Raises
        ReviewError if there is none, or no other administrator. Whom the settings let in through
        an identity provider can sign in again.
        """
        with self._administering(who) as connection:
            key = require_account(connection, name)
            connection.execute(sa.delete(moderators).where(moderators.c.name == key))
            forget_views(connection, key)
            release_all(connection, who.name, key, self._clock())
            self._expect_administrator(connection, who)

    def set_role(self, who: Moderator, name: str, role: Role) -> None:
        """Change what a local account may do, from its next action on. Raises ReviewError."""
        check_word(role, get_args(Role), "role")
        with self._administering(who) as connection:
            change_account(connection, require_local(connection, name), role=role)
            self._expect_administrator(connection, who)

    def set_password(self, who: Moderator, name: str, password: str) -> None:
        """Change a password and end the account's sessions. Raises ReviewError."""
        password_hash = self._passwords.hash(password)
        with self._administering(who) as connection:
            key = require_local(connection, name)
            change_account(connection, key, password_hash=password_hash)
            end_sessions(connection, key)
            attempts.forget_attempts(connection, key)

    def change_own_password(self, who: Moderator, password: str, new: str) -> None:
        """Change one's own password, naming the one until now; one's other sessions end.

        Raises NotSignedIn for a wrong one, LimitExceeded after repeated failures.
        """
        new_hash = self._passwords.hash(new)
        with self._changing(who) as (connection, found):
            require_local(connection, found.name)
            attempts.count_attempt(connection, found.session, "", self._clock())
            kept = password_hash_of(connection, found.name)
        if not self._passwords.match(kept, password):
            raise NotSignedIn("The password until now is wrong.")
        with self._changing(who) as (connection, found):
            change_account(connection, found.name, password_hash=new_hash)
            end_sessions(connection, found.name, but=found.session)
            attempts.forget_attempts(connection, found.session)

    def unlock(self, who: Moderator, name: str) -> None:
        """Let a name sign in again after too many failures. Raises ReviewError."""
        with self._administering(who) as connection:
            attempts.forget_attempts(connection, require_account(connection, name))

    def accounts(self, who: Moderator) -> list[Account]:
        """Return all accounts in the order of their names, to an administrator."""
        now, access = self._clock(), self._access()
        with self._reading(who, require_administrator) as connection:
            rows = connection.execute(sa.select(moderators).order_by(moderators.c.name)).all()
            return [
                Account(
                    name=row.name,
                    role=current_role(row.name, row.role, row.identity, access),
                    local=not row.identity,
                    added_at=_utc(row.added_at),
                    signed_in_at=_utc(row.signed_in_at),
                    locked_until=_utc(attempts.locked_until(connection, row.name, now)),
                )
                for row in rows
            ]

    def names(self, who: Moderator) -> list[str]:
        """Return the moderators' names in order, to any moderator."""
        with self._reading(who) as connection:
            chosen = sa.select(moderators.c.name).order_by(moderators.c.name)
            return list(connection.execute(chosen).scalars())

    # --- sessions -----------------------------------------------------------------------------

    def sign_in(self, name: str, password: str, *, address: str = "") -> Session:
        """Open a session of a local account.

        `address` is the visitor's, if known. An unknown name costs as much time as a wrong
        password, and reads the same. Raises NotSignedIn for either, LimitExceeded after
        repeated failures for one name or from one address; sessions that are open go on.
        """
        if not self._access().local_accounts:
            raise NotSignedIn("Here you sign in through your organisation.")
        key, now = fold(name), self._clock()
        with self._store.writing() as connection:
            attempts.count_attempt(connection, key, address, now)
            kept = password_hash_of(connection, key)
        if not self._passwords.match(kept, password) or kept is None:
            raise NotSignedIn("The name or the password is wrong.")
        fresh = self._passwords.renewed(kept, password)
        with self._store.writing() as connection:
            if password_hash_of(connection, key) != kept:
                raise NotSignedIn("The account was changed just now.", hint="Sign in again.")
            change_account(connection, key, password_hash=fresh)
            attempts.forget_attempts(connection, key, address, now)
            return self._open_session(
                connection, key, secrets.token_urlsafe(32), now + self._session_ns
            )

    def sign_in_by_provider(self, identity: Identity) -> Session:
        """Return the session of one sign-in at the identity provider, opened at first sight.

        The caller vouches that the provider said so. Raises NotSignedIn for somebody whom the
        settings do not let in, and for a sign-in that has ended though its cookie is still there.
        """
        session = self._session_of(identity)
        if session is None:
            try:
                session = self._first_session(identity)
            except sa.exc.IntegrityError:  # another tab of the browser was faster
                session = self._session_of(identity)
        if session is None:
            raise not_signed_in()
        self.moderator(session.token)
        return session

    def moderator(self, token: str) -> Moderator:
        """Return who holds a token. Raises NotSignedIn when it is unknown or has ended."""
        held, now = hash_token(token), self._clock()
        with self._store.reading() as connection:
            who = holder(connection, held, now, self._access())
            row = session_row(connection, held)
        if who is None or row is None:
            raise not_signed_in()
        if row.seen_at <= now - SEEN_WITHIN:
            with self._store.writing() as connection:
                # Not where it was ended meanwhile.
                seen = of_session(held) & (sessions.c.seen_at != ENDED)
                connection.execute(sa.update(sessions).where(seen).values(seen_at=now))
        return who

    def sign_out(self, token: str) -> None:
        """End a session; one that has ended already is no mistake."""
        ended = sa.update(sessions).where(of_session(hash_token(token)))
        with self._store.writing() as connection:
            connection.execute(ended.values(seen_at=ENDED))

    def _session_of(self, identity: Identity) -> Session | None:
        with self._store.reading() as connection:
            row = session_row(connection, hash_token(identity.token))
        return row and Session(identity.token, row.name, _utc(row.expires_at))

    def _first_session(self, identity: Identity) -> Session:
        """Open the session of a sign-in that was just made, with its account if that is new."""
        now, issued = self._clock(), identity.issued_at * SECOND
        if not now - min(FRESH_FOR, self._session_ns) < issued <= now + AHEAD:
            raise not_signed_in()
        role = self._access().role_of(identity.address, identity.groups)
        if role is None:
            raise NotSignedIn(
                f"{identity.address} may not work on reports here.",
                hint="An administrator can let you in.",
            )
        try:
            key = well_formed(identity.address)
        except ReviewError as refused:
            raise NotSignedIn(refused.message, hint="Sign in with another address.") from None
        with self._store.writing() as connection:
            keep_identity(connection, key, identity, role, now)
            expires = issued + self._session_ns
            return self._open_session(connection, key, identity.token, expires)

    def _open_session(
        self, connection: sa.Connection, key: str, token: str, expires: int
    ) -> Session:
        now = self._clock()
        connection.execute(sa.delete(sessions).where(sessions.c.expires_at <= now))
        row = {"token_hash": hash_token(token), "name": key, "expires_at": expires}
        connection.execute(sa.insert(sessions).values(**row, seen_at=now))
        change_account(connection, key, signed_in_at=now)
        return Session(token, key, _utc(expires))

    @contextmanager
    def _changing(self, who: Moderator) -> Iterator[tuple[sa.Connection, Moderator]]:
        with self._store.writing() as connection:
            yield connection, require_moderator(connection, who, self._clock(), self._access())

    @contextmanager
    def _administering(self, who: Moderator) -> Iterator[sa.Connection]:
        with self._store.writing() as connection:
            local_administrators(connection)  # held until the end, so that two do not both go
            require_administrator(connection, who, self._clock(), self._access())
            yield connection

    def _expect_administrator(self, connection: sa.Connection, who: Moderator) -> None:
        """Refuse what would leave nobody to manage accounts; the operator can make one anew."""
        access = self._access()
        provided = access.administrators or access.administrator_groups
        if not (provided or local_administrators(connection) or who.name == OPERATOR):
            raise ReviewError(
                "The last administrator has to stay one.", hint="Make somebody else one first."
            )


@overload
def _utc(nanoseconds: int) -> datetime: ...
@overload
def _utc(nanoseconds: int | None) -> datetime | None: ...
def _utc(nanoseconds: int | None) -> datetime | None:
    return None if nanoseconds is None else datetime.fromtimestamp(nanoseconds / 1e9, tz=UTC)
