from __future__ import annotations

from pathlib import Path

import pytest

from ingest.domain import load_card, parse_card
from ingest.errors import CorpusError, DomainCardError

TEN = "[\n" + "\n".join(f'    "question number {n}?",' for n in range(10)) + "\n]"
GOOD = f"""[domain]
id = "birds"
name = "Bird data"
description = "Birds of the garden."
refusal = "That's not a bird data question."
greeting = "Hello!"
capabilities = ["Tell you about birds"]
suggestions = ["How heavy is a robin?", "Compare robin and wren"]

[scope]
in_scope = {TEN}
out_of_scope = {TEN}

[[tables]]
name = "birds"
file = "birds.csv"
entity = "bird"
entity_plural = "birds"
name_column = "name"
label_fields = ["family"]

[[tables.fields]]
key = "family"
label = "Family"
type = "category"

[[tables.fields]]
key = "weight"
label = "Weight"
type = "number"
unit = "g"

[[rules]]
id = "no-eggs"
applies_to = ["question"]
action = "refuse"
words = ["egg collecting"]
message = "Collecting eggs is against the law."
"""
PATH = Path("pack/domain.toml")


def mistakes(source: str) -> list[str]:
    with pytest.raises(DomainCardError) as caught:
        parse_card(source, PATH)
    return caught.value.mistakes


def line_of(text: str, source: str = GOOD) -> int:
    return next(n for n, line in enumerate(source.splitlines(), 1) if text in line)


def test_a_good_card_is_read() -> None:
    card = parse_card(GOOD, PATH)
    assert card.table("birds").field("weight").unit == "g"
    assert card.rules[0].words == ["egg collecting"]
    assert card.table("birds").field("weight").csv_column == "weight"


def test_a_misspelt_key_is_named_with_its_line_and_the_key_that_was_meant() -> None:
    source = GOOD.replace("greeting =", "greting =")
    found = mistakes(source)
    line = line_of("greting", source)
    assert f"{PATH}:{line}: unknown key 'domain.greting'; did you mean 'greeting'?" in found


def test_the_line_is_right_inside_the_second_of_two_fields() -> None:
    source = GOOD.replace('unit = "g"', 'unti = "g"')
    assert mistakes(source) == [
        f"{PATH}:{line_of('unti', source)}: unknown key 'tables.0.fields.1.unti'; "
        "did you mean 'unit'?"
    ]


def test_every_mistake_is_reported_at_once() -> None:
    source = GOOD.replace('type = "number"', 'type = "weight"').replace('id = "birds"', 'id = "B!"')
    lines = [line_of('id = "B!"', source), line_of('type = "weight"', source)]
    assert [int(mistake.split(":")[1]) for mistake in mistakes(source)] == lines


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('words = ["egg collecting"]', 'pattern = "(egg"', "not a regular expression"),
        ('message = "Collecting eggs is against the law."', "", "needs a message"),
        ('label_fields = ["family"]', 'label_fields = ["famly"]', "did you mean 'family'?"),
        ('key = "weight"', 'key = "family"', "used more than once"),
        ('key = "weight"', 'key = "drop table"', "pattern"),
        ('name = "Bird data"', "", "'domain.name' is missing"),
    ],
)
def test_what_cannot_work_is_refused(old: str, new: str, said: str) -> None:
    assert any(said in mistake for mistake in mistakes(GOOD.replace(old, new)))


def test_broken_toml_names_its_line() -> None:
    source = GOOD.replace('name = "birds"', 'name = "birds')
    line = line_of('name = "birds', source)
    assert mistakes(source)[0].startswith(f"{PATH}:{line}: not valid")


def test_keys_inside_a_multiline_string_are_not_mistaken_for_keys() -> None:
    source = GOOD.replace('"Hello!"', '"""\nname = "x"\n[scope]\n"""').replace("unit =", "unti =")
    assert mistakes(source)[0].startswith(f"{PATH}:{line_of('unti', source)}:")


def test_a_folder_that_is_not_there_and_one_without_a_card(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no corpus folder"):
        load_card(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match="not a domain pack"):
        load_card(tmp_path)
