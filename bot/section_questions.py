"""Questions whose truth is a section: a document of a pack and a heading in it.

A passage counts for every section that it shows, so that any way of cutting the documents into
passages can be measured, long ones too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.retrieval_eval import Dataset
from ingest.documents import LoadedDocument
from ingest.errors import UsageError
from ingest.loaders import load


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExpectedSection(_Strict):
    """A heading of a document; the document's name is its path inside the pack."""

    document: str
    heading: str

    @property
    def key(self) -> str:
        """The id that judgements are about."""
        return f"{self.document}#{self.heading}"


class SectionQuestion(_Strict):
    """A question and the sections that answer it."""

    id: str
    question: str
    expected: tuple[ExpectedSection, ...]


@dataclass(frozen=True)
class SectionedDocument:
    """A document with where its sections begin (characters), in order."""

    name: str
    document: LoadedDocument
    sections: tuple[tuple[int, str], ...]

    @classmethod
    def read(cls, folder: Path, name: str) -> SectionedDocument:
        """Read a document of a pack; raises DocumentError."""
        document = load(folder / name)
        headings = [(b.start, b.text) for b in document.blocks if b.kind == "heading"]
        return cls(name, document, ((0, document.title), *headings))

    def sections_of(self, start: int, end: int) -> list[str]:
        """Return the ids of the sections that a passage shows, given by its offsets.

        These are the one that has most of it, and any of which it holds half or more.
        """
        begins = [begin for begin, _ in self.sections]
        ends = [*begins[1:], len(self.document.text)]
        shared = [min(end, e) - max(start, b) for b, e in zip(begins, ends, strict=True)]
        most = max(shared)
        return [
            ExpectedSection(document=self.name, heading=heading).key
            for (_, heading), has, b, e in zip(self.sections, shared, begins, ends, strict=True)
            if has > 0 and (has == most or 2 * has >= e - b)
        ]


def read_section_questions(path: Path, documents: Mapping[str, SectionedDocument]) -> Dataset:
    """Read lines of {"id", "question", "expected": [{"document", "heading"}]}.

    Raises UsageError naming the line that is not so, or that names a section which is not there.
    """
    known = {
        ExpectedSection(document=name, heading=heading).key
        for name, document in documents.items()
        for _, heading in document.sections
    }
    queries, qrels = {}, {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            question = SectionQuestion.model_validate(json.loads(line))
        except (ValueError, ValidationError):
            raise UsageError(f"{path}:{number}: is no question with its sections.") from None
        wanted = [section.key for section in question.expected]
        if missing := [key for key in wanted if key not in known]:
            raise UsageError(f"{path}:{number}: there is no section {missing[0]!r}.")
        queries[question.id] = question.question
        qrels[question.id] = dict.fromkeys(wanted, 1)
    return Dataset(path.stem, (), queries, qrels)
