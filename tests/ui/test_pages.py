"""The pages that look into the corpus, driven without a browser, over both packs' real records."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from bot.library import Found, Library, ModelInUse, Passage, Place
from bot.retriever import HybridRetriever
from bot.review import Moderators, ReviewQueue
from ingest.documents import Chunk
from ingest.index import DocumentInfo
from ingest.settings import Settings
from ingest.suspicions import SUSPICIOUS
from tests.packs import HashedEmbeddings, Pack, end_vector_servers
from tests.ui.fake_bot import DIGEST, FakeBot
from tests.ui.test_rendering import Page as Markup
from ui import strings
from ui.browse_html import document_html, found_html, rows_html, troubled
from ui.services import Services
from ui.source_html import passage_html, passage_where, source_head_html, trouble_html
from ui.tables import table_csv
from ui.views.about import where_it_runs
from ui.views.source import Opened

CORPUS = Path(__file__).parent.parent.parent / "corpus"
# Of each pack: its table's file and name, a guide, a name to type, and two ids with their names.
PACKS = {
    "colleges": ("institutions.csv", "institutions", "guides/css-profile.md", "css profile"),
    "auto-parts": ("parts.csv", "parts", "guides/tightening-torque.md", "torque wrench"),
}
ROWS = 60
HOSTILE = '=cmd("x")<img src=//x.test onerror=alert(1)>[a](//x.test)'


def few_rows(path: Path) -> str:
    """Return a table's first rows; the name of the first is an attack."""
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))[: ROWS + 1]
    rows[1][rows[0].index("name")] = HOSTILE
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


@pytest.fixture(scope="module", params=sorted(PACKS))
def library(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Library]:
    root, source = tmp_path_factory.mktemp("pages"), CORPUS / request.param
    table, _, guide, _ = PACKS[request.param]
    pack = Pack.make(
        root,
        {
            "domain.toml": (source / "domain.toml").read_text(encoding="utf-8"),
            table: few_rows(source / table),
            guide: (source / guide).read_text(encoding="utf-8"),
            "guides/empty.pdf": "%PDF-1.4 broken",
        },
    )
    pack.reindex(HashedEmbeddings())
    with pack.index(HashedEmbeddings()) as index:
        models = (ModelInUse("answers", "fake-model", DIGEST), ModelInUse("search", "hashed", ""))
        retriever = HybridRetriever(index, reranker=None)
        yield Library(index, pack.folder, retriever, models)
    end_vector_servers(root)


@pytest.fixture
def services(library: Library, tmp_path: Path) -> Iterator[Services]:
    path = tmp_path / "reports.sqlite3"
    with Moderators(path) as moderators, ReviewQueue(path) as queue:
        yield Services(
            library.card,
            queue,
            moderators,
            FakeBot,
            _no_bench,
            open_library=lambda: library,
            settings=Settings(data_dir=tmp_path),
        )


def _no_bench() -> None:
    raise AssertionError("nobody decides anything here")


Visit = Callable[..., AppTest]


@pytest.fixture
def visit(services: Services) -> Visit:
    """Open one page by itself, with what its address says."""

    def script(services: object, name: str) -> None:
        import importlib

        getattr(importlib.import_module(f"ui.views.{name}"), f"{name}_page")(services)

    def opened(name: str, **query: str | list[str]) -> AppTest:
        given = {"services": services, "name": name}
        test = AppTest.from_function(script, default_timeout=120, kwargs=given)
        for key, value in query.items():
            test.query_params[key] = value
        return test.run()

    return opened


def html(test: AppTest) -> str:
    assert not test.exception
    return "\n".join(element.proto.body for element in test.get("html"))


def press(test: AppTest, label: str) -> AppTest:
    (button,) = [b for b in test.button if b.label == label]
    return button.click().run()


def pack_of(library: Library) -> tuple[str, str, str, str]:
    return PACKS[library.card.domain.id]


def ids(library: Library) -> list[str]:
    """Return the records whose names are as they were, in the order of their file."""
    table = library.card.tables[0]
    found = library.entities(table.name, "", ROWS)
    return sorted(one.record_id for one in found if one.name != HOSTILE)


# --- a source ---------------------------------------------------------------------------------


def test_a_passage_is_marked_and_leads_on(visit: Visit, library: Library) -> None:
    guide = pack_of(library)[2]
    test = visit("source", document=guide)
    assert '<div class="gk-marked"' in html(test)
    assert "Part 1 of" in html(test)
    test = press(test, strings.NEXT_PASSAGE)
    assert "Part 2 of" in html(test)
    assert test.query_params["document"] == guide
    assert "Part 1 of" in html(press(test, strings.PREVIOUS_PASSAGE))


def test_a_row_is_a_small_table_whose_texts_are_only_text(visit: Visit, library: Library) -> None:
    shown = html(visit("source", document=pack_of(library)[0], row="2"))
    assert "&lt;img src=" in shown and "<img" not in shown
    assert "<small>" in shown  # units, sources and times
    assert strings.ROW_OF.format(n=2) in shown


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"document": "../domain.toml"},
        {"document": "guides/none.md", "at": "9" * 400},
        {"document": "<b>", "row": "-1"},
    ],
)
def test_an_address_that_names_nothing_is_answered_kindly(
    visit: Visit, query: dict[str, str]
) -> None:
    test = visit("source", **query)
    assert strings.NO_SOURCE in html(test)
    assert not test.button


@given(st.text(max_size=80), st.text(max_size=80))
@example(HOSTILE, "</mark><script>alert(1)</script>")
def test_what_a_document_says_is_only_text(one: str, other: str) -> None:
    info = DocumentInfo(
        one, other, "document", "text/html", None, one, "indexed", other, True, (one, other)
    )
    chunk = Chunk("id", one, 0, f"{one}\n\n{other}", other, 0, 1, page=1, heading_path=(one, other))
    source = Passage(info, chunk, 1, 1, other, one, frozenset({one, other}), (None, None))
    shown = [
        passage_html(source),
        source_head_html(other, chunk.heading_path, passage_where(source)),
        trouble_html(info),
        document_html(info),
        found_html(Found(Place(one), other, (one,), 1, other)),
    ]
    for part in map(Markup, shown):
        assert set(part.tags) <= {
            *("div", "mark", "b", "h2", "h3", "ol", "li", "ul", "p", "small", "span"),
            *("details", "summary"),
        }
        assert {name for name, _ in part.attributes} <= {"class", "role", "aria-label"}


def test_numbers_that_are_none_are_taken_for_the_beginning(visit: Visit, library: Library) -> None:
    assert "Part 1 of" in html(visit("source", document=pack_of(library)[2], at="１²x"))


# --- browse -----------------------------------------------------------------------------------


def test_documents_that_failed_come_first_and_say_why(visit: Visit, library: Library) -> None:
    test = visit("browse")
    shown = html(test)
    assert shown.index("empty.pdf") < shown.index(pack_of(library)[2])
    assert strings.FAILED_BADGE in shown
    assert [b.label for b in test.button] == [strings.READ]  # what failed cannot be read
    test.toggle[0].set_value(True).run()
    assert pack_of(library)[2] not in html(test)


def test_a_search_finds_passages_and_opens_one(visit: Visit, library: Library) -> None:
    test = visit("browse")
    test.text_input(key="browse-query").set_value(pack_of(library)[3]).run()
    assert "gk-document" in html(test)
    test.button(key="read-found-0").click().run()
    opened = test.session_state["source-open"]
    assert opened.place.document == pack_of(library)[2]
    assert "gk-marked" in html(test)


def test_rows_are_sorted_paged_and_filtered(visit: Visit, library: Library) -> None:
    _, name, _, _ = pack_of(library)
    test = visit("browse")
    test.session_state["browse-shelf"] = name
    shown = html(test.run())
    assert f"1 to 25 of {ROWS}" in shown
    assert "&lt;img src=" in shown or "<img" not in shown
    assert f"26 to 50 of {ROWS}" in html(press(test, strings.NEXT_PAGE))
    test.number_input(key=f"rows-page-{name}").set_value(3).run()
    assert f"51 to {ROWS} of {ROWS}" in html(test)
    test.toggle(key=f"rows-descending-{name}").set_value(True).run()
    assert f"1 to 25 of {ROWS}" in html(test)  # another order begins at its first page
    test.text_input(key=f"rows-text-{name}").set_value("no such name").run()
    assert [one.value for one in test.info] == [strings.NO_ROWS]


def test_what_is_wrong_with_a_document_is_marked() -> None:
    info = DocumentInfo(
        "a.md", "<i>", "document", "text/markdown", 3, "2024", "indexed", "", False, ()
    )
    assert not troubled(info) and "gk-badge" not in document_html(info)
    stale = replace(info, stale=True, reason="<b>", warnings=(f"{SUSPICIOUS}<u>", "two pages"))
    shown = document_html(stale)
    for said in (strings.STALE_BADGE, strings.SUSPICIOUS_BADGE, strings.REMARKS_BADGE, "&lt;u&gt;"):
        assert said in shown
    assert not any(tag in shown for tag in ("<i>", "<b>", "<u>"))


# --- compare ----------------------------------------------------------------------------------


def test_names_are_found_while_typed_and_compared(visit: Visit, library: Library) -> None:
    table = library.card.tables[0]
    test = visit("compare")
    assert [one.value for one in test.info] == [strings.COMPARE_START]
    for wanted in library.named(table.name, ids(library)[:2]):
        test.text_input(key="compare-typed").set_value(wanted.name).run()
        test.button(key=f"found-{wanted.record_id}").click().run()
    assert "gk-table" in html(test)
    assert test.query_params["of"] == ids(library)[:2]
    test.button(key=f"picked-{ids(library)[0]}").click().run()
    assert [one.value for one in test.info] == [strings.COMPARE_ONE_MORE]


def test_the_sources_of_a_comparison_open_one_after_another(visit: Visit, library: Library) -> None:
    test, rows = visit("compare", of=ids(library)[:3]), [1, 2, 3]
    places = [(n, Place(library.card.tables[0].file, row=n)) for n in rows]
    test.session_state["source-open"] = Opened("compare", places[0][1], tuple(places))
    test.run()
    test = press(test, strings.SOURCE_NUMBER.format(n=3))
    assert test.session_state["source-open"].place.row == rows[2]
    assert strings.ROW_OF.format(n=rows[2]) in html(test)


def test_a_link_opens_the_same_comparison(visit: Visit, library: Library) -> None:
    figures = [field.key for field in library.card.tables[0].fields if field.numeric][:2]
    first = visit("compare", of=ids(library)[:3], figures=figures)
    again = visit("compare", **dict(first.query_params))
    assert html(first) == html(again)
    assert again.query_params == first.query_params
    assert "gk-table" in html(first)


def test_a_link_from_elsewhere_does_no_harm(visit: Visit, library: Library) -> None:
    many = [*ids(library)[:20], "no:such", "<b>"]
    test = visit("compare", of=["gone", *many], figures=["<b>", "no_such"], table="none")
    shown = html(test)
    assert len(test.query_params["of"]) == 11 and "<b>&lt;" not in shown
    assert [one.value for one in test.info] == [strings.SOME_GONE.format(n=1)]


def test_the_csv_holds_no_formula(library: Library) -> None:
    table = library.card.tables[0]
    (hostile,) = [
        one for one in library.entities(table.name, "", ROWS) if one.name.startswith("=cmd")
    ]
    facts = library.compare(
        table.name, [hostile.record_id, *ids(library)[:1]], [table.fields[0].key]
    )
    assert facts.table is not None
    cells = list(csv.reader(io.StringIO(table_csv(facts.table).decode("utf-8-sig"))))
    assert cells[1][0] == f"'{HOSTILE}"


# --- about ------------------------------------------------------------------------------------


def test_about_says_what_card_settings_and_index_say(
    visit: Visit, library: Library, services: Services
) -> None:
    shown = html(visit("about"))
    card = library.card
    for line in card.domain.capabilities:
        assert line.split(":")[0] in shown
    assert "fake-model" in shown and DIGEST[7:15] in shown
    assert strings.DIGEST_UNKNOWN in shown
    assert str(services.settings.reports_retention_days) in shown
    assert pack_of(library)[2].rsplit("/", 1)[1].removesuffix(".md") in shown
    assert strings.ABOUT_TROUBLE.format(n=1) in shown


def test_who_sees_a_question_is_said_plainly() -> None:
    assert where_it_runs("embedded") == where_it_runs("folder:models/x") == strings.RUNS_HERE
    assert where_it_runs("ollama:qwen3") == strings.RUNS_OLLAMA
    assert where_it_runs("openai:gpt") == strings.RUNS_ELSEWHERE


def test_rows_link_to_their_own_pages(library: Library) -> None:
    from bot.record_pages import RowsWanted

    table = library.card.tables[0]
    page = library.rows(RowsWanted(table.name, (table.fields[0].key,)))
    assert f"source?document={table.file}&amp;row=" in rows_html(page, table.file)
    assert library.source(Place(table.file, row=page.rows[0])) is not None
