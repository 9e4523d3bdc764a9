"""The webhook: signed as the standard has it, and sent to a real server that may misbehave."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator

import pytest

from bot.review.outbox import Message, Undelivered
from bot.review.webhook import Webhook, signature
from ingest.errors import SettingsError
from tests.mail_server import free_port
from tests.webhook_receiver import Receiver, running_receiver

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
MESSAGE = Message(
    number=12,
    at=1_800_000_000 * 10**9,
    kind="webhook",
    reference="R-7K3M9Q",
    payload={"category": "harmful", "severity": "high", "link": ""},
    attempts=1,
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture
def webhook(receiver: Receiver) -> Webhook:
    return Webhook(receiver.address, SECRET, clock=lambda: 1_800_000_030.9)


def test_the_signature_is_that_of_the_standard() -> None:
    """The vector of the specification's own libraries."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_receiver_can_check_what_it_got(receiver: Receiver, webhook: Webhook) -> None:
    webhook.send(MESSAGE)
    [(path, headers, body)] = receiver.seen
    headers = {name.lower(): value for name, value in headers.items()}
    assert path == "/hook"
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("R-7K3M9Q-12", "1800000030")
    signed = f"R-7K3M9Q-12.1800000030.{body.decode()}".encode()
    expected = base64.b64encode(hmac.new(bytes(range(32)), signed, hashlib.sha256).digest())
    assert headers["webhook-signature"] == f"v1,{expected.decode()}"
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == {
        "type": "report.filed",
        "timestamp": "2027-01-15T08:00:00+00:00",
        "data": {
            "reference": "R-7K3M9Q",
            "category": "harmful",
            "severity": "high",
            "link": "",
        },
    }


@pytest.mark.parametrize(
    ("status", "final"), [(500, False), (404, False), (301, False), (307, False), (410, True)]
)
def test_all_but_2xx_is_no_delivery_and_nothing_is_followed(
    receiver: Receiver, webhook: Webhook, status: int, final: bool
) -> None:
    receiver.statuses = [status, 200]
    with pytest.raises(Undelivered, match=f"answered {status}") as failure:
        webhook.send(MESSAGE)
    assert failure.value.final is final
    assert [path for path, _, _ in receiver.seen] == ["/hook"]


def test_a_server_that_says_nothing_is_not_waited_for(receiver: Receiver) -> None:
    receiver.silent = threading.Event()
    with pytest.raises(Undelivered, match="ReadTimeout"):
        Webhook(receiver.address, SECRET, silence_seconds=0.1).send(MESSAGE)


def test_a_server_that_is_not_there_is_told_without_its_address() -> None:
    with pytest.raises(Undelivered) as failure:
        Webhook(f"http://127.0.0.1:{free_port()}/token-in-path", SECRET).send(MESSAGE)
    assert "token" not in str(failure.value) and "ConnectError" in str(failure.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Webhook("file:///etc/passwd", SECRET),
        lambda: Webhook("https://", SECRET),
        lambda: Webhook("not an address", SECRET),
        lambda: Webhook("http://[::1", SECRET),
        lambda: Webhook("https://example.org", ""),
        lambda: Webhook("https://example.org", "whsec_secret"),
        lambda: Webhook("https://example.org", "whsec_" + base64.b64encode(b"short").decode()),
    ],
)
def test_settings_that_cannot_work_are_refused_without_being_told(
    make: Callable[[], Webhook],
) -> None:
    with pytest.raises(SettingsError) as failure:
        make()
    assert "passwd" not in str(failure.value) and "whsec_secret" not in str(failure.value)
