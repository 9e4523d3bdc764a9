"""Build the PDF and DOCX guides of corpus/colleges from the Markdown in tools/guides.

    python tools/build_guides.py

Needs markdown-it-py, reportlab and python-docx. Running it twice gives identical bytes, so that a
rebuilt guide is a change in git, and a new document in the index, only where its text changed. The
PDFs use the standard Helvetica fonts, which hold the Windows-1252 characters: others are refused.

The Markdown may hold headings, paragraphs, lists of one level and tables, with bold and italic.
"""

from __future__ import annotations

import io
import os
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import escape

import docx
from docx.document import Document as DocxDocument
from docx.oxml import OxmlElement
from docx.table import Table as DocxTable
from docx.text.paragraph import Paragraph as DocxParagraph
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from reportlab.lib import colors
from reportlab.lib.pagesizes import LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import inch
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    Flowable,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

SOURCES = Path(__file__).parent / "guides"
OUTPUT = Path(__file__).parent.parent / "corpus" / "colleges" / "guides"

REVIEWED = datetime(2026, 11, 20, tzinfo=UTC)
AUTHOR = "Groundskeeper"
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)

INK = colors.HexColor("#1f2933")
RULE = colors.HexColor("#9aa5b1")
HEADER_FILL = colors.HexColor("#e4ecec")
FRAME_PADDING = 12.0  # what reportlab keeps free inside the margins, left and right together


@dataclass(frozen=True)
class Guide:
    """One guide: its source is `tools/guides/NAME.md`, its result `NAME.FORMAT`."""

    name: str
    format: str
    subject: str


GUIDES = (
    Guide("grants-loans-and-work-study", "pdf", "Federal student aid and its limits, 2026–27"),
    Guide("comparing-aid-offers", "pdf", "How to compare financial aid offers, with an example"),
    Guide("glossary", "pdf", "Terms of college admission and financial aid"),
    Guide("reading-graduation-rates-and-earnings", "docx", "What the college figures count"),
    Guide("credit-by-exam", "docx", "AP, IB, CLEP and dual enrollment"),
)


@dataclass(frozen=True)
class Span:
    """A run of text in one style."""

    text: str
    bold: bool = False
    italic: bool = False


Spans = tuple[Span, ...]


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the title of the guide."""

    level: int
    spans: Spans


@dataclass(frozen=True)
class Prose:
    """A paragraph."""

    spans: Spans


@dataclass(frozen=True)
class Listing:
    """A bulleted or numbered list of one level."""

    ordered: bool
    items: tuple[Spans, ...]


@dataclass(frozen=True)
class Grid:
    """A table; the first row is its header."""

    rows: tuple[tuple[Spans, ...], ...]


Block = Heading | Prose | Listing | Grid


def plain(spans: Spans) -> str:
    """The text of the spans without style."""
    return "".join(span.text for span in spans)


# Markdown to blocks


def read_blocks(markdown: str) -> list[Block]:
    """Parse Markdown into the blocks that both writers know."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    return [read_block(node) for node in SyntaxTreeNode(tokens).children]


def read_block(node: SyntaxTreeNode) -> Block:
    """One top-level node as a block."""
    match node.type:
        case "heading":
            return Heading(int(node.tag[1:]), read_spans(node))
        case "paragraph":
            return Prose(read_spans(node))
        case "bullet_list" | "ordered_list":
            items = tuple(read_spans(item) for item in node.children)
            return Listing(node.type == "ordered_list", items)
        case "table":
            rows = [row for section in node.children for row in section.children]
            return Grid(tuple(tuple(read_spans(cell) for cell in row.children) for row in rows))
        case other:
            raise ValueError(f"line {(node.map or (0, 0))[0] + 1}: {other} is not supported")


def read_spans(node: SyntaxTreeNode) -> Spans:
    """All text below a node as styled spans."""
    return tuple(walk_spans(node, bold=False, italic=False))


def walk_spans(node: SyntaxTreeNode, *, bold: bool, italic: bool) -> Iterator[Span]:
    """Yield the spans below a node, in the style that it has so far."""
    for child in node.children:
        match child.type:
            case "text":
                yield Span(child.content, bold, italic)
            case "softbreak" | "hardbreak":
                yield Span(" ", bold, italic)
            case "strong":
                yield from walk_spans(child, bold=True, italic=italic)
            case "em":
                yield from walk_spans(child, bold=bold, italic=True)
            case "inline" | "paragraph":
                yield from walk_spans(child, bold=bold, italic=italic)
            case other:
                raise ValueError(f"{other} inside text is not supported")


# Blocks to PDF


def pdf_style(name: str, size: float, *, bold: bool = False, **extra: float) -> ParagraphStyle:
    """A paragraph style in Helvetica with comfortable leading."""
    font = "Helvetica-Bold" if bold else "Helvetica"
    return ParagraphStyle(
        name,
        fontName=font,
        fontSize=size,
        leading=size * 1.4,
        textColor=INK,
        allowWidows=0,
        allowOrphans=0,
        **extra,
    )


PDF_HEADINGS = {
    1: pdf_style("Heading1", 20, bold=True, spaceAfter=10),
    2: pdf_style("Heading2", 14, bold=True, spaceBefore=12, spaceAfter=4),
    3: pdf_style("Heading3", 12, bold=True, spaceBefore=8, spaceAfter=3),
}
PDF_BODY = pdf_style("Body", 10.5, spaceAfter=6)
PDF_ITEM = pdf_style("Item", 10.5, spaceAfter=2, leftIndent=18, bulletIndent=4)

PDF_TABLE = TableStyle(
    [
        ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 9.5),
        ("FONT", (0, 1), (-1, -1), "Helvetica", 9.5),
        ("TEXTCOLOR", (0, 0), (-1, -1), INK),
        ("BACKGROUND", (0, 0), (-1, 0), HEADER_FILL),
        ("GRID", (0, 0), (-1, -1), 0.5, RULE),
        ("TOPPADDING", (0, 0), (-1, -1), 4),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
    ]
)


class GuideCanvas(Canvas):
    """A canvas that ends no line after a string, so that a table row is extracted as one line."""

    def drawString(self, x: float, y: float, text: str, **options: object) -> None:  # noqa: N802
        """Draw the text at this point."""
        line = self.beginText(x, y)
        line.textOut(text)
        self.drawText(line)


class GuideTemplate(SimpleDocTemplate):
    """A document with numbered pages whose headings become its outline (a reader's bookmarks)."""

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 (reportlab's name)
        """Add a bookmark for each heading as it is placed."""
        style = getattr(flowable, "style", None)
        if not isinstance(style, ParagraphStyle) or not style.name.startswith("Heading"):
            return
        text = flowable.getPlainText()
        self.canv.bookmarkPage(text)
        self.canv.addOutlineEntry(text, text, level=int(style.name[-1]) - 1)

    def afterPage(self) -> None:  # noqa: N802
        """Write the page number at the foot, after the text also in the order of extraction."""
        self.canv.setFont("Helvetica", 9)
        self.canv.setFillColor(INK)
        self.canv.drawCentredString(LETTER[0] / 2, 0.5 * inch, f"Page {self.page}")


def pdf_text(spans: Spans) -> str:
    """Spans in reportlab's own markup."""
    parts = []
    for span in spans:
        text = escape(span.text)
        text = f"<b>{text}</b>" if span.bold else text
        parts.append(f"<i>{text}</i>" if span.italic else text)
    return "".join(parts)


def column_widths(rows: list[list[str]], width: float) -> list[float]:
    """Widths that give each column its longest text, and share out what is left of the page."""
    needed = [
        max(stringWidth(text, "Helvetica-Bold", 9.5) for text in column) + 14
        for column in zip(*rows, strict=True)
    ]
    spare = width - sum(needed)
    if spare < 0:
        raise ValueError(f"the table that starts with {rows[0][0]!r} is too wide for the page")
    return [column + spare / len(needed) for column in needed]


def pdf_block(block: Block, width: float) -> list[Flowable]:
    """One block as flowables for a page of this width."""
    match block:
        case Heading(level, spans):
            return [Paragraph(pdf_text(spans), PDF_HEADINGS[level])]
        case Prose(spans):
            return [Paragraph(pdf_text(spans), PDF_BODY)]
        case Listing(ordered, items):
            markers = [f"{n}." if ordered else "-" for n in range(1, len(items) + 1)]
            paragraphs = [
                Paragraph(pdf_text(item), PDF_ITEM, bulletText=marker)
                for marker, item in zip(markers, items, strict=True)
            ]
            return [*paragraphs, Spacer(1, 6)]
        case Grid(rows):
            cells = [[plain(cell) for cell in row] for row in rows]
            widths = column_widths(cells, width)
            return [Table(cells, widths, style=PDF_TABLE, repeatRows=1), Spacer(1, 12)]


def pdf_story(blocks: list[Block], width: float) -> Iterator[Flowable]:
    """The flowables; a heading, or a sentence ending in a colon, stays with what follows it."""
    waiting: list[Flowable] = []
    for block in blocks:
        flowables = pdf_block(block, width)
        introduces = isinstance(block, Prose) and plain(block.spans).endswith(":")
        if isinstance(block, Heading) or introduces:
            waiting += flowables
        elif waiting:
            yield KeepTogether([*waiting, flowables[0]])
            yield from flowables[1:]
            waiting = []
        else:
            yield from flowables


def build_pdf(guide: Guide, title: str, blocks: list[Block]) -> bytes:
    """The guide as a PDF of US Letter pages."""
    buffer = io.BytesIO()
    document = GuideTemplate(
        buffer,
        pagesize=LETTER,
        leftMargin=inch,
        rightMargin=inch,
        topMargin=0.9 * inch,
        bottomMargin=0.9 * inch,
        title=title,
        subject=guide.subject,
        author=AUTHOR,
        lang="en-US",
        invariant=1,
    )
    story = list(pdf_story(blocks, document.width - FRAME_PADDING))
    document.build(story, canvasmaker=GuideCanvas)
    return buffer.getvalue()


# Blocks to DOCX


def add_spans(paragraph: DocxParagraph, spans: Spans) -> None:
    """Append the spans to a paragraph as runs."""
    for span in spans:
        run = paragraph.add_run(span.text)
        run.bold = span.bold or None
        run.italic = span.italic or None


def add_grid(document: DocxDocument, grid: Grid) -> None:
    """Append a table whose first row is marked as its header."""
    table: DocxTable = document.add_table(len(grid.rows), len(grid.rows[0]), style="Table Grid")
    for cells, row in zip(table.rows, grid.rows, strict=True):
        for cell, spans in zip(cells.cells, row, strict=True):
            add_spans(cell.paragraphs[0], spans)
    for cell in table.rows[0].cells:
        for run in cell.paragraphs[0].runs:
            run.bold = True
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    document.add_paragraph()


def add_block(document: DocxDocument, block: Block) -> None:
    """Append one block."""
    match block:
        case Heading(level, spans):
            document.add_heading(plain(spans), level)
        case Prose(spans):
            add_spans(document.add_paragraph(), spans)
        case Listing(ordered, items):
            style = "List Number" if ordered else "List Bullet"
            for item in items:
                add_spans(document.add_paragraph(style=style), item)
        case Grid():
            add_grid(document, block)


def build_docx(guide: Guide, title: str, blocks: list[Block]) -> bytes:
    """The guide as a Word document."""
    if sum(isinstance(block, Listing) and block.ordered for block in blocks) > 1:
        raise ValueError(f"{guide.name}.md: Word would number all lists as one; keep to one")
    document = docx.Document()
    properties = document.core_properties
    properties.title = title
    properties.subject = guide.subject
    properties.author = AUTHOR
    properties.comments = ""
    properties.language = "en-US"
    properties.created = properties.modified = REVIEWED
    for block in blocks:
        add_block(document, block)
    buffer = io.BytesIO()
    document.save(buffer)
    return with_fixed_times(buffer.getvalue())


def with_fixed_times(archive: bytes) -> bytes:
    """The same ZIP archive with one date on every member, so that equal content is equal bytes."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(result, "w") as new:
        for member in old.infolist():
            info = zipfile.ZipInfo(member.filename, ZIP_EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, old.read(member))
    return result.getvalue()


# The command


def check_characters(name: str, markdown: str) -> None:
    """Refuse characters that the standard PDF fonts cannot show."""
    for number, line in enumerate(markdown.splitlines(), start=1):
        for character in line:
            try:
                character.encode("cp1252")
            except UnicodeEncodeError:
                raise ValueError(f"{name}.md line {number}: no glyph for {character!r}") from None


def build(guide: Guide) -> Path:
    """Build one guide and return the file written."""
    markdown = (SOURCES / f"{guide.name}.md").read_text(encoding="utf-8")
    blocks = read_blocks(markdown)
    if not blocks or not isinstance(blocks[0], Heading):
        raise ValueError(f"{guide.name}.md does not start with its title")
    title = plain(blocks[0].spans)
    if guide.format == "pdf":
        check_characters(guide.name, markdown)
        content = build_pdf(guide, title, blocks)
    else:
        content = build_docx(guide, title, blocks)
    target = OUTPUT / f"{guide.name}.{guide.format}"
    target.write_bytes(content)
    return target


def main() -> int:
    """Build every guide; print each file and its size."""
    os.environ["SOURCE_DATE_EPOCH"] = str(int(REVIEWED.timestamp()))  # the date inside the PDFs
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for guide in GUIDES:
        target = build(guide)
        print(f"{target.name}  {target.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
