"""One builder for every loader: cleans text, keeps structure and counts offsets."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from ingest.documents import Block, BlockKind, LoadedDocument

# What a reader cannot see must not reach the index: soft hyphens, zero-width spaces and marks
# of byte order, directions that reorder what is shown, and tag characters, which can hide a
# whole sentence. Joiners (U+200C, U+200D) stay: some scripts and emoji are spelt with them.
_INVISIBLE = (
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f"
)
_CONTROL = "\u0000-\u0008\u000e-\u001b\u007f-\u0084\u0086-\u009f"
_REMOVED = re.compile(f"[{_INVISIBLE}{_CONTROL}\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_LINE_BREAKS = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_LIGATURES = str.maketrans(
    {
        "\ufb00": "ff",
        "\ufb01": "fi",
        "\ufb02": "fl",
        "\ufb03": "ffi",
        "\ufb04": "ffl",
        "\ufb05": "st",
        "\ufb06": "st",
    }
)
_TIGHT: frozenset[BlockKind] = frozenset({"list_item", "table_row"})
MAX_HEADING_LEVEL = 6


def clean(text: str) -> str:
    """Return the text as it is kept: NFC, no control or invisible characters, tidy spaces.

    Line breaks stay, blank lines and spaces at line ends go, runs of spaces become one.
    """
    if text.isascii() and text.isprintable():  # most cells of most tables: only spaces to tidy
        return " ".join(text.split())
    text = _LINE_BREAKS.sub("\n", text)
    text = _REMOVED.sub("", text).translate(_LIGATURES)
    text = unicodedata.normalize("NFC", text)
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def one_line(text: str) -> str:
    """Return the text cleaned and without line breaks."""
    return clean(text).replace("\n", " ")


def title_of_name(name: str) -> str:
    """Return what a file's name says: "brake-pads_2026.txt" is "brake pads 2026"."""
    stem = PurePosixPath(name).stem
    return re.sub(r"[-_\s]+", " ", stem).strip().encode("utf-8", "ignore").decode()


class DocumentBuilder:
    """Collects blocks in reading order; each keeps its offsets into the text that they make.

    Blocks that hold nothing after cleaning are left out. List items and table rows that follow
    each other are a line apart, all other blocks have an empty line between them.
    """

    def __init__(self, media_type: str) -> None:
        self._media_type = media_type
        self._blocks: list[Block] = []
        self._parts: list[str] = []
        self._length = 0
        self._warnings: list[str] = []

    def heading(self, text: str, level: int, page: int | None = None) -> None:
        """Add a heading of level 1 (highest) to 6."""
        self._add("heading", one_line(text), page, min(max(level, 1), MAX_HEADING_LEVEL))

    def paragraph(self, text: str, page: int | None = None) -> None:
        """Add a paragraph; its line breaks stay."""
        self._add("paragraph", clean(text), page)

    def list_item(self, text: str, page: int | None = None) -> None:
        """Add one item of a list, without its bullet."""
        self._add("list_item", clean(text), page)

    def table_row(self, text: str, page: int | None = None) -> None:
        """Add one row of a table; the text names the columns already."""
        self._add("table_row", one_line(text), page)

    def warn(self, sentence: str) -> None:
        """Note what could not be read."""
        self._warnings.append(sentence)

    @property
    def first_heading(self) -> str:
        """The first heading of the highest level in use, or nothing."""
        headings = [block for block in self._blocks if block.kind == "heading"]
        return min(headings, key=lambda block: block.level).text if headings else ""

    def build(self, title: str, *, pages: int | None = None, vintage: str = "") -> LoadedDocument:
        """Return the document; without a title, the first heading is the title."""
        return LoadedDocument(
            title=one_line(title) or self.first_heading,
            media_type=self._media_type,
            text="".join(self._parts),
            blocks=tuple(self._blocks),
            pages=pages,
            vintage=one_line(vintage),
            warnings=tuple(self._warnings),
        )

    def _add(self, kind: BlockKind, text: str, page: int | None, level: int = 0) -> None:
        if not text:
            return
        if self._blocks:
            tight = kind in _TIGHT and self._blocks[-1].kind == kind
            separator = "\n" if tight else "\n\n"
            self._parts.append(separator)
            self._length += len(separator)
        start = self._length
        self._parts.append(text)
        self._length += len(text)
        self._blocks.append(Block(kind, text, start, self._length, page, level))
