"""`groundskeeper reports resolve` and `rerun` over a real index: what they do to pack and bot."""

from __future__ import annotations

import io
import json
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.answer import Answer, Citation
from bot.regressions import FILE, read_regressions
from bot.review import Moderators, ReviewQueue, freeze
from ingest.embeddings import make_embeddings
from ingest.rules import RULES_NAME
from tests.packs import FILES, Pack, end_vector_servers
from ui.cli import run

ASKED = "What is the weight of a robin?"
OFF_TOPIC = "questions/scope/off-topic.jsonl"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pack]:
    root = tmp_path_factory.mktemp("outcomes")
    pack = Pack.make(root, {**FILES, OFF_TOPIC: '{"text": "What is the weight of the moon?"}\n'})
    pack.reindex(make_embeddings(pack.settings))
    yield pack
    end_vector_servers(root)


@pytest.fixture
def command(
    indexed: Pack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run `groundskeeper ARGUMENTS` on the pack and return its status, stdout and stderr."""
    monkeypatch.setenv("GROUNDSKEEPER_DATA_DIR", str(indexed.settings.data_dir))

    def command(*arguments: str) -> tuple[int, str, str]:
        status = run([*arguments, "--domain", str(indexed.folder)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


@pytest.fixture
def reference(indexed: Pack) -> Iterator[str]:
    """A report of what the bot said of the robin's weight; queue and rules end with the test."""
    answer = Answer(
        question=ASKED,
        status="answered",
        text="European robin weighs 18 g [1].",
        citations=(Citation(n=1, document="birds.csv", row=2, quote="European robin"),),
    )
    with ReviewQueue(indexed.paths.reports) as queue:
        yield queue.file(freeze(answer), "wrong_fact").reference
    for left in indexed.paths.reports.parent.glob(f"{indexed.paths.reports.name}*"):
        left.unlink()
    (indexed.folder / RULES_NAME).unlink(missing_ok=True)


def shown(command: Run, reference: str) -> dict[str, object]:
    report: dict[str, object] = json.loads(command("reports", "show", reference, "--json")[1])
    return report


def test_a_rule_is_tried_then_saved(command: Run, reference: str, indexed: Pack) -> None:
    rule = ("reports", "resolve", reference, "rule_added", "--words", "weight")
    status, out, _ = command(*rule, "--dry-run", "--json")
    tried = json.loads(out)
    assert (status, tried["stops_case"]) == (0, True)
    assert ("good", "scope/off-topic") in {(h["verdict"], h["source"]) for h in tried["hits"]}
    assert shown(command, reference)["status"] == "new"
    assert not (indexed.folder / RULES_NAME).exists()
    status, out, err = command(*rule, "--yes", "--message", "No weights.", "--id", "no-weights")
    assert status == 0 and out.endswith("resolved it (a rule was added): no-weights.\n")
    assert "the rule stops the reported case" in err and "rightly stopped: 2" in err, err
    [saved] = tomllib.loads((indexed.folder / RULES_NAME).read_text())["rules"]
    assert (saved["id"], saved["author"], saved["reference"]) == (
        "no-weights",
        "operator",
        reference,
    )
    status, out, _ = command("ask", ASKED, "--json")
    assert json.loads(out)["reason"] == "rule:no-weights"


def test_a_rule_is_taken_back(command: Run, reference: str, indexed: Pack) -> None:
    command("reports", "resolve", reference, "rule_added", "--words", "weight", "--yes")
    assert (indexed.folder / RULES_NAME).exists()
    status, out, _ = command("reports", "undo", reference, "--note", "too broad")
    rule = reference.lower()
    assert status == 0
    assert out == (
        f"{reference}: the operator moved it from resolved to triaged: "
        f"rule {rule} taken out of the pack.\n"
    )
    assert not (indexed.folder / RULES_NAME).exists()
    status, _, err = command("reports", "undo", reference)
    assert status == 2 and "Traceback" not in err


def test_similar_reports_are_listed(command: Run, reference: str, indexed: Pack) -> None:
    near = Answer(question="How heavy is a robin?", status="abstained", text="No idea.")
    far = Answer(question="Where do wrens nest?", status="abstained", text="No idea.")
    with ReviewQueue(indexed.paths.reports) as queue:
        other = queue.file(freeze(near), "other").reference
        queue.file(freeze(far), "other")
    status, out, _ = command("reports", "similar", reference, "--json")
    assert status == 0
    assert [one["reference"] for one in json.loads(out)["similar"]] == [other]
    assert other in command("reports", "similar", reference)[1]


def test_figures_tell_how_the_queue_went(command: Run, reference: str) -> None:
    status, out, _ = command("reports", "stats", "--json", "--days", "7")
    seen = json.loads(out)["insight"]
    assert (status, len(seen["steps"]), seen["steps"][-1]["filed"]) == (0, 7, 1)
    assert "In 30 days: 1 filed, 0 closed" in command("reports", "stats")[1]


def test_a_rule_is_not_saved_without_a_yes(
    command: Run, reference: str, indexed: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    status, _, err = command("reports", "resolve", reference, "rule_added", "--pattern", "robin")
    assert status != 0 and "Add this rule?" in err
    assert shown(command, reference)["status"] == "new"
    assert not (indexed.folder / RULES_NAME).exists()


def test_what_is_no_rule_or_case_changes_nothing(command: Run, reference: str) -> None:
    for arguments, says in (
        (("rule_added", "--pattern", "("), "not a regular expression"),
        (("rule_added", "--words", "a", "--pattern", "b"), "exactly one"),
        (("rule_added", "--words", "a", "--applies-to", "all"), "applies_to"),
        (("regression_added", "--ends", "well"), "status"),
        (("corpus_fixed", "--detail", "fish.md"), "no document 'fish.md'"),
        (("duplicate", "--detail", "R-000000"), "There is no report R-000000"),
    ):
        status, out, err = command("reports", "resolve", reference, *arguments, "--yes")
        assert (status, out) == (2, ""), arguments
        assert says in err and "Traceback" not in err
    assert shown(command, reference)["version"] == 1


def test_a_case_joins_the_regressions_that_eval_runs(
    command: Run, reference: str, indexed: Pack
) -> None:
    status, _, err = command(
        "reports", "resolve", reference, "regression_added", "--must", "19 g", "--yes"
    )
    assert status == 0 and "does not pass today: lacks '19 g'" in err
    [case] = read_regressions(indexed.folder / FILE)
    assert (case.question, case.must, case.source) == (ASKED, ("19 g",), reference)
    status, out, _ = command("eval", "regressions", "--json")
    assert status == 1 and case.id in out


def test_a_correction_is_followed_up_by_reindex(
    command: Run, reference: str, indexed: Pack
) -> None:
    status, _, _ = command("reports", "resolve", reference, "corpus_fixed", "--detail", "birds.csv")
    assert status == 0
    assert "No report waits" in command("reports", "rerun")[2]
    indexed.edit("birds.csv", "flycatchers,18", "flycatchers,19")
    status, _, err = command("reindex")
    assert status == 0
    assert f"{reference} was run again, for birds.csv has changed" in err
    status, out, _ = command("reports", "show", reference)
    assert "asked it again, as birds.csv had changed: answered now" in out
    assert "+ European robin" in out or "19 g" in out
    status, out, _ = command("reports", "rerun", reference, "--keep", "--json")
    difference = json.loads(out)
    assert (status, difference["same"]) == (0, False)
    with ReviewQueue(indexed.paths.reports) as queue:
        public = queue.look_up(reference)
        history = queue.show(Moderators.operator(), reference).events
    assert "source that the answer came from was corrected" in public.outcome
    assert "in use" in public.told
    assert history[-1].kind == "noted" and "19 g" in history[-1].text


def test_a_rerun_that_fails_does_not_fail_the_reindex(
    command: Run, reference: str, indexed: Pack
) -> None:
    command("reports", "resolve", reference, "corpus_fixed", "--detail", "birds.csv")
    indexed.edit("birds.csv", "Kinglets,6", "Kinglets,7")
    pack_rules: Path = indexed.write(RULES_NAME, "broken")
    status, out, err = command("reindex", "--json")
    assert status == 0 and json.loads(out)["generation"]
    assert "were not run again" in err and "Traceback" not in err
    pack_rules.unlink()
    status, out, _ = command("reports", "rerun", "--json")
    assert reference in json.loads(out)["rerun"]
