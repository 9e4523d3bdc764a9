"""Regression cases: what an answer must hold, how strictly they are read, and adding one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.answer import Answer, AnswerTable, Column, Event, Question
from bot.regressions import (
    FILE,
    RegressionCase,
    add_regression,
    read_regressions,
    remove_regression,
    run_case,
)
from ingest.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
TABLE = AnswerTable(
    columns=(Column(label="Bird"), Column(label="Weight")),
    rows=(("Wren", 9.0),),
    display=(("Wren", "9 g"),),
)
SAID = "A robin weighs 18 g [1], a wood pigeon 1,500.5 g [2]."


def case(**fields: Any) -> RegressionCase:
    return RegressionCase(**{"id": "1", "question": "How heavy is a robin?", **fields})


def objections(**fields: Any) -> tuple[str, ...]:
    return case(**fields).objections(
        Answer(question="How heavy is a robin?", status="answered", text=SAID, table=TABLE)
    )


@pytest.mark.parametrize(
    "words", ["18 g", "18 g, a wood", "ROBIN  weighs", "1,500.5", "9 g", "weight", "g."]
)
def test_words_are_found_in_any_case_without_markers_and_in_the_table(words: str) -> None:
    assert objections(must=[words]) == ()
    assert objections(must_not=[words]) == (f"says {words!r}",)


@pytest.mark.parametrize(
    "words", ["8 g", "1", "500", "1,500", "500.5", "obin", "robi", "5 g", "[1]"]
)
def test_parts_of_words_and_numbers_do_not_count(words: str) -> None:
    assert objections(must=[words]) == (f"lacks {words!r}",)
    assert objections(must_not=[words]) == ()


def test_how_it_ends_counts_if_the_case_says_so() -> None:
    abstained = Answer(question="?", status="abstained", text="I do not know.")
    assert case(must_not=["owl"]).objections(abstained) == ()
    assert case(status="abstained").objections(abstained) == ()
    assert case(status="refused").objections(abstained) == ("is abstained, not refused",)


def test_a_failure_is_never_passed_unless_asked_for() -> None:
    failed = Answer(question="?", status="failed", reason="integrity", text="The model is not it.")
    assert case(must_not=["owl"]).objections(failed) == ("failed: The model is not it.",)
    assert case(status="failed").objections(failed) == ()


class ScriptedBot:
    """Answers with the questions it was asked so far; a stand-in for the pipeline."""

    def answer(self, question: Question) -> Answer:
        asked = [*(turn.question for turn in question.history), question.text]
        return Answer(question=question.text, status="answered", text=" / ".join(asked))

    def stream(self, question: Question) -> Iterator[Event]:
        raise NotImplementedError


def test_earlier_questions_are_asked_first() -> None:
    whole = case(history=["a?", "b?"], must=["a? / b? / How heavy is a robin?"])
    assert run_case(ScriptedBot(), whole) == ()


@pytest.mark.parametrize(
    "fields",
    [
        {},  # nothing that could be wrong
        {"must": [""]},
        {"must_not": [" "]},
        {"must": "18 g"},
        {"must": ["18 g"], "sorce": "R-1"},
        {"must": ["18 g"], "question": " "},
        {"must": ["18 g"], "id": ""},
        {"status": "perfect"},
    ],
)
def test_a_case_that_means_nothing_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        case(**fields)


# --- the file ---------------------------------------------------------------------------------


def test_a_pack_without_cases_has_none(tmp_path: Path) -> None:
    assert read_regressions(tmp_path / FILE) == []


def test_what_is_added_is_read(tmp_path: Path) -> None:
    cases = [
        case(must=["18 g"], source="R-7K3M9Q", author="ana"),
        case(id="2", status="refused", history=["a?"]),
    ]
    for one in cases:
        add_regression(tmp_path, one)
    assert read_regressions(tmp_path / FILE) == cases


def test_an_id_is_used_once_and_what_is_there_stays(tmp_path: Path) -> None:
    add_regression(tmp_path, case(must=["18 g"]))
    with pytest.raises(UsageError, match="has a case '1' already"):
        add_regression(tmp_path, case(must=["19 g"]))
    assert read_regressions(tmp_path / FILE) == [case(must=["18 g"])]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "is no JSON"),
        ("[]", "it: "),
        ('{"id": "2", "question": "?", "must": 1}', "must: "),
        ('{"id": "1", "question": "?", "must": ["x"]}', "the id '1' is taken"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_added_to_it(
    line: str, said: str, tmp_path: Path
) -> None:
    add_regression(tmp_path, case(must=["18 g"]))
    path = tmp_path / FILE
    path.write_text(path.read_text() + line + "\n")
    before = path.read_text()
    with pytest.raises(UsageError, match=rf"regressions\.jsonl:2: .*{said}"):
        read_regressions(path)
    with pytest.raises(UsageError):
        add_regression(tmp_path, case(id="3", must=["x"]))
    assert path.read_text() == before


def test_two_processes_cannot_use_one_id(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from bot.regressions import RegressionCase, add_regression\n"
        "from ingest.errors import UsageError\n"
        "for i in range(30):\n"
        "    try: add_regression(Path(sys.argv[1]), RegressionCase(id=str(i), question='?',"
        " must=[sys.argv[2]]))\n"
        "    except UsageError: pass\n"
    )
    workers = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), name], cwd=ROOT)
        for name in ("a", "b")
    ]
    assert [worker.wait() for worker in workers] == [0, 0]
    cases = read_regressions(tmp_path / FILE)
    assert sorted(int(one.id) for one in cases) == list(range(30))
    assert len((tmp_path / FILE).read_text().splitlines()) == 30


def test_a_case_is_taken_out_again_and_the_others_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.parent.mkdir()
    before = '{"question":  "Q\u2028?", "id": "old", "must": ["a"]}\n\n'
    path.write_text(before, encoding="utf-8")
    added = case(id="new", must=("18 g",), source="R-7K3M9Q")
    add_regression(tmp_path, added)
    assert remove_regression(tmp_path, added)
    assert path.read_text(encoding="utf-8") == before
    assert not remove_regression(tmp_path, added), "it was gone already"


def test_a_file_with_no_other_case_goes(tmp_path: Path) -> None:
    assert not remove_regression(tmp_path, case(must=("a",))), "there is not even a folder"
    add_regression(tmp_path, case(must=("a",)))
    assert remove_regression(tmp_path, case(must=("a",)))
    assert not (tmp_path / FILE).exists()


def test_a_case_that_was_changed_since_stays(tmp_path: Path) -> None:
    add_regression(tmp_path, case(must=("a",)))
    with pytest.raises(UsageError, match="was changed after it was added"):
        remove_regression(tmp_path, case(must=("b",)))
    assert [one.must for one in read_regressions(tmp_path / FILE)] == [("a",)]
