"""Mail: what counts as an address, and sending to a real server, encrypted or not at all."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from bot.review.mail import Mailer, checked_address
from bot.review.outbox import Undelivered
from ingest.errors import ReviewError, SettingsError
from tests.mail_server import MailServer, free_port

FROM = "bot@example.org"
TO = "birch@example.org"


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def mailer(mail_server: MailServer) -> Mailer:
    return Mailer(f"smtp+plain://127.0.0.1:{mail_server.port}", FROM)


def test_a_mail_arrives_as_plain_text(mail_server: MailServer, mailer: Mailer) -> None:
    mailer.send(TO, "Your report R-7K3M9Q", "Grüße\n.\nFrom here\n", identity="R-7K3M9Q-3")
    [mail] = mail_server.mailbox.mails
    assert mail_server.mailbox.recipients == [TO]
    assert (mail["From"], mail["To"], mail["Subject"]) == (FROM, TO, "Your report R-7K3M9Q")
    assert mail["Message-ID"] == "<R-7K3M9Q-3@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    body = mail.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.decode().splitlines() == ["Grüße", ".", "From here"]


@pytest.mark.parametrize("field", ["to", "subject"])
def test_no_text_adds_a_header(mail_server: MailServer, mailer: Mailer, field: str) -> None:
    parts = {"to": TO, "subject": "Report", field: f"{TO}\r\nBcc: everybody@example.org"}
    with pytest.raises(ValueError, match="linefeed"):
        mailer.send(**parts, text="", identity="R-7K3M9Q-3")
    assert mail_server.mailbox.mails == []


@pytest.mark.parametrize(
    ("answer", "final"), [("450 later", False), (f"550 <{TO}> is unknown here", True)]
)
def test_a_refused_address_is_told_without_the_address(
    mail_server: MailServer, mailer: Mailer, answer: str, final: bool
) -> None:
    mail_server.mailbox.answers = [answer]
    with pytest.raises(Undelivered, match=answer[:3]) as failure:
        mailer.send(TO, "Report", "", identity="R-7K3M9Q-3")
    assert failure.value.final is final
    assert "birch" not in str(failure.value)
    mailer.send(TO, "Report", "", identity="R-7K3M9Q-3")
    assert len(mail_server.mailbox.mails) == 1


def test_a_server_that_is_not_there_is_tried_again() -> None:
    mailer = Mailer(f"smtp+plain://127.0.0.1:{free_port()}", FROM)
    with pytest.raises(Undelivered, match="ConnectionRefusedError") as failure:
        mailer.send(TO, "Report", "", identity="R-7K3M9Q-3")
    assert not failure.value.final


# --- encryption -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 with its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime.now(tz=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("mail") / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def encrypted(certificate: Path) -> Iterator[MailServer]:
    """A server that offers STARTTLS, and then asks for a password."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def known(*given: Any) -> AuthResult:
        right = given[-1] == LoginPassword(b"gk", b"p@ss/word")
        return AuthResult(success=right, handled=False)

    with MailServer(tls_context=context, authenticator=known, auth_required=True) as server:
        yield server


def test_the_password_goes_over_an_encrypted_connection(
    encrypted: MailServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    address = f"127.0.0.1:{encrypted.port}"
    Mailer(f"smtp://gk:p%40ss%2Fword@{address}", FROM).send(TO, "Report", "", identity="a")
    assert len(encrypted.mailbox.mails) == 1
    with pytest.raises(Undelivered, match="535"):
        Mailer(f"smtp://gk:wrong@{address}", FROM).send(TO, "Report", "", identity="a")


def test_a_certificate_that_nobody_vouches_for_is_refused(encrypted: MailServer) -> None:
    with pytest.raises(Undelivered, match="SSLCertVerificationError"):
        Mailer(f"smtp://127.0.0.1:{encrypted.port}", FROM).send(TO, "Report", "", identity="a")


def test_without_encryption_nothing_is_sent_unless_it_was_asked_for(
    mail_server: MailServer,
) -> None:
    with pytest.raises(Undelivered, match="SMTPNotSupportedError"):
        Mailer(f"smtp://127.0.0.1:{mail_server.port}", FROM).send(TO, "Report", "", identity="a")
    assert mail_server.mailbox.mails == []


# --- addresses --------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["birch@example.org", " b.i-r+ch_1@mail.example.co ", "x@y.zz"])
def test_addresses_that_people_have(address: str) -> None:
    assert checked_address(address) == address.strip()


@pytest.mark.parametrize(
    "text",
    [
        "birch",
        "birch@example",
        "@example.org",
        "birch@@example.org",
        ".birch@example.org",
        "bi..rch@example.org",
        "birch@-example.org",
        "birch@example.org, fir@example.org",
        "birch@example.org\r\nBcc: fir@example.org",
        '"birch fir"@example.org',
        "birch@[127.0.0.1]",
        "<birch@example.org>",
        "bïrch@example.org",
        "birch@example.org\u200b",
        "birch@127.0.0.1",
        f"{'b' * 65}@example.org",
        f"birch@{'e' * 60}.{'e' * 60}.{'e' * 60}.{'e' * 60}.example.org",
        "=cmd|'/c calc'!a1@example.org",
        "b" * 1_000_000 + "@",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ReviewError, match="not an e-mail address"):
        checked_address(text)


@given(st.text() | st.emails())
def test_an_address_is_one_line_of_printable_ascii(text: str) -> None:
    try:
        address = checked_address(text)
    except ReviewError:
        return
    assert address.isascii() and (address.isprintable() and " " not in address)
    assert "\n" not in address and address.count("@") in (0, 1)


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        ("mail.example.org", FROM),
        ("https://mail.example.org", FROM),
        ("smtps://", FROM),
        ("smtps://mail.example.org:99999", FROM),
        ("smtps://mail.example.org", ""),
        ("smtps://mail.example.org", "nobody"),
    ],
)
def test_settings_that_cannot_work_are_refused(url: str, sender: str) -> None:
    with pytest.raises(SettingsError, match=r"smtp_url|mail_from"):
        Mailer(url, sender)
