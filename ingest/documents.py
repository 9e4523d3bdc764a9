"""The values that pass through ingestion: a file becomes a Document, a Document becomes chunks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ChunkKind = Literal["passage", "record"]
BlockKind = Literal["heading", "paragraph", "list_item", "table_row"]


@dataclass(frozen=True)
class Block:
    """One structural piece of a document.

    `start` and `end` are character offsets into the document's text, so that
    `document.text[start:end] == text`. `page` counts from 1 and is None where the format has no
    pages. `level` is 1 to 6 for headings, else 0. A table row's text carries its header.
    """

    kind: BlockKind
    text: str
    start: int
    end: int
    page: int | None = None
    level: int = 0


@dataclass(frozen=True)
class LoadedDocument:
    """A document as read from its file: plain text with its structure.

    `text` is what citations quote from and offsets point into. `pages` is the number of pages,
    or None. `warnings` are sentences about what could not be read of it.
    """

    title: str
    media_type: str
    text: str
    blocks: tuple[Block, ...]
    pages: int | None = None
    vintage: str = ""
    warnings: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Chunk:
    """A passage that can be retrieved and cited.

    `text` is what is quoted. `header` is the contextual chunk header (title and heading path)
    that goes in front of it for embedding and lexical indexing only; `index_text` is both.
    `start` and `end` are character offsets into the document's text. `page` is the one that holds
    most of it. `row` is the spreadsheet row (the header is row 1) where the chunk is a row of a
    table.
    """

    chunk_id: str
    document: str
    ordinal: int
    text: str
    header: str
    start: int
    end: int
    page: int | None = None
    row: int | None = None
    heading_path: tuple[str, ...] = ()
    kind: ChunkKind = "passage"

    @property
    def index_text(self) -> str:
        """The text that is embedded and indexed: contextual header, then passage.

        A record is found by what it is and not by its figures: every row holds the same labels
        ("graduation rate"), which would drown the passages that explain them. So its header,
        which names the entity, is all that is indexed of it.
        """
        return "\n".join(filter(None, [self.header, self.body]))

    @property
    def body(self) -> str:
        """What is indexed below the header: nothing of a record."""
        return "" if self.kind == "record" else self.text
