"""Word documents (DOCX): headings by style, list items, tables in document order."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import docx
from docx.document import Document
from docx.oxml.ns import qn
from lxml import etree  # type: ignore[import-untyped]

from ingest.documents import LoadedDocument
from ingest.errors import DocumentError
from ingest.loaders.builder import DocumentBuilder, one_line
from ingest.loaders.table_rows import rows_as_text

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_HEADING_STYLE = re.compile(r"heading (\d)$", re.I)
# Titles that programs write by themselves.
_NO_TITLES = frozenset({"word document", "untitled", "document"})
_WRAPPERS = frozenset(qn(f"w:{name}") for name in ("sdt", "sdtContent", "customXml", "ins"))
_MAX_SPAN = 50
_BREAKS = frozenset({qn("w:br"), qn("w:cr")})
_NAMESPACES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
}


def _path(expression: str) -> etree.XPath:
    return etree.XPath(expression, namespaces=_NAMESPACES)


# Text boxes are stored twice; the fallback is for programs from before 2010.
_ONCE = "[not(ancestor::mc:Fallback)]"
_TEXTS = _path(".//w:t | .//w:tab | .//w:br | .//w:cr | .//w:noBreakHyphen")
_BOXES = _path(f".//w:txbxContent{_ONCE}")
_PARAGRAPHS = _path(f".//w:p{_ONCE}")
_OUTLINE = _path("./w:pPr/w:outlineLvl/@w:val")
_NUMBERED = _path("boolean(./w:pPr/w:numPr[not(w:numId/@w:val='0')])")
_ROWS = _path("./w:tr")
_HEADER_ROWS = _path("count(./w:tr[w:trPr/w:tblHeader])")
_CELLS = _path("./w:tc | ./w:sdt/w:sdtContent/w:tc")
_SPAN = _path("string(./w:tcPr/w:gridSpan/@w:val)")


def load_docx(data: bytes, name: str) -> LoadedDocument:
    """Read a Word document as it reads with all changes accepted.

    Left out: headers and footers, footnotes, comments, pictures, the table of contents.
    """
    builder = DocumentBuilder(MEDIA_TYPE)
    try:
        document = docx.Document(io.BytesIO(data))
        _Reader(document, builder).read()
        title = one_line(document.core_properties.title or "")
    except MemoryError:
        raise
    except Exception as error:
        if getattr(error, "code", None) == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from None
        # A package may break at any part of zip, XML or relations, each with errors of its own.
        raise DocumentError(f"{name} is a damaged Word document: {_reason(error)}.") from None
    return builder.build("" if title.lower() in _NO_TITLES else title)


def _reason(error: Exception) -> str:
    text = one_line(str(error))[:200].rstrip(".")
    return text or type(error).__name__


class _Reader:
    def __init__(self, document: Document, builder: DocumentBuilder) -> None:
        self._body = document.element.body
        self._builder = builder
        self._styles = {
            style.style_id: style for style in document.styles if style.style_id is not None
        }

    def read(self) -> None:
        for element in _blocks(self._body):
            if element.tag == qn("w:p"):
                self._paragraph(element)
            else:
                self._table(element)

    def _paragraph(self, element: Any) -> None:
        text = _text(element)
        style = self._style_name(element)
        level = self._heading_level(element, style)
        if style.lower().startswith("toc "):
            return
        if style == "Title":
            self._builder.heading(text, 1)
        elif level:
            self._builder.heading(text, level)
        elif style.startswith("List") or self._is_numbered(element):
            self._builder.list_item(text)
        else:
            self._builder.paragraph(text)
        for box in _BOXES(element):
            for inner in _blocks(box):
                if inner.tag == qn("w:p"):
                    self._paragraph(inner)

    def _style_name(self, element: Any) -> str:
        style = self._styles.get(element.style or "")
        return str(style.name or "") if style is not None else ""

    def _heading_level(self, element: Any, style: str) -> int:
        match = _HEADING_STYLE.match(style)
        if match:
            return int(match[1])
        own = _OUTLINE(element)
        known = self._styles.get(element.style or "")
        if not own and known is not None:
            own = _OUTLINE(known.element)
        # Outline level 9 is Word's word for body text.
        return int(own[0]) + 1 if own and own[0] in "012345" else 0

    def _is_numbered(self, element: Any) -> bool:
        return bool(_NUMBERED(element))

    def _table(self, element: Any) -> None:
        rows = [_cells(row) for row in _ROWS(element)]
        if all(len(row) < 2 for row in rows):
            # A frame around text, not a table.
            for inner in _PARAGRAPHS(element):
                self._paragraph(inner)
            return
        marked = _HEADER_ROWS(element)
        for text in rows_as_text(rows, int(marked) or None):
            self._builder.table_row(text)


def _blocks(parent: Any) -> Iterator[Any]:
    """Yield paragraphs and tables in order, looking into content controls and insertions."""
    for child in parent:
        if child.tag in (qn("w:p"), qn("w:tbl")):
            yield child
        elif child.tag in _WRAPPERS:
            yield from _blocks(child)


def _text(paragraph: Any) -> str:
    pieces = []
    for node in _TEXTS(paragraph):
        if _owner(node) is not paragraph:
            continue
        if node.tag == qn("w:t"):
            pieces.append(node.text or "")
        elif node.tag in _BREAKS:
            pieces.append("\n")
        else:
            pieces.append("-" if node.tag == qn("w:noBreakHyphen") else " ")
    return "".join(pieces)


def _owner(node: Any) -> Any:
    """The paragraph that a run belongs to; a text box inside a paragraph has its own."""
    for ancestor in node.iterancestors():
        if ancestor.tag == qn("w:p"):
            return ancestor
    return None


def _cells(row: Any) -> list[str]:
    cells = []
    for cell in _CELLS(row):
        text = "\n".join(_text(inner) for inner in _PARAGRAPHS(cell))
        span = _SPAN(cell)
        cells.append(text)
        # A cell over several columns names only the first of them.
        cells.extend([""] * (min(int(span), _MAX_SPAN) - 1 if span.isdecimal() else 0))
    return cells
