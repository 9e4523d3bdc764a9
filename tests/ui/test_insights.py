"""The page with charts, for those who look after the bot and nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bot.library import Library
from bot.reason_counts import ReasonCounts
from bot.retriever import HybridRetriever
from bot.review import Moderators, ReviewQueue, freeze
from ingest.domain import load_card
from ingest.errors import IndexUnavailable, NotSignedIn
from tests.packs import HashedEmbeddings, Pack
from tests.ui.fake_bot import FakeBot, answered
from ui import strings
from ui.services import Services
from ui.views.insight_downloads import figures, figures_table, reports_lines, reports_table

PASSWORD = "a long enough password"


@pytest.fixture
def services(tmp_path: Path, small_pack: Pack) -> Iterator[Services]:
    small_pack.reindex(HashedEmbeddings())
    path = tmp_path / "reports.sqlite3"
    ReasonCounts(small_pack.paths.counts).add(answered("How heavy is a wren?"))
    with (
        Moderators(path) as moderators,
        ReviewQueue(path) as queue,
        small_pack.index(HashedEmbeddings()) as index,
    ):
        moderators.add(Moderators.operator(), "mod", PASSWORD)
        library = Library(index, small_pack.folder, HybridRetriever(index))

        def no_bench() -> object:
            raise AssertionError("nothing here is tried")

        yield Services(
            load_card(small_pack.folder),
            queue,
            moderators,
            FakeBot,  # type: ignore[arg-type]
            no_bench,  # type: ignore[arg-type]
            open_library=lambda: library,
            settings=small_pack.settings,
        )


def page(services: Services) -> AppTest:
    def script(services: object) -> None:
        from ui.views.insights import insights_page

        insights_page(services)  # type: ignore[arg-type]

    return AppTest.from_function(script, default_timeout=120, kwargs={"services": services})


def html(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def test_a_moderator_sees_reports_endings_and_the_index(services: Services) -> None:
    services.reports.file(freeze(answered("magpies")), "wrong_fact")
    test = page(services)
    test.session_state["moderator_token"] = services.moderators.sign_in("mod", PASSWORD).token
    shown = html(test.run())
    assert not test.exception
    assert strings.INSIGHT_NEW in shown and "1 in all" in shown
    assert strings.ENDINGS_TITLE in shown and strings.INDEX_WELL in shown


def test_reports_are_taken_away_by_administrators_alone_at_that_very_moment(
    services: Services,
) -> None:
    queue, moderators = services.reports, services.moderators
    queue.file(freeze(answered("magpies")), "wrong_fact", "=1+1")
    moderators.add(Moderators.operator(), "helper", PASSWORD)
    admin, helper = (
        moderators.moderator(moderators.sign_in(name, PASSWORD).token) for name in ("mod", "helper")
    )
    assert b"'=1+1" in reports_table(services, admin)
    assert json.loads(reports_lines(services, admin))["comment"] == "=1+1"
    for take in (reports_table, reports_lines):
        with pytest.raises(NotSignedIn):
            take(services, helper)
    assert figures_table(services, helper, 30).endswith(b'"1","0","1"\r\n')
    assert json.loads(figures(services, helper, 30))["open"] == 1
    moderators.remove(Moderators.operator(), "helper")
    with pytest.raises(NotSignedIn):
        figures(services, helper, 30)


def test_each_role_is_offered_what_it_may_take_away(services: Services) -> None:
    services.moderators.add(Moderators.operator(), "helper", PASSWORD)
    for name, offered in (("helper", 2), ("mod", 4)):
        test = page(services)
        test.session_state["moderator_token"] = services.moderators.sign_in(name, PASSWORD).token
        assert len(test.run().get("download_button")) == offered


def test_nobody_else_sees_a_figure(services: Services) -> None:
    services.reports.file(freeze(answered("magpies")), "wrong_fact")
    shown = html(page(services).run())
    assert strings.INSIGHT_NEW not in shown and strings.INDEX_DOCUMENTS not in shown


def test_without_an_index_the_page_says_what_to_do(services: Services, small_pack: Pack) -> None:
    small_pack.paths.database.unlink()
    test = page(services)
    test.session_state["moderator_token"] = services.moderators.sign_in("mod", PASSWORD).token
    with pytest.raises(IndexUnavailable):
        services.open_library().status()
    assert strings.INSIGHT_NEW in html(test.run())
