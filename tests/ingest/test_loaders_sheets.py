"""Workbooks and sheets: dates, merged headers, titles, empty rows, wide rows."""

from __future__ import annotations

import datetime
import io
from collections.abc import Sequence
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest

from ingest.documents import LoadedDocument
from ingest.errors import DocumentError
from ingest.loaders.delimited_loader import load_csv, load_tsv
from ingest.loaders.table_rows import row_texts
from ingest.loaders.xlsx_loader import load_xlsx


def workbook_bytes(workbook: openpyxl.Workbook) -> bytes:
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def loaded(
    rows: Sequence[Sequence[Any]], *merged: str, formats: dict[str, str] | None = None
) -> str:
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    for cells in merged:
        workbook.active.merge_cells(cells)
    for cell, number_format in (formats or {}).items():
        workbook.active[cell].number_format = number_format
    return load_xlsx(workbook_bytes(workbook), "a.xlsx").text


def outline(document: LoadedDocument) -> list[str]:
    marks = {"heading": "#", "paragraph": "", "list_item": "-", "table_row": "|"}
    return [f"{marks[b.kind] * max(b.level, 1)}{b.text}" for b in document.blocks]


def test_cells_read_as_they_are_shown() -> None:
    rows = [
        ["Name", "When", "At", "Share", "Price", "Count", "Exact", "Ok"],
        [
            "a",
            datetime.date(2026, 11, 21),
            datetime.datetime(2026, 11, 21, 14, 30),
            0.0347,
            -1234.5,
            46678,
            0.1 + 0.2,
            True,
        ],
    ]
    formats = {"D2": "0.0%", "E2": '"$"#,##0.00_-', "F2": "#,##0"}
    assert loaded(rows, formats=formats) == (
        "Name: a; When: 2026-11-21; At: 2026-11-21 14:30; Share: 3.5%; "
        "Price: -$1,234.50; Count: 46,678; Exact: 0.3; Ok: yes"
    )


def test_a_merged_header_names_all_its_columns() -> None:
    rows = [
        ["Group", "Applied", None, "Admitted", None],
        [None, "Men", "Women", "Men", "Women"],
        ["First-time", 10, 20, 3, 4],
    ]
    assert loaded(rows, "A1:A2", "B1:C1", "D1:E1") == (
        "Group: First-time; Applied Men: 10; Applied Women: 20; Admitted Men: 3; Admitted Women: 4"
    )


def test_a_cell_merged_downwards_belongs_to_each_row() -> None:
    rows = [["Unit", "Year", "Places"], ["North", 2025, 30], [None, 2026, 40]]
    assert loaded(rows, "A2:A3").split("\n") == [
        "Unit: North; Year: 2025; Places: 30",
        "Unit: North; Year: 2026; Places: 40",
    ]


def test_each_sheet_is_a_section_and_a_hidden_one_is_told() -> None:
    workbook = openpyxl.Workbook()
    workbook.active.title = "Costs"
    workbook.active.append(["Item", "Price"])
    workbook.active.append(["Bolt", 3])
    second = workbook.create_sheet("Staff")
    second.append(["Name", "Since"])
    second.append(["Kim", 2020])
    workbook.create_sheet("Empty")
    hidden = workbook.create_sheet("Secret")
    hidden.append(["x", 1])
    hidden.sheet_state = "hidden"
    document = load_xlsx(workbook_bytes(workbook), "yearly-figures.xlsx")
    assert outline(document) == [
        "#Costs",
        "|Item: Bolt; Price: 3",
        "#Staff",
        "|Name: Kim; Since: 2020",
    ]
    assert document.title == "yearly figures"
    assert document.warnings == ("The sheet 'Secret' is hidden and was not read.",)


def test_titles_and_empty_rows_lay_a_sheet_out() -> None:
    text = (
        "Yearly figures,,\n,,\nLabel,Value,Note\nApplied,100,\n,,\n"
        "B. Money,,\nTuition,5,per term\nFee,6,\n,,\nLabel,Amount,Year\nGrants,7,2025\n"
    )
    document = load_csv(text.encode(), "a.csv")
    assert outline(document) == [
        "#Yearly figures",
        "|Label: Applied; Value: 100",
        "##B. Money",
        "|Label: Tuition; Value: 5; Note: per term",
        "|Label: Fee; Value: 6",
        "|Label: Grants; Amount: 7; Year: 2025",
    ]
    assert document.title == "Yearly figures"


def test_a_header_that_an_empty_row_parts_from_its_tables_still_names_them() -> None:
    text = "Figures,,\nItem,Label,Value\n,,\nA. One,,\na1,Applied,5\n,,\nB. Two,,\nb1,Fee,6\n"
    assert outline(load_csv(text.encode(), "a.csv")) == [
        "#Figures",
        "##A. One",
        "|Item: a1; Label: Applied; Value: 5",
        "##B. Two",
        "|Item: b1; Label: Fee; Value: 6",
    ]
    assert outline(load_csv(b"a,b\n", "a.csv")) == ["|a; b"]
    assert outline(load_csv(b"a,b\n,\nNotes,\nfew,\n", "a.csv")) == ["Notes", "few", "|a; b"]


def test_lone_cells_below_which_nothing_stands_are_text() -> None:
    document = load_csv(b"a,b\n1,2\n\nSource: our own,\nNot audited,\n", "a.csv")
    assert outline(document) == ["|a: 1; b: 2", "Source: our own", "Not audited"]


def test_one_column_is_no_column_of_titles() -> None:
    assert outline(load_csv(b"anna\nberta\n\nclara\n", "a.csv")) == ["|anna", "|berta", "|clara"]


def test_a_tsv_may_be_none() -> None:
    assert load_tsv(b"a;b\n1;2\n", "a.tsv").text == "a: 1; b: 2"


def test_each_part_of_a_wide_row_says_whose_it_is() -> None:
    header = ["Name", *(f"Figure number {n}" for n in range(100))]
    parts = list(row_texts(header, ["North", *(str(n) for n in range(100))]))
    assert len(parts) > 3 and all(len(part) < 700 for part in parts)
    assert all(part.startswith("Name: North; Figure number ") for part in parts)
    assert [n for n in range(100) if sum(f"number {n}: {n}" in p for p in parts) != 1] == []


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.9])
def test_a_damaged_workbook_is_named(cut: float) -> None:
    data = workbook_bytes(openpyxl.Workbook())
    with pytest.raises(DocumentError, match=r"a\.xlsx is a damaged Excel workbook"):
        load_xlsx(data[: int(len(data) * cut)], "a.xlsx")
