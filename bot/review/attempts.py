"""The brakes on guessing passwords: one for each name, existing or not, one for each address.

Both are kept in the database, so that they hold in every process and over a restart. Kept are
hashes: people type their password where the name belongs.
"""

from __future__ import annotations

import hashlib
from typing import Any

import sqlalchemy as sa

from bot.limits import address_block
from bot.review.schema import sign_in_attempts
from ingest.errors import LimitExceeded

MINUTE = 60 * 10**9

FREE_ATTEMPTS = 5
LONGEST_WAIT = 60 * MINUTE
FORGOTTEN_AFTER = 24 * 60 * MINUTE
ADDRESS_ATTEMPTS = 20
ADDRESS_WINDOW = 10 * MINUTE


def wait_after(failures: int) -> int:
    """Return how long a name waits after so many failures in a row, in nanoseconds.

    The first five cost nothing, then it is one minute, two, four, up to an hour: some thirty
    guesses a day.
    """
    over = failures - FREE_ATTEMPTS
    return min(MINUTE << min(over, 10), LONGEST_WAIT) if over >= 0 else 0


def count_attempt(connection: sa.Connection, name: str, address: str, now: int) -> None:
    """Count an attempt before its password is looked at, so that those at once are counted too.

    Raises LimitExceeded, in the same words for a name that nobody has; what is refused is not
    counted, so that a wait comes to its end.
    """
    _take_turns(connection)
    attempts = sign_in_attempts
    connection.execute(sa.delete(attempts).where(attempts.c.at <= now - FORGOTTEN_AFTER))
    if (until := locked_until(connection, name, now)) is not None:
        raise _refused("with this name", until - now)
    origin = address_block(address)
    recent = _made(_of_address(origin)).where(attempts.c.at > now - ADDRESS_WINDOW)
    if origin and connection.execute(recent).one().made >= ADDRESS_ATTEMPTS:
        raise _refused("from your network", ADDRESS_WINDOW)
    made = [{"name": _of_name(name), "at": now}]
    if origin:
        made.append({"name": _of_address(origin), "at": now})
    connection.execute(sa.insert(attempts), made)


def forget_attempts(connection: sa.Connection, name: str, address: str = "", at: int = 0) -> None:
    """Forget a name's failures, and that address's attempt of that moment."""
    own = sign_in_attempts.c.name == _of_name(name)
    here = (sign_in_attempts.c.name == _of_address(address_block(address))) & (
        sign_in_attempts.c.at == at
    )
    connection.execute(sa.delete(sign_in_attempts).where(own | here))


def locked_until(connection: sa.Connection, name: str, now: int) -> int | None:
    """Return until when a name cannot sign in (ns since 1970), None if it can."""
    failures = _made(_of_name(name)).where(sign_in_attempts.c.at > now - FORGOTTEN_AFTER)
    found = connection.execute(failures).one()
    if found.made < FREE_ATTEMPTS:
        return None
    until: int = found.last + wait_after(found.made)
    return until if until > now else None


def _refused(how: str, wait: int) -> LimitExceeded:
    minutes = -(-wait // MINUTE)
    return LimitExceeded(
        f"Too many attempts to sign in {how}.",
        hint="Wait a minute." if minutes == 1 else f"Wait {minutes} minutes.",
    )


def _made(key: str) -> sa.Select[int, Any]:
    attempts = sign_in_attempts.c
    counted = sa.select(sa.func.count().label("made"), sa.func.max(attempts.at).label("last"))
    return counted.where(attempts.name == key)


def _of_name(name: str) -> str:
    return _hashed(f"name {name}")


def _of_address(address: str) -> str:
    return _hashed(f"address {address}")


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _take_turns(connection: sa.Connection) -> None:
    """Let nobody count at the same time; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("LOCK TABLE sign_in_attempts IN EXCLUSIVE MODE"))
