"""`groundskeeper reports`: what it prints, what it exits with, what it lets through."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.answer import Citation
from bot.review import Case, Moderators, Receipt, ReviewQueue
from bot.review.notify import Notices
from ingest.domain import load_card
from ingest.paths import domain_paths
from ingest.settings import load_settings
from tests.mail_server import MailServer
from ui.cli import run

PACK = Path(__file__).resolve().parents[2] / "corpus" / "auto-parts"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def reports_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GROUNDSKEEPER_DATA_DIR", str(tmp_path / "data"))
    return domain_paths(load_settings(domain=PACK), load_card(PACK)).reports


@pytest.fixture
def reports(reports_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `groundskeeper reports ARGUMENTS` and return its status, stdout and stderr."""

    def command(*arguments: str) -> tuple[int, str, str]:
        status = run(["reports", *arguments, "--domain", str(PACK)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


@pytest.fixture
def filed(reports_path: Path) -> Iterator[Receipt]:
    """A report whose every part tries to leave its place."""
    case = Case(
        question="Does\x1b[2J it fit?\nR-000000  resolved  urgent",
        answer="It fits \x9b31m[1].\u202e",
        status="answered",
        citations=(Citation(n=1, document="fit\x07.md", page=2, quote="It fits\r\nwell"),),
        model="test-model",
        digest="sha256:abc",
        scores={"scope": 0.03, "scope_threshold": 0.12},
        asked_before=("What is it?",),
    )
    with ReviewQueue(reports_path) as queue, Moderators(reports_path) as moderators:
        moderators.add(Moderators.operator(), "birch", "correct horse battery")
        yield queue.file(case, "wrong_fact", "\x1b]0;title\x07It does not.\n2026  operator  noted")


def test_an_empty_queue_is_listed_without_making_a_file(reports: Run, reports_path: Path) -> None:
    assert reports("list") == (0, "", "There are no such reports.\n")
    status, out, _ = reports("list", "--json")
    assert (status, json.loads(out)) == (0, {"total": 0, "reports": []})
    assert reports("export")[:2] == (0, "")
    assert reports("verify")[0] == 0
    assert reports("stats")[0] == 0
    assert not reports_path.exists()


def test_list_is_aligned_and_says_how_many(reports: Run, filed: Receipt) -> None:
    status, out, err = reports("list")
    header, line = out.splitlines()
    assert status == 0 and err == "1 of 1 reports\n"
    assert header.split()[:3] == ["reference", "state", "severity"]
    assert line.startswith(filed.reference)
    assert line.index("Does") == header.index("question")


def test_no_text_from_outside_leaves_its_place(reports: Run, filed: Receipt) -> None:
    for command in (["list"], ["show", filed.reference], ["show", filed.reference, "--json"]):
        _, out, _ = reports(*command)
        assert not [c for c in out if not c.isprintable() and c != "\n"], command
    case = json.loads(out)["case"]
    assert case["answer"] == "It fits \x9b31m[1].\u202e", "as it was shown, only escaped"
    _, out, _ = reports("show", filed.reference)
    assert [line for line in out.splitlines() if line.startswith("R-")] == [
        f"{filed.reference}  new  normal  version 1"
    ]
    assert "    2026  operator  noted" in out.splitlines()
    for shown in ("It fits", "asked before", "[1] fit.md, page 2", "    well", "sha256:abc"):
        assert shown in out


def test_a_report_goes_its_way(reports: Run, filed: Receipt) -> None:
    reference = filed.reference.lower()
    assert reports("move", reference, "triaged", "--note", "seen")[:2] == (
        0,
        f"{filed.reference}: the operator moved it from new to triaged.\n",
    )
    assert reports("assign", reference, "Birch")[1].endswith("the operator gave it to birch.\n")
    assert reports("assign", reference, "--nobody")[0] == 0
    status, out, _ = reports(
        "resolve",
        reference,
        "corpus_fixed",
        "--detail",
        "fit.md",
        "--note",
        "new edition",
        "--json",
    )
    report = json.loads(out)
    assert status == 0
    assert (report["status"], report["outcome"], report["outcome_detail"]) == (
        "resolved",
        "corpus_fixed",
        "fit.md",
    )
    assert {event["actor"] for event in report["events"]} == {"reporter", "operator"}
    _, out, _ = reports("show", reference)
    assert "the documents were corrected: fit.md" in out and "    new edition" in out
    assert json.loads(reports("list", "--json")[1])["total"] == 0
    assert json.loads(reports("list", "--all", "--json")[1])["total"] == 1
    assert json.loads(reports("list", "--state", "resolved", "--json")[1])["total"] == 1
    assert json.loads(reports("stats", "--json")[1])["by_status"] == {"resolved": 1}
    assert "resolved" in reports("stats")[1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "R-000000"], "There is no report R-000000."),
        (["show", "\x1b[2J"], "not a report's reference"),
        (["list", "--state", "open"], "Use one of: new"),
        (["list", "--category", "spam"], "--category"),
        (["list", "--limit", "0"], "--limit"),
        (["move", "REF", "gone"], "gone"),
        (["move", "REF", "resolved"], "naming the outcome"),
        (["assign", "REF"], "--nobody"),
        (["assign", "REF", "birch", "--nobody"], "not a report's reference"),
        (["assign", "REF", "fir"], "no moderator of this name"),
        (["assign", "REF", "birch", "--version", "7"], "has changed since"),
        (["resolve", "REF", "rule_added"], "Say the id of the rule"),
        (["resolve", "REF", "great"], "great"),
        (["purge", "--older-than", "1", "--reference", "REF", "--yes"], "not both"),
        (["purge", "--reference", "R-000000", "--yes"], "There is no report R-000000."),
        (["purge", "--older-than", "-1", "--yes"], "--older-than"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    reports: Run, filed: Receipt, arguments: list[str], says: str
) -> None:
    given = [filed.reference if word == "REF" else word for word in arguments]
    status, out, err = reports(*given)
    assert (status, out) == (2, "")
    assert says in err and "Traceback" not in err and "\x1b[2J" not in err
    assert json.loads(reports("show", filed.reference, "--json")[1])["version"] == 1


def test_export_is_json_lines(reports: Run, filed: Receipt) -> None:
    status, out, err = reports("export")
    [line] = [json.loads(line) for line in out.splitlines()]
    assert (status, err) == (0, "")
    assert (line["reference"], line["case"]["model"]) == (filed.reference, "test-model")
    assert reports("export", "--json")[1] == out


def test_export_is_a_table_for_a_spreadsheet(
    reports: Run, filed: Receipt, reports_path: Path
) -> None:
    case = Case(question="=1+1", answer='@SUM(1)";\r\n-2', status="refused", reason="scope")
    with ReviewQueue(reports_path) as queue:
        queue.file(case, "other", "+1")
    status, out, err = reports("export", "--format", "csv")
    assert (status, err, out[0]) == (0, "", "\ufeff")
    _, other = csv.DictReader(io.StringIO(out[1:], newline=""))
    assert (other["question"], other["comment"], other["ended"]) == ("'=1+1", "'+1", "refused")
    assert other["answer"] == "'@SUM(1)\";\n'-2"
    assert not [c for c in out if not c.isprintable() and c not in "\r\n\ufeff"]
    assert reports("export", "--format", "csv", "--json")[0] == 2


# --- telling others ---------------------------------------------------------------------------


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """A mail server that the settings name, and a moderator to write to."""
    with MailServer() as server:
        for name, value in {
            "SMTP_URL": f"smtp+plain://127.0.0.1:{server.port}",
            "MAIL_FROM": "bot@example.org",
            "MAIL_TO": "desk@example.org",
        }.items():
            monkeypatch.setenv(f"GROUNDSKEEPER_{name}", value)
        yield server


def severe(path: Path, email: str = "") -> str:
    case = Case(question="Is it safe?", answer="Yes.", status="answered")
    with ReviewQueue(path, notices=Notices.of(load_settings(domain=PACK))) as queue:
        return queue.file(case, "harmful", email=email).reference


def test_what_is_due_is_delivered_once(reports: Run, mail: MailServer, reports_path: Path) -> None:
    reference = severe(reports_path)
    done = {"sent": 1, "failed": [], "waiting": 0, "given_up": []}
    assert [json.loads(reports("stats", "--json")[1])["unsent"]] == [{"waiting": 1, "given_up": []}]
    status, out, _ = reports("deliver", "--json")
    assert (status, json.loads(out)) == (0, done)
    assert json.loads(reports("deliver", "--json")[1]) == done | {"sent": 0}
    assert [one["Subject"] for one in mail.mailbox.mails] == [
        f"{reference}: Unsafe or offensive (high)"
    ]


def test_what_fails_is_named_and_can_be_tried_again(
    reports: Run, mail: MailServer, reports_path: Path
) -> None:
    reference = severe(reports_path)
    mail.mailbox.answers = ["550 nobody here"]
    reason = "The mail server refused the address (550)."
    failure = {"reference": reference, "way": "mail", "reason": reason}
    status, out, _ = reports("deliver", "--json")
    told = json.loads(out)
    assert status == 1 and told == {
        "sent": 0,
        "failed": [failure],
        "waiting": 0,
        "given_up": [failure],
    }
    status, out, err = reports("deliver")
    assert status == 1 and f"Given up: {reference} by mail: {reason}" in out and "--again" in err
    assert reports("deliver", "--again")[:2] == (0, "1 sent.\n")


def test_whoever_left_an_address_is_shown_to_moderators_and_told_of_the_end(
    reports: Run, mail: MailServer, reports_path: Path
) -> None:
    reference = severe(reports_path, "birch@example.org")
    assert "write to      birch@example.org" in reports("show", reference)[1]
    assert json.loads(reports("show", reference, "--json")[1])["contacts"] == ["birch@example.org"]
    assert "birch" not in reports("export")[1] + reports("export", "--format", "csv")[1]
    reports("resolve", reference, "answer_fine", "--detail", "It is as the maker says.")
    assert json.loads(reports("deliver", "--json")[1])["sent"] == 2
    assert mail.mailbox.recipients == ["desk@example.org", "birch@example.org"]


def test_without_a_way_to_send_deliver_says_what_to_set(
    reports: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, err = reports("deliver")
    assert (status, out) == (2, "") and "smtp_url" in err
    monkeypatch.setenv("GROUNDSKEEPER_WEBHOOK_URL", "https://user:hunter2@example.org/hook")
    monkeypatch.setenv("GROUNDSKEEPER_WEBHOOK_SECRET", "hunter2")
    status, _, err = reports("deliver")
    assert status == 2 and "webhook_secret" in err and "hunter2" not in err


def test_verify_lists_problems_and_exits_with_1(
    reports: Run, filed: Receipt, reports_path: Path
) -> None:
    status, out, _ = reports("verify", "--json")
    found = json.loads(out)
    assert (status, found["ok"], found["problems"], found["events"]) == (0, True, [], 1)
    assert reports("verify", "--kept", found["hash"])[0] == 0
    assert reports("verify", "--kept", "0" * 64)[0] == 1
    connection = sqlite3.connect(reports_path)
    connection.execute("UPDATE reports SET severity = 'low'")
    connection.commit()
    connection.close()
    status, out, _ = reports("verify")
    assert status == 1 and f"Report {filed.reference}: its severity" in out
    assert json.loads(reports("verify", "--json")[1])["ok"] is False


def test_purge_asks_first(
    reports: Run, filed: Receipt, monkeypatch: pytest.MonkeyPatch, reports_path: Path
) -> None:
    reports("move", filed.reference, "dismissed")
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert reports("purge", "--older-than", "0")[0] != 0
    assert json.loads(reports("show", filed.reference, "--json")[1])["case"] is not None
    status, out, _ = reports("purge", "--older-than", "0", "--yes", "--json")
    assert (status, json.loads(out)) == (0, {"purged": 1})
    status, out, _ = reports("show", filed.reference)
    assert status == 0 and "purged" in out
    assert b"It does not" not in reports_path.read_bytes()
    assert reports("verify")[0] == 0


def test_which_gate_measured_what_is_shown(reports: Run, filed: Receipt) -> None:
    assert "scores        scope 0.03 (threshold 0.12)\n" in reports("show", filed.reference)[1]


def test_a_person_can_have_their_report_purged(
    reports: Run, filed: Receipt, reports_path: Path
) -> None:
    status, out, _ = reports("purge", "--reference", filed.reference.lower(), "--yes", "--json")
    assert (status, json.loads(out)) == (0, {"purged": 1})
    shown = json.loads(reports("show", filed.reference, "--json")[1])
    assert (shown["status"], shown["case"]) == ("dismissed", None)
    assert b"It does not" not in reports_path.read_bytes()
    assert reports("verify")[0] == 0
    again = reports("purge", "--reference", filed.reference, "--yes", "--json")
    assert json.loads(again[1]) == {"purged": 0}


def test_how_long_reports_are_kept_is_a_setting(
    reports: Run, filed: Receipt, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports("move", filed.reference, "dismissed")
    assert json.loads(reports("purge", "--yes", "--json")[1]) == {"purged": 0}
    monkeypatch.setenv("GROUNDSKEEPER_REPORTS_RETENTION_DAYS", "0")
    assert json.loads(reports("purge", "--yes", "--json")[1]) == {"purged": 1}


def test_damaged_files_are_explained(reports: Run, reports_path: Path) -> None:
    reports_path.parent.mkdir(parents=True)
    reports_path.write_bytes(b"garbage" * 1000)
    for arguments in (["list"], ["verify"], ["export"], ["stats", "--json"]):
        status, out, err = reports(*arguments)
        assert (status, out) == (2, "")
        assert "damaged" in err and err.count("\n") == 1


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    names: Any = ("list", "show", "assign", "move", "resolve", "export", "stats", "verify", "purge")
    assert run(["reports", "--help"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in names)
