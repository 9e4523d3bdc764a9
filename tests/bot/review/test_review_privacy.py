"""No personal data of the person who asked gets into the file of reports."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot.answer import Citation
from bot.privacy import CARD, E_MAIL, PHONE, SSN, Masker
from bot.review import Case, Moderator, Moderators, ReviewQueue

MakeCase = Callable[..., Case]
MAIL, NUMBER = "jane.doe@example.org", "213-373-4253"


def everything_on_disk(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir() if file.is_file())


def test_question_conversation_comment_and_notes_are_masked(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator, path: Path
) -> None:
    case = make_case(f"How long is the river? Mail {MAIL}").model_copy(
        update={"asked_before": (f"Call me at {NUMBER}.", "my ssn is 219-09-9999")}
    )
    comment = f"Wrong! Reach me at {NUMBER} or pay 4111 1111 1111 1111."
    reference = queue.file(case, "wrong_fact", comment).reference
    queue.file(case, "wrong_fact", f"again, {MAIL}")
    queue.note(operator, reference, f"She wrote from {MAIL}.")

    report = queue.show(operator, reference)

    assert report.case is not None
    assert report.case.question == f"How long is the river? Mail {E_MAIL}"
    assert report.case.asked_before == (f"Call me at {PHONE}.", f"my ssn is {SSN}")
    assert [event.text for event in report.events] == [
        f"Wrong! Reach me at {PHONE} or pay {CARD}.",
        f"again, {E_MAIL}",
        f"She wrote from {E_MAIL}.",
    ]
    on_disk = everything_on_disk(path)
    for private in (MAIL, NUMBER, "219-09-9999", "4111 1111"):
        assert private.encode() not in on_disk
    assert queue.verify(Moderators.operator()) == []


def test_an_answer_repeats_nothing_private_and_keeps_the_corpuss_own(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator
) -> None:
    quote = "Write to office@example.edu or call 213-373-9999."
    case = make_case(
        f"Does {MAIL} work?",
        text=f"I leave “{MAIL.upper()}” aside. {quote} [1]",
        plan={"unknown": [MAIL], "n": 3},
        citations=(Citation(n=1, document="office.md", quote=quote),),
    )
    reference = queue.file(case, "wrong_fact").reference

    kept = queue.show(operator, reference).case

    assert kept is not None
    assert kept.answer == f"I leave “{E_MAIL}” aside. {quote} [1]"
    assert kept.plan == {"unknown": [E_MAIL], "n": 3}
    assert kept.citations[0].quote == quote


def test_no_hash_of_what_was_masked_is_kept(
    queue: ReviewQueue, make_case: MakeCase, path: Path
) -> None:
    """A hash of a question with one telephone number in it can be guessed in a second."""
    case = make_case(f"call {NUMBER}")
    queue.file(case, "wrong_fact")

    on_disk = everything_on_disk(path)
    assert case.group.encode() not in on_disk
    assert case.fingerprint.encode() not in on_disk
    assert hashlib.sha256(case.question.encode()).hexdigest().encode() not in on_disk
    assert case.masked(Masker()).group.encode() in on_disk


def test_what_is_no_personal_data_is_kept_to_the_letter(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator
) -> None:
    question = "Is $13,747 in 2023-2024 for SAT 1450-1520, zip 90210-1234, id 110635 right?"
    reference = queue.file(make_case(question), "wrong_fact", question).reference

    report = queue.show(operator, reference)

    assert report.case is not None and report.case.question == question
    assert report.events[0].text == question


def test_a_long_comment_is_not_too_long_because_it_was_masked(
    queue: ReviewQueue, make_case: MakeCase
) -> None:
    assert queue.file(make_case(), "wrong_fact", "ssn 219-09-9999 " + "x" * 1_984).reference


def test_scores_are_kept_with_the_case(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator
) -> None:
    scores = {"scope": -0.12, "scope_threshold": 0.03}
    case = make_case(scores=scores, dropped_sentences=2)
    kept = queue.show(operator, queue.file(case, "wrongly_refused").reference).case

    assert kept is not None
    assert (kept.scores, kept.dropped_sentences) == (scores, 2)


@pytest.mark.parametrize("closed", [True, False])
def test_one_report_can_be_purged_whatever_its_state(
    queue: ReviewQueue, make_case: MakeCase, operator: Moderator, path: Path, closed: bool
) -> None:
    mine = queue.file(make_case("A very peculiar wording?"), "wrong_fact", "so peculiar").reference
    other = queue.file(make_case("Another?"), "wrong_fact", "stays").reference
    if closed:
        queue.move(operator, mine, 1, "dismissed")

    assert queue.purge_report(operator, mine)
    assert not queue.purge_report(operator, mine)

    report = queue.show(operator, mine)
    assert (report.case, report.status) == (None, "dismissed")
    assert report.events[-1].kind == "purged"
    assert b"peculiar" not in everything_on_disk(path)
    assert queue.show(operator, other).events[0].text == "stays"
    assert queue.verify(Moderators.operator()) == []
    assert queue.stats(operator).open == 1
    assert queue.purge(operator, timedelta(0)) == 0
    # The same answer can be reported anew: nothing of the old report is left to match it.
    again = queue.file(make_case("A very peculiar wording?"), "wrong_fact")
    assert again.reference != mine
