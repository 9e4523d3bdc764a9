"""Whatever anybody types into a report stays text: in the database, on every way out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answer import Citation
from bot.privacy import Masker
from bot.review import Case, Moderator, ReportQuery, ReviewQueue
from bot.review.cases import clean
from bot.review.delivery import Courier, ways_to_send
from bot.review.export import COLUMNS, as_csv
from bot.review.filing import COMMENT_MAX_CHARS
from bot.review.notify import Notices
from bot.review.outbox import Outbox
from bot.review.store import ReportStore
from bot.spreadsheet import harmless
from ingest.errors import GroundskeeperError, LimitExceeded, ReportNotFound
from ingest.paths import ReportsLocation
from ingest.settings import Settings
from tests.bot.review.conftest import Clock
from tests.mail_server import MailServer

MakeCase = Callable[..., Case]

ATTACKS = [
    "<script>alert(1)</script>",
    "'; DROP TABLE reports; --",
    '" OR 1=1 --',
    "%' OR '%'='",
    '=HYPERLINK("http://evil.test", "x")',
    "+1+cmd|'/c calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "x;=1+1",
    'x","=1+1',
    "＝1+1",
    "zero\u200bwidth\u2060 and \u202etfel ot thgir\u202c",
    "a\x00b\x1b[2Jc\x9b31m",
    "\ud800 alone",
    "Bcc: everybody@example.org\r\nX: y",
    "{reference} {0} %s ${HOME}",
    "../../etc/passwd",
]
IN_HEADS = [attack for attack in ATTACKS if set(attack) & set("\r\n\x00\ud800")]


@pytest.mark.parametrize("attack", ATTACKS)
def test_it_is_kept_as_text_and_found_as_text(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator, attack: str
) -> None:
    other = queue.file(make_case("What is a weir?"), "other").reference
    cited = Citation(n=1, document=attack, quote=attack, title=attack)
    case = make_case(attack, text=f"{attack} [1]", citations=(cited,), model=attack)
    reference = queue.file(case, "other", attack, session=attack).reference
    queue.note(operator, reference, f"note: {attack}")
    report = queue.show(operator, reference)
    words = Masker().mask(clean(attack))
    assert report.question == report.comment == words
    assert report.case is not None and clean(report.case.question) == words
    assert report.case.citations == (cited,)
    for exactly in (ReportQuery(model=attack), ReportQuery(document=attack)):
        assert [one.reference for one in queue.reports(operator, exactly)] == [reference]
    found = [one.reference for one in queue.reports(operator, ReportQuery(text=words))]
    assert reference in found
    assert queue.verify(operator) == []
    with pytest.raises(ReportNotFound):
        queue.look_up(attack)
    assert queue.look_up(other).reference == other


def test_a_megabyte_is_refused_or_kept_whole_and_nothing_in_between(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator
) -> None:
    long = "x" * 1_000_000
    kept = queue.file(make_case("Where?"), "other", "x" * COMMENT_MAX_CHARS, session=long).reference
    refused: list[Callable[[], object]] = [
        lambda: queue.file(make_case(), "other", long),
        lambda: queue.file(make_case(long), "other"),
        lambda: queue.file(make_case(text=long), "other"),
        lambda: queue.file(make_case(), "other", email=f"{long}@example.org"),
        lambda: queue.file(make_case(), long),  # type: ignore[arg-type]
        lambda: queue.look_up(long),
        lambda: queue.note(operator, kept, long),
        lambda: queue.resolve(operator, kept, 1, "answer_fine", detail=long),
    ]
    for attempt in refused:
        with pytest.raises(GroundskeeperError) as failure:
            attempt()
        assert len(str(failure.value)) < 500
    assert [one.reference for one in queue.reports(operator)] == [kept]
    for query in (ReportQuery(model=long), ReportQuery(document=long), ReportQuery(assignee=long)):
        assert queue.reports(operator, query) == []
    assert len(queue.reports(operator, ReportQuery(text=long))) <= 1


@pytest.mark.parametrize(
    "forged", ["R-000000", "R-" + "0" * 39, "0" * 43, "-" * 43, "\x00" * 43, ""]
)
def test_a_forged_reference_or_token_finds_nothing(
    queue: ReviewQueue, make_case: MakeCase, forged: str
) -> None:
    receipt = queue.file(make_case(), "other")
    for attempt in (forged, receipt.token[:-1], receipt.token.swapcase()):
        with pytest.raises(ReportNotFound):
            queue.look_up(attempt)
    assert queue.look_up(receipt.token).reference == receipt.reference


def test_nobody_tries_all_references(queue: ReviewQueue, make_case: MakeCase) -> None:
    reference = queue.file(make_case(), "other").reference
    for _ in range(30):
        queue.look_up(reference, address="192.0.2.7")
    with pytest.raises(LimitExceeded, match="looked up"):
        queue.look_up(reference, address="192.0.2.7")
    assert queue.look_up(reference, address="192.0.2.8").reference == reference


def test_an_address_sends_so_many_reports_an_hour_in_any_number_of_sessions(
    location: ReportsLocation, make_case: MakeCase, clock: Clock
) -> None:
    with ReviewQueue(location, clock=clock, address_reports_per_hour=3) as queue:
        for number in range(3):
            question = f"What is number {number}?"
            queue.file(make_case(question), "other", session=str(number), address="192.0.2.7")
        for address in ("192.0.2.7", "::ffff:192.0.2.7"):
            with pytest.raises(LimitExceeded, match="from your network"):
                queue.file(make_case(), "other", session="new", address=address)
        queue.file(make_case(), "other", session="new", address="192.0.2.8")
        # A reverse proxy that tells no address must not shut everybody out.
        queue.file(make_case("Where is it?"), "other", session="new", address="")


# --- out --------------------------------------------------------------------------------------


def _cells(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=delimiter))


def _opens_a_formula(cell: str) -> bool:
    return cell.lstrip(" ").startswith(tuple("=+-@\t\r\n＝＋－＠"))


def test_no_cell_of_the_table_is_a_formula_wherever_it_is_cut(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator
) -> None:
    for number, attack in enumerate(ATTACKS):
        cited = Citation(n=1, document=attack, quote=attack)
        case = make_case(f"{attack} {number}", text=attack, citations=(cited,), model=attack)
        reference = queue.file(case, "other", attack).reference
        queue.resolve(operator, reference, 1, "corpus_fixed", "", attack)
    table = "".join(as_csv(queue.export(operator)))
    header, *rows = _cells(table)
    assert tuple(header) == COLUMNS and len(rows) == len(ATTACKS)
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert [row[0] for row in rows] == [report["reference"] for report in queue.export(operator)]
    assert not [cell for row in rows for cell in row if _opens_a_formula(cell)]
    for delimiter in (";", "\t"):
        cut = [cell for row in _cells(table, delimiter) for cell in row]
        assert not [cell for cell in cut if _opens_a_formula(cell.strip('"'))]
    assert not [c for c in table if c != "\n" and c != "\r" and clean(c) != c.strip()]


@given(st.text(alphabet=st.sampled_from("=+-@\t\r\n;,\"'| a1＝")))
def test_harmless_text_opens_no_formula_and_keeps_its_letters(text: str) -> None:
    safe = harmless(text)
    assert not _opens_a_formula(safe)
    assert safe.replace("'", "") == text.replace("'", "")
    for cut in (";", ",", "\t", "|", "\n", "\r", '"'):
        assert not [
            part
            for part in safe.split(cut)[1:]
            if part.lstrip(" ")[:1] in set("=+-@＝") and part.strip()
        ]


def test_json_lines_hold_every_letter(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator
) -> None:
    asked = [f"{attack} {number}" for number, attack in enumerate(ATTACKS)]
    for question in asked:
        queue.file(make_case(question), "other")
    exported = [json.loads(json.dumps(report)) for report in queue.export(operator)]
    kept = {report["case"]["question"] for report in exported}
    assert kept == set(map(Masker().mask, asked))


def test_no_text_of_a_report_gets_into_a_mails_head(
    location: ReportsLocation, make_case: MakeCase, clock: Clock, operator: Moderator
) -> None:
    notices = Notices(mail_to=("desk@example.org",), reporters=True)
    store = ReportStore(location)
    with MailServer() as server, ReviewQueue(location, clock=clock, notices=notices) as queue:
        settings = Settings(
            smtp_url=f"smtp+plain://127.0.0.1:{server.port}", mail_from="bot@example.org"
        )
        ways = ways_to_send(settings, store, "Guide\r\nBcc: all@example.org")
        courier = Courier(Outbox(store, clock=clock), ways)
        for number, attack in enumerate(IN_HEADS):
            case = make_case(f"{attack} {number}", text=attack, model=attack)
            reference = queue.file(case, "harmful", attack, email="a@example.org").reference
            queue.resolve(operator, reference, 1, "answer_fine", detail=f"{attack} Because.")
        assert courier.deliver_due().failed == ()
    store.close()
    heads = {tuple(sorted(name.lower() for name in mail)) for mail in server.mailbox.mails}
    assert len(server.mailbox.mails) == 2 * len(IN_HEADS)
    assert heads == {
        (
            "auto-submitted",
            "content-transfer-encoding",
            "content-type",
            "date",
            "from",
            "message-id",
            "mime-version",
            "subject",
            "to",
        )
    }
    assert set(server.mailbox.recipients) == {"desk@example.org", "a@example.org"}
