"""Sentences known to be sound or false: drawn from a real index, the same for the same seed."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.answer import Evidence
from bot.grounding_eval.corruptions import CORRUPTIONS
from bot.grounding_eval.measuring import GroundingCase, draw_cases, measure
from bot.grounding_eval.paraphrases import PARAPHRASES
from bot.grounding_eval.statements import HandWritten, Statement, read_hand_written
from bot.verify import Verdict, verify
from ingest.embeddings import make_embeddings
from ingest.errors import UsageError
from ingest.index import Index
from ingest.loaders import load
from tests.packs import Pack

PACK = Path(__file__).resolve().parents[2] / "corpus" / "colleges"
SAID = HandWritten(
    id="1", document="guides/feeding.md", quote="Finches", said="Finches like sunflower hearts."
)


@pytest.fixture(scope="module")
def index(indexed_pack: Pack) -> Iterator[Index]:
    opened = Index(indexed_pack.card, indexed_pack.paths, make_embeddings(indexed_pack.settings))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def cases(index: Index) -> list[GroundingCase]:
    return draw(index, 1, 60)


def draw(index: Index, seed: int, number: int) -> list[GroundingCase]:
    with index.snapshot() as snapshot:
        return draw_cases(index.card, snapshot, [SAID], seed, number)


def statement(text: str) -> Statement:
    piece = Evidence(
        n=1, kind="passage", document="d", title="The guide", quote=f"{text} A fee of $40 is due "
        "by May 2, 2031 to the Garden Club.", key="k",
    )  # fmt: skip
    return Statement(f"{text} [1]", (piece,))


def test_the_same_seed_draws_the_same(index: Index) -> None:
    first = draw(index, 1, 12)
    assert first == draw(index, 1, 12)
    assert first != draw(index, 2, 12)


def test_every_case_cites_and_false_ones_differ_from_their_base(
    cases: list[GroundingCase],
) -> None:
    kinds = Counter(case.kind for case in cases)

    assert kinds["invented citation"] and kinds["by hand"] == 1 and kinds["rows"] > 1
    assert set(kinds) & set(CORRUPTIONS) and set(kinds) & set(PARAPHRASES)
    for case in cases:
        assert "[" in case.sentence
        assert case.sound or case.sentence != case.base


def test_the_verifier_tells_them_apart(index: Index) -> None:
    result = measure(draw(index, 3, 100), verify)

    assert result.of(sound=False).wrong_rate <= 0.05, result.to_json()
    assert result.of(sound=True).wrong_rate <= 0.05, result.to_json()
    assert 0 < result.percentile(50) <= result.percentile(99)


def test_a_verifier_that_lets_all_pass_is_seen_to(cases: list[GroundingCase]) -> None:
    told = 0

    def count() -> None:
        nonlocal told
        told += 1

    result = measure(cases, lambda *_: Verdict(True), count)

    assert told == len(cases)
    assert result.of(sound=False).wrong_rate == 1.0
    assert result.of(sound=True).wrong_rate == 0.0
    assert result.to_json()["caught"] == 0.0


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("swapped figures", "The club has 40 members and 15 gardens."),
        ("swapped entities", "You can write to the Bird Society before the season."),
        ("wrong year", "The club opened in 2024 near the river."),
        ("wrong unit", "The walk takes 3 days and costs $20."),
        ("inverted comparison", "You must pay before the walk begins."),
        ("dropped negation", "Members do not have to pay for the walk."),
        ("unsupported clause", "Members may bring a friend to the walk."),
    ],
)
def test_each_corruption_changes_what_it_says(kind: str, text: str) -> None:
    base = statement(text)
    changed = {CORRUPTIONS[kind](base, random.Random(seed)) for seed in range(20)} - {None}
    assert changed and text not in changed
    for sentence in changed:
        assert sentence is not None
        assert not verify(base.saying(sentence).text, {1: base.cited[0]}).supported, sentence


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("number format", "A fee of $12,000 is due by May 2, 2031 for 30 percent of all members."),
        ("synonyms", "Members must usually pay more than 20 dollars before the walk."),
        ("clause order", "If you bring a friend, you pay half of the fee."),
        ("contraction", "Members do not have to pay, and you cannot join late."),
        ("opening", "Members may bring a friend to the walk."),
        ("shortened", "Members may bring a friend to the walk (or two), but not a dog."),
    ],
)
def test_each_rewrite_stays_sound(kind: str, text: str) -> None:
    base = statement(text)
    changed = {PARAPHRASES[kind](base, random.Random(seed)) for seed in range(20)} - {None}
    assert changed and text not in changed
    for sentence in changed:
        assert sentence is not None
        verdict = verify(base.saying(sentence).text, {1: base.cited[0]})
        assert verdict.supported, (sentence, verdict.why)


def test_sentences_by_hand_that_the_guides_still_say() -> None:
    written = read_hand_written(PACK / "questions" / "grounding" / "paraphrases.jsonl")
    assert len(written) >= 60
    assert len({one.said for one in written}) == len(written)
    assert all(one.said != one.quote for one in written)


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"id": "1"}\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"p\.jsonl:1"):
        read_hand_written(path)


def test_a_quote_that_its_document_has_lost_is_named(index: Index) -> None:
    lost = SAID.model_copy(update={"quote": "Finches drive cars"})
    with index.snapshot() as snapshot, pytest.raises(UsageError, match="no longer says what 1"):
        draw_cases(index.card, snapshot, [lost], 1, 20)


def section_of(line: dict[str, str]) -> Evidence:
    """Return the section of a guide that holds a quotation, as evidence."""
    document = load(PACK.parent / line["pack"] / line["document"])
    blocks = document.blocks
    at = next(i for i, block in enumerate(blocks) if line["quote"] in block.text)
    heads = [i for i, block in enumerate(blocks) if block.kind == "heading"]
    first = max((i for i in heads if i <= at), default=0)
    last = min((i for i in heads if i > at), default=len(blocks))
    return Evidence(
        n=1, kind="passage", document=line["document"], title=document.title, key="k",
        heading_path=(document.title, blocks[first].text),
        quote="\n".join(block.text for block in blocks[first + 1 : last]),
    )  # fmt: skip


def test_sentences_that_no_program_made() -> None:
    """Sound ones in people's words, false ones harder than a program's: a floor, no measurement."""
    path = Path(__file__).parents[1] / "data" / "grounding_by_hand.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    wrong = {True: list[str](), False: list[str]()}
    for line in lines:
        verdict = verify(f"{line['said']} [1]", {1: section_of(line)})
        if verdict.supported != line["sound"]:
            wrong[line["sound"]].append(line["said"])

    assert len(wrong[True]) <= 5, wrong[True]
    assert len(wrong[False]) <= 6, wrong[False]
