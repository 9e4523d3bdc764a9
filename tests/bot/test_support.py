"""Evidence that answers, and evidence that is only near: with the real encoder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from bot.answer import Evidence
from bot.answerability import Signs, probability
from bot.support import THRESHOLD, Support, judge_support
from ingest.embedding_cache import unit
from ingest.embeddings import make_embeddings
from ingest.index import Index
from tests.packs import Pack

TEXT = (
    "Kublai opened the canal at Dadu in 1293. It was 82 km long, and barges took nine days to go"
    " all the way. Few merchants used the northern part, which was built of old stone. The canal"
    " of the United Provinces stayed closed until the flood."
)
HEADINGS = ("Waterways", "The canal at Dadu")


@pytest.fixture(scope="module")
def index(indexed_pack: Pack) -> Iterator[Index]:
    opened = Index(indexed_pack.card, indexed_pack.paths, make_embeddings(indexed_pack.settings))
    yield opened
    opened.close()


def judged(index: Index, question: str, *texts: str) -> Support:
    evidence = [
        Evidence(
            n=n,
            kind="passage",
            document="canals.md",
            title="Waterways",
            heading_path=HEADINGS,
            quote=text,
            key=f"k{n}",
            end=len(text),
        )
        for n, text in enumerate(texts or (TEXT,), start=1)
    ]
    return judge_support(index, question, unit(index.embeddings.embed_query(question)), evidence)


def signs(index: Index, question: str, *texts: str) -> Signs:
    found = judged(index, question, *texts).signs
    assert found is not None
    return found


@pytest.mark.parametrize(
    "question",
    [
        "When did Kublai open the canal at Dadu?",
        "How long was the canal at Dadu?",
        "how many days did barges take to go all the way",
        "Who opened the canal in Dadu?",
    ],
)
def test_what_the_passage_answers_is_enough(index: Index, question: str) -> None:
    assert judged(index, question).enough


@pytest.mark.parametrize(
    ("question", "sign", "value"),
    [
        ("When did Genghis open the canal at Dadu?", "names_missing", 1),
        ("Why did Genghis open the canal at Karakorum in 1206?", "names_missing", 2),
        ("When did Kublai close the canal at Dadu?", "contradiction", 1),
        ("When did Kublai not open the canal at Dadu?", "contradiction", 1),
        ("Which merchants used the southern part of the canal?", "contradiction", 1),
        ("What month did merchants use the northern part?", "answer_away", 2),
        ("In what year did merchants use the northern part?", "answer_away", 2),
    ],
)
def test_each_near_miss_shows_why(index: Index, question: str, sign: str, value: int) -> None:
    assert getattr(signs(index, question), sign) == value


@pytest.mark.parametrize(
    ("question", "sign"),
    [
        ("When was the UP canal closed?", "names_missing"),  # spelt out
        ("When did Kublay open the canal at Dadu?", "names_missing"),  # a slip
        ("Did barges take IX days?", "names_missing"),  # another numeral
        ("I come from Ohio, when did Kublai open the canal?", "names_missing"),  # not asked for
        ("Did Kublai close the canal at Dadu?", "contradiction"),  # "no" is an answer
        ("Was the southern part not built of stone?", "contradiction"),
    ],
)
def test_what_is_no_sign_of_a_near_miss(index: Index, question: str, sign: str) -> None:
    assert getattr(signs(index, question), sign) == 0


def test_a_number_of_something_else_is_half_an_answer(index: Index) -> None:
    asked = "How many merchants used the canal?"

    assert signs(index, asked, "It was used by 70 merchants of the town.").answer_away == 0
    assert signs(index, asked, "It was used by 70 families in all.").answer_away == 1
    assert signs(index, asked, "It was used by merchants who paid 3 coins.").answer_away == 2


def test_a_neighbour_may_hold_the_answer(index: Index) -> None:
    assert signs(index, "In what year was the canal 82 km long?").answer_away == 1


def test_words_foreign_to_the_passage_are_strange_and_other_words_for_it_are_not(
    index: Index,
) -> None:
    foreign = signs(index, "Did football players open the canal at Dadu?")
    same = signs(index, "Did ships travel on the canal at Dadu?")

    assert foreign.strangeness > max(0.0, same.strangeness)


def test_nearness_is_a_cosine_and_what_is_far_off_is_remote(index: Index) -> None:
    near = signs(index, "When did Kublai open the canal at Dadu?")
    far = signs(index, "What should I cook tonight?")

    assert 0.6 < near.nearness <= 1 and near.remoteness == 0
    assert far.nearness < 0.3 and far.remoteness > 0.1
    assert not judged(index, "What should I cook tonight?").enough


def test_only_the_passage_that_would_be_quoted_is_judged(index: Index) -> None:
    alone = judged(index, "When did Genghis open the canal at Dadu?")
    beside = judged(
        index, "When did Genghis open the canal at Dadu?", TEXT, "Genghis never saw a tax office."
    )

    assert beside.score == pytest.approx(alone.score, abs=1e-3)


def test_headings_and_what_is_no_sentence_count_as_said(index: Index) -> None:
    listed = "The canal had these locks on its way to the sea:\n\nTonghui\n\nHuitong"

    assert signs(index, "Did the canal of the Waterways pass Tonghui?", listed).names_missing == 0


@pytest.mark.parametrize(
    ("question", "explained"),
    [
        ("What is a lock?", 1),  # the sentence defines it
        ("what does Dadu canal mean", 1),  # its heading names it
        ("What is a weir?", 0),
        ("What is the length of the canal?", 0),
        ("Who built a lock?", 0),
    ],
)
def test_a_term_is_explained_where_it_is_defined(
    index: Index, question: str, explained: int
) -> None:
    text = "A lock is a basin that lifts boats to another level. A weir holds water back."

    assert signs(index, question, text).explained == explained


def test_nothing_is_no_support(index: Index) -> None:
    for texts in (["Dadu"], [""]):
        assert judged(index, "When was it?", *texts) == Support(0.0, ())
    assert judge_support(index, "When?", np.zeros(384, np.float32), []) == Support(0.0, ())


@pytest.mark.parametrize("question", ["?", "…", "and of the", "你好吗", "1", "A" * 500])
def test_questions_without_words_do_no_harm(index: Index, question: str) -> None:
    assert 0 <= judged(index, question).score <= 1


def test_the_probability_falls_with_every_sign_against_it() -> None:
    fine = Signs(0.7, 0.0, 0.0, 0, 0, 0, 0)
    worse = [
        replace(fine, nearness=0.5),
        replace(fine, remoteness=0.2),
        replace(fine, strangeness=0.1),
        replace(fine, names_missing=1),
        replace(fine, answer_away=1),
        replace(fine, contradiction=1),
    ]

    assert all(0 < probability(one) < probability(fine) < 1 for one in worse)
    assert probability(fine) > THRESHOLD
    assert probability(replace(fine, explained=1)) > probability(fine)
