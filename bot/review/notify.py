"""Who is told of what happens to reports: moderators of severe ones, reporters of the end.

What is written here goes to the outbox, in the transaction of the event; bot/review/delivery.py
sends it. No message holds anything of a question, an answer or a comment, but for what a moderator
wrote to the person who reported.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from bot.review import outbox
from bot.review.mail import checked_address
from bot.review.schema import contacts
from bot.review.states import SEVERITY_RANK, Category, Severity
from ingest.errors import ReviewError, SettingsError
from ingest.settings import Settings

WEBHOOK = "webhook"
MAIL = "mail"
CLOSED = "closed"
HOUR_NS = 3_600 * 10**9
MAILS_PER_HOUR = 20


@dataclass(frozen=True)
class Notices:
    """What is told, and to whom: nothing to nobody, unless the settings name them.

    `mail_to` are the moderators' addresses; `reporters` says whether those who left an address
    are written to when their report is closed; `public_url` is where people reach the app, for
    links (empty: no links).
    """

    webhook: bool = False
    mail_to: tuple[str, ...] = ()
    reporters: bool = False
    from_severity: Severity = "high"
    public_url: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Notices:
        """Return what the settings ask for. Raises SettingsError for what cannot be sent."""
        mail = bool(settings.smtp_url.get_secret_value())
        to = _addresses(settings.mail_to)
        if to and not mail:
            raise SettingsError(
                "Setting 'mail_to' names who is written to, but 'smtp_url' names no mail server."
            )
        return cls(
            webhook=bool(settings.webhook_url.get_secret_value()),
            mail_to=to,
            reporters=mail,
            from_severity=settings.notify_from_severity,
            public_url=settings.public_url.rstrip("/"),
        )

    def of_severe(
        self,
        connection: sa.Connection,
        reference: str,
        category: Category,
        severity: Severity,
        now: int,
    ) -> None:
        """Tell the moderators of a report that is new, or newly this severe.

        A program can be told of any number; a person gets 20 mails an hour, whoever may be
        filling the queue, and the last of them says so.
        """
        if SEVERITY_RANK[severity] < SEVERITY_RANK[self.from_severity]:
            return
        link = self.moderators_link(reference)
        told: dict[str, str | bool] = {"category": category, "severity": severity, "link": link}
        if self.webhook:
            outbox.put(connection, WEBHOOK, reference, told, now)
        mails = outbox.counted(connection, MAIL, now - HOUR_NS) // max(len(self.mail_to), 1)
        if mails < MAILS_PER_HOUR:
            told |= {"last": mails == MAILS_PER_HOUR - 1}
            for address in self.mail_to:
                outbox.put(connection, MAIL, reference, {**told, "to": address}, now)

    def of_end(self, connection: sa.Connection, reference: str, now: int) -> None:
        """Tell everybody who left an address with a report that it was closed."""
        left = sa.select(contacts.c.email).where(contacts.c.reference == reference)
        for address in connection.execute(left.order_by(contacts.c.at)).scalars().all():
            self.of_end_to(connection, reference, address, now)

    def of_end_to(self, connection: sa.Connection, reference: str, address: str, now: int) -> None:
        """Tell one person that a report was closed."""
        if self.reporters and address:
            told = {"to": address, "link": self.public_link(reference)}
            outbox.put(connection, CLOSED, reference, told, now)

    def moderators_link(self, reference: str) -> str:
        """Return where a moderator finds a report, empty where nobody knows the app's address."""
        return f"{self.public_url}/moderation?report={reference}" if self.public_url else ""

    def public_link(self, reference: str) -> str:
        """Return where everybody finds a report's state, likewise."""
        return f"{self.public_url}/my-report?reference={reference}" if self.public_url else ""


def _addresses(listed: str) -> tuple[str, ...]:
    try:
        given = dict.fromkeys(checked_address(one) for one in listed.split(","))
    except ReviewError as error:
        raise SettingsError(
            "Setting 'mail_to' holds something that is no e-mail address.",
            hint="Several are parted by commas.",
        ) from error
    return tuple(address for address in given if address)
