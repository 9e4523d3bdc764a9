"""Plain text, CSV and encodings."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import DocumentError
from ingest.loaders.decoding import decode
from ingest.loaders.delimited_loader import load_csv, load_tsv, sniff_delimiter
from ingest.loaders.table_rows import looks_like_header, row_text, rows_as_text
from ingest.loaders.text_loader import load_text


def test_text_paragraphs_lists_and_wrapped_lines() -> None:
    wrapped = "A line that was wrapped by an editor at some width or other\nand goes on here."
    text = (
        f"{wrapped}\n \n12 Elm Street\nSpringfield\n\nBring:\n- a pen\n- paper,\n  lined\n2) cake"
    )
    kinds = [(block.kind, block.text) for block in load_text(text.encode(), "a").blocks]
    assert kinds == [
        ("paragraph", wrapped.replace("\n", " ")),
        ("paragraph", "12 Elm Street\nSpringfield"),
        ("paragraph", "Bring:"),
        ("list_item", "a pen"),
        ("list_item", "paper, lined"),
        ("list_item", "cake"),
    ]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_encodings_of_western_text(encoding: str) -> None:
    text = "Le café coûte 3 € à l’université, c’est déjà ça. Où est la bibliothèque ?"
    assert decode(text.encode(encoding), "a") == text


@pytest.mark.parametrize(
    "text",
    [
        "The student’s aid offer – see “net price” – costs £5.",
        "La matrícula para estudiantes está en línea: ¿cuánto cuesta el año?",
    ],
)
def test_short_western_text_is_not_taken_for_another_code_page(text: str) -> None:
    assert decode(text.encode("cp1252"), "a") == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Приёмная комиссия работает с понедельника по пятницу, кроме праздников. " * 4),
        ("shift_jis", "大学の学費についての案内です。詳しくは事務室までお問い合わせください。" * 4),
        ("gb18030", "本指南说明如何申请助学金以及需要提交哪些材料。请在截止日期前完成。" * 4),
    ],
)
def test_encodings_of_other_scripts(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding), "a") == text


def test_csv_rows_carry_their_columns() -> None:
    data = 'Part;Torque, Nm;Note\nBolt;"1,5";\n\nNut;2;"fits; all\nsizes"\nX;1;2;3\n'
    document = load_csv(data.encode(), "a.csv")
    assert document.text.split("\n") == [
        "Part: Bolt; Torque, Nm: 1,5",
        "Part: Nut; Torque, Nm: 2; Note: fits; all sizes",
        "Part: X; Torque, Nm: 1; Note: 2; 3",
    ]
    assert document.warnings == ("1 of 3 rows have more or fewer cells than the header.",)


def test_csv_without_a_header_and_tsv() -> None:
    assert load_csv(b"1,2\n3,4\n", "a").text == "1; 2\n3; 4"
    assert load_tsv(b"a, b\tc\n1\t2\n", "a").text == "a, b: 1; c: 2"


def test_csv_with_an_endless_cell_is_named() -> None:
    with pytest.raises(DocumentError, match=r"a\.csv is not a readable table"):
        load_csv(b'a,b\n"' + b"x" * 200_000, "a.csv")


@given(st.text(), st.text())
def test_csv_of_any_text_loads_or_is_refused(first: str, second: str) -> None:
    stream = io.StringIO()
    csv.writer(stream).writerows([["name", "value"], [first, second]])
    data = stream.getvalue().encode("utf-8", "ignore")
    try:
        load_csv(data, "a.csv")
    except DocumentError as error:
        assert "a.csv" in error.message


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found(delimiter: str) -> None:
    rows = [["name", "price, net", "note"], ["a", "1.5", "x"], ["b", "2", "y; z"]]
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    assert sniff_delimiter(stream.getvalue()) == delimiter


def test_one_column_has_no_delimiter_but_a_comma() -> None:
    assert sniff_delimiter("name\nanna\nbanana\n") == ","


def test_headers_are_recognised() -> None:
    assert looks_like_header([["Name", "Price"], ["a", "1"]])
    assert looks_like_header([["", "2025 rate", "2026 rate"], ["a", "1", "2"]])
    assert not looks_like_header([["Name", "Price"]])
    assert not looks_like_header([["1", "2"], ["3", "4"]])
    assert not looks_like_header([["Name", "$3,000"], ["b", "4"]])
    assert not looks_like_header([["x", "x"], ["3", "4"]])
    assert not looks_like_header([["✁", "✂"], ["3", "4"]])
    assert not looks_like_header([["1: Robin", "seed"], ["2: Wren", "none"]])
    assert looks_like_header([["Bird", "Food"], ["2: Wren", "none"]])


def test_rows_of_headers_only_are_not_lost() -> None:
    assert list(rows_as_text([["Name", "Price"]], 1)) == ["Name; Price"]
    assert row_text(["Name:", ""], ["a", "b", "c"]) == "Name: a; b; c"
