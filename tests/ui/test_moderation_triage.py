"""The queue's pages: links, views, decisions by number, many at once, and nothing typed is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bot.review import ME, Moderator, Moderators, Report, ReportQuery, ReviewQueue, freeze
from ingest.domain import load_card
from tests.packs import Pack
from tests.ui.fake_bot import FakeBot, answered
from ui import strings
from ui.services import Services
from ui.views.moderation_flow import OPENED

PASSWORD = "a long enough password"


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A queue with two moderators: hashing a password is slow on purpose."""
    path = tmp_path_factory.mktemp("accounts") / "reports.sqlite3"
    with Moderators(path) as moderators:
        for name in ("mod", "other"):
            moderators.add(Moderators.operator(), name, PASSWORD)
    return path


@pytest.fixture
def services(tmp_path: Path, accounts: Path, small_pack: Pack) -> Iterator[Services]:
    path = tmp_path / "reports.sqlite3"
    path.write_bytes(accounts.read_bytes())
    with Moderators(path) as moderators, ReviewQueue(path) as queue:

        def no_bench() -> object:
            raise AssertionError("nothing here needs an index")

        card = load_card(small_pack.folder)
        yield Services(card, queue, moderators, FakeBot, no_bench)  # type: ignore[arg-type]


@pytest.fixture
def page(services: Services) -> AppTest:
    def script(services: object) -> None:
        from ui.views.moderation import moderation_page

        moderation_page(services)  # type: ignore[arg-type]

    test = AppTest.from_function(script, default_timeout=120, kwargs={"services": services})
    test.session_state["moderator_token"] = services.moderators.sign_in("mod", PASSWORD).token
    return test


@pytest.fixture
def other(services: Services) -> Moderator:
    return services.moderators.moderator(services.moderators.sign_in("other", PASSWORD).token)


def file(services: Services, question: str, text: str = "Wrens sing [1].") -> str:
    case = freeze(answered(question, text))
    return services.reports.file(case, "wrong_fact", f"about {question}").reference


def html(test: AppTest) -> str:
    assert not test.exception
    return "\n".join(element.proto.body for element in test.get("html"))


def press(test: AppTest, label: str) -> AppTest:
    (button,) = [b for b in test.button if b.label == label]
    return button.click().run()


def report(services: Services, reference: str) -> Report:
    return services.reports.show(Moderators.operator(), reference)


# --- links and views --------------------------------------------------------------------------


def test_a_link_opens_its_list_and_the_list_writes_its_link(
    services: Services, page: AppTest
) -> None:
    for question in ("magpies", "robins"):
        file(services, question)
    page.query_params["text"] = "robi"
    assert "about robins" in html(page.run()) and "about magpies" not in html(page)
    page.text_input(key="queue-text").set_value("magpies").run()
    assert "about magpies" in html(page) and "about robins" not in html(page)
    assert page.query_params["text"] == "magpies"


def test_a_filter_that_is_emptied_leaves_nothing_out(services: Services, page: AppTest) -> None:
    file(services, "magpies")
    page.query_params["max_days"] = "7"
    page.run()
    for name in ("age", "states", "assignee", "document", "order"):
        page.selectbox(key=f"queue-{name}").set_value(None).run()
        assert not page.exception and "about magpies" in html(page), name
    assert "max_days" not in page.query_params


def test_a_link_opens_its_report_and_hostile_ones_open_nothing(
    services: Services, page: AppTest
) -> None:
    reference = file(services, "magpies")
    page.query_params["report"] = reference
    assert strings.SEEN_BY_PERSON in [title.value for title in page.run().subheader]
    for hostile in ("<script>", "R-000000", "x" * 10_000):
        page.query_params["report"] = hostile
        assert page.run().exception and not page.subheader
        assert "about magpies" in html(page.run()), "the list again"


def test_views_are_chosen_kept_and_removed(
    services: Services, page: AppTest, other: Moderator
) -> None:
    mine, free = file(services, "wrens"), file(services, "robins")
    who = services.moderators.moderator(page.session_state["moderator_token"])
    services.reports.claim(who, mine, 1)
    page.run()
    page.button_group(key="queue-view").set_value("mine").run()
    assert mine in html(page) and free not in html(page)
    page.text_input(key="queue-text").set_value("wren").run()
    page.text_input(key="queue-view-name").set_value("My wrens")
    press(page, strings.SAVE_VIEW)
    assert services.reports.views(who) == {"My wrens": ReportQuery(assignee=ME, text="wren")}
    assert services.reports.views(other) == {}
    press(page, strings.REMOVE_VIEW)
    assert services.reports.views(who) == {}


# --- decisions --------------------------------------------------------------------------------


def test_one_press_decides_and_goes_on_and_undo_comes_back(
    services: Services, page: AppTest
) -> None:
    first, second = file(services, "first"), file(services, "second")
    page.run()
    press(page, strings.START)
    press(page, strings.OUTCOME_ACTIONS["answer_fine"])
    assert "about second" in html(page), "the next one is open"
    assert services.reports.look_up(first).told == strings.ANSWER_FINE_REASON
    press(page, strings.UNDO)
    assert "about first" in html(page)
    taken_back = report(services, first)
    assert (taken_back.status, taken_back.assignee) == ("triaged", "mod")
    press(page, strings.OUTCOME_ACTIONS["not_actionable"])
    press(page, strings.OUTCOME_ACTIONS["not_actionable"])
    assert strings.NOTHING_HERE in [box.value for box in page.info], "the queue is clear"
    assert report(services, second).outcome == "not_actionable"


def test_a_question_that_was_reported_before_is_a_duplicate_with_one_press(
    services: Services, page: AppTest
) -> None:
    first = file(services, "wrens")
    second = file(services, "wrens", "Wrens are small [1].")
    page.session_state[OPENED] = second
    press(page.run(), strings.DUPLICATE_OF.format(reference=first))
    assert report(services, second).outcome_detail == first


def test_who_opens_what_another_holds_is_told_and_decides_nothing(
    services: Services, page: AppTest, other: Moderator
) -> None:
    reference = file(services, "wrens")
    services.reports.claim(other, reference, 1)
    page.session_state[OPENED] = reference
    assert "is with other until" in html(page.run())
    decisions = [b for b in page.button if str(b.key).startswith("decide-")]
    assert len(decisions) == 6 and all(button.disabled for button in decisions)
    press(page, strings.TAKE_OVER)
    press(page, strings.OUTCOME_ACTIONS["not_actionable"])
    assert report(services, reference).assignee == "mod"


def test_nothing_typed_is_lost_when_another_was_faster(
    services: Services, page: AppTest, other: Moderator
) -> None:
    reference = file(services, "wrens")
    page.session_state[OPENED] = reference
    page.run()
    page.text_area(key=f"dismiss-{reference}").set_value("My long and careful reasons.")
    services.reports.set_severity(other, reference, 1, "high")
    press(page, strings.DISMISS)
    assert "other changed its severity from normal to high" in html(page)
    assert page.text_area(key=f"dismiss-{reference}").value == "My long and careful reasons."
    # Now the form itself goes, because the other one closes the report.
    services.reports.resolve(other, reference, 2, "not_actionable")
    press(page, strings.DISMISS)
    assert "other resolved it (nothing can be done)" in html(page)
    assert page.text_area(key=f"note-{reference}").value == "My long and careful reasons."
    press(page, strings.ADD_NOTE)
    assert report(services, reference).events[-1].text == "My long and careful reasons."


# --- many at once -----------------------------------------------------------------------------


def pick(test: AppTest, references: list[str]) -> AppTest:
    for reference in references:
        test.checkbox(key=f"pick-{reference}").check()
    return test.run()


def test_many_are_decided_at_once_and_who_was_overtaken_is_named(
    services: Services, page: AppTest, other: Moderator
) -> None:
    made = [file(services, str(number)) for number in range(3)]
    pick(page.run(), made)
    page.selectbox(key="bulk-action").set_value("dismiss").run()
    page.text_input(key="bulk-text").set_value("spam")
    services.reports.set_severity(other, made[1], 1, "high")
    press(page, strings.BULK_DO)
    shown = html(page)
    assert strings.BULK_DONE.format(n=2) in shown
    assert strings.BULK_REFUSED.format(n=1) in shown and "other changed" in shown
    assert [report(services, one).status for one in made] == ["dismissed", "new", "dismissed"]
    assert report(services, made[0]).events[-1].text == "spam"
    assert page.checkbox(key=f"pick-{made[1]}").value, "it is still picked"


@pytest.mark.parametrize(
    ("action", "field", "value", "becomes"),
    [
        ("claim", None, None, ("new", "normal", None, "")),
        ("severity", "bulk-severity", "urgent", ("new", "urgent", None, "")),
        ("answer_fine", "bulk-text", "It is.", ("resolved", "normal", "answer_fine", "It is.")),
    ],
)
def test_each_bulk_action_does_what_it_says(
    services: Services,
    page: AppTest,
    action: str,
    field: str | None,
    value: str | None,
    becomes: tuple[str, str, str | None, str],
) -> None:
    made = [file(services, str(number)) for number in range(2)]
    press(page.run(), strings.PICK_ALL)
    page.selectbox(key="bulk-action").set_value(action).run()
    if field == "bulk-text":
        page.text_input(key=field).set_value(value)
    elif field is not None:
        page.selectbox(key=field).set_value(value)
    press(page, strings.BULK_DO)
    for one in (report(services, reference) for reference in made):
        assert (one.status, one.severity, one.outcome, one.outcome_detail) == becomes
        assert (one.assignee == "mod") == (action != "severity")
