"""The pages, driven without a browser; the bot is a FakeBot, the review queue is real."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from filelock import FileLock
from streamlit.testing.v1 import AppTest

from bot.answer import Answer, AnswerTable, Citation, Column, Evidence
from bot.review import CATEGORY_LABELS, Category, Moderators, Report, ReviewQueue, freeze
from bot.review.workbench import Workbench
from bot.silent_chat import silent_chat
from ingest.domain import load_card
from ingest.errors import (
    DocumentError,
    GroundskeeperError,
    IndexDamaged,
    IndexMissing,
    ModelIntegrityError,
    ModelMissing,
    ModelUnavailable,
    NotSignedIn,
)
from ingest.filters import Filter
from ingest.paths import domain_paths
from tests.packs import HashedEmbeddings, Pack
from tests.ui.fake_bot import DIGEST, EVIDENCE, RULES_VERSION, TABLE, FakeBot, answered
from ui import strings
from ui.conversation import Conversation
from ui.opening import Opening
from ui.rendering import escape
from ui.services import Services

PASSWORD = "a long enough password"


@pytest.fixture
def bot() -> FakeBot:
    return FakeBot()


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A review queue with two moderators: hashing a password is slow on purpose."""
    path = tmp_path_factory.mktemp("accounts") / "reports.sqlite3"
    with Moderators(path) as moderators:
        moderators.add(Moderators.operator(), "mod", PASSWORD)
        moderators.add(Moderators.operator(), "other", PASSWORD)
    return path


@pytest.fixture
def services(tmp_path: Path, accounts: Path, small_pack: Pack, bot: FakeBot) -> Iterator[Services]:
    path = tmp_path / "reports.sqlite3"
    shutil.copy(accounts, path)
    moderators, queue = Moderators(path), ReviewQueue(path)
    with small_pack.index(HashedEmbeddings()) as index:
        bench = Workbench(small_pack.settings, index, silent_chat)
        yield Services(load_card(small_pack.folder), queue, moderators, lambda: bot, lambda: bench)
    moderators.close()
    queue.close()


def app(services: Services) -> AppTest:
    """The whole app, on the page that it opens with."""

    def script(services: object) -> None:
        from ui.shell import run

        run(lambda: services)

    return AppTest.from_function(script, default_timeout=120, kwargs={"services": services}).run()


def page_of(services: Services, name: str) -> AppTest:
    """One page by itself: AppTest cannot switch between pages that are functions."""

    def script(services: object, name: str) -> None:
        import importlib

        module = importlib.import_module(f"ui.views.{name}")
        getattr(module, f"{name}_page")(services)

    given = {"services": services, "name": name}
    return AppTest.from_function(script, default_timeout=120, kwargs=given).run()


def html(test: AppTest) -> str:
    assert not test.exception
    return "\n".join(element.proto.body for element in test.get("html"))


def ask(test: AppTest, question: str) -> AppTest:
    return test.chat_input[0].set_value(question).run()


def press(test: AppTest, label: str) -> AppTest:
    (button,) = [b for b in test.button if b.label == label]
    return button.click().run()


def sign_in(test: AppTest, name: str = "mod", password: str = PASSWORD) -> AppTest:
    test.text_input(key="sign-in-name").set_value(name)
    test.text_input(key="sign-in-password").set_value(password)
    return press(test, strings.SIGN_IN)


def file(services: Services, question: str, comment: str = "") -> str:
    return services.reports.file(freeze(answered(question)), "wrong_fact", comment).reference


# --- chat -------------------------------------------------------------------------------------


def test_a_visitor_is_greeted_with_questions_to_start_from(services: Services) -> None:
    test = app(services)
    assert services.card.domain.greeting in html(test)
    labels = [button.label.replace("\\", "") for button in test.button]
    assert labels == services.card.domain.suggestions


def test_a_suggestion_is_asked_as_it_is_written(services: Services, bot: FakeBot) -> None:
    test = app(services)
    test.button[0].click().run()
    assert bot.asked[0].text == services.card.domain.suggestions[0]
    assert "gk-answer" in html(test)


def test_an_answer_shows_text_sources_and_who_made_it(services: Services, bot: FakeBot) -> None:
    bot.answers["Who sings?"] = answered("Who sings?", "It is the wrens that sing [1].")
    shown = html(ask(app(services), "Who sings?"))
    assert "Who sings?" in shown
    assert 'href="source?document=a.md&amp;at=0"' in shown
    assert "fake-model (abababab)" in shown
    assert strings.GENERATION.format(n=7) in shown
    assert services.card.domain.vintage not in shown, "no figure is cited"


def test_a_comparison_is_a_table_that_can_be_kept(services: Services, bot: FakeBot) -> None:
    bot.answers["q"] = answered("q", table=TABLE)
    test = ask(app(services), "q")
    assert "<table" in html(test)
    kept = [b.proto.label for b in test.get("download_button")]
    assert kept == [strings.DOWNLOAD, strings.EXPORT]


def list_answer(offset: int = 0, fitting: int = 25, *, rows: int = 10) -> Answer:
    """A page of a list, as the planner's answers are."""
    cells = tuple((f"Bird {offset + n}", 9 + n) for n in range(rows))
    plan = {
        "operation": "list",
        "table": "birds",
        "fields": ["weight"],
        "order": {"field": "weight", "highest": False},
        "offset": offset,
        "limit": 10,
        "fitting": fitting,
        "sql": ["SELECT 1"],
    }
    table = AnswerTable(columns=TABLE.columns, rows=cells, citations=(1,) * rows)
    row = Evidence(n=1, kind="record", document="b.csv", title="b.csv", quote="Wren.", key="r")
    cited = Citation(n=1, document="b.csv", row=2, quote="Wren.")
    return answered(
        "q", "They fit [1].", plan=plan, table=table, evidence=(row,), citations=(cited,)
    )


def labels(test: AppTest) -> list[str]:
    return [button.label for button in test.button]


def captions(test: AppTest) -> list[str]:
    return [caption.value for caption in test.caption]


def test_more_of_a_list_is_asked_without_typing(services: Services, bot: FakeBot) -> None:
    bot.answers["q"] = list_answer()
    bot.answers[strings.MORE_QUESTION] = list_answer(offset=20, rows=5)
    test = ask(app(services), "q")
    assert strings.DOWNLOAD_HOLDS.format(shown=10, fitting=25) in captions(test)
    press(test, strings.MORE_ROWS.format(n=10))
    assert bot.asked[-1].text == strings.MORE_QUESTION
    assert bot.asked[-1].history[-1].plan == bot.answers["q"].plan
    # All have been shown, and below the first answer "more" would be understood of the last.
    assert not [label for label in labels(test) if label.startswith("Show the next")]


def test_the_last_page_of_a_list_says_how_many_are_left(services: Services, bot: FakeBot) -> None:
    bot.answers["q"] = list_answer(offset=10, fitting=23)
    assert strings.MORE_ROWS.format(n=3) in labels(ask(app(services), "q"))


def test_a_whole_list_has_no_more(services: Services, bot: FakeBot) -> None:
    bot.answers["q"] = list_answer(fitting=10)
    test = ask(app(services), "q")
    assert not [label for label in labels(test) if label.startswith("Show the next")]
    assert not [caption for caption in captions(test) if "CSV" in caption]


def test_figures_from_records_have_a_chart_a_way_and_no_model(
    services: Services, bot: FakeBot
) -> None:
    bot.answers["q"] = list_answer()
    shown = html(ask(app(services), "q"))
    assert shown.count('<figure class="gk-chart">') == 1
    assert strings.HOW_TITLE in shown
    assert "Listed the birds that fit" in shown
    assert "SELECT 1" in shown
    assert strings.WRITTEN_BY["records"] in shown
    assert "fake-model" not in shown


def test_a_guide_has_its_model_and_its_check(services: Services) -> None:
    shown = html(ask(app(services), "Who sings?"))
    assert strings.WRITTEN_BY["quotations"] in shown
    assert strings.PASSAGES_STEP in shown
    assert strings.DROPPED_NONE in shown


def test_the_figures_of_one_entity_are_said_once(services: Services, bot: FakeBot) -> None:
    columns = (*TABLE.columns, Column(label="Eggs", type="count"))
    table = AnswerTable(columns=columns, rows=(("Wren", 9, 6),), display=(("Wren", "9 g", "6"),))
    bot.answers["q"] = answered("q", "Wren (Wrens): weight 9 g; eggs 6 [1].", table=table)
    shown = html(ask(app(services), "q"))
    assert "weight 9 g" not in shown
    assert "9 g</td>" in shown
    assert "Wren (Wrens)" in re.sub("<[^>]+>", "", shown)


@pytest.mark.parametrize("status", ["refused", "abstained"])
def test_what_cannot_be_answered_comes_with_what_can(
    services: Services, bot: FakeBot, status: str
) -> None:
    bot.answers["q"] = answered("q", "Not here.", status=status, citations=())
    bot.next_questions = ("Ask *x*?",)
    test = ask(app(services), "q")
    assert f"gk-{status}" in html(test)
    assert "Ask \\*x\\*\\?" in [button.label for button in test.button]


def test_nothing_is_suggested_after_a_rule(services: Services, bot: FakeBot) -> None:
    bot.answers["q"] = answered(
        "q", "Please call …", status="blocked", reason="rule:x", citations=()
    )
    test = ask(app(services), "q")
    ours = [strings.NEW_CONVERSATION, strings.REPORT, strings.ASK_AGAIN, strings.EDIT]
    assert sorted(button.label for button in test.button) == sorted(ours)


def test_text_of_others_stays_text(services: Services, bot: FakeBot) -> None:
    bad = "<img src=x onerror=alert(1)> ![a](http://x.test/a.png)"
    bot.answers[bad] = answered(bad, f"{bad} [1]")
    shown = html(ask(app(services), bad))
    assert "<img" not in shown
    assert shown.count("&lt;img src=x onerror=alert(1)&gt;") == 2


def test_a_new_conversation_forgets_the_old_one(services: Services, bot: FakeBot) -> None:
    test = press(ask(ask(app(services), "one"), "two"), strings.NEW_CONVERSATION)
    assert services.card.domain.greeting in html(test)
    ask(test, "three")
    assert bot.asked[-1].history == ()
    assert bot.asked[-1].session == bot.asked[0].session


def test_a_question_asked_while_one_is_answered_is_drawn_too(
    services: Services, bot: FakeBot
) -> None:
    test = app(services)
    bot.hold()
    test.session_state["conversation"].ask("first", bot)
    threading.Timer(0.5, bot.go_on.set).start()
    shown = html(ask(test, "second"))
    assert shown.index("first") < shown.index("second")
    assert shown.count('<div class="gk-answer"><p>Wrens ') == 2


def test_without_an_index_the_page_says_what_to_do(services: Services) -> None:
    def no_index() -> FakeBot:
        raise IndexMissing("Nothing has been indexed yet.", hint="Run `groundskeeper reindex`.")

    test = app(replace(services, open_bot=no_index))
    assert "Nothing has been indexed yet." in html(test)
    assert "Run <code>groundskeeper reindex</code>." in html(test)
    assert not test.chat_input


@pytest.mark.parametrize(
    ("error", "title"),
    [
        (ModelMissing("No such model."), strings.NO_MODEL_TITLE),
        (ModelUnavailable("The server is down."), strings.ABSENT_MODEL_TITLE),
        (ModelIntegrityError("Another digest."), strings.STRANGE_MODEL_TITLE),
        (IndexDamaged("It is broken."), strings.INDEX_TROUBLE_TITLE),
        (DocumentError("<b>Odd</b>"), strings.TROUBLE_TITLE),
    ],
)
def test_each_trouble_has_its_screen_and_one_thing_to_do(
    services: Services, error: GroundskeeperError, title: str
) -> None:
    def broken() -> FakeBot:
        raise error

    test = app(replace(services, open_bot=broken))
    assert title in html(test)
    assert escape(str(error)) in html(test)
    assert labels(test) == [strings.TRY_AGAIN]


def test_while_the_index_is_made_the_page_waits_by_itself(
    services: Services, bot: FakeBot, tmp_path: Path
) -> None:
    def no_index() -> FakeBot:
        raise IndexMissing("Nothing has been indexed yet.")

    settings = services.settings.model_copy(update={"data_dir": tmp_path})
    waiting = replace(services, open_bot=no_index, settings=settings)
    lock = domain_paths(settings, services.card).reindex_lock
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        test = app(waiting)
        assert strings.INDEXING_TITLE in html(test)
        assert labels(test) == []
    assert strings.NO_INDEX_TITLE in html(test.run())


def test_a_page_shows_how_far_the_reading_is(services: Services, tmp_path: Path) -> None:
    def no_index() -> FakeBot:
        raise IndexMissing("There is no index.")

    settings = services.settings.model_copy(update={"data_dir": tmp_path})
    waiting = replace(services, open_bot=no_index, settings=settings)
    paths = domain_paths(settings, services.card)
    paths.folder.mkdir(parents=True)
    with FileLock(paths.reindex_lock), sqlite3.connect(paths.staging) as staging:
        staging.execute("CREATE TABLE documents (name)")
        staging.execute("INSERT INTO documents VALUES ('one')")
        staging.commit()
        test = app(waiting)
    told = strings.INDEXING_SO_FAR.partition("{done")[0] + "1 of"
    assert told in test.main.get("progress")[0].proto.text


def test_a_page_waits_while_the_bot_opens_and_goes_on_by_itself(
    services: Services, bot: FakeBot
) -> None:
    go_on = threading.Event()

    def open_slowly() -> FakeBot:
        assert go_on.wait(60)
        return bot

    test = app(replace(services, open_bot=Opening(open_slowly).get))
    assert strings.LOADING_TITLE in html(test)
    assert labels(test) == []
    go_on.set()
    while strings.LOADING_TITLE in html(test):
        test.run()
    assert strings.START_WITH in [caption.value for caption in test.caption]


def test_a_page_that_breaks_says_so_without_a_traceback(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> FakeBot:
        raise ZeroDivisionError("secret detail")

    test = app(replace(services, open_bot=broken))
    assert strings.BROKEN in html(test)
    assert labels(test) == [strings.TRY_AGAIN]
    assert "secret detail" not in html(test)
    assert "secret detail" in caplog.text


# --- reporting --------------------------------------------------------------------------------


def report(test: AppTest, category: Category = "wrong_fact", **typed: str) -> AppTest:
    """Two presses: the button, and what kind of problem it is; what else there is, is typed."""
    press(test, strings.REPORT)
    for field in [*test.text_area, *test.text_input]:
        field.set_value(typed.get(field.key.partition("-")[0], ""))
    return press(test, CATEGORY_LABELS[category])


def the_report(services: Services) -> Report:
    who = services.moderators.operator()
    (saved,) = services.reports.reports(who)
    return services.reports.show(who, saved.reference)


def test_a_report_is_saved_and_its_reference_shown(services: Services) -> None:
    test = ask(app(services), "Who sings?")
    report(test, "out_of_date", comment="Not <b>true</b>")
    saved = the_report(services)
    assert (saved.category, saved.comment) == ("out_of_date", "Not <b>true</b>")
    assert f"saved as <code>{saved.reference}</code>" in html(test)
    # Once only: the receipt stands where the button was.
    assert strings.REPORT not in [button.label for button in test.button]


def test_each_answer_of_a_conversation_can_be_reported(services: Services) -> None:
    test = ask(ask(app(services), "one"), "two")
    buttons = [button for button in test.button if button.label == strings.REPORT]
    assert len(buttons) == 2
    buttons[0].click().run()
    press(test, CATEGORY_LABELS["other"])
    assert the_report(services).question == "one"
    assert [button.label for button in test.button].count(strings.REPORT) == 1


@pytest.mark.parametrize("status", ["answered", "abstained", "refused", "blocked", "failed"])
def test_every_answer_can_be_reported(services: Services, bot: FakeBot, status: str) -> None:
    bot.answers["q"] = answered("q", "This.", status=status, reason="scope", citations=())
    report(ask(app(services), "q"), "wrongly_refused")
    case = the_report(services).case
    assert case is not None and (case.status, case.reason) == (status, "scope")


def test_an_answer_that_broke_can_be_reported(services: Services, bot: FakeBot) -> None:
    bot.answers["q"] = RuntimeError("nothing is here")
    report(ask(app(services), "q"), "other")
    assert the_report(services).question == "q"


def test_a_case_holds_all_that_the_bot_had_and_what_was_said_before(
    services: Services, bot: FakeBot
) -> None:
    looked_at = Evidence(n=2, kind="passage", document="b.md", title="B", quote="Hm.", key="c2")
    bot.answers["two"] = answered(
        "two", evidence=(EVIDENCE, looked_at), timings_ms={"write": 12.5}, dropped_sentences=2
    )
    test = app(services)
    test.session_state["conversation"] = Conversation(within=Filter(types=("pdf",)))
    for question in ("one", "two"):
        ask(test, question)
    [b for b in test.button if b.label == strings.REPORT][1].click().run()
    press(test, CATEGORY_LABELS["wrong_source"])
    case = the_report(services).case
    assert case is not None
    assert (case.asked_before, case.answered_before) == (("one",), ("Wrens sing [1].",))
    assert [piece.quote for piece in case.evidence] == ["Wrens sing.", "Hm."]
    assert (case.model, case.digest, case.index_generation) == ("fake-model", DIGEST, 7)
    assert (case.timings_ms, case.dropped_sentences) == ({"write": 12.5}, 2)
    assert (case.rules_version, case.within) == (RULES_VERSION, Filter(types=("pdf",)))
    assert case.documents == ("a.md",)


def test_what_is_sent_is_shown_before_it_is_sent(services: Services) -> None:
    test = ask(ask(app(services), "one"), "I am birch@example.org, who sings?")
    [b for b in test.button if b.label == strings.REPORT][1].click().run()
    shown = html(test).partition('<div class="gk-sent">')[2]
    assert "what was said before it" in shown
    assert "birch" not in shown and "I am [e-mail], who sings?" in shown
    press(test, CATEGORY_LABELS["other"])
    case = the_report(services).case
    assert case is not None
    whole = re.search(r'<code class="gk-sql">(.*?)</code>', shown, re.DOTALL)
    assert whole is not None
    assert json.loads(unescape(whole[1])) == json.loads(case.to_text())


def test_a_report_that_is_not_saved_says_so_and_keeps_the_words(
    services: Services, tmp_path: Path
) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("")
    broken = replace(services, reports=ReviewQueue(blocked / "reports.sqlite3"))
    test = report(ask(app(broken), "q"), comment="My long comment", email="birch@example.org")
    assert strings.REPORT_FAILED in html(test)
    assert "<code>R-" not in html(test)
    assert (test.text_area[0].value, test.text_input[0].value) == (
        "My long comment",
        "birch@example.org",
    )


def test_a_mistyped_address_is_told_and_nothing_is_sent(services: Services) -> None:
    test = report(ask(app(services), "q"), comment="My long comment", email="birch@example")
    assert "This is not an e-mail address." in html(test)
    assert services.reports.reports(services.moderators.operator()) == []
    test.text_input[0].set_value("")
    press(test, CATEGORY_LABELS["wrong_fact"])
    assert the_report(services).comment == "My long comment"


@pytest.mark.parametrize("status", ["answered", "refused"])
def test_the_likeliest_problem_of_a_refusal_comes_first(
    services: Services, bot: FakeBot, status: str
) -> None:
    bot.answers["q"] = answered("q", "No.", status=status, citations=())
    test = press(ask(app(services), "q"), strings.REPORT)
    offered = [b.label for b in test.button if b.label in CATEGORY_LABELS.values()]
    assert sorted(offered) == sorted(CATEGORY_LABELS.values())
    likeliest = "wrongly_refused" if status == "refused" else "wrong_fact"
    assert offered[0] == CATEGORY_LABELS[likeliest]


def test_the_form_can_be_left_again(services: Services) -> None:
    test = press(press(ask(app(services), "q"), strings.REPORT), strings.CANCEL)
    assert not test.text_area
    assert strings.REPORT in [button.label for button in test.button]


# --- my report --------------------------------------------------------------------------------


def test_a_reference_shows_the_status_and_nothing_else(services: Services) -> None:
    reference = file(services, "A private question", "private words")
    test = page_of(services, "lookup")
    test.text_input[0].set_value(f" {reference.lower()} ")
    press(test, strings.LOOK_UP)
    assert reference in html(test)
    assert "Received" in html(test)
    assert "rivate" not in html(test)


@pytest.mark.parametrize("reference", ["R-000000", "hello", "<b>x</b>", "R-7K3M9Q'; DROP TABLE x"])
def test_a_reference_that_is_none_is_told_kindly(services: Services, reference: str) -> None:
    test = page_of(services, "lookup")
    test.text_input[0].set_value(reference)
    press(test, strings.LOOK_UP)
    assert 'role="alert"' in html(test)
    assert "<b>" not in html(test)


@pytest.mark.parametrize("what", ["reference", "token"])
def test_a_link_shows_the_same(services: Services, what: str) -> None:
    receipt = services.reports.file(freeze(answered("A private question")), "other")
    test = page_of(services, "lookup")
    test.query_params["reference"] = getattr(receipt, what)
    assert receipt.reference in html(test.run())
    assert "Received" in html(test) and "rivate" not in html(test)


def test_a_forged_link_shows_nothing(services: Services) -> None:
    file(services, "A private question")
    test = page_of(services, "lookup")
    test.query_params["reference"] = "x" * 10_000
    assert 'role="alert"' in html(test.run())
    assert "Received" not in html(test)


def test_reports_of_this_visit_are_listed(services: Services) -> None:
    test = page_of(services, "lookup")
    test.session_state["receipts"] = [file(services, "q")]
    assert test.session_state["receipts"][0] in html(test.run())


# --- moderation -------------------------------------------------------------------------------


def test_without_signing_in_the_queue_is_not_drawn(services: Services) -> None:
    file(services, "A private question")
    test = page_of(services, "moderation")
    assert "private" not in html(test)
    assert [button.label for button in test.button] == [strings.SIGN_IN]


def test_a_made_up_token_opens_nothing(services: Services) -> None:
    file(services, "A private question")
    test = page_of(services, "moderation")
    test.session_state["moderator_token"] = "x" * 43
    assert "private" not in html(test.run())
    assert "moderator_token" not in test.session_state


@pytest.mark.parametrize(("name", "password"), [("mod", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_password_says_so_and_is_forgotten(
    services: Services, name: str, password: str
) -> None:
    test = sign_in(page_of(services, "moderation"), name, password)
    assert 'role="alert"' in html(test)
    assert test.text_input(key="sign-in-password").value == ""
    assert test.text_input(key="sign-in-name").value == name


def test_the_right_password_opens_the_queue(services: Services) -> None:
    file(services, "A private question")
    test = sign_in(page_of(services, "moderation"))
    assert "A private question" in html(test)


@pytest.fixture
def moderation(services: Services) -> AppTest:
    test = page_of(services, "moderation")
    test.session_state["moderator_token"] = services.moderators.sign_in("mod", PASSWORD).token
    return test.run()


def test_the_worst_report_comes_first_and_filters_narrow(
    services: Services, moderation: AppTest
) -> None:
    who = services.moderators.operator()
    file(services, "mild")
    worst = file(services, "bad one", "about magpies")
    services.reports.set_severity(who, worst, 1, "urgent")
    moderation.run()
    assert html(moderation).index("bad one") < html(moderation).index("mild")
    moderation.text_input(key="queue-text").set_value("MAGPIES").run()
    assert "mild" not in html(moderation)
    moderation.selectbox(key="queue-states").set_value("Resolved").run()
    assert "bad one" not in html(moderation)


def opened(services: Services, moderation: AppTest, question: str = "q") -> tuple[AppTest, str]:
    reference = file(services, question, "please <i>look</i>")
    moderation.run()
    return press(moderation, strings.OPEN_REPORT.format(reference=reference)), reference


def test_a_report_shows_the_case_as_it_was_seen(services: Services, moderation: AppTest) -> None:
    test, _ = opened(services, moderation, "Who sings?")
    shown = html(test)
    assert "Wrens sing" in shown
    assert "<mark>Wrens sing.</mark>" in shown
    assert "please &lt;i&gt;look&lt;/i&gt;" in shown
    assert "fake-model" in shown


def test_a_report_goes_all_the_way(services: Services, moderation: AppTest) -> None:
    test, reference = opened(services, moderation)
    press(test, strings.ASSIGN_TO_ME)
    press(test, strings.MOVE_TO["in_progress"])
    (severity,) = [box for box in test.selectbox if box.label == strings.SEVERITY]
    severity.set_value("high").run()
    test.text_area(key=f"note-{reference}").set_value("looked at the table")
    press(test, strings.ADD_NOTE)
    press(test, f"{strings.OUTCOME_ACTIONS['corpus_fixed']}…")
    press(test, strings.RESOLVE)
    assert strings.DONE in html(test)
    report = services.reports.show(services.moderators.operator(), reference)
    assert (report.status, report.severity, report.assignee) == ("resolved", "high", "mod")
    assert (report.outcome, report.outcome_detail) == ("corpus_fixed", "a.md")
    assert [event.actor for event in report.events][1:] == ["mod"] * 5
    assert services.reports.look_up(reference).status == "resolved"
    press(test, strings.UNDO)
    assert services.reports.look_up(reference).status == "triaged"
    assert reference in html(test), "it is open again"


def test_an_outcome_that_needs_a_detail_asks_for_it_and_keeps_the_words(
    services: Services, moderation: AppTest
) -> None:
    test, reference = opened(services, moderation)
    test.radio[0].set_value("duplicate").run()
    test.text_area(key=f"resolve-{reference}-note").set_value("my reasons")
    press(test, strings.RESOLVE)
    assert "Say the reference of the other report." in html(test)
    assert test.text_area(key=f"resolve-{reference}-note").value == "my reasons"
    assert services.reports.look_up(reference).status == "new"


def test_a_report_is_dismissed_with_a_reason(services: Services, moderation: AppTest) -> None:
    test, reference = opened(services, moderation)
    test.text_area(key=f"dismiss-{reference}").set_value("spam")
    press(test, strings.DISMISS)
    report = services.reports.show(services.moderators.operator(), reference)
    assert report.status == "dismissed"
    assert report.events[-1].text == "spam"


def test_a_faster_moderator_is_named_and_nothing_is_overwritten(
    services: Services, moderation: AppTest
) -> None:
    test, reference = opened(services, moderation)
    other = services.moderators.moderator(services.moderators.sign_in("other", PASSWORD).token)
    services.reports.move(other, reference, 1, "triaged")
    press(test, strings.MOVE_TO["in_progress"])
    assert "other moved it from new to triaged" in html(test)
    assert services.reports.look_up(reference).status == "triaged"
    # The newest state is shown: who has decided on it has it, until it is taken over.
    press(test, strings.MOVE_TO["in_progress"])
    assert f"{reference} is with other until" in html(test)
    press(test, strings.TAKE_OVER)
    press(test, strings.MOVE_TO["in_progress"])
    assert services.reports.look_up(reference).status == "in_progress"


def test_the_next_report_is_one_press_away(services: Services, moderation: AppTest) -> None:
    first, second = file(services, "first"), file(services, "second")
    moderation.run()
    press(moderation, strings.OPEN_REPORT.format(reference=first))
    moderation.button(key="next-below").click().run()
    assert second in html(moderation)
    assert moderation.button(key="next-below").disabled


def test_a_session_that_ended_elsewhere_ends_here(services: Services, moderation: AppTest) -> None:
    test, reference = opened(services, moderation)
    services.moderators.sign_out(test.session_state["moderator_token"])
    press(test, strings.MOVE_TO["in_progress"])
    assert services.reports.look_up(reference).status == "new"
    assert [button.label for button in test.button] == [strings.SIGN_IN]
    assert "please" not in html(test)


def test_signing_out_ends_the_session_itself(services: Services, moderation: AppTest) -> None:
    token = moderation.session_state["moderator_token"]
    press(moderation, strings.SIGN_OUT)
    assert [button.label for button in moderation.button] == [strings.SIGN_IN]
    with pytest.raises(NotSignedIn):
        services.moderators.moderator(token)


def test_a_purged_report_still_opens(services: Services, moderation: AppTest) -> None:
    from datetime import timedelta

    test, reference = opened(services, moderation)
    press(test, strings.OUTCOME_ACTIONS["not_actionable"])
    services.reports.purge(services.moderators.operator(), timedelta(0))
    test.session_state["opened-report"] = reference
    assert strings.PURGED in [box.value for box in test.run().info]


def test_a_report_that_is_gone_does_not_lock_the_queue(
    services: Services, moderation: AppTest
) -> None:
    moderation.session_state["opened-report"] = "R-000000"
    # The page alone has nobody around it to turn the error into a sentence, as the app does.
    assert moderation.run().exception
    file(services, "still here")
    assert "still here" in html(moderation.run())
