"""Passwords: hashed with argon2id at the library's recommended parameters (RFC 9106)."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ingest.errors import ReviewError

PASSWORD_MIN_CHARS = 12
PASSWORD_MAX_CHARS = 1_000
# Each hash takes 64 MB for a moment; many attempts at once must not take all memory.
AT_ONCE = 2


class Passwords:
    """Makes hashes and checks passwords against them; safe to share between threads."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def hash(self, password: str) -> str:
        """Return the hash to keep. Raises ReviewError for a password too short or too long."""
        if not PASSWORD_MIN_CHARS <= len(password) <= PASSWORD_MAX_CHARS:
            raise ReviewError(
                f"A password has {PASSWORD_MIN_CHARS} to {PASSWORD_MAX_CHARS:,} characters.",
                hint="Several random words make a good one.",
            )
        with self._turns:
            return self._hasher.hash(_secret(password))

    def match(self, kept: str | None, password: str) -> bool:
        """Whether the password is the one of a kept hash; without one it takes as long."""
        try:
            with self._turns:
                self._hasher.verify(
                    kept or self._nobodys, _secret(password[: PASSWORD_MAX_CHARS + 1])
                )
        except (VerificationError, InvalidHashError):
            return False
        return bool(kept)

    def renewed(self, kept: str, password: str) -> str:
        """Return a hash with today's parameters, or the kept one if it has them."""
        return self.hash(password) if self._hasher.check_needs_rehash(kept) else kept

    @cached_property
    def _nobodys(self) -> str:
        """A hash that nobody knows the password of."""
        return self._hasher.hash(secrets.token_bytes(32))


def _secret(password: str) -> bytes:
    """Return the bytes to hash: one form whichever way a keyboard composes its accents."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
