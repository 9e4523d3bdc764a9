"""Who may moderate, as the settings say at this moment: local accounts, and whom a provider knows.

An identity provider (OpenID Connect Core 1.0) says who somebody is; whether that person may
moderate is for our settings alone to say, by a verified address or by a group.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from ingest.errors import NotSignedIn
from ingest.settings import SETTINGS_FILE, Settings, load_settings

Role = Literal["moderator", "administrator"]

_NOT_A_SIGN_IN = NotSignedIn(
    "What the identity provider sent is not a sign-in.",
    hint="Its ID token needs iss, sub, nonce, iat and email.",
)


@dataclass(frozen=True)
class Identity:
    """Somebody as the provider named them in an ID token.

    `issuer` and `subject` together are one person for ever; `address` is shown, and compared with
    the settings. `nonce` tells one sign-in from all others, `issued_at` is in seconds since 1970.
    """

    issuer: str
    subject: str
    address: str
    groups: tuple[str, ...]
    nonce: str
    issued_at: int

    @property
    def token(self) -> str:
        """The name of this one sign-in, the same for every tab of the browser."""
        return json.dumps([self.issuer, self.subject, self.nonce, self.issued_at])


def read_identity(claims: Mapping[str, Any], group_claim: str = "") -> Identity:
    """Return whom the claims of a validated ID token describe.

    Raises NotSignedIn where one is missing, or the address is not verified: anybody may write
    somebody else's address into an unverified profile.
    """
    issuer, subject, nonce = (_text(claims.get(name)) for name in ("iss", "sub", "nonce"))
    address, issued_at = _text(claims.get("email")), claims.get("iat")
    if not (issuer and subject and nonce and address and type(issued_at) is int):
        raise _NOT_A_SIGN_IN
    if claims.get("email_verified") is not True:
        raise NotSignedIn(
            "Your identity provider has not verified your e-mail address.",
            hint="Let it send you its confirmation, then sign in again.",
        )
    groups = _texts(claims.get(group_claim)) if group_claim else ()
    return Identity(issuer, subject, same_address(address), groups, nonce, issued_at)


@dataclass(frozen=True)
class Access:
    """The rules of one moment. `idle`: how long a session outlives its last page.

    Addresses are as `same_address` returns them; `group_claim` names the ID token's claim.
    """

    local_accounts: bool = True
    idle: timedelta = timedelta(minutes=30)
    moderators: frozenset[str] = frozenset()
    administrators: frozenset[str] = frozenset()
    group_claim: str = ""
    moderator_groups: frozenset[str] = frozenset()
    administrator_groups: frozenset[str] = frozenset()

    @classmethod
    def from_settings(cls, settings: Settings) -> Access:
        """Return the rules that the settings describe."""
        return cls(
            local_accounts=settings.local_accounts,
            idle=timedelta(minutes=settings.session_idle_minutes),
            moderators=frozenset(map(same_address, settings.oidc_moderators)),
            administrators=frozenset(map(same_address, settings.oidc_administrators)),
            group_claim=settings.oidc_group_claim,
            moderator_groups=frozenset(settings.oidc_moderator_groups),
            administrator_groups=frozenset(settings.oidc_administrator_groups),
        )

    @property
    def idle_ns(self) -> int:
        """`idle` in nanoseconds."""
        return self.idle // timedelta(microseconds=1) * 1_000

    @property
    def by_provider(self) -> bool:
        """Whether an identity provider lets anybody in."""
        return bool(
            self.moderators
            or self.administrators
            or self.moderator_groups
            or self.administrator_groups
        )

    def role_of(self, address: str, groups: Iterable[str]) -> Role | None:
        """Return the role of somebody whom a provider vouches for, None if they have none."""
        member = set(groups) if self.group_claim else set()
        if address in self.administrators or member & self.administrator_groups:
            return "administrator"
        if address in self.moderators or member & self.moderator_groups:
            return "moderator"
        return None


class CurrentAccess:
    """The rules as they stand in the settings now: who is taken off a list is out at once.

    The file is looked at with every call (one `stat`) and read when it has changed; the
    environment of a running process does not change. Raises SettingsError while it is not valid.
    """

    def __init__(self, settings: Settings) -> None:
        self._access = Access.from_settings(settings)
        self._seen = _stamp()

    def __call__(self) -> Access:
        """Return the rules of this moment."""
        stamp = _stamp()
        if stamp != self._seen:
            self._access, self._seen = Access.from_settings(load_settings()), stamp
        return self._access


def same_address(address: str) -> str:
    """Return the form in which addresses are compared.

    Only A to Z are folded: Unicode's folding makes an s of ſ and a k of the sign for kelvin, and
    so somebody else's address of one that merely looks like it.
    """
    return "".join(c.lower() if c.isascii() else c for c in address.strip())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> tuple[str, ...]:
    found = value if isinstance(value, list) else [value]
    return tuple(text for text in found if isinstance(text, str))


def _stamp() -> tuple[int, int] | None:
    try:
        found = Path(SETTINGS_FILE).stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size
