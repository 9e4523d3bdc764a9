"""`groundskeeper eval` over a small pack's own sets: the page, the history, the exit status."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.examples import compared_texts
from ingest.embeddings import make_embeddings
from ingest.reindex import Reindexer
from tests.packs import Pack, end_vector_servers, json_lines
from ui.cli import run

ROBIN = {"rows": [2], "cells": {"weight": [18.0]}}
FACTS = [
    {"id": "1", "question": "weight of the European robin", "operation": "lookup", "expect": ROBIN},
    {"id": "2", "question": "weight of the dodo", "operation": "stranger", "expect": "abstain"},
]
OFFER = {"document": "guides/feeding.md", "heading": "What to offer"}
SECTIONS = [
    {"id": "1", "question": "what do finches eat from a hanging feeder", "expected": [OFFER]},
    {
        "id": "2",
        "question": "does bread harm birds",
        "expected": [{"document": "guides/feeding.md", "heading": "What to leave out"}],
    },
]
CASE = {"id": "R-1", "question": "weight of the European robin", "must": ["18 g"], "author": "ana"}
SETS: dict[str, list[Any]] = {
    "weights.jsonl": FACTS,
    "retrieval/feeding.jsonl": SECTIONS,
    "abstention.jsonl": [
        {"id": "1", "question": "what do finches eat from a hanging feeder", "answerable": True},
        {"id": "2", "question": "how many years does a finch live", "answerable": False},
    ],
    "scope/off-topic.jsonl": [{"text": "Who won the match yesterday?"}],
    "scope/in-scope.jsonl": [
        {"text": "weight of the Eurasian wren"},
        {"text": "can birds eat bread"},
    ],
    "scope/small-talk.jsonl": [{"text": "thank you"}],
    "regressions.jsonl": [CASE],
}
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pack]:
    """A pack indexed once; its questions and its history are each test's own."""
    root = tmp_path_factory.mktemp("evaluated")
    made = Pack.make(root)
    compared = compared_texts(made.card)
    embeddings = make_embeddings(made.settings)
    Reindexer(made.folder, made.card, made.paths, embeddings, compared=compared).run()
    yield made
    end_vector_servers(root)


@pytest.fixture
def command(
    pack: Pack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    def evaluate(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setenv("GROUNDSKEEPER_DATA_DIR", str(pack.settings.data_dir))
        status = run(["eval", *arguments, "--domain", str(pack.folder)])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return status, out, err

    for name, lines in SETS.items():
        write(pack, name, lines)
    yield evaluate
    shutil.rmtree(pack.folder / "questions")
    pack.paths.eval_history.unlink(missing_ok=True)


def write(pack: Pack, name: str, lines: list[Any]) -> Path:
    return pack.write(f"questions/{name}", "".join(json.dumps(line) + "\n" for line in lines))


def blocks(page: str) -> dict[str, str]:
    """The page's blocks by their suites."""
    return {block.split()[0]: block for block in page.strip().split("\n\n")[1:]}


def history(pack: Pack) -> list[dict[str, Any]]:
    return json_lines(pack.paths.eval_history.read_text(encoding="utf-8"))


def keep(pack: Pack, runs: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(line) + "\n" for line in runs)
    pack.paths.eval_history.write_text(text, encoding="utf-8")


def test_one_page_shows_every_suite_and_the_next_run_is_compared(
    command: Command, pack: Pack
) -> None:
    status, first, _ = command()

    assert status == 0
    assert "first run" in first
    found = blocks(first)
    assert list(found) == ["facts", "retrieval", "abstention", "scope", "regressions"]
    assert "exactly right             100.0%  [34.2, 100.0]" in found["facts"]
    assert "section in evidence       100.0%" in found["retrieval"]
    assert "answerable turned down      0.0%" in found["abstention"]
    assert "off-topic answered          0.0%  [0.0, 79.3]      of 1" in found["scope"]
    assert "passed                    100.0%" in found["regressions"]

    status, second, _ = command()

    assert status == 0
    assert "the same index, models and rules" in second
    assert all(block.count(" =") for block in blocks(second).values())
    assert len(history(pack)) == 2


def test_a_question_that_ends_worse_is_named_first(command: Command, pack: Pack) -> None:
    write(pack, "scope/off-topic.jsonl", [{"text": "weight of a robin"}, {"text": "two plus two"}])
    command("scope")
    runs = history(pack)
    assert runs[0]["suites"]["scope"]["missed"] == {"off-topic:weight of a robin": "answered"}
    runs[0]["suites"]["scope"]["missed"] = {"in-scope:can birds eat bread": "refused"}
    runs[0]["suites"]["scope"]["measures"]["fair turned away"] = 0.5
    keep(pack, runs)

    status, page, _ = command("scope")

    assert status == 0
    assert page.index("newly wrong (1)") < page.index("newly right (1)")
    assert "answered: weight of a robin" in page
    assert "-50.0 better" in page
    keep(pack, runs)
    assert command("scope", "--fail-on-change")[0] == 1
    assert command("scope", "--fail-on-change")[0] == 0  # as bad as before is no change


def test_each_suite_is_compared_with_its_own_last_run(command: Command, pack: Pack) -> None:
    command("facts")
    command("scope")
    runs = history(pack)
    runs[0] |= {"at": "2026-01-02T12:00:00+00:00", "ran_on": {**runs[0]["ran_on"], "rules": "old"}}
    keep(pack, runs)

    page = command()[1]

    assert page.count("02 Jan 2026") == 2  # on top, and in the block of facts
    assert "rules old → " in " ".join(page.split())
    assert "since 02 Jan 2026" in blocks(page)["facts"]
    assert "first run" in blocks(page)["retrieval"]


def test_another_set_is_not_compared(command: Command, pack: Pack) -> None:
    command("facts")
    write(pack, "weights.jsonl", FACTS[:1])
    assert "set changed, not compared" in command("facts")[1]
    write(pack, "weights.jsonl", FACTS[::-1])
    assert "set changed" in command("facts")[1]
    write(pack, "weights.jsonl", FACTS)
    assert "since" in command("facts")[1]  # the order of the lines does not count


def test_a_wrong_figure_and_a_failed_case_end_with_one(command: Command, pack: Pack) -> None:
    wrong = {**FACTS[0], "expect": {"rows": [2], "cells": {"weight": [19.0]}}}
    write(pack, "weights.jsonl", [wrong, FACTS[1]])
    write(pack, "regressions.jsonl", [{**CASE, "must_not": ["robin"]}])

    status, page, _ = command("--verbose")

    assert status == 1
    found = blocks(page)
    assert "wrong: weight of the European robin (weights:1): " in found["facts"]
    assert "failed: weight of the European robin (R-1): says 'robin'" in found["regressions"]
    assert command("retrieval")[0] == 0


def test_nothing_said_is_no_failure(command: Command, pack: Pack) -> None:
    expected = {**FACTS[1], "expect": ROBIN}
    write(pack, "weights.jsonl", [expected])
    status, page, _ = command("facts")
    assert (status, "1 abstained" in page) == (0, True)


def test_json_is_one_object(command: Command, pack: Pack) -> None:
    command("--json")
    status, out, _ = command("--json")
    found = json.loads(out)

    assert status == 0
    assert found["ran_on"].keys() == {"index", "embedding", "reranker", "model", "rules"}
    assert found["compared_with"] == [history(pack)[0]["at"]]
    assert found["suites"]["facts"]["measures"]["wrong figure"] == {
        **{"mean": 0.0, "low": 0.0, "high": 0.6576},
        **{"n": 2, "better": "lower", "change": 0.0},
    }
    assert json.loads(command("--json", "facts")[1])["suites"].keys() == {"facts"}


def test_a_pack_without_a_set_says_where_it_would_be(command: Command, pack: Pack) -> None:
    for name in ("regressions.jsonl", "retrieval/feeding.jsonl"):
        (pack.folder / "questions" / name).unlink()

    page = command()[1]

    assert "no set (questions/retrieval/*.jsonl)" in blocks(page)["retrieval"]
    assert "no set (questions/regressions.jsonl)" in blocks(page)["regressions"]
    status, _, err = command("regressions")
    assert status == 2
    assert "has no questions of its own for this" in err


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("weights.jsonl", "{}", "weights.jsonl:3: is no question with its truth"),
        ("weights.jsonl", json.dumps(FACTS[0]), "Two questions of the pack are called 'weights:1'"),
        (
            "retrieval/feeding.jsonl",
            json.dumps(SECTIONS[0]),
            "feeding.jsonl:3: the id '1' is taken",
        ),
        ("scope/in-scope.jsonl", "{}", 'in-scope.jsonl:3: has neither "text" nor "question"'),
        ("regressions.jsonl", '{"id": "2"}', "regressions.jsonl:2: question: Field required"),
    ],
)
def test_a_bad_set_stops_before_anything_is_asked(
    command: Command, pack: Pack, name: str, line: str, said: str
) -> None:
    path = pack.folder / "questions" / name
    path.write_text(path.read_text() + line + "\n")

    status, out, err = command()

    assert (status, out) == (2, "")
    assert said in err
    assert not pack.paths.eval_history.exists()


def test_a_suite_that_cannot_be_run_does_not_cost_the_others(command: Command, pack: Pack) -> None:
    guide = pack.folder / "guides" / "feeding.md"
    before = guide.read_text()
    guide.write_text(before.replace("halved apples", "halved pears"))
    try:
        status, page, _ = command()
    finally:
        guide.write_text(before)

    assert status == 1
    assert "could not be run: guides/feeding.md has changed since" in blocks(page)["retrieval"]
    assert "first run" in blocks(page)["facts"]
    assert history(pack)[0]["suites"].keys() == {*("facts", "abstention", "scope", "regressions")}


def test_without_ir_measures_the_evidence_is_measured_all_the_same(
    command: Command, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "ir_measures", None)

    status, page, _ = command("retrieval")

    assert (status, "section in evidence" in page, "nDCG" in page) == (0, True, False)
    assert "nDCG@10 is left out. The package ir-measures" in caplog.text


def test_a_model_that_cannot_be_had_costs_only_what_it_would_write(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUNDSKEEPER_MODEL", "ollama:nothing")
    monkeypatch.setenv("GROUNDSKEEPER_OLLAMA_HOST", "http://127.0.0.1:9")

    status, page, _ = command()

    assert status == 1
    assert "model ollama:nothing, which cannot be used" in " ".join(page.split())
    assert "could not be run: " in blocks(page)["regressions"]
    assert "could not be run" not in blocks(page)["scope"] + blocks(page)["facts"]


def test_a_broken_line_of_the_history_is_told_and_skipped(command: Command, pack: Pack) -> None:
    command("facts")
    with pack.paths.eval_history.open("a") as file:
        file.write('{"half')

    status, page, err = command("facts")

    assert status == 0
    assert "eval-history.jsonl:2: is no record of a run; skipped." in err
    assert "since" in page
    assert len(pack.paths.eval_history.read_text().splitlines()) == 3


def test_a_long_list_is_cut_and_verbose_shows_all(command: Command, pack: Pack) -> None:
    birds = ("robin", "wren", "great tit", "blue tit", "magpie", "goldfinch", "goldcrest")
    write(
        pack,
        "scope/off-topic.jsonl",
        [{"text": f"what is the weight of a {b}"} for b in birds]
        + [{"text": f"what is the wingspan of a {b}"} for b in birds],
    )
    command("scope")
    runs = history(pack)
    runs[0]["suites"]["scope"]["missed"] = {}
    keep(pack, runs)

    page = command("scope")[1]
    keep(pack, runs)
    verbose = command("scope", "--verbose")[1]

    assert "newly wrong (14)" in page
    assert page.count("    answered: ") == 10
    assert "--verbose lists them" in page
    assert verbose.count("    answered: ") == 14
    assert all(len(line) <= 100 for line in page.splitlines())
