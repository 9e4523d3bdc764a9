"""PDF: pages drawn by reportlab, and layouts given line by line."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from reportlab.lib import colors
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    Flowable,
    ListFlowable,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
)

from ingest.documents import LoadedDocument
from ingest.errors import DocumentError, EncryptedDocument
from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.limits import USUAL_LIMITS, Limits
from ingest.loaders.pdf_layout import add_lines
from ingest.loaders.pdf_lines import Line
from ingest.loaders.pdf_loader import load_pdf
from ingest.loaders.pdf_tables import named_columns

STYLES = getSampleStyleSheet()
BODY = "The aid office reads every form that arrives before the date and answers each by post. "


def body(text: str) -> Paragraph:
    return Paragraph(text, STYLES["BodyText"])


def built(
    story: list[Flowable], title: str = "", footer: str = "", limits: Limits = USUAL_LIMITS
) -> LoadedDocument:
    def draw_footer(canvas: Canvas, document: Any) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.drawString(72, 30, footer)
        canvas.drawRightString(520, 30, f"Page {document.page}")

    stream = io.BytesIO()
    on_page: Callable[[Canvas, Any], None] = draw_footer if footer else lambda *_: None
    template = SimpleDocTemplate(stream, title=title)
    template.build(story, onFirstPage=on_page, onLaterPages=on_page)
    return load_pdf(stream.getvalue(), "a.pdf", limits)


def outline(document: LoadedDocument) -> list[tuple[str, str]]:
    names = {"heading": "h", "paragraph": "p", "list_item": "-", "table_row": "|"}
    return [(names[b.kind] + (str(b.level) if b.level else ""), b.text) for b in document.blocks]


def table(rows: list[list[Any]], **options: Any) -> Table:
    style = [
        ("GRID", (0, 0), (-1, -1), 1, colors.black),
        ("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold"),
    ]
    return Table(rows, style=style, **options)


def test_headings_paragraphs_lists_and_tables() -> None:
    document = built(
        [
            Paragraph("Comparing offers", STYLES["Title"]),
            body(BODY * 4),
            Paragraph("What to do", STYLES["Heading2"]),
            body("Do this:"),
            ListFlowable([body("first " + BODY * 2), body("second")], bulletType="bullet"),
            ListFlowable([body("count"), body("compare")], bulletType="1", bulletFormat="%s."),
            Paragraph("Prices", STYLES["Heading2"]),
            table([["Kind", "In state", "Out"], ["Big", "$1", "$2"], ["Small", "", "$4"]]),
            Spacer(1, 12),
            body("After the table."),
        ]
    )
    assert document.title == "Comparing offers"
    assert document.pages == 1
    assert outline(document) == [
        ("h1", "Comparing offers"),
        ("p", (BODY * 4).strip()),
        ("h2", "What to do"),
        ("p", "Do this:"),
        ("-", "first " + (BODY * 2).strip()),
        ("-", "second"),
        ("-", "1. count"),
        ("-", "2. compare"),
        ("h2", "Prices"),
        ("|", "Kind: Big; In state: $1; Out: $2"),
        ("|", "Kind: Small; Out: $4"),
        ("p", "After the table."),
    ]


def test_table_cells_of_several_lines_and_a_header_repeated_over_pages() -> None:
    rows: list[list[Any]] = [[body("<b>Question</b>"), body("<b>Answer</b>")]]
    rows += [[body(f"Question number {i} " + BODY), body("Yes " + BODY)] for i in range(30)]
    document = built([table(rows, colWidths=[150, 250], repeatRows=1)])
    assert document.pages is not None and document.pages > 1
    expected = f"Question: Question number 7 {BODY.strip()}; Answer: Yes {BODY.strip()}"
    assert len(document.blocks) == 30
    assert document.blocks[7].text == expected
    assert document.blocks[-1].page == document.pages


def test_running_lines_go_and_sentences_go_on_over_the_page() -> None:
    story: list[Flowable] = [body((BODY.strip()[:-1] + ", and ") * 90 + "then it ends.")]
    story += [PageBreak(), body("A last page.")]
    document = built(story, title="Report", footer="Confidential draft")
    assert document.pages == 3
    assert document.title == "Report"
    assert "Confidential" not in document.text
    assert "Page" not in document.text
    assert [block.page for block in document.blocks] == [1, 3]
    assert document.blocks[0].text.endswith("then it ends.")


def test_metadata_that_programs_write_is_no_title() -> None:
    for title in ("(anonymous)", "Untitled", "report_final.docx", "Microsoft Word - Report.doc"):
        story = [Paragraph("Heading", STYLES["Title"]), body(BODY)]
        assert built(story, title=title).title == "Heading"


def test_pages_without_text_are_counted() -> None:
    stream = io.BytesIO()
    canvas = Canvas(stream)
    canvas.drawString(72, 700, "Words")
    for _ in range(3):
        canvas.showPage()
        canvas.rect(100, 100, 50, 50)
    canvas.save()
    document = load_pdf(stream.getvalue(), "a.pdf")
    (warning,) = document.warnings
    assert warning.startswith("Pages 2-4 hold no text (")


def test_one_broken_page_does_not_cost_the_others() -> None:
    stream = io.BytesIO()
    canvas = Canvas(stream, pageCompression=0)
    for text in ("First page", "Second page"):
        canvas.drawString(72, 700, text)
        canvas.showPage()
    canvas.save()
    data = stream.getvalue().replace(b"(Second page) Tj", b"(Second page] Tj", 1)
    document = load_pdf(data, "a.pdf")
    assert "First page" in document.text
    assert document.pages == 2


def test_too_many_pages_are_refused() -> None:
    with pytest.raises(DocumentError, match="has 2 pages, more than the 1"):
        built([body("a"), PageBreak(), body("b")], limits=Limits(pages=1))


def test_an_owner_password_alone_does_not_lock() -> None:
    from reportlab.lib.pdfencrypt import StandardEncryption

    stream = io.BytesIO()
    canvas = Canvas(stream, encrypt=StandardEncryption("", "owner", canCopy=0, strength=40))
    canvas.drawString(72, 700, "Words")
    canvas.save()
    assert load_pdf(stream.getvalue(), "a.pdf").text == "Words"


# --- layouts line by line -------------------------------------------------------------------------


def laid_out(*lines: Line) -> list[tuple[str, str]]:
    pages: dict[int, list[Line]] = {}
    for line in lines:
        pages.setdefault(line.page, []).append(line)
    builder = DocumentBuilder("application/pdf")
    add_lines(builder, [pages.get(number, []) for number in range(1, max(pages) + 1)])
    return outline(builder.build(""))


def column(*texts: str, x: float = 72, y: float = 700, page: int = 1) -> list[Line]:
    return [Line(text, page, x, y - 12 * i, 10) for i, text in enumerate(texts)]


def test_words_parted_at_line_ends_become_whole() -> None:
    lines = column(
        "This finan-", "cial form is a well-", "known one, a well-known form of 2025-", "26 for all"
    )
    expected = "This financial form is a well-known one, a well-known form of 2025-26 for all"
    assert laid_out(*lines) == [("p", expected)]


def test_two_columns_are_no_table() -> None:
    left = column(*[f"left line {i} goes on" for i in range(20)])
    right = column(*[f"right line {i} goes on" for i in range(20)], x=320)
    kinds = [kind for kind, _ in laid_out(*left, *right)]
    assert set(kinds) == {"p"}


def test_a_table_drawn_after_the_rest_does_not_take_the_last_line_for_a_cell() -> None:
    rows = [
        Line(text, 1, x, y, 10)
        for y, row in ((700, ("Bird", "Weight")), (688, ("Wren", "9")), (676, ("Robin", "18")))
        for x, text in zip((300, 400), row, strict=True)
    ]
    assert laid_out(*column("The last line of the page", y=60), *rows) == [
        ("p", "The last line of the page"),
        ("|", "Bird: Wren; Weight: 9"),
        ("|", "Bird: Robin; Weight: 18"),
    ]


def test_a_digit_that_an_editor_drew_later_stays_with_its_figure() -> None:
    stream = io.BytesIO()
    canvas = Canvas(stream)
    canvas.setFont("Helvetica", 11)
    canvas.drawString(72, 700, "The difference is $ 3,23")
    canvas.drawString(72, 680, "and this is the next line of the paragraph,")
    end = 72 + canvas.stringWidth("The difference is $ 3,23", "Helvetica", 11)
    canvas.drawString(end, 700, "5")
    canvas.drawString(end + 3 * 11, 700, "apart")
    canvas.save()
    found = [text for _, text in outline(load_pdf(stream.getvalue(), "a.pdf"))]
    assert "The difference is $ 3,235" in " ".join(found)
    assert "5apart" not in " ".join(found)


def test_a_footnote_keeps_its_first_letter_and_stands_alone() -> None:
    stream = io.BytesIO()
    canvas = Canvas(stream)
    canvas.setFont("Helvetica", 11)
    for i in range(6):
        canvas.drawString(72, 700 - 13 * i, "This is the text of the page, and it goes on and on")
    notes = ("These birds are counted in winter.", "Those are counted by whoever sees them.")
    for i, note in enumerate(notes):
        canvas.setFont("Helvetica", 6.5)
        canvas.drawString(72, 103.5 - 12 * i, f"{i + 1} ")
        canvas.setFont("Helvetica", 10)
        canvas.drawString(78, 100 - 12 * i, note)
    canvas.save()
    found = outline(load_pdf(stream.getvalue(), "a.pdf"))
    assert found[-2:] == [("p", f"{i} {note}") for i, note in enumerate(notes, start=1)]


def test_letters_torn_off_by_kerning_are_put_back() -> None:
    lines = column(
        *["these high rates in these high tables"] * 6, "T hese h igh rates i n plan B end"
    )
    ((_, text),) = laid_out(*lines)
    assert text.endswith("These high rates in plan B end")


def test_a_table_of_contents_is_left_out() -> None:
    lines = [*column("Contents", "About ......... 2", "Data ........... 3", "Notes ......... 4")]
    lines += column("The text.", page=2)
    assert laid_out(*lines) == [("p", "The text.")]


def test_a_document_of_contents_alone_is_kept() -> None:
    lines = column("About ......... 2", "Data ........... 3", "Notes ......... 4")
    assert "About" in laid_out(*lines)[0][1]


def test_a_bold_line_by_itself_is_a_heading_below_the_larger_ones() -> None:
    lines = [
        Line("Big", 1, 72, 740, 16, True),
        *column("Text one goes here and is long enough.", y=700),
        Line("Small heading", 1, 72, 670, 10, True),
        *column("Text two goes here and is long enough.", y=656),
    ]
    assert [kind for kind, _ in laid_out(*lines)] == ["h1", "p", "h2", "p"]


def test_footnotes_do_not_part_a_sentence_from_its_end() -> None:
    lines = [
        *column("The rate counts all students who", "entered in one year and who later"),
        Line("1 A footnote in small print.", 1, 72, 100, 8),
        *column("left or stayed at the same place.", page=2),
    ]
    assert laid_out(*lines) == [
        (
            "p",
            "The rate counts all students who entered in one year and who later "
            "left or stayed at the same place.",
        ),
        ("p", "1 A footnote in small print."),
    ]


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256"])
def test_a_locked_pdf_is_opened_by_a_password_of_the_settings(algorithm: str) -> None:
    from pypdf import PdfReader, PdfWriter

    plain, locked = io.BytesIO(), io.BytesIO()
    canvas = Canvas(plain)
    canvas.drawString(72, 700, "Words behind a password")
    canvas.save()
    writer = PdfWriter(clone_from=PdfReader(plain))
    writer.encrypt("secret", "owner", algorithm=algorithm)
    writer.write(locked)
    with pytest.raises(EncryptedDocument, match="none of those in document_passwords"):
        load_pdf(locked.getvalue(), "a.pdf", Limits(passwords=("wrong",)))
    document = load_pdf(locked.getvalue(), "a.pdf", Limits(passwords=("wrong", "secret")))
    assert document.text == "Words behind a password"


def in_row(y: float, *cells: tuple[str, float]) -> list[Line]:
    """Cells of 40 points around their middles; numbers and names alike."""
    return [Line(text, 1, x - 20, y, 10, end=x + 20) for text, x in cells]


def rows_below(*header: Line) -> list[str]:
    rows = [("Men", 700, "12", "15", "31"), ("Women", 685, "14", "16", "35")]
    lines = [Line("Some words about the table that follows, as they stand.", 1, 72, 790, 10)]
    lines += header
    for who, y, *cells in rows:
        lines.append(Line(who, 1, 72, float(y), 10, end=110.0))
        lines += in_row(float(y), *zip(cells, (200.0, 300.0, 400.0), strict=True))
    builder = DocumentBuilder("application/pdf")
    add_lines(builder, [lines])
    return [block.text for block in builder.build("t").blocks if block.kind == "table_row"]


def test_a_header_of_several_lines_in_each_cell_names_the_columns() -> None:
    header = [
        *in_row(730, ("25th", 200)),
        *in_row(718, ("Percentile", 200)),
        *in_row(730, ("50th", 300)),
        *in_row(718, ("Percentile", 300)),
        *in_row(718, ("Mean", 400)),
    ]
    assert rows_below(*header)[0] == "Men; 25th Percentile: 12; 50th Percentile: 15; Mean: 31"


def names(*header: Line) -> list[str]:
    """What a header says of columns 40 points wide, whose middles are at 20, 120, 220 and so on."""
    spans = [(100.0 * i, 100.0 * i + 40) for i in range(5)]
    return [" ".join(line.text for line in lines) for lines in named_columns(header, spans)]


def test_names_over_equal_groups_of_columns_name_each_of_their_group() -> None:
    header = [*in_row(730, ("Full-time", 170), ("Part-time", 370))]
    header += in_row(715, ("Men", 120), ("Women", 220), ("Men", 320), ("Women", 420))
    men_and_women = [f"{time}-time {who}" for time in ("Full", "Part") for who in ("Men", "Women")]
    assert names(*header) == ["", *men_and_women]


def test_a_name_that_may_be_one_columns_is_not_stretched_to_others() -> None:
    header = [*in_row(730, ("Years", 120), ("Rates", 320)), *in_row(715, ("6", 120), ("8", 220))]
    assert names(*header) == ["", "Years 6", "8", "Rates", ""]


def test_a_paragraph_above_a_table_names_nothing() -> None:
    wide = Line("A line as wide as the table, right above it.", 1, 72, 715, 10, end=420)
    assert rows_below(wide)[0] == "Men; 12; 15; 31"
