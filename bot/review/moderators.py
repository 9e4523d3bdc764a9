"""Who may work on reports: accounts, sessions, and the proof that every service call rechecks.

Passwords are hashed with argon2id at the library's recommended parameters (RFC 9106) and hashed
again when those change. A session ends a fixed time after signing in, however busy: nothing has
to be written while pages are only read. Tokens are stored as SHA-256 hashes.

Not covered: somebody who may write the database file, or run Python in this process.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
import unicodedata
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import TracebackType

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bot.review.schema import moderators, sessions, sign_in_attempts
from bot.review.store import ReportStore
from ingest.errors import LimitExceeded, NotSignedIn, ReviewError

PASSWORD_MIN_CHARS = 12
PASSWORD_MAX_CHARS = 1_000
ATTEMPTS = 5
ATTEMPT_WINDOW_NS = 5 * 60 * 10**9
OPERATOR = "operator"
REPORTER = "reporter"

_NAME = re.compile(r"[\w.@+-]{1,64}")
_MADE_HERE = object()


@dataclass(frozen=True)
class Moderator:
    """Somebody who may work on reports; only `Moderators` makes one.

    `session` is the hash of the session's token, empty for the operator at the command line,
    who may read and write the files anyway.
    """

    name: str
    session: str = field(repr=False)
    made_here: InitVar[object]

    def __post_init__(self, made_here: object) -> None:
        if made_here is not _MADE_HERE:
            raise NotSignedIn("Only signing in makes a moderator.")


@dataclass(frozen=True)
class Session:
    """What a browser keeps after signing in. `expires_at` is in UTC."""

    token: str = field(repr=False)
    name: str
    expires_at: datetime


class Moderators:
    """The accounts and sessions in the database at `path`.

    `hasher` holds argon2's parameters; a stored hash of other parameters is renewed when its
    owner signs in.
    """

    def __init__(
        self,
        path: Path,
        *,
        session_minutes: int = 60,
        clock: Callable[[], int] = time.time_ns,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._store = ReportStore(path)
        self._session_ns = session_minutes * 60 * 10**9
        self._clock = clock
        self._hasher = hasher or PasswordHasher()
        # A hash that nobody knows the password of, to take as long as a real one.
        self._nobodys_hash = cache(lambda: self._hasher.hash(secrets.token_bytes(32)))

    def __enter__(self) -> Moderators:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._store.close()

    def add(self, name: str, password: str) -> None:
        """Make an account; names are told apart without case.

        Raises ReviewError for a name that is taken or not well-formed, or a password that is
        too short.
        """
        key = _well_formed(name)
        password_hash = self._hash(password)
        row = {"name": key, "password_hash": password_hash, "added_at": self._clock()}
        with self._store.writing() as connection:
            if _password_hash(connection, key) is not None:
                raise ReviewError(
                    f"{key} is a moderator already.", hint="Change the password with passwd."
                )
            connection.execute(sa.insert(moderators).values(row))

    def remove(self, name: str) -> None:
        """Remove an account; its sessions end at once. Raises ReviewError if there is none."""
        with self._store.writing() as connection:
            _expect_account(connection, _fold(name))
            connection.execute(sa.delete(moderators).where(moderators.c.name == _fold(name)))

    def names(self) -> list[str]:
        """Return the moderators' names in order."""
        with self._store.reading() as connection:
            chosen = sa.select(moderators.c.name).order_by(moderators.c.name)
            return list(connection.execute(chosen).scalars())

    def set_password(self, name: str, password: str) -> None:
        """Change a password and end the account's sessions. Raises ReviewError."""
        key = _fold(name)
        password_hash = self._hash(password)
        with self._store.writing() as connection:
            _expect_account(connection, key)
            _keep_hash(connection, key, password_hash)
            connection.execute(sa.delete(sessions).where(sessions.c.name == key))
            connection.execute(sa.delete(sign_in_attempts).where(sign_in_attempts.c.name == key))

    def sign_in(self, name: str, password: str) -> Session:
        """Open a session.

        An unknown name costs as much time as a wrong password, and reads the same. Raises
        NotSignedIn for either, LimitExceeded after five failures for one name in five minutes
        (so somebody who knows a name can hold its sign-in shut, though not its sessions).
        """
        key = _fold(name)
        self._count_attempt(key)
        with self._store.reading() as connection:
            known = _password_hash(connection, key)
        nobodys = self._nobodys_hash()
        if not self._matches(known or nobodys, password) or known is None:
            raise NotSignedIn("The name or the password is wrong.")
        fresh = self._hash(password) if self._hasher.check_needs_rehash(known) else known
        with self._store.writing() as connection:
            if _password_hash(connection, key) != known:
                raise NotSignedIn("The account was changed just now.", hint="Sign in again.")
            _keep_hash(connection, key, fresh)
            connection.execute(sa.delete(sign_in_attempts).where(sign_in_attempts.c.name == key))
            return self._open_session(connection, key)

    def sign_in_verified(self, name: str) -> Session:
        """Open a session for a name that an identity provider has verified (OIDC).

        The caller vouches for it. Raises NotSignedIn unless it is a moderator's.
        """
        key = _fold(name)
        with self._store.writing() as connection:
            if _password_hash(connection, key) is None:
                raise NotSignedIn("This account is not a moderator's.")
            return self._open_session(connection, key)

    def moderator(self, token: str) -> Moderator:
        """Return who holds a token. Raises NotSignedIn when it is unknown or has ended."""
        session = hash_token(token)
        with self._store.reading() as connection:
            name = _session_name(connection, session, self._clock())
        if name is None:
            raise _not_signed_in()
        return Moderator(name, session, _MADE_HERE)

    @staticmethod
    def operator() -> Moderator:
        """Return the actor of the command line; a page must never call this."""
        return Moderator(OPERATOR, "", _MADE_HERE)

    def sign_out(self, token: str) -> None:
        """End a session; one that has ended already is no mistake."""
        with self._store.writing() as connection:
            ended = sa.delete(sessions).where(sessions.c.token_hash == hash_token(token))
            connection.execute(ended)

    def _count_attempt(self, key: str) -> None:
        """Count before the password is looked at, so that attempts at once are counted too."""
        now = self._clock()
        attempts = sign_in_attempts.c
        with self._store.writing() as connection:
            old = attempts.at <= now - ATTEMPT_WINDOW_NS
            connection.execute(sa.delete(sign_in_attempts).where(old))
            made = sa.select(sa.func.count()).where(attempts.name == key)
            if connection.execute(made).scalar_one() >= ATTEMPTS:
                raise LimitExceeded(
                    "Too many attempts to sign in with this name.", hint="Wait five minutes."
                )
            connection.execute(sa.insert(sign_in_attempts).values(name=key, at=now))

    def _hash(self, password: str) -> str:
        if not PASSWORD_MIN_CHARS <= len(password) <= PASSWORD_MAX_CHARS:
            raise ReviewError(
                f"A password has {PASSWORD_MIN_CHARS} to {PASSWORD_MAX_CHARS:,} characters.",
                hint="Several random words make a good one.",
            )
        return self._hasher.hash(_secret(password))

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, _secret(password[: PASSWORD_MAX_CHARS + 1]))
        except (VerificationError, InvalidHashError):
            return False

    def _open_session(self, connection: sa.Connection, key: str) -> Session:
        now = self._clock()
        token = secrets.token_urlsafe(32)
        expires = now + self._session_ns
        connection.execute(sa.delete(sessions).where(sessions.c.expires_at <= now))
        row = {"token_hash": hash_token(token), "name": key, "expires_at": expires}
        connection.execute(sa.insert(sessions).values(row))
        return Session(token, key, datetime.fromtimestamp(expires / 1e9, tz=UTC))


def require_moderator(connection: sa.Connection, who: object, now: int) -> Moderator:
    """Return `who` if it may act at this moment; every service call asks this first.

    Raises NotSignedIn for anything but a Moderator whose session and account still exist.
    """
    if not isinstance(who, Moderator):
        raise _not_signed_in()
    if who.name == OPERATOR and not who.session:
        return who
    if _session_name(connection, who.session, now) != who.name:
        raise _not_signed_in()
    return who


def require_account(connection: sa.Connection, name: str) -> str:
    """Return the account's name as it is kept. Raises ReviewError if there is none."""
    _expect_account(connection, _fold(name))
    return _fold(name)


def hash_token(token: str) -> str:
    """Return what is stored of a token: its SHA-256; it has 256 random bits, so no salt."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _not_signed_in() -> NotSignedIn:
    return NotSignedIn("You are not signed in, or your session has ended.", hint="Sign in again.")


def _session_name(connection: sa.Connection, session: str, now: int) -> str | None:
    joined = sa.join(sessions, moderators, sessions.c.name == moderators.c.name)
    found = sa.select(sessions.c.name).select_from(joined)
    alive = found.where(sessions.c.token_hash == session, sessions.c.expires_at > now)
    return connection.execute(alive).scalar_one_or_none()


def _password_hash(connection: sa.Connection, key: str) -> str | None:
    found = sa.select(moderators.c.password_hash).where(moderators.c.name == key)
    return connection.execute(found).scalar_one_or_none()


def _keep_hash(connection: sa.Connection, key: str, password_hash: str) -> None:
    account = sa.update(moderators).where(moderators.c.name == key)
    connection.execute(account.values(password_hash=password_hash))


def _expect_account(connection: sa.Connection, key: str) -> None:
    if _password_hash(connection, key) is None:
        raise ReviewError("There is no moderator of this name.")


def _fold(name: str) -> str:
    """Return the form in which names are kept; any text has one, so unknown names do too."""
    folded = unicodedata.normalize("NFKC", name).strip().casefold()
    return folded.encode("utf-8", "replace").decode()[:64]


def _well_formed(name: str) -> str:
    key = _fold(name)
    if not _NAME.fullmatch(unicodedata.normalize("NFKC", name).strip()) or not _NAME.fullmatch(key):
        raise ReviewError(
            "This cannot be a moderator's name.",
            hint="Use up to 64 letters, digits and . @ + - _ without spaces.",
        )
    if key in (OPERATOR, REPORTER):
        raise ReviewError(f"The name {key} is reserved.", hint="Choose another one.")
    return key


def _secret(password: str) -> bytes:
    """Return the bytes to hash: one form whichever way a keyboard composes its accents."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
