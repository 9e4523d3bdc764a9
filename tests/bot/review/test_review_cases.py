"""Cases: nothing of what the reporter saw is lost, and repeats are recognised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.answer import Answer, Event, Finished, Question
from bot.review import Case, freeze
from bot.review.cases import clean
from bot.review.references import ALPHABET, make_reference, parse_reference
from bot.review.rerun import run_again
from ingest.errors import ReportNotFound
from ingest.filters import Filter

MakeCase = Callable[..., Case]


def test_a_case_holds_what_was_shown(make_case: MakeCase) -> None:
    case = make_case()
    assert case.answer == "It is 12 km long [1]."
    assert case.citations[0].quote == "12 km long"
    assert case.table is not None and case.table.rows[1] == ("Fir", None)
    assert (case.model, case.digest, case.index_generation) == ("test-model", "sha256:abc", 4)
    assert (case.rules_version, case.flags, case.asked_before) == (
        "rules-1",
        ("watch",),
        ("Where is it?",),
    )
    with pytest.raises(ValidationError):
        case.answer = "other"  # type: ignore[misc]


def test_a_case_survives_storage(make_case: MakeCase) -> None:
    case = make_case("¿Qué\x1b[31m tan 長い \u202eis it\u2028?")
    text = case.to_text()
    assert text.isascii()
    assert Case.from_text(text) == case


@given(question=st.text(), answer=st.text(), value=st.floats(allow_nan=False) | st.text())
def test_any_case_survives_storage(question: str, answer: str, value: float | str) -> None:
    plan = {"value": value, "deep": [{"x": None}]}
    case = freeze(Answer(question=question, text=answer, status="abstained", plan=plan))
    assert Case.from_text(case.to_text()) == case


def test_a_case_is_asked_again_of_the_same_documents(make_case: MakeCase) -> None:
    asked: list[Question] = []

    class NotingBot:
        def answer(self, question: Question) -> Answer:
            asked.append(question)
            return Answer(question=question.text, text="It is 12 km long.", status="answered")

        def stream(self, question: Question) -> Iterator[Event]:
            yield Finished(answer=self.answer(question))

    only = Filter(types=("pdf",), since=date(2020, 1, 1))
    case = Case.from_text(make_case().model_copy(update={"within": only}).to_text())
    assert run_again(NotingBot(), case).now.within == only
    assert [(one.text, one.within) for one in asked] == [
        ("Where is it?", only),
        ("How long is the river?", only),
    ]


def test_the_fingerprint_sees_through_case_and_spaces(make_case: MakeCase) -> None:
    case = make_case("How long is  the RIVER?\u200b")
    assert case.fingerprint == make_case().fingerprint
    assert case.fingerprint == make_case(model="other", index_generation=9).fingerprint
    assert case.fingerprint != make_case(text="It is 13 km long [1].").fingerprint
    assert case.fingerprint != make_case("How long is the road?").fingerprint
    assert case.group == make_case(text="It is 13 km long [1].").group


def test_question_and_answer_do_not_run_together() -> None:
    one = freeze(Answer(question="a b", text="c", status="answered"))
    other = freeze(Answer(question="a", text="b c", status="answered"))
    assert one.fingerprint != other.fingerprint


def test_clean_takes_out_what_deceives_and_leaves_what_is_written() -> None:
    assert clean(" a\x00b\x1b[31mc\x9b\u202ed\r\ne\tf\rg ") == "ab[31mcd\ne f\ng"
    family = "👩\u200d👩\u200d👧 نامه\u200cای"
    assert clean(family) == family


@given(st.text())
def test_clean_text_is_clean(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert all(c == "\n" or ord(c) >= 32 for c in cleaned)


@pytest.mark.parametrize(
    "typed",
    ["R-7K3M9Q", "r-7k3m9q", "7K3M9Q", " r7k3m9q\n", "R 7K3 M9Q", "R\u20117K3M9Q", "Ｒ-７K3M9Q"],
)
def test_references_are_forgiving(typed: str) -> None:
    assert parse_reference(typed) == "R-7K3M9Q"


def test_letters_that_look_alike_are_the_digit() -> None:
    assert parse_reference("R-OIl0oi") == "R-011001"


@pytest.mark.parametrize(
    "typed", ["", "R-", "R-7K3M9", "R-7K3M9QX", "X-7K3M9Q", "R-7K3M9U", "'; --", "é" * 6, "٣" * 6]
)
def test_what_is_no_reference_is_not_found(typed: str) -> None:
    with pytest.raises(ReportNotFound, match="R-7K3M9Q"):
        parse_reference(typed)


def test_made_references_are_read_back() -> None:
    made = {make_reference() for _ in range(500)}
    assert len(made) > 490
    assert all(parse_reference(reference.lower()) == reference for reference in made)
    assert not set("ILOU") & set(ALPHABET)
