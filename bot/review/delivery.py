"""Sending what is in the outbox: by a thread of the app, or by `groundskeeper reports deliver`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from bot.review import listing
from bot.review.mail import Mailer
from bot.review.notify import CLOSED, MAIL, WEBHOOK
from bot.review.outbox import Message, Outbox, Undelivered
from bot.review.states import CATEGORY_LABELS, CLOSED_STATES, SEVERITY_LABELS
from bot.review.store import ReportStore
from bot.review.views import Failure, PublicStatus
from bot.review.webhook import Webhook
from ingest.errors import GroundskeeperError, ReportNotFound
from ingest.paths import ReportsLocation
from ingest.settings import Settings

log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 15.0
ENOUGH = "There were many within an hour. Of more you are told later; look into the queue."
Send = Callable[[Message], None]


@dataclass(frozen=True)
class Delivered:
    """What one round has done."""

    sent: int
    failed: tuple[Failure, ...] = ()


class Courier:
    """Takes messages out of the outbox and sends each by the way that its kind names."""

    def __init__(self, outbox: Outbox, ways: Mapping[str, Send]) -> None:
        self._outbox = outbox
        self._ways = dict(ways)
        self._stopped = threading.Event()

    def deliver_due(self) -> Delivered:
        """Send everything that is due now, each message once."""
        sent, failed = 0, list[Failure]()
        while (message := self._outbox.claim(self._ways)) is not None:
            reason = self._deliver(message)
            if reason:
                failed.append(Failure(reference=message.reference, way=message.kind, reason=reason))
            else:
                sent += 1
        return Delivered(sent, tuple(failed))

    @property
    def ways(self) -> tuple[str, ...]:
        """The kinds of messages that can be sent."""
        return tuple(self._ways)

    def try_again(self) -> int:
        """Make what was given up due at once; return how many messages that are."""
        return self._outbox.try_again()

    def start(self) -> None:
        """Go on delivering in a thread that ends with the process; nothing waits for it."""
        if self._ways:
            threading.Thread(target=self._go_on, name="courier", daemon=True).start()

    def stop(self) -> None:
        """Let the thread end after what it is sending."""
        self._stopped.set()

    def _deliver(self, message: Message) -> str:
        """Send one message and note what came of it; return why it failed, if it did."""
        try:
            self._ways[message.kind](message)
        except Undelivered as error:
            self._outbox.failed(message, str(error), final=error.final)
            return str(error)
        self._outbox.delivered(message)
        return ""

    def _go_on(self) -> None:
        while True:
            try:
                for one in self.deliver_due().failed:
                    log.warning("Not delivered: %s by %s: %s", one.reference, one.way, one.reason)
            except GroundskeeperError as error:
                log.warning("Messages are left for later: %s", error)
            except Exception:
                log.exception("Messages could not be delivered")
            if self._stopped.wait(LOOK_AGAIN_SECONDS):
                return


def open_courier(settings: Settings, name: str, location: ReportsLocation) -> Courier:
    """Return what sends the messages that are kept with the reports. Raises SettingsError."""
    store = ReportStore(location)
    return Courier(Outbox(store), ways_to_send(settings, store, name))


def deliver_in_background(settings: Settings, name: str, location: ReportsLocation) -> None:
    """Send what becomes due for as long as this process lives. Raises SettingsError."""
    open_courier(settings, name, location).start()


def ways_to_send(settings: Settings, store: ReportStore, name: str) -> dict[str, Send]:
    """Return how each kind of message is sent, as far as the settings tell.

    `name` is what the app is called in mails. Raises SettingsError.
    """
    ways: dict[str, Send] = {}
    if url := settings.webhook_url.get_secret_value():
        ways[WEBHOOK] = Webhook(url, settings.webhook_secret.get_secret_value()).send
    if url := settings.smtp_url.get_secret_value():
        mailer = Mailer(url, settings.mail_from)
        ways[MAIL] = lambda message: _tell_moderator(mailer, name, message)
        ways[CLOSED] = lambda message: _tell_reporter(mailer, name, store, message)
    return ways


def _tell_moderator(mailer: Mailer, name: str, message: Message) -> None:
    told = message.payload
    severity = SEVERITY_LABELS[told["severity"]].lower()
    lines = [
        f"Somebody reported an answer of {name}.",
        "",
        f"Reference: {message.reference}",
        f"Problem:   {CATEGORY_LABELS[told['category']]}",
        f"Severity:  {severity}",
        *_link(told["link"]),
        *(["", ENOUGH] if told["last"] else []),
    ]
    subject = f"{message.reference}: {CATEGORY_LABELS[told['category']]} ({severity})"
    mailer.send(told["to"], subject, "\n".join(lines), identity=message.identity)


def _tell_reporter(mailer: Mailer, name: str, store: ReportStore, message: Message) -> None:
    """Write what the look-up page says at this moment, unless the report was opened again."""
    with suppress(ReportNotFound), store.reading() as connection:
        report = listing.public_status(connection, message.reference)
        if report.status in CLOSED_STATES:
            text = closing_text(report, name, message.payload["link"])
            subject = f"Your report {report.reference}: {report.label.lower()}"
            mailer.send(message.payload["to"], subject, text, identity=message.identity)


def closing_text(report: PublicStatus, name: str, link: str) -> str:
    """Return what a person who left an address is told when their report is closed."""
    lines = [
        f"You reported an answer of {name} as {report.reference}. It is closed now.",
        "",
        report.outcome or report.label + ".",
        *([report.told] if report.told else []),
        *_link(link),
        "",
        "You get this mail because you left this address with the report. It is used for nothing",
        "else, and goes when the report's words go. Please do not answer: nobody reads it.",
    ]
    return "\n".join(lines) + "\n"


def _link(link: str) -> list[str]:
    return ["", link] if link else []
