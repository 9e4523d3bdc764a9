"""Questions whose truth is a section, and which sections a passage shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.section_questions import SectionedDocument, read_section_questions
from ingest.errors import UsageError
from tests.packs import Pack

PACK = Path(__file__).resolve().parents[2] / "corpus" / "colleges"
NAME = "guides/feeding.md"


@pytest.fixture
def feeding(small_pack: Pack) -> SectionedDocument:
    return SectionedDocument.read(small_pack.folder, NAME)


def test_a_passage_shows_the_section_that_it_is_cut_from(feeding: SectionedDocument) -> None:
    start = feeding.document.text.index("Mouldy")
    assert feeding.sections_of(start, start + 10) == [f"{NAME}#What to leave out"]


def test_a_long_passage_shows_every_section_that_it_holds(feeding: SectionedDocument) -> None:
    shown = feeding.sections_of(0, len(feeding.document.text))
    assert {f"{NAME}#What to offer", f"{NAME}#What to leave out"} <= set(shown)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "1"}', "is no question with its sections"),
        ("no JSON", "is no question with its sections"),
        (
            '{"id": "1", "question": "?", "expected": [{"document": "a.md", "heading": "B"}]}',
            r"there is no section 'a\.md#B'",
        ),
    ],
)
def test_a_wrong_line_is_named(
    line: str, said: str, tmp_path: Path, feeding: SectionedDocument
) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(line)
    with pytest.raises(UsageError, match=rf"q\.jsonl:1: {said}"):
        read_section_questions(path, {NAME: feeding})


def test_the_pack_s_own_questions_name_sections_that_are_there() -> None:
    names = [f"guides/{path.name}" for path in (PACK / "guides").iterdir()]
    documents = {name: SectionedDocument.read(PACK, name) for name in names}
    questions = PACK / "questions" / "retrieval" / "guides.jsonl"
    dataset = read_section_questions(questions, documents)
    assert len(dataset.judged) == len(dataset.queries) >= 60
    assert {key.partition("#")[0] for judged in dataset.qrels.values() for key in judged} >= {
        name for name in names if "glossary" not in name
    }
