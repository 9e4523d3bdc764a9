"""Questions whose truth is a section: a document of a pack and a heading in it.

A passage counts for every section that it shows, so that any way of cutting the documents into
passages can be measured, long ones too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.json_lines import numbered_lines
from bot.retrieval_eval import Dataset
from ingest.documents import LoadedDocument
from ingest.errors import UsageError
from ingest.loaders import load
from ingest.scan import find_files


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
    expected: tuple[ExpectedSection, ...] = Field(min_length=1)


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

    @property
    def section_keys(self) -> frozenset[str]:
        """The ids of all its sections."""
        return frozenset(
            ExpectedSection(document=self.name, heading=heading).key for _, heading in self.sections
        )

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


class SectionedPack(Mapping[str, SectionedDocument]):
    """The documents of a pack by name, each read when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = [file.name for file in find_files(folder)]
        self._read: dict[str, SectionedDocument] = {}

    def __getitem__(self, name: str) -> SectionedDocument:
        """Return a document; raises KeyError where there is none, DocumentError if it is bad."""
        if name not in self._read:
            if name not in self._names:
                raise KeyError(name)
            self._read[name] = SectionedDocument.read(self._folder, name)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self._names)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._names)


def read_section_questions(path: Path, documents: Mapping[str, SectionedDocument]) -> Dataset:
    """Read lines of {"id", "question", "expected": [{"document", "heading"}]}.

    Raises UsageError naming the line that is not so, that has the id of another, or that names a
    section which is not there.
    """
    queries: dict[str, str] = {}
    qrels: dict[str, dict[str, int]] = {}
    for number, line in numbered_lines(path):
        try:
            question = SectionQuestion.model_validate(json.loads(line))
        except (ValueError, ValidationError):
            raise UsageError(f"{path}:{number}: is no question with its sections.") from None
        if question.id in queries:
            raise UsageError(f"{path}:{number}: the id {question.id!r} is taken.")
        for wanted in question.expected:
            document = documents.get(wanted.document)
            if document is None or wanted.key not in document.section_keys:
                raise UsageError(f"{path}:{number}: there is no section {wanted.key!r}.")
        queries[question.id] = question.question
        qrels[question.id] = {wanted.key: 1 for wanted in question.expected}
    return Dataset(path.stem, (), queries, qrels)
