"""The options by which commands search a part of the corpus."""

from __future__ import annotations

import json
from datetime import date

import pytest

from ingest.errors import UsageError
from ingest.filters import Filter
from tests.packs import HashedEmbeddings, Pack
from ui.cli import run
from ui.filtering import Wanted


def within(pack: Pack, hashed: HashedEmbeddings, **options: object) -> Filter:
    pack.reindex(hashed)
    with pack.index(hashed) as index, index.snapshot() as snapshot:
        return Wanted(**options).within(snapshot)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, Filter()),
        ({"documents": ["nest boxes", "feeding.md"]},
         Filter(documents=("guides/nest-boxes.html", "guides/feeding.md"))),
        ({"folder": "guides", "types": ["HTML", "text"]},
         Filter(folder="guides", types=("html", "text"))),
        ({"since": "2020"}, Filter(since=date(2020, 1, 1))),
        ({"since": "2020-02", "until": "2099-02"},
         Filter(since=date(2020, 2, 1), until=date(2099, 2, 28))),
        ({"until": "2099"}, Filter(until=date(2099, 12, 31))),
        ({"until": "2099-05-06"}, Filter(until=date(2099, 5, 6))),
    ],
)  # fmt: skip
def test_options_make_a_filter(
    options: dict[str, object], expected: Filter, small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    assert within(small_pack, hashed, **options) == expected


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"documents": ["zebra"]}, "No document is called “zebra”"),
        ({"types": ["exe"]}, "no type of document"),
        ({"since": "2020-13"}, "--since “2020-13” is no date"),
        ({"until": "2021-02-29"}, "is no date"),
        ({"since": "yesterday"}, "is no date"),
        ({"folder": "nowhere"}, "No document fits"),
    ],
)
def test_what_is_not_so_is_said(
    options: dict[str, object], said: str, small_pack: Pack, hashed: HashedEmbeddings
) -> None:
    with pytest.raises(UsageError, match=said):
        within(small_pack, hashed, **options)


def test_search_and_ask_look_where_they_are_told(
    indexed_pack: Pack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GROUNDSKEEPER_DATA_DIR", str(indexed_pack.settings.data_dir))
    domain = ["--domain", str(indexed_pack.folder)]
    assert run(["search", "birds", "--type", "html", "--type", "text", "--json", *domain]) == 0
    hits = json.loads(capsys.readouterr().out)["hits"]
    assert {hit["document"] for hit in hits} == {"guides/nest-boxes.html", "guides/watching.txt"}

    question = ["ask", "When should I clean a nest box?", "--json", *domain]
    assert run([*question, "--document", "Nest boxes"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["text"].startswith("Looked only in: Nest boxes. ")
    assert {citation["document"] for citation in answer["citations"]} == {"guides/nest-boxes.html"}

    assert run([*question, "--document", "zebra"]) == 2
    assert "No document is called “zebra”" in capsys.readouterr().err
