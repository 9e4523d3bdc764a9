"""The forms behind an outcome, driven without a browser over a real pack, index and queue."""

from __future__ import annotations

import threading
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bot.answer import Question
from bot.regressions import FILE, read_regressions
from bot.review import Moderators, Report, ReviewQueue, freeze
from bot.review.dry_run import DryRun
from bot.review.workbench import Workbench
from bot.rules import CHECK_SECONDS
from bot.silent_chat import silent_chat
from ingest.rules import RULES_NAME
from tests.packs import DOCUMENTS, FILES, HashedEmbeddings, Pack, end_vector_servers
from ui import strings
from ui.background import WORKER
from ui.services import Services

PASSWORD = "a long enough password"
ASKED = "What is the weight of a robin?"
SETS = {
    "questions/scope/off-topic.jsonl": '{"text": "The weight of the moon <b>?</b>"}\n',
    "questions/scope/in-scope.jsonl": '{"text": "Which birds lose weight?"}\n',
}


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pack]:
    root = tmp_path_factory.mktemp("forms")
    pack = Pack.make(root, {**FILES, **SETS})
    pack.reindex(HashedEmbeddings())
    yield pack
    end_vector_servers(root)


@pytest.fixture(scope="module")
def bench(pack: Pack) -> Iterator[Workbench]:
    with pack.index(HashedEmbeddings()) as index:
        yield Workbench(pack.settings, index, silent_chat)


@pytest.fixture
def services(tmp_path: Path, pack: Pack, bench: Workbench) -> Iterator[Services]:
    path = tmp_path / "reports.sqlite3"
    with Moderators(path) as moderators, ReviewQueue(path) as queue:
        moderators.add(Moderators.operator(), "mod", PASSWORD)
        yield Services(pack.card, queue, moderators, lambda: bench.bot, lambda: bench)
    (pack.folder / RULES_NAME).unlink(missing_ok=True)
    (pack.folder / FILE).unlink(missing_ok=True)


@pytest.fixture
def reference(services: Services, bench: Workbench) -> str:
    answer = bench.bot.answer(Question(text=ASKED))
    case = freeze(answer, rules_version=answer.rules_version)
    return services.reports.file(case, "wrong_fact").reference


@pytest.fixture
def page(services: Services, reference: str) -> AppTest:
    """The moderation page with the report opened."""

    def script(services: object) -> None:
        from ui.views.moderation import moderation_page

        moderation_page(services)  # type: ignore[arg-type]

    test = AppTest.from_function(script, default_timeout=120, kwargs={"services": services})
    test.session_state["moderator_token"] = services.moderators.sign_in("mod", PASSWORD).token
    test.session_state["opened-report"] = reference
    return test.run()


def html(test: AppTest) -> str:
    assert not test.exception
    return "\n".join(element.proto.body for element in test.get("html"))


def press(test: AppTest, label: str) -> AppTest:
    """Press a button, and wait for what it began."""
    (button,) = [b for b in test.button if b.label == label]
    button.click().run()
    return wait(test) if "gk-progress" in html(test) else test


def wait(test: AppTest) -> AppTest:
    """Wait for what was begun, and draw what came of it."""
    working = [thread for thread in threading.enumerate() if thread.name == WORKER]
    for thread in working:
        thread.join(60)
        assert not thread.is_alive()
    return test.run()


def labels(test: AppTest) -> list[str]:
    return [button.label for button in test.button]


def report_of(services: Services, reference: str) -> Report:
    return services.reports.show(services.moderators.operator(), reference)


def choose(test: AppTest, reference: str, outcome: str) -> AppTest:
    return test.radio(key=f"resolve-{reference}-outcome").set_value(outcome).run()


def test_a_rule_is_tried_saved_and_in_force(
    services: Services, page: AppTest, reference: str, pack: Pack, bench: Workbench
) -> None:
    choose(page, reference, "rule_added")
    assert strings.SAVE_RULE not in labels(page), "nothing is saved untried"
    page.text_area(key=f"resolve-{reference}-texts").set_value("weight\n\n")
    page.text_area(key=f"resolve-{reference}-message").set_value("No weights.")
    page.text_area(key=f"resolve-{reference}-note").set_value("our reasons")
    press(page, strings.TRY_RULE)
    told = " ".join(text.value for text in page.markdown)
    assert strings.STOPS_CASE in told
    assert strings.STOPS_GOOD.format(n=2) in told and strings.STOPS_BAD.format(n=1) in told
    shown = html(page)
    assert "Which birds lose weight?" in shown and "moon &lt;b&gt;" in shown
    assert strings.DONE not in shown
    assert not (pack.folder / RULES_NAME).exists()
    press(page, strings.SAVE_RULE)
    assert reference in html(page), "what was decided can be taken back"
    [saved] = tomllib.loads((pack.folder / RULES_NAME).read_text())["rules"]
    assert (saved["author"], saved["reference"]) == ("mod", reference)
    assert (saved["words"], saved["message"]) == (["weight"], "No weights.")
    report = report_of(services, reference)
    assert (report.outcome, report.outcome_detail) == ("rule_added", saved["id"])
    assert report.events[-1].text == "our reasons"
    time.sleep(CHECK_SECONDS)
    assert bench.bot.answer(Question(text=ASKED)).text == "No weights."


def test_what_is_saved_is_what_was_tried(page: AppTest, reference: str, pack: Pack) -> None:
    choose(page, reference, "rule_added")
    page.text_area(key=f"resolve-{reference}-texts").set_value("weight")
    press(page, strings.TRY_RULE)
    page.text_area(key=f"resolve-{reference}-texts").set_value("everything else")
    press(page, strings.SAVE_RULE)
    [saved] = tomllib.loads((pack.folder / RULES_NAME).read_text())["rules"]
    assert saved["words"] == ["weight"]


def test_what_is_no_rule_is_said_and_keeps_the_words(page: AppTest, reference: str) -> None:
    choose(page, reference, "rule_added")
    page.radio(key=f"resolve-{reference}-kind").set_value("pattern")
    page.text_area(key=f"resolve-{reference}-texts").set_value("(")
    press(page, strings.TRY_RULE)
    assert "not a regular expression" in html(page)
    assert page.text_area(key=f"resolve-{reference}-texts").value == "("
    assert strings.SAVE_RULE not in labels(page)


def test_a_faster_moderator_keeps_the_rule_out(
    services: Services, page: AppTest, reference: str, pack: Pack
) -> None:
    choose(page, reference, "rule_added")
    page.text_area(key=f"resolve-{reference}-texts").set_value("weight")
    press(page, strings.TRY_RULE)
    services.reports.move(services.moderators.operator(), reference, 1, "triaged")
    press(page, strings.SAVE_RULE)
    assert "the operator" in html(page)
    assert not (pack.folder / RULES_NAME).exists()
    press(page, strings.SAVE_RULE)
    assert report_of(services, reference).outcome == "rule_added"


def test_a_session_that_ended_saves_nothing(
    services: Services, page: AppTest, reference: str, pack: Pack
) -> None:
    choose(page, reference, "rule_added")
    page.text_area(key=f"resolve-{reference}-texts").set_value("weight")
    press(page, strings.TRY_RULE)
    services.moderators.sign_out(page.session_state["moderator_token"])
    press(page, strings.SAVE_RULE)
    assert labels(page) == [strings.SIGN_IN]
    assert not (pack.folder / RULES_NAME).exists()
    assert report_of(services, reference).status == "new"


def test_a_case_tells_whether_it_passes_and_is_added(
    services: Services, page: AppTest, reference: str, pack: Pack
) -> None:
    choose(page, reference, "regression_added")
    must_not = page.text_area(key=f"resolve-{reference}-must-not")
    assert "18" in (must_not.value or ""), "the figure that was reported"
    press(page, strings.TRY_CASE)
    [warning] = page.warning
    assert "says" in warning.value
    page.text_area(key=f"resolve-{reference}-must-not").set_value("")
    page.text_area(key=f"resolve-{reference}-must").set_value("18 g")
    press(page, strings.TRY_CASE)
    assert [box.value for box in page.success] == [strings.CASE_PASSES]
    press(page, strings.SAVE_CASE)
    [case] = read_regressions(pack.folder / FILE)
    assert (case.question, case.must, case.must_not) == (ASKED, ("18 g",), ())
    assert (case.source, case.author) == (reference, "mod")
    assert report_of(services, reference).outcome_detail == case.id


def test_a_case_that_asks_nothing_is_not_tried(page: AppTest, reference: str) -> None:
    choose(page, reference, "regression_added")
    page.text_area(key=f"resolve-{reference}-must-not").set_value("")
    press(page, strings.TRY_CASE)
    assert "asks nothing of its answer" in html(page)
    assert strings.SAVE_CASE not in labels(page)


def test_a_corrected_document_is_proposed(
    services: Services, page: AppTest, reference: str
) -> None:
    choose(page, reference, "corpus_fixed")
    key = f"resolve-{reference}-corpus_fixed-detail"
    box = page.selectbox(key=key)
    assert (box.value, box.options[0]) == ("birds.csv", "birds.csv"), "cited, so it comes first"
    assert sorted(box.options) == DOCUMENTS
    press(page, strings.RESOLVE)
    assert report_of(services, reference).outcome_detail == "birds.csv"
    assert "was corrected" in services.reports.look_up(reference).outcome


@pytest.mark.parametrize("own", ["", "It was weighed."])
def test_the_reason_reaches_the_person(
    services: Services, page: AppTest, reference: str, own: str
) -> None:
    choose(page, reference, "answer_fine")
    key = f"resolve-{reference}-answer_fine-detail"
    press(page, strings.RESOLVE)
    assert "Say why the answer was right" in html(page)
    ready = strings.ANSWER_FINE_REASONS[1]
    page.button_group(key=f"{key}-ready").set_value(ready)
    page.text_input(key=key).set_value(own)
    press(page, strings.RESOLVE)
    assert services.reports.look_up(reference).told == (own or ready)


def test_a_duplicate_is_one_press_away(
    services: Services, page: AppTest, reference: str, bench: Workbench
) -> None:
    def reported(text: str) -> str:
        case = freeze(bench.bot.answer(Question(text=text)))
        return services.reports.file(case, "wrong_fact").reference

    near, far = reported("The weight of a robin, what is it?"), reported("Who cleans the box?")
    choose(page, reference, "duplicate")
    wait(page)
    offered = [label for label in labels(page) if label.startswith("**R-")]
    assert [label.split(",")[0].strip("*") for label in offered] == [near]
    press(page, offered[0])
    report = report_of(services, reference)
    assert (report.outcome, report.outcome_detail) == ("duplicate", near)
    assert far not in [one.reference for one in report.group]


def test_a_correction_that_is_indexed_already_runs_the_case_again(
    services: Services, page: AppTest, reference: str, pack: Pack
) -> None:
    pack.edit("guides/watching.txt", "three metres", "four metres")
    pack.reindex(HashedEmbeddings())
    choose(page, reference, "corpus_fixed")
    key = f"resolve-{reference}-corpus_fixed-detail"
    page.selectbox(key=key).set_value("guides/watching.txt")
    press(page, strings.RESOLVE)
    wait(page)
    event = report_of(services, reference).events[-1]
    assert (event.kind, event.detail) == ("rerun", "guides/watching.txt")
    assert "the same as before" in services.reports.look_up(reference).told


def test_the_page_can_be_used_while_a_rule_is_tried(
    services: Services, page: AppTest, reference: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()

    def slow(*asked: object) -> DryRun:
        tell = asked[-1]
        assert callable(tell)
        tell(20, 500)
        let_go.wait(60)
        return DryRun(7, (), False, False)

    monkeypatch.setattr("ui.views.moderation_rule.dry_run", slow)
    choose(page, reference, "rule_added")
    page.text_area(key=f"resolve-{reference}-texts").set_value("weight")
    (button,) = [b for b in page.button if b.label == strings.TRY_RULE]
    button.click().run()
    assert strings.SO_FAR.format(done=20, of=500) in html(page)
    assert strings.SAVE_RULE not in labels(page)
    choose(page, reference, "not_actionable")
    choose(page, reference, "rule_added")
    let_go.set()
    wait(page)
    assert strings.TRIED.format(n=7) in " ".join(text.value for text in page.markdown)
    let_go.clear()
    page.text_area(key=f"resolve-{reference}-texts").set_value("weight")
    for label in (strings.TRY_RULE, strings.STOP):
        (button,) = [b for b in page.button if b.label == label]
        button.click().run()
    assert strings.SO_FAR.format(done=20, of=500) not in html(page)
    assert strings.STOP not in labels(page) and strings.SAVE_RULE not in labels(page)
    let_go.set()


def test_a_case_is_run_again_and_kept_as_a_note(
    services: Services, page: AppTest, reference: str
) -> None:
    press(page, strings.RUN_AGAIN)
    assert strings.RUN_SAME in html(page)
    assert strings.DONE not in html(page)
    assert report_of(services, reference).events[-1].kind == "filed"
    press(page, strings.KEEP_AS_NOTE)
    event = report_of(services, reference).events[-1]
    assert (event.kind, event.actor) == ("noted", "mod")
    assert event.text.startswith("= answered, as before")
    assert strings.KEEP_AS_NOTE not in labels(page)


def test_what_was_typed_stays_while_another_form_is_open(page: AppTest, reference: str) -> None:
    choose(page, reference, "rule_added")
    page.text_area(key=f"resolve-{reference}-texts").set_value("moon").run()
    page.text_area(key=f"resolve-{reference}-note").set_value("A note").run()
    choose(page, reference, "answer_fine")
    assert page.text_area(key=f"resolve-{reference}-note").value == "A note"
    choose(page, reference, "rule_added")
    assert page.text_area(key=f"resolve-{reference}-texts").value == "moon"
    assert page.multiselect(key=f"resolve-{reference}-applies").value == ["question"]
