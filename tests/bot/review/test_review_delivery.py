"""From the event to whoever is told of it: written with it, sent later, once, and not for ever."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from bot.review import Case, Moderator, ReviewQueue
from bot.review.delivery import Courier, Delivered, ways_to_send
from bot.review.notify import CLOSED, MAIL, WEBHOOK, Notices
from bot.review.outbox import MOST_ATTEMPTS, Message, Outbox, Undelivered, wait_after
from bot.review.schema import contacts, outbox
from bot.review.store import ReportStore
from bot.review.views import Failure
from ingest.errors import LimitExceeded, ReviewError, SettingsError
from ingest.paths import ReportsLocation
from ingest.settings import Settings
from tests.bot.review.conftest import Clock
from tests.mail_server import MailServer
from tests.webhook_receiver import Receiver, running_receiver

MakeCase = Callable[..., Case]
KINDS = (WEBHOOK, MAIL, CLOSED)
NOTICES = Notices(
    webhook=True,
    mail_to=("desk@example.org", "night@example.org"),
    reporters=True,
    public_url="https://chat.example.org",
)


@pytest.fixture
def queue(location: ReportsLocation, clock: Clock) -> Iterator[ReviewQueue]:
    with ReviewQueue(location, clock=clock, notices=NOTICES) as queue:
        yield queue


@pytest.fixture
def store(location: ReportsLocation) -> Iterator[ReportStore]:
    store = ReportStore(location)
    yield store
    store.close()


@pytest.fixture
def messages(store: ReportStore, clock: Clock) -> Outbox:
    return Outbox(store, clock=clock, jitter=lambda: 1.0)


def claimed(messages: Outbox) -> list[Message]:
    return list(iter(lambda: messages.claim(KINDS), None))


# --- what is told -----------------------------------------------------------------------------


def test_a_severe_report_is_told_to_every_moderator_without_a_word_of_it(
    queue: ReviewQueue, messages: Outbox, make_case: MakeCase
) -> None:
    queue.file(make_case("Where is the weir?"), "wrong_fact", email="birch@example.org")
    assert claimed(messages) == []
    reference = queue.file(make_case(), "harmful", "a comment").reference
    told = {
        "category": "harmful",
        "severity": "high",
        "link": f"https://chat.example.org/moderation?report={reference}",
    }
    found = claimed(messages)
    assert [(one.kind, one.reference) for one in found] == [
        (WEBHOOK, reference),
        (MAIL, reference),
        (MAIL, reference),
    ]
    assert [one.payload for one in found] == [
        told,
        told | {"to": "desk@example.org", "last": False},
        told | {"to": "night@example.org", "last": False},
    ]


def test_whoever_fills_the_queue_does_not_fill_a_mailbox(
    queue: ReviewQueue, messages: Outbox, make_case: MakeCase, clock: Clock
) -> None:
    for number in range(22):
        queue.file(make_case(f"What is number {number}?"), "harmful")
    told = claimed(messages)
    mails = [one for one in told if one.kind == MAIL]
    assert len(told) - len(mails) == 22
    assert [one.payload["last"] for one in mails] == [False] * 38 + [True] * 2
    clock.forward(hours=1.1)
    new = queue.file(make_case(), "harmful").reference
    assert [one.kind for one in claimed(messages) if one.reference == new] == [WEBHOOK, MAIL, MAIL]


def test_a_report_that_turns_out_severe_is_told_once(
    queue: ReviewQueue, messages: Outbox, make_case: MakeCase, operator: Moderator
) -> None:
    reference = queue.file(make_case(), "other").reference
    assert claimed(messages) == []
    for _ in range(2):
        assert queue.file(make_case(), "personal_data").reference == reference
    assert [one.kind for one in claimed(messages)] == [WEBHOOK, MAIL, MAIL]
    report = queue.show(operator, reference)
    assert (report.severity, report.category, report.repeats, report.version) == (
        "high",
        "other",
        2,
        2,
    )
    assert queue.verify(operator) == []


def test_who_reports_does_not_overrule_a_moderator(
    queue: ReviewQueue, messages: Outbox, make_case: MakeCase, operator: Moderator
) -> None:
    reference = queue.file(make_case(), "other").reference
    queue.move(operator, reference, 1, "triaged")
    queue.file(make_case(), "harmful")
    assert queue.show(operator, reference).severity == "normal"
    assert claimed(messages) == []


def test_who_left_an_address_is_told_of_the_end(
    queue: ReviewQueue, messages: Outbox, make_case: MakeCase, operator: Moderator
) -> None:
    reference = queue.file(make_case(), "other", email=" birch@example.org ").reference
    queue.file(make_case(), "other", email="birch@example.org")
    queue.file(make_case(), "other", email="fir@example.org")
    queue.move(operator, reference, 1, "triaged")
    assert claimed(messages) == []
    queue.move(operator, reference, 2, "dismissed")
    link = f"https://chat.example.org/my-report?reference={reference}"
    assert [(one.kind, one.payload) for one in claimed(messages)] == [
        (CLOSED, {"to": "birch@example.org", "link": link}),
        (CLOSED, {"to": "fir@example.org", "link": link}),
    ]
    queue.file(make_case(), "other", email="oak@example.org")  # counted at the closed one
    assert [one.payload["to"] for one in claimed(messages)] == ["oak@example.org"]


def test_an_address_is_seen_by_nobody_and_goes_with_the_words(
    queue: ReviewQueue,
    store: ReportStore,
    messages: Outbox,
    make_case: MakeCase,
    operator: Moderator,
) -> None:
    receipt = queue.file(make_case(), "other", email="birch@example.org")
    shown = (
        queue.look_up(receipt.token).model_dump_json(),
        queue.show(operator, receipt.reference).model_dump_json(),
        str(list(queue.export(operator))),
    )
    assert "birch" not in "".join(shown)
    report = queue.move(operator, receipt.reference, 1, "dismissed")
    assert report.status == "dismissed" and messages.waiting() == 1
    assert queue.purge_report(operator, receipt.reference)
    with store.reading() as connection:
        for table in (contacts, outbox):
            counted = sa.select(sa.func.count()).select_from(table)
            assert connection.execute(counted).scalar_one() == 0
    assert claimed(messages) == []


@pytest.mark.parametrize(
    "email", ["birch", "birch@example.org\r\nBcc: all@example.org", "x" * 10**6]
)
def test_a_wrong_address_saves_nothing(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator, email: str
) -> None:
    with pytest.raises(ReviewError):
        queue.file(make_case(), "harmful", email=email)
    assert queue.count(operator) == 0


def test_what_was_not_saved_is_not_told(
    location: ReportsLocation, messages: Outbox, make_case: MakeCase, clock: Clock
) -> None:
    """The event and its message are one transaction."""

    class Failing(Notices):
        def of_severe(self, *arguments: Any) -> None:
            super().of_severe(*arguments)
            raise LimitExceeded("after the message was written")

    failing = Failing(webhook=True)
    with (
        ReviewQueue(location, clock=clock, notices=failing) as queue,
        pytest.raises(LimitExceeded),
    ):
        queue.file(make_case(), "harmful")
    assert claimed(messages) == [] and messages.waiting() == 0


def test_without_settings_nothing_is_written(
    location: ReportsLocation, messages: Outbox, make_case: MakeCase, clock: Clock
) -> None:
    with ReviewQueue(location, clock=clock) as queue:
        queue.file(make_case(), "harmful", email="birch@example.org")
    assert messages.waiting() == 0


# --- the outbox -------------------------------------------------------------------------------


def test_a_claimed_message_is_nobody_elses_until_the_claim_lapses(
    queue: ReviewQueue, messages: Outbox, make_case: MakeCase, clock: Clock
) -> None:
    queue.file(make_case(), "harmful")
    [first, *_] = claimed(messages)
    assert claimed(messages) == []
    clock.forward(seconds=301)
    again = claimed(messages)[0]
    assert (again.number, again.identity, again.attempts) == (first.number, first.identity, 2)
    messages.failed(first, "too late: another has it")
    messages.delivered(again)
    assert messages.waiting() == 2


def test_what_fails_is_tried_again_later_and_given_up_in_the_end(
    queue: ReviewQueue, messages: Outbox, make_case: MakeCase, clock: Clock
) -> None:
    queue.file(make_case(), "harmful")
    tried = 0
    while (message := messages.claim([WEBHOOK])) is not None:
        tried += 1
        messages.failed(message, f"attempt {tried}")
        assert messages.claim([WEBHOOK]) is None
        clock.forward(hours=13)
    assert tried == MOST_ATTEMPTS
    [left] = messages.given_up()
    assert (left.kind, left.error, messages.waiting()) == (WEBHOOK, f"attempt {tried}", 2)
    assert messages.try_again() == 1
    assert messages.claim([WEBHOOK]) is not None


def test_waits_grow_and_are_spread() -> None:
    longest = [wait_after(n, 1.0) / 1e9 for n in range(1, MOST_ATTEMPTS)]
    assert longest == [30, 120, 480, 1_920, 7_680, 30_720, 43_200]
    assert [wait_after(n, 0.0) / 1e9 for n in (1, 7)] == [15, 21_600]


def test_what_was_delivered_is_forgotten(
    queue: ReviewQueue, store: ReportStore, messages: Outbox, make_case: MakeCase, clock: Clock
) -> None:
    queue.file(make_case(), "harmful")
    for message in claimed(messages):
        messages.delivered(message)
    with store.reading() as connection:
        assert set(connection.execute(sa.select(outbox.c.payload)).scalars()) == {"{}"}
    clock.forward(hours=31 * 24)
    queue.file(make_case("What is a lock?"), "harmful")
    for message in claimed(messages):
        messages.delivered(message)
    with store.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(outbox)).scalar_one() == 3


def _take_all(location: ReportsLocation, start: Any) -> list[int]:
    """Deliver everything over a connection of one's own, beginning when all begin."""
    store = ReportStore(location)
    messages, taken = Outbox(store), []
    start.wait()
    while (message := messages.claim([WEBHOOK])) is not None:
        taken.append(message.number)
        messages.delivered(message)
    store.close()
    return taken


@pytest.mark.parametrize(
    "at_once",
    [
        pytest.param("threads", id="threads"),
        pytest.param("processes", id="processes", marks=pytest.mark.slow),
    ],
)
def test_who_delivers_at_once_never_takes_the_same(
    location: ReportsLocation, make_case: MakeCase, at_once: str
) -> None:
    many, senders = 12, 3
    with ReviewQueue(location, notices=Notices(webhook=True)) as queue:
        for number in range(many):
            queue.file(make_case(f"What is number {number}?"), "harmful")
    if at_once == "threads":
        with ThreadPoolExecutor(senders) as pool:
            start = threading.Barrier(senders)
            found = list(pool.map(_take_all, [location] * senders, [start] * senders))
    else:
        spawn = multiprocessing.get_context("spawn")
        with spawn.Manager() as manager, ProcessPoolExecutor(senders, mp_context=spawn) as pool:
            start = manager.Barrier(senders)
            found = list(pool.map(_take_all, [location] * senders, [start] * senders))
    taken = [number for numbers in found for number in numbers]
    assert len(taken) == len(set(taken)) == many


# --- delivery ---------------------------------------------------------------------------------


def test_a_round_delivers_what_it_can_and_names_the_rest(
    queue: ReviewQueue, messages: Outbox, make_case: MakeCase, clock: Clock
) -> None:
    sent: list[Message] = []
    broken = [True]

    def webhook(message: Message) -> None:
        if broken[0]:
            raise Undelivered("The webhook answered 503.")
        sent.append(message)

    courier = Courier(messages, {WEBHOOK: webhook, MAIL: sent.append})
    reference = queue.file(make_case(), "harmful").reference
    told = courier.deliver_due()
    failure = Failure(reference=reference, way=WEBHOOK, reason="The webhook answered 503.")
    assert told == Delivered(2, (failure,))
    assert courier.deliver_due().sent == 0
    broken[0] = False
    clock.forward(seconds=31)
    assert courier.deliver_due().sent == 1
    assert [message.kind for message in sent] == [MAIL, MAIL, WEBHOOK]


def test_what_can_never_arrive_is_given_up_at_once(
    queue: ReviewQueue, messages: Outbox, make_case: MakeCase
) -> None:
    def gone(message: Message) -> None:
        raise Undelivered("The webhook answered 410.", final=True)

    queue.file(make_case(), "harmful")
    assert len(Courier(messages, {WEBHOOK: gone}).deliver_due().failed) == 1
    assert [one.error for one in messages.given_up()] == ["The webhook answered 410."]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as receiver:
        yield receiver


def until(happened: Callable[[], bool]) -> None:
    """Wait for another thread; fail after half a minute."""
    give_up = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_the_apps_own_thread_delivers_what_failed_at_first(
    queue: ReviewQueue,
    store: ReportStore,
    messages: Outbox,
    make_case: MakeCase,
    clock: Clock,
    receiver: Receiver,
) -> None:
    receiver.statuses = [500, 200]
    with MailServer() as server:
        server.mailbox.answers = ["450 later"]
        courier = Courier(messages, ways_to_send(all_ways(receiver, server), store, "Guide"))
        reference = queue.file(make_case(), "harmful").reference
        told = courier.deliver_due()
        assert {one.reason for one in told.failed} == {
            "The webhook answered 500.",
            "The mail server refused the address (450).",
        }
        clock.forward(seconds=31)
        courier.start()
        until(lambda: messages.waiting() == 0)
        courier.stop()
    ids = [headers["webhook-id"] for _, headers, _ in receiver.seen]
    assert len(ids) == 2 and len(set(ids)) == 1
    assert sorted(server.mailbox.recipients) == ["desk@example.org", "night@example.org"]
    assert {mail["Subject"].partition(":")[0] for mail in server.mailbox.mails} == {reference}


def test_a_webhook_that_hangs_keeps_nobody_from_reporting(
    queue: ReviewQueue,
    store: ReportStore,
    messages: Outbox,
    make_case: MakeCase,
    receiver: Receiver,
    operator: Moderator,
) -> None:
    receiver.silent = threading.Event()
    with MailServer() as server:
        courier = Courier(messages, ways_to_send(all_ways(receiver, server), store, "Guide"))
        queue.file(make_case(), "harmful")
        courier.start()
        until(lambda: len(receiver.seen) == 1)
        other = queue.file(make_case("What is a weir?"), "harmful").reference
        assert queue.move(operator, other, 1, "triaged").status == "triaged"
        assert not receiver.silent.is_set() and len(receiver.seen) == 1
        receiver.silent.set()
        courier.stop()
        until(lambda: messages.claim(KINDS) is None and not running("courier"))


def all_ways(receiver: Receiver, server: MailServer) -> Settings:
    return Settings(
        webhook_url=SecretStr(receiver.address),
        webhook_secret=SecretStr("whsec_" + "c2VjcmV0" * 5),
        smtp_url=SecretStr(f"smtp+plain://127.0.0.1:{server.port}"),
        mail_from="bot@example.org",
    )


def running(name: str) -> bool:
    return name in [thread.name for thread in threading.enumerate()]


def test_people_read_what_happened_in_plain_words(
    queue: ReviewQueue,
    store: ReportStore,
    messages: Outbox,
    make_case: MakeCase,
    operator: Moderator,
) -> None:
    with MailServer() as server:
        settings = Settings(
            smtp_url=f"smtp+plain://127.0.0.1:{server.port}", mail_from="bot@example.org"
        )
        courier = Courier(messages, ways_to_send(settings, store, "River Guide"))
        asked = make_case("My number is 555-01-2345, how long is it?\r\nBcc: x@example.org")
        reference = queue.file(asked, "harmful", email="birch@example.org").reference
        assert courier.deliver_due().sent == 2
        detail = "It is 12 km long.\r\nSubject: taken"
        queue.resolve(operator, reference, 1, "answer_fine", detail=detail)
        assert courier.deliver_due().sent == 1
    for_desk, _, for_reporter = server.mailbox.mails
    assert server.mailbox.recipients[2] == "birch@example.org"
    assert for_desk["Subject"] == f"{reference}: Unsafe or offensive (high)"
    assert for_reporter["Subject"] == f"Your report {reference}: resolved"
    read = for_reporter.get_payload(decode=True).decode()
    assert "We checked the answer, and it was right." in read and "It is 12 km long." in read
    assert f"https://chat.example.org/my-report?reference={reference}" in read
    assert "river" not in read.replace("River Guide", "") and "555" not in read
    assert not for_desk["Bcc"] and "555" not in str(for_desk)


def test_a_report_that_was_opened_again_meanwhile_is_not_told_closed(
    queue: ReviewQueue,
    store: ReportStore,
    messages: Outbox,
    make_case: MakeCase,
    operator: Moderator,
) -> None:
    with MailServer() as server:
        settings = Settings(
            smtp_url=f"smtp+plain://127.0.0.1:{server.port}", mail_from="bot@example.org"
        )
        reference = queue.file(make_case(), "other", email="birch@example.org").reference
        queue.move(operator, reference, 1, "dismissed")
        queue.move(operator, reference, 2, "triaged")
        Courier(messages, ways_to_send(settings, store, "River Guide")).deliver_due()
    assert server.mailbox.mails == [] and messages.waiting() == 0


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"mail_to": "desk@example.org"}, "smtp_url"),
        ({"mail_to": "desk", "smtp_url": "smtps://mail.example.org"}, "mail_to"),
        ({"webhook_url": "https://example.org"}, "webhook_secret"),
        ({"smtp_url": "smtps://mail.example.org"}, "mail_from"),
    ],
)
def test_half_of_the_settings_is_refused(tmp_path: Any, given: dict[str, Any], named: str) -> None:
    settings = Settings(**given)
    with pytest.raises(SettingsError, match=named):
        Notices.of(settings)
        ways_to_send(settings, ReportStore(tmp_path / "reports.sqlite3"), "")
