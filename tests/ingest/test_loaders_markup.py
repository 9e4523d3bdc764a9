"""HTML, Markdown and Word documents."""

from __future__ import annotations

import io

import docx
import pytest
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn

from ingest.documents import LoadedDocument
from ingest.errors import DocumentError
from ingest.loaders.docx_loader import load_docx
from ingest.loaders.html_loader import load_html
from ingest.loaders.markdown_loader import load_markdown

PAGE = """<!doctype html><html><head><title>Paying | Example</title>
<meta name="Reviewed" content="2026-11"><style>p {}</style></head><body>
<header>Site name</header><nav><ul><li>Home</li></ul></nav>
<h1>Paying</h1><p>First <b>bold</b> text<br>second line</p>
<div>Loose text<p hidden>secret</p><p style="display: NONE">secret</p></div>
<ul><li>one<ul><li>nested</li></ul></li><li><p>two</p></li></ul>
<ol start="3"><li>step</li><li>next step</li></ol>
<table><caption>Prices</caption>
<tr><th rowspan="2">Kind</th><th colspan="2">Price</th></tr><tr><th>In</th><th>Out</th></tr>
<tr><td rowspan="2">Big</td><td>$1</td><td>$2</td></tr><tr><td>$3</td><td></td></tr></table>
<form><input><p>Subscribe</p></form><aside>Advert</aside><script>evil()</script>
<pre>a
  b</pre><footer>Imprint</footer></body></html>"""


def outline(document: LoadedDocument) -> list[tuple[str, str]]:
    names = {"heading": "h", "paragraph": "p", "list_item": "-", "table_row": "|"}
    return [(names[b.kind] + (str(b.level) if b.level else ""), b.text) for b in document.blocks]


def test_html_keeps_the_content_and_leaves_the_rest() -> None:
    document = load_html(PAGE.encode(), "a.html")
    assert document.title == "Paying"
    assert document.vintage == "2026-11"
    assert outline(document) == [
        ("h1", "Paying"),
        ("p", "First bold text\nsecond line"),
        ("p", "Loose text"),
        ("-", "one"),
        ("-", "nested"),
        ("-", "two"),
        ("-", "3. step"),
        ("-", "4. next step"),
        ("p", "Prices"),
        ("|", "Kind: Big; Price In: $1; Price Out: $2"),
        ("|", "Kind: Big; Price In: $3"),
        ("p", "a\nb"),
    ]


def test_html_prefers_main_and_keeps_its_header() -> None:
    page = b"<body><p>before</p><main><header><h1>T</h1></header><p>in</p></main></body>"
    assert load_html(page, "a").text == "T\n\nin"


def test_html_inside_one_form_is_read_all_the_same() -> None:
    assert load_html(b"<body><form><p>All of it</p></form>", "a").text == "All of it"


def test_html_layout_tables_are_read_as_blocks() -> None:
    page = b"<table><tr><td><h2>Head</h2><p>Text</p></td><td>Side</td></tr></table>"
    assert outline(load_html(page, "a")) == [("h2", "Head"), ("p", "Text"), ("p", "Side")]


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "utf-8", "shift_jis"])
def test_html_declares_its_encoding(encoding: str) -> None:
    text = "日本" if encoding == "shift_jis" else "café"
    page = f'<html><head><meta charset="{encoding}"></head><p>{text}</p>'
    assert load_html(page.encode(encoding), "a").text == text


def test_html_nested_without_end_does_not_overflow() -> None:
    assert load_html(b"<div>" * 20_000 + b"deep", "a").text == "deep"
    assert load_html(b"<ul><li>" * 3_000 + b"deep", "a").text == "deep"


def test_html_spans_are_bounded() -> None:
    page = b"<table><tr><th>a<th>b</tr><tr><td colspan=9999999 rowspan=9999999>x</table>"
    assert len(load_html(page, "a").text) < 1000


def test_html_text_that_looks_like_markup_stays_text() -> None:
    assert load_html(b"<p>&lt;script&gt;alert(1)&lt;/script&gt;", "a").text == (
        "<script>alert(1)</script>"
    )


MARKDOWN = """---
title: "A: guide"
reviewed: 2026-11-05
sources: [one, two]
---
Intro *with* [a link](http://example.org) and ![a picture](x.png)
on two lines.

Setext
------

- item `code`

  its second paragraph
- [x] other
    1. nested

| A | B |
|---|---|
| 1 | x \\| y |
|   | z |

```
# not a heading
  code
```

> quoted

<table><tr><th>C<th>D<tr><td>3<td>4</table>
"""


def test_markdown_structure_and_front_matter() -> None:
    document = load_markdown(MARKDOWN.replace("\n", "\r\n").encode(), "a.md")
    assert document.title == "A: guide"
    assert document.vintage == "2026-11-05"
    assert outline(document) == [
        ("p", "Intro with a link and a picture on two lines."),
        ("h2", "Setext"),
        ("-", "item code"),
        ("-", "its second paragraph"),
        ("-", "[x] other"),
        ("-", "1. nested"),
        ("|", "A: 1; B: x | y"),
        ("|", "B: z"),
        ("p", "# not a heading\ncode"),
        ("p", "quoted"),
        ("|", "C: 3; D: 4"),
    ]


@pytest.mark.parametrize("front", ["a: [", "a: &x [*x", "? {", "!!python/object:os.system {}"])
def test_markdown_with_broken_front_matter_is_named(front: str) -> None:
    with pytest.raises(DocumentError, match=r"front matter of a\.md is not valid YAML"):
        load_markdown(f"---\n{front}\n---\ntext".encode(), "a.md")


def test_markdown_rules_at_the_top_are_no_front_matter() -> None:
    document = load_markdown(b"---\njust words\n---\n\ntext", "a.md")
    assert "just words" in document.text
    assert "text" in document.text


def test_markdown_first_heading_is_the_title() -> None:
    assert load_markdown(b"## Two\n\n# One\n\ntext", "a.md").title == "One"


def test_markdown_nested_deep_is_read() -> None:
    assert load_markdown(b"> " * 30 + b"x", "a.md").text == "x"


@pytest.mark.parametrize("hostile", [b"> " * 3000, b"[" * 20_000, b"*a **b " * 2000, b"- " * 3000])
def test_markdown_nested_without_end_is_read_or_refused(hostile: bytes) -> None:
    try:
        assert load_markdown(hostile + b"x", "a.md").text.endswith("x")
    except DocumentError as error:
        assert error.message == "a.md is nested too deeply to be read as Markdown."


def word_file() -> docx.document.Document:
    document = docx.Document()
    document.core_properties.title = "Credit by exam"
    document.add_paragraph("Front", style="Title")
    document.add_heading("First", 1)
    document.add_paragraph("Body text.")
    document.add_paragraph("bullet", style="List Bullet")
    document.add_paragraph("Contents line 3", style=toc_style(document))
    table = document.add_table(rows=3, cols=2)
    for row, texts in zip(table.rows, (("Exam", "Fee"), ("AP", "$99"), ("IB", "")), strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    document.add_heading("Second", 2)
    document.add_paragraph("After the table.")
    return document


def toc_style(document: docx.document.Document) -> docx.styles.style.BaseStyle:
    return document.styles.add_style("toc 1", docx.enum.style.WD_STYLE_TYPE.PARAGRAPH)


def saved(document: docx.document.Document) -> LoadedDocument:
    stream = io.BytesIO()
    document.save(stream)
    return load_docx(stream.getvalue(), "a.docx")


def test_docx_in_document_order() -> None:
    document = saved(word_file())
    assert document.title == "Credit by exam"
    assert outline(document) == [
        ("h1", "Front"),
        ("h1", "First"),
        ("p", "Body text."),
        ("-", "bullet"),
        ("|", "Exam: AP; Fee: $99"),
        ("|", "Exam: IB"),
        ("h2", "Second"),
        ("p", "After the table."),
    ]


def test_docx_reads_links_insertions_and_content_controls_but_no_deletions() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Kept ")
    ns = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    for xml in (
        "<w:ins {}><w:r><w:t>added</w:t></w:r></w:ins>",
        "<w:del {}><w:r><w:delText>gone</w:delText></w:r></w:del>",
        "<w:hyperlink {}><w:r><w:t xml:space='preserve'> linked</w:t></w:r></w:hyperlink>",
    ):
        paragraph._p.append(parse_xml(xml.format(ns)))
    inner = "<w:sdt {}><w:sdtContent><w:p><w:r><w:t>in a control</w:t></w:r></w:p></w:sdtContent>"
    document.element.body.insert(1, parse_xml(inner.format(ns) + "</w:sdt>"))
    assert saved(document).text == "Kept added linked\n\nin a control"


def test_docx_framed_text_is_no_table_and_numbered_paragraphs_are_items() -> None:
    document = docx.Document()
    document.add_table(rows=1, cols=1).cell(0, 0).text = "A box"
    paragraph = document.add_paragraph("numbered")
    numbering = OxmlElement("w:numPr")
    numbering.append(OxmlElement("w:numId"))
    numbering[0].set(qn("w:val"), "1")
    paragraph._p.get_or_add_pPr().append(numbering)
    assert outline(saved(document)) == [("p", "A box"), ("-", "numbered")]


def test_docx_title_of_a_template_is_no_title() -> None:
    document = docx.Document()
    document.core_properties.title = "Word Document"
    document.add_heading("Real title", 1)
    assert saved(document).title == "Real title"
