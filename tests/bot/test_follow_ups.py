from __future__ import annotations

from bot.answer import Question
from bot.pipeline import Bot
from bot.silent_chat import silent_chat
from tests.packs import HashedEmbeddings, Pack


def test_what_is_offered_next_has_an_answer_and_is_another_question(small_pack: Pack) -> None:
    small_pack.reindex(HashedEmbeddings())
    with small_pack.index(HashedEmbeddings()) as index:
        bot = Bot(index, silent_chat(), small_pack.settings)
        for asked in ("What is the weight of the wren?", "List the birds by weight"):
            answer = bot.answer(Question(text=asked))
            assert answer.status == "answered", answer.text
            offered = bot.follow_ups(answer)
            assert offered and asked not in offered, answer.plan
            for question in offered:
                assert bot.answer(Question(text=question)).status == "answered", question


def test_nothing_is_offered_after_what_no_record_has(small_pack: Pack) -> None:
    small_pack.reindex(HashedEmbeddings())
    with small_pack.index(HashedEmbeddings()) as index:
        bot = Bot(index, silent_chat(), small_pack.settings)
        assert bot.follow_ups(bot.answer(Question(text="hello"))) == ()
