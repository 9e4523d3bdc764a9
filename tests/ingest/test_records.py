from __future__ import annotations

from pathlib import Path

import openpyxl  # type: ignore[import-untyped]
import pytest
import sqlalchemy as sa

from ingest.domain import FieldCard, TableCard
from ingest.errors import DocumentError
from ingest.record_text import display, record_chunk
from ingest.records import read_records, record_table, value_column

CARD = TableCard.model_validate(
    {
        "name": "birds",
        "file": "birds.csv",
        "entity": "bird",
        "entity_plural": "birds",
        "name_column": "name",
        "key_column": "id",
        "alias_column": "aliases",
        "label_fields": ["family"],
        "fields": [
            {
                "key": "family",
                "label": "Family",
                "type": "category",
                "values": {"T": ["thrushes"]},
            },
            {"key": "price", "label": "Price", "type": "money"},
            {"key": "seen", "label": "Seen", "type": "count"},
        ],
    }
)
HEADER = "id,name,aliases,family,price,seen\n"


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "birds.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_cells_are_typed_and_rows_are_counted_as_a_spreadsheet_does(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + '1,Robin,Redbreast; R,T,"$1,200.50",12\n2,Wren,,T,,NULL\n')
    records, warnings = read_records(path, "birds.csv", CARD)
    assert not warnings
    robin, wren = records
    assert (robin.row, robin.aliases) == (2, ("Redbreast", "R"))
    assert robin.values == {"family": "T", "price": 1200.5, "seen": 12}
    assert wren.values == {"family": "T", "price": None, "seen": None}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1,Robin,,T,5\n", "5 cells under 6 columns"),
        ("1,Robin,,T,cheap,5\n", "'cheap', which is not a number"),
        ("1,,,T,5,5\n", "name is empty"),
        ("9,Robin,,T,5,5\n", "same as in an earlier row"),
        ("1,Robin,,T,inf,5\n", "not a finite number"),
    ],
)
def test_a_broken_row_is_reported_and_the_others_are_kept(
    row: str, said: str, tmp_path: Path
) -> None:
    path = write(tmp_path, f"{HEADER}9,Wren,,T,1,1\n{row}7,Owl,,T,2,2\n")
    records, warnings = read_records(path, "birds.csv", CARD)
    assert [record.name for record in records] == ["Wren", "Owl"]
    assert len(warnings) == 1 and warnings[0].startswith("row 3: ") and said in warnings[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"id,name\n1,x\n", "no column 'family'"),
        (b"\x00\x01\x02\x03\x04\x05\x06", "neither text nor"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(content: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=said):
        read_records(write(tmp_path, content), "birds.csv", CARD)


@pytest.mark.parametrize(
    ("encoding", "delimiter"), [("cp1252", ";"), ("utf-16", "\t"), ("utf-8-sig", "|")]
)
def test_a_table_is_read_as_its_program_wrote_it(
    encoding: str, delimiter: str, tmp_path: Path
) -> None:
    text = (HEADER + "1,Häher,Jay,T,5,12\n").replace(",", delimiter)
    (record,), _ = read_records(write(tmp_path, text.encode(encoding)), "birds.csv", CARD)
    assert (record.name, record.values["price"], record.values["seen"]) == ("Häher", 5, 12)


def test_a_workbook_is_a_table_too(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in (HEADER.strip().split(","), [1, "Robin", "R", "T", 0.5, 1200], [], [2, "Wren"]):
        sheet.append(row)
    sheet["E2"].number_format = "$0.00"
    sheet["F2"].number_format = "#,##0"
    path = tmp_path / "birds.xlsx"
    workbook.save(path)
    records, warnings = read_records(path, "birds.xlsx", CARD)
    robin = records[0]
    assert (robin.row, robin.name, robin.values["price"], robin.values["seen"]) == (
        2,
        "Robin",
        0.5,
        1200,
    )
    assert [record.name for record in records] == ["Robin", "Wren"] and not warnings


def test_values_reach_sql_as_parameters_only() -> None:
    table = record_table(CARD)
    evil = "x'; DROP TABLE records_birds; --"
    query = sa.select(table.c.name).where(value_column(table, "family") == evil)
    assert evil not in str(query.compile())


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("money", 13747.0, "$13,747"),
        ("money", 9.5, "$9.50"),
        ("money", -3.0, "-$3"),
        ("percent", 86.0, "86%"),
        ("percent", 8.25, "8.2%"),
        ("count", 46678, "46,678"),
        ("number", 100.0, "100"),
        ("number", None, "not reported"),
        ("text", "CA", "CA"),
    ],
)
def test_values_read_as_people_write_them(kind: str, value: float, shown: str) -> None:
    field = FieldCard.model_validate({"key": "x", "label": "X", "type": kind})
    assert display(value, field) == shown


def test_a_row_is_found_by_what_it_is_and_quoted_with_its_figures(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "1,Robin,Redbreast,T,5,\n")
    (record,), _ = read_records(path, "birds.csv", CARD)
    chunk = record_chunk(record, CARD)
    assert "Redbreast" in chunk.index_text and "thrushes" in chunk.index_text
    assert "$5" not in chunk.index_text
    assert chunk.text == "Robin (T). Price: $5." and chunk.row == 2
