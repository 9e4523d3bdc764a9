"""The sets that come with the packs, and what is made of a set before it is asked."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from bot.fact_evaluation import ExpectedCells, fact_sets, read_cases
from bot.section_questions import SectionedPack
from bot.suites import SUITES, read_sets
from ingest.domain import load_card
from ingest.errors import UsageError
from tests.packs import Pack

CORPUS = Path(__file__).resolve().parents[2] / "corpus"


@pytest.mark.parametrize(
    ("name", "fewest"),
    [
        ("colleges", {"facts": 600, "retrieval": 60, "abstention": 150, "scope": 340}),
        ("auto-parts", {"facts": 30, "retrieval": 30, "abstention": 20, "scope": 90}),
    ],
)
def test_both_packs_have_sets_of_a_size_that_tells(name: str, fewest: dict[str, int]) -> None:
    sets = read_sets(CORPUS / name)
    assert list(sets) == list(SUITES)
    sizes = {suite: found.n for suite, found in sets.items() if found is not None}
    assert all(sizes[suite] >= n for suite, n in fewest.items())


@pytest.mark.parametrize("name", ["colleges", "auto-parts"])
def test_the_truth_of_figures_is_that_of_the_table(name: str) -> None:
    """The expectations are written by hand or by a script of their own: the table decides."""
    card = load_card(CORPUS / name).tables[0]
    columns = {field.key: field.csv_column for field in card.fields}
    with (CORPUS / name / card.file).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    compared = 0
    for case in read_cases(fact_sets(CORPUS / name / "questions")):
        if isinstance(case.expect, ExpectedCells):
            for key, values in case.expect.cells.items():
                for row, value in zip(case.expect.rows, values, strict=True):
                    cell = rows[row - 2][columns.get(key, key)]
                    assert value == (float(cell) if isinstance(value, float) else cell or None)
                    compared += 1
    assert compared >= 20


def test_a_set_outside_the_pack_s_documents_is_not_looked_for(small_pack: Pack) -> None:
    secret = small_pack.root / "secret.md"
    secret.write_text("# Secret\n\n## Key\n\nHidden.\n")
    expected = {"document": "../secret.md", "heading": "Key"}
    line = json.dumps({"id": "1", "question": "what is the key", "expected": [expected]})
    small_pack.write("questions/retrieval/secret.jsonl", line)
    with pytest.raises(UsageError, match=r"secret\.jsonl:1: there is no section"):
        read_sets(small_pack.folder)
    assert "../secret.md" not in SectionedPack(small_pack.folder)


def test_a_document_is_read_when_it_is_asked_for(small_pack: Pack) -> None:
    documents = SectionedPack(small_pack.folder)
    (small_pack.folder / "guides" / "watching.txt").write_bytes(b"\xff\xfe\x00")  # of no use
    assert len(documents) == len(list(documents)) == 4
    assert "guides/feeding.md#What to offer" in documents["guides/feeding.md"].section_keys


def test_questions_are_the_same_set_wherever_their_lines_stand(small_pack: Pack) -> None:
    def hash_of(*lines: str) -> str:
        small_pack.write("questions/scope/in-scope.jsonl", "\n".join(lines))
        found = read_sets(small_pack.folder, ["scope"])["scope"]
        assert found is not None
        return found.set

    a, b = '{"text": "how heavy is a robin"}', '{"text": "how heavy is a wren"}'
    assert hash_of(a, b) == hash_of("", b, a, "")
    assert hash_of(a, b) != hash_of(a)
    small_pack.write("questions/scope/off-topic.jsonl", a)
    assert hash_of(b) != hash_of(a, b)  # the same question means another thing there


def test_the_same_question_twice_in_one_set_is_a_slip(small_pack: Pack) -> None:
    small_pack.write("questions/scope/in-scope.jsonl", '{"text": "a"}\n{"text": "a"}\n')
    with pytest.raises(UsageError, match=r"called 'in-scope:a'"):
        read_sets(small_pack.folder)
    small_pack.write("questions/scope/off-topic.jsonl", '{"text": "a"}\n')
    small_pack.write("questions/scope/in-scope.jsonl", '{"text": "a"}\n')
    assert read_sets(small_pack.folder)["scope"] is not None
