"""Plain-text mail over SMTP, and what counts as an address.

Connections are encrypted: `smtps://` from the start, `smtp://` by STARTTLS, which the server then
has to offer (RFC 8314 asks for the first). Only `smtp+plain://` is not, for a server on this very
machine or a network of one's own.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from urllib.parse import SplitResult, unquote, urlsplit

from bot.review.outbox import Undelivered
from ingest.errors import ReviewError, SettingsError

SILENCE_SECONDS = 15.0
ADDRESS_MAX_CHARS = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets
LOCAL_MAX_CHARS = 64
PORTS = {"smtps": 465, "smtp": 587, "smtp+plain": 25}

# A dot-atom (RFC 5322, 3.2.3) at a host name (RFC 1123, 2.1) of two labels or more. Quoted names,
# comments and address literals are left out: nobody types them, and some have been attacks.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@(?:{_LABEL}\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]")


def checked_address(text: str) -> str:
    """Return an e-mail address without white space around it, empty if none was given.

    Raises ReviewError for what is none. Whether anybody reads mail there is not checked.
    """
    address = text.strip()
    if not address:
        return ""
    found = _ADDRESS.fullmatch(address) if len(address) <= ADDRESS_MAX_CHARS else None
    if found is None or len(found[1]) > LOCAL_MAX_CHARS:
        raise ReviewError("This is not an e-mail address.", hint="One looks like name@example.org.")
    return address


class Mailer:
    """Sends mail from `sender` by the server at `url`: `smtps://user:password@host:port`.

    What stands for a user or a password is percent-encoded, as in any URL. Raises SettingsError.
    """

    def __init__(self, url: str, sender: str) -> None:
        self._server = _server(url)
        try:
            self._sender = checked_address(sender)
        except ReviewError:
            self._sender = ""
        if not self._sender:
            raise SettingsError("Setting 'mail_from' is not the e-mail address that mail is from.")

    def send(self, to: str, subject: str, text: str, *, identity: str) -> None:
        """Send one mail; `identity` tells a second copy from a second mail. Raises Undelivered."""
        mail = self._written(to, subject, text, identity)
        try:
            with self._connection() as smtp:
                # Not send_message, which writes >From where a line begins with From.
                smtp.sendmail(self._sender, [to], mail.as_bytes())
        except smtplib.SMTPRecipientsRefused as error:
            [(code, _)] = error.recipients.values()
            raise Undelivered(
                f"The mail server refused the address ({code}).", final=code >= 500
            ) from error
        except smtplib.SMTPResponseException as error:
            # What the server says may hold the address, so only its code is kept.
            raise Undelivered(f"The mail server answered {error.smtp_code}.") from error
        except (smtplib.SMTPException, OSError) as error:
            raise Undelivered(
                f"The mail server could not be used ({type(error).__name__})."
            ) from error

    def _written(self, to: str, subject: str, text: str, identity: str) -> EmailMessage:
        """Return the mail; the library refuses a header with a line break in it."""
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = self._sender, to, subject
        mail["Date"] = formatdate(localtime=False)
        mail["Message-ID"] = f"<{identity}@{self._sender.partition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine should answer it
        mail.set_content(text, cte="quoted-printable")
        return mail

    def _connection(self) -> smtplib.SMTP:
        """Return a connection as the settings have it: encrypted or not, signed in or not."""
        server = self._server
        host, port = server.hostname or "", server.port or PORTS[server.scheme]
        trusted = ssl.create_default_context()
        if server.scheme == "smtps":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port, timeout=SILENCE_SECONDS, context=trusted
            )
        else:
            smtp = smtplib.SMTP(host, port, timeout=SILENCE_SECONDS)
        try:
            if server.scheme == "smtp":
                smtp.starttls(context=trusted)
            if server.username:
                smtp.login(unquote(server.username), unquote(server.password or ""))
        except BaseException:
            smtp.close()
            raise
        return smtp


def _server(url: str) -> SplitResult:
    try:
        found = urlsplit(url)
        usable = found.scheme in PORTS and bool(found.hostname) and found.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(
            "Setting 'smtp_url' does not name a mail server.",
            hint="It looks like smtps://user:password@mail.example.org:465 (or smtp:// for "
            "STARTTLS, smtp+plain:// without encryption).",
        )
    return found
