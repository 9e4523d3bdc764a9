"""What the verifier lets through and what it does not, over two passages and two rows."""

from __future__ import annotations

import time

import pytest

from bot.answer import Evidence, Fact
from bot.verify import MAX_CHARS, nearest_sentence, verify

EVIDENCE = {
    1: Evidence(
        n=1,
        kind="passage",
        document="feeding.md",
        title="Feeding birds",
        heading_path=("Feeding birds", "Opening the feeders"),
        quote="The 2027-28 season opened on October 1, 2026. It is free to enter; see birds.example"
        ". A town may set an earlier date. You do not need to pay anyone $12,000 for help. "
        "More than 200 gardens take part, at most 20 in one town. "
        "In 2014 finches were 64 percent of all guests and sparrows 29 percent.",
        key="a",
    ),
    2: Evidence(
        n=2,
        kind="passage",
        document="nests.md",
        title="Nests",
        quote="A wooden box does not need paint before the first winter. An iron box rusts. "
        "Boxes from the Department of Gardens are not paid back, but ladders are. The fee is due "
        "within 6 months.",
        key="b",
    ),
}


def row(n: int, name: str, wing: str, weight: str) -> Evidence:
    facts = tuple(
        Fact(entity=name, field=key, label=label, value=None, display=shown, unit=unit, vintage=v)
        for key, label, shown, unit, v in (
            ("wing", "Wingspan", wing, "cm", "fall 2023"),
            ("weight", "Average weight", weight, "g", "2022"),
        )
    )
    text = f"{name} (Passeridae). Wingspan: {wing}; Average weight: {weight}; Ringed birds: 9%."
    return Evidence(
        n=n, kind="record", document="birds.csv", title="birds.csv", quote=text, key=f"r{n}",
        row=n, heading_path=(name,), facts=facts,
    )  # fmt: skip


ROWS = {1: row(1, "Carrion Crow", "1,020", "510"), 2: row(2, "Eurasian Wren", "15", "9")}


@pytest.mark.parametrize(
    "sentence",
    [
        "The 2027–28 season opened on October 1, 2026. [1]",
        "The season 2027-28 opened on 1 October 2026 [1].",
        "It doesn't cost anything: it is free to enter. [1]",
        "According to the guide, a town may set an earlier date. [1]",
        "You needn't pay anyone $12k for help. [1]",
        "No one needs to be paid 12 thousand dollars for help. [1]",
        "Over two hundred gardens participate, no more than 20 of them in one town. [1]",
        "Sparrows were 29% of all guests in 2014, and finches 64%. [1]",
        "Boxes from the Department of Gardens aren't paid back. [2]",
        "You have six months to pay the fee. [2]",
        "The season opened on October 1 [1], and a wooden box needs no paint before winter. [2]",
    ],
)
def test_what_the_evidence_says_stands(sentence: str) -> None:
    verdict = verify(sentence, EVIDENCE)
    assert verdict.supported, verdict.why


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("The season opened on October 1, 2026.", "cites nothing"),
        ("The season opened on October 1, 2026. [3]", "cites what is not there"),
        ("The season opened on October 1, 2026. [2]", "not in the evidence"),
        ("[1]", "says nothing"),
        ("Finches. [1]", "says nothing"),
        ("The 2027-28 season opened on October 2, 2026. [1]", "'October 2, 2026' is not"),
        ("The 2026-27 season opened on October 1, 2026. [1]", "'2026-27' is not"),
        ("In 2026 finches were 64 percent of all guests. [1]", "'2026' stands where"),
        ("You do not need to pay anyone $13k for help. [1]", "'$13k' is not"),
        ("You do not need to pay anyone 12,000 euros for help. [1]", "'12,000 euros' is not"),
        ("The fee is due within 6 weeks. [2]", "'6' is not"),
        ("In 2014 finches were 29 percent and sparrows 64 percent. [1]", "stands where"),
        ("It is free to enter with Harvard. [1]", "name 'Harvard'"),
        ("Less than 200 gardens take part. [1]", "'below' stands where"),
        ("At least 20 gardens of one town take part. [1]", "'atleast' stands"),
        ("A town must set an earlier date. [1]", "'must' stands where the evidence has 'may'"),
        ("A wooden box does not need paint after the first winter. [2]", "has 'before'"),
        ("An iron box does not need paint before the first winter. [2]", "'iron' is not what"),
        ("Boxes from the Department of Gardens are paid back. [2]", "leaves out a negation"),
        ("It is not free to enter. [1]", "'not' is not"),
        ("It is free to enter, and the winner gets a golden feeder. [1]", "a part of it"),
        ("It is free to enter, which doubles your chances. [1]", "'doubles'"),
        ("It is free to sleep. [1]", "only"),
        ("It is free to enter, although exceptions are possible. [1]", "a clause of it"),
        ("Wizards enjoy purple bananas gladly. [1]", "not in the evidence"),
    ],
)
def test_what_it_does_not_say_falls(sentence: str, why: str) -> None:
    verdict = verify(sentence, EVIDENCE)
    assert not verdict.supported
    assert why in verdict.why


@pytest.mark.parametrize(
    "sentence",
    [
        "Carrion Crow: wingspan 1,020 cm (fall 2023) [1].",
        "The wingspan of the Carrion Crow is 1020 cm [1]; the Eurasian Wren's is 15 cm [2].",
        "Wingspan: Carrion Crow 1,020, Eurasian Wren 15 [1][2].",
        "The Eurasian Wren has a smaller wingspan than the Carrion Crow, 15 against 1,020 [1][2].",
        "The Carrion Crow is heavier in average weight than the Eurasian Wren [1][2].",
        "Carrion Crow and Eurasian Wren: average weight 510 g and 9 g [1][2].",
        "Its average weight is 9 grams [2].",
    ],
)
def test_what_the_cells_say_stands(sentence: str) -> None:
    verdict = verify(sentence, ROWS)
    assert verdict.supported, verdict.why


@pytest.mark.parametrize(
    "sentence",
    [
        "The wingspan of the Carrion Crow is 510 cm [1].",
        "The wingspan of the Carrion Crow is 15 cm [1][2].",
        "Wingspan: Carrion Crow 15, Eurasian Wren 1,020 [1][2].",
        "Carrion Crow and Eurasian Wren: average weight 9 g and 510 g [1][2].",
        "The wingspan of the Eurasian Wren is 1,020 cm [1].",
        "Eurasian Wren: average weight 9% [2].",
        "Eurasian Wren: average weight 9 kg [2].",
        "Carrion Crow: wingspan 1,020 cm (fall 2021) [1].",
        "The Eurasian Wren has a larger wingspan than the Carrion Crow [1][2].",
        "The Barn Owl has a wingspan of 15 cm [2].",
        "Eurasian Wren: wingspan 15 cm [2], and it sings in the dark.",
    ],
)
def test_what_the_cells_do_not_say_falls(sentence: str) -> None:
    assert not verify(sentence, ROWS).supported


@pytest.mark.parametrize(
    "sentence",
    [
        "It is free to enter, see http://evil.example/x. [1]",
        "It is free to [enter](https://evil.example). [1]",
        "It is free to enter ![x](//evil.example/p.png). [1]",
        "It is free to enter <img src=x onerror=alert(1)>. [1]",
        "It is free to enter at evil.example. [1]",
        "It is free to enter &lt;now&gt;. [1]",
        "It is free\u200b to enter. [1]",
        "It is free to `enter`. [1]",
    ],
)
def test_what_is_more_than_words_falls(sentence: str) -> None:
    assert not verify(sentence, EVIDENCE).supported


def test_an_address_that_the_evidence_has_may_be_told() -> None:
    assert verify("It is free to enter; see birds.example. [1]", EVIDENCE).supported


def test_a_row_of_words_without_end_is_turned_away_at_once() -> None:
    endless = "It is free to enter " * MAX_CHARS + "[1]"
    started = time.thread_time()
    assert verify(endless, EVIDENCE).why == "is too long"
    assert time.thread_time() - started < 5


def test_the_nearest_sentence_of_a_claim_that_fails() -> None:
    found = nearest_sentence("The season opened on October 5, 2026. [1]", EVIDENCE)
    assert found is not None
    n, start, end = found
    assert EVIDENCE[n].quote[start:end] == "The 2027-28 season opened on October 1, 2026."
    assert nearest_sentence("Wizards enjoy purple bananas. [1]", EVIDENCE) is None
    assert nearest_sentence("The season opened on October 5, 2026. [7]", EVIDENCE) is None
