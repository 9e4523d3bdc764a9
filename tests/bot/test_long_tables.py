"""Tables of hundreds of rows with the answers in cells: the retriever finds the cell.

Laid out as the Common Data Set is, with made-up colleges and figures: one college in each format.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from html import escape
from itertools import product
from pathlib import Path
from random import Random

import docx
import openpyxl  # type: ignore[import-untyped]
import pytest
from reportlab.lib import colors
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from bot.retriever import HybridRetriever
from ingest.embeddings import make_embeddings
from tests.packs import Pack, end_vector_servers

HEADER = ("Item", "Question", "Group", "Answer")
Row = tuple[str, str, str, str]
Sections = dict[str, list[Row]]
COLLEGES = {
    "csv": "Ashdown College",
    "xlsx": "Birchwood College",
    "docx": "Caldmore College",
    "html": "Dunmere College",
    "pdf": "Elmstead College",
}
# The words of the question, and which cell answers it: item and group.
QUESTIONS = [
    ("How many first-year applicants did {} admit?", "C1 admitted", "All"),
    ("How many women applied to {} as first-year students?", "C1 applied", "Women"),
    ("How many men enrolled full-time as first-year students at {}?", "C1 enrolled", "Men"),
    ("How many transfer applicants did {} admit?", "D2 admitted", "All"),
    ("What is the application fee of {}?", "C13", "All"),
    ("What share of first-year students at {} were in the top tenth of their class?", "C10", "All"),
    ("How many bachelor's degrees in nursing did {} confer?", "J nursing", "Bachelor's"),
    ("What does {} charge for room and board?", "G1 room", "Undergraduates"),
    ("How many class sections with 20 to 29 students does {} have?", "I3 20-29", "Class sections"),
    ("How many members of the instructional faculty at {} are part-time?", "I1 part-time", "All"),
]
SUBJECTS = (
    "agriculture", "architecture", "area studies", "biology", "business", "chemistry",
    "communication", "computer science", "economics", "education", "engineering", "English",
    "foreign languages", "geology", "health services", "history", "law", "library science",
    "mathematics", "music", "nursing", "philosophy", "physics", "psychology", "public policy",
    "sociology", "statistics", "theatre", "theology", "veterinary science", "accounting",
    "anthropology", "art history", "astronomy", "aviation", "criminology", "dance", "design",
    "film", "forestry", "geography", "hospitality", "journalism", "linguistics", "marketing",
    "meteorology",
    "nutrition", "pharmacy", "photography", "political science", "public health", "social work",
    "tourism",
)  # fmt: skip


def made_up(seed: int) -> Sections:
    """Some 400 rows, each with a figure of its own."""
    random = Random(seed)
    figures = iter(random.sample(range(1_000, 99_999), 800))

    def row(item: str, question: str, group: str = "All") -> Row:
        return item, question, group, f"{next(figures):,}"

    people = ("All", "Men", "Women", "Another gender")
    steps = {
        "applied": "applied",
        "admitted": "were admitted",
        "enrolled": "enrolled full-time",
        "part-time": "enrolled part-time",
    }
    bands = ("2-9", "10-19", "20-29", "30-39", "40-49", "50-99", "100 and more")
    return {
        "B. Enrollment and persistence": [
            row(f"B1 {year} {load}", f"{year} students, {load}", group)
            for year, load, group in product(
                ("First-year", "Other undergraduate", "Graduate"),
                ("full-time", "part-time"),
                people,
            )
        ],
        "C. First-time, first-year admission": [
            *(
                row(f"C1 {key}", f"First-time, first-year applicants who {said}", group)
                for (key, said), group in product(steps.items(), people)
            ),
            row("C10", "Percent of first-year students in the top tenth of their class"),
            row("C10 quarter", "Percent of first-year students in the top quarter of their class"),
            row("C13", "Application fee in dollars"),
            row("C14", "Day of the application deadline"),
        ],
        "D. Transfer admission": [
            row(f"D2 {key}", f"Transfer applicants who {said}", group)
            for (key, said), group in product(steps.items(), people)
        ],
        "G. Annual expenses": [
            row(f"G1 {key}", said, group)
            for (key, said), group in product(
                {
                    "tuition": "Tuition",
                    "fees": "Required fees",
                    "room": "Room and board (food and housing)",
                    "books": "Books and supplies",
                    "transport": "Transportation",
                }.items(),
                ("First-year students", "Undergraduates"),
            )
        ],
        "I. Instructional faculty and class size": [
            *(
                row(f"I1 {load}", f"Instructional faculty, {load}", group)
                for load, group in product(("full-time", "part-time"), people)
            ),
            *(
                row(f"I3 {band}", f"Undergraduate {kind.lower()} with {band} students", kind)
                for band, kind in product(bands, ("Class sections", "Class subsections"))
            ),
        ],
        "J. Degrees conferred": [
            row(f"J {subject}", f"Degrees conferred in {subject}", degree)
            for subject, degree in product(
                SUBJECTS, ("Certificate", "Associate", "Bachelor's", "Master's", "Doctor's")
            )
        ],
        "H. Financial aid": [
            row(f"H2 {letter} {group}", f"Students who {said} ({letter})", group)
            for (letter, said), group in product(
                zip(
                    "abcdefghijklmno",
                    (
                        "are enrolled", "applied for need-based aid", "had financial need",
                        "were awarded any aid", "were awarded a scholarship or grant",
                        "were awarded self-help aid", "had need fully met", "got a package",
                        "got an average grant", "got an average loan", "had no need and got aid",
                        "were awarded an athletic grant", "borrowed from any program",
                        "borrowed from federal programs", "borrowed from private lenders",
                    ),
                    strict=True,
                ),
                ("First-year full-time", "All full-time", "Less than full-time"),
            )
        ],
    }  # fmt: skip


def cells(title: str, sections: Sections) -> Iterator[list[str]]:
    yield [title, "", "", ""]
    yield list(HEADER)
    for name, rows in sections.items():
        yield [""] * 4
        yield [name, "", "", ""]
        yield from map(list, rows)


def as_csv(title: str, sections: Sections) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, delimiter=";").writerows(cells(title, sections))
    return stream.getvalue().encode("cp1252")


def as_xlsx(title: str, sections: Sections) -> bytes:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in cells(title, sections):
        figure = row[3].replace(",", "")
        sheet.append([*row[:3], int(figure) if figure.isdecimal() else row[3]])
        if row[0] and not any(row[1:]):
            sheet.merge_cells(f"A{sheet.max_row}:D{sheet.max_row}")
        sheet.cell(sheet.max_row, 4).number_format = "#,##0"
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def as_docx(title: str, sections: Sections) -> bytes:
    document = docx.Document()
    document.add_heading(title, 1)
    for name, rows in sections.items():
        document.add_heading(name, 2)
        table = document.add_table(0, len(HEADER))
        # One by one python-docx takes seconds for as many cells.
        for row in (HEADER, *rows):
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def as_html(title: str, sections: Sections) -> bytes:
    parts = [f"<!doctype html><title>{title}</title><nav>Home</nav><main><h1>{title}</h1>"]
    for name, rows in sections.items():
        parts.append(f"<h2>{escape(name)}</h2><table>")
        parts.append("<tr>" + "".join(f"<th>{cell}</th>" for cell in HEADER) + "</tr>")
        parts += ["<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in rows]
        parts.append("</table>")
    return "".join([*parts, "</main>"]).encode()


def as_pdf(title: str, sections: Sections) -> bytes:
    styles = getSampleStyleSheet()
    story = [Paragraph(title, styles["Title"])]
    style = [("GRID", (0, 0), (-1, -1), 1, colors.black), ("FONTSIZE", (0, 0), (-1, -1), 8)]
    style.append(("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold"))
    for name, rows in sections.items():
        story.append(Paragraph(escape(name), styles["Heading2"]))
        story.append(Table([HEADER, *rows], style=style, repeatRows=1))
    stream = io.BytesIO()
    SimpleDocTemplate(stream, title=title).build(story)
    return stream.getvalue()


WRITERS = {"csv": as_csv, "xlsx": as_xlsx, "docx": as_docx, "html": as_html, "pdf": as_pdf}


@pytest.fixture(scope="module")
def tables() -> dict[str, Sections]:
    return {kind: made_up(seed) for seed, kind in enumerate(COLLEGES)}


@pytest.fixture(scope="module")
def indexed(
    tables: dict[str, Sections], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pack]:
    root = tmp_path_factory.mktemp("tables")
    yield made_pack(root, tables)
    end_vector_servers(root)


def made_pack(root: Path, tables: dict[str, Sections]) -> Pack:
    pack = Pack.make(root)
    for kind, sections in tables.items():
        title = f"{COLLEGES[kind]}: Common Data Set 2025-2026"
        pack.write(f"{kind}-table.{kind}", WRITERS[kind](title, sections))
    assert not pack.reindex(make_embeddings(pack.settings)).failed
    return pack


def missed(pack: Pack, kind: str, sections: Sections) -> list[tuple[str, str]]:
    """Return the questions, with their answers, that the first four passages do not answer."""
    found = []
    cells = {(row[0], row[2]): row[3] for rows in sections.values() for row in rows}
    with pack.index(make_embeddings(pack.settings)) as index, index.snapshot() as snapshot:
        for question, item, group in QUESTIONS:
            figure = cells.get((item, group))
            hits = HybridRetriever(index).search(snapshot, question.format(COLLEGES[kind]), 4)
            if figure and not any(figure in hit.chunk.text for hit in hits):
                found.append((question, figure))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", COLLEGES)
def test_the_cell_is_among_the_first_four_passages(
    kind: str, indexed: Pack, tables: dict[str, Sections]
) -> None:
    assert sum(len(rows) for rows in tables[kind].values()) > 400
    assert len(missed(indexed, kind, tables[kind])) <= len(QUESTIONS) // 10


def test_the_cells_of_a_short_table_are_found(tmp_path: Path) -> None:
    tables = {"xlsx": {k: rows for k, rows in made_up(9).items() if k[0] in "CDG"}}
    assert not missed(made_pack(tmp_path, tables), "xlsx", tables["xlsx"])
    end_vector_servers(tmp_path)
