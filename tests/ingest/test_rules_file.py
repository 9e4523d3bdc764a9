"""The file of added rules: what is wrong in it has a line, what is added loses nothing."""

from __future__ import annotations

import datetime
import multiprocessing
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import DomainCardError, UsageError
from ingest.rules import (
    RULES_NAME,
    RuleCard,
    added_rules,
    append_rule,
    remove_rule,
    rule_as_toml,
    rules_version,
)

RULES = """# Ours: mind the gap.
[[rules]]
id = "no-eggs"  # after the spring
applies_to = ["question"]
action = "refuse"
words = ["egg collecting"]
message = "Collecting eggs is against the law."
"""


def rule(name: str = "new-rule", **more: object) -> RuleCard:
    fields = {"id": name, "applies_to": ["question"], "action": "flag", "words": ["trap"]}
    return RuleCard.model_validate({**fields, **more})


def mistakes(folder: Path, source: str, *known: RuleCard) -> list[str]:
    (folder / RULES_NAME).write_text(source, encoding="utf-8")
    with pytest.raises(DomainCardError) as caught:
        added_rules(folder, known)
    return [mistake.removeprefix(f"{folder}/") for mistake in caught.value.mistakes]


def test_a_pack_without_the_file_has_no_added_rules(tmp_path: Path) -> None:
    assert added_rules(tmp_path) == ()


def test_rules_are_read_as_those_of_the_card(tmp_path: Path) -> None:
    (tmp_path / RULES_NAME).write_text(RULES, encoding="utf-8")

    (found,) = added_rules(tmp_path)

    assert (found.id, found.action, found.words) == ("no-eggs", "refuse", ["egg collecting"])


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("words =", "wrods =", "rules.toml:6: unknown key 'rules.0.wrods'; did you mean 'words'?"),
        (
            'words = ["egg collecting"]',
            "pattern = '(eggs'",
            "rules.toml:6: rules.0.pattern: not a "
            "regular expression that RE2 takes: missing ): (eggs",
        ),
        ('words = ["egg collecting"]', "pattern = 'egg(?!s)'", "invalid perl operator: (?!"),
        ('"refuse"', '"refuze"', "rules.toml:5: rules.0.action"),
        ('"no-eggs"', '"no-eggs', "rules.toml:3: not valid TOML"),
        ('"no-eggs"', '"No Eggs"', "rules.toml:3: rules.0.id"),
        ("message =", "# message =", "rules.toml:2: rules.0: action 'refuse' needs a message"),
    ],
)
def test_a_mistake_has_its_line(tmp_path: Path, old: str, new: str, mistake: str) -> None:
    found = mistakes(tmp_path, RULES.replace(old, new))

    assert any(mistake in said for said in found), found


def test_an_id_counts_once_in_card_and_file(tmp_path: Path) -> None:
    twice = ["rules.toml:3: rule id 'no-eggs' is used more than once"]
    assert mistakes(tmp_path, RULES, rule("no-eggs")) == twice
    again = RULES + RULES
    line = again.splitlines().index('id = "no-eggs"  # after the spring', 5) + 1
    assert mistakes(tmp_path, again) == [
        f"rules.toml:{line}: rule id 'no-eggs' is used more than once"
    ]


def test_an_added_rule_leaves_everything_else_as_it_was(tmp_path: Path) -> None:
    (tmp_path / RULES_NAME).write_text(RULES, encoding="utf-8")
    added = rule(
        "no-traps",
        action="redirect",
        pattern=r"\b(?:trap|snare)s?\b",
        words=[],
        message='Traps are "no" way\nto watch birds.',
        author="robin",
        reference="R-7K3M9Q",
        added=datetime.date(2026, 11, 21),
    )

    append_rule(tmp_path, added)

    text = (tmp_path / RULES_NAME).read_text(encoding="utf-8")
    assert text.startswith(RULES)
    assert r"pattern = '\b(?:trap|snare)s?\b'" in text
    assert "added = 2026-11-21" in text
    assert added_rules(tmp_path)[1] == added


def test_the_first_rule_makes_the_file(tmp_path: Path) -> None:
    append_rule(tmp_path, rule())

    assert (tmp_path / RULES_NAME).read_text(encoding="utf-8").startswith("# Rules that were added")
    assert added_rules(tmp_path) == (rule(),)
    assert [path.name for path in tmp_path.iterdir()] == [RULES_NAME]


def test_an_id_that_is_taken_changes_nothing(tmp_path: Path) -> None:
    append_rule(tmp_path, rule("one"))
    before = (tmp_path / RULES_NAME).read_bytes()

    for known in ((), (rule("two"),)):
        taken = rule("two" if known else "one")
        with pytest.raises(UsageError, match="already"):
            append_rule(tmp_path, taken, known)
    assert (tmp_path / RULES_NAME).read_bytes() == before


def test_nothing_is_added_to_a_broken_file(tmp_path: Path) -> None:
    broken = RULES.replace("words", "wrods")
    (tmp_path / RULES_NAME).write_text(broken, encoding="utf-8")

    with pytest.raises(DomainCardError, match=r"rules\.toml:6"):
        append_rule(tmp_path, rule())
    assert (tmp_path / RULES_NAME).read_text(encoding="utf-8") == broken


def test_where_nothing_can_be_written_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        append_rule(tmp_path / "absent", rule())


def test_two_processes_lose_no_rule(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=add_rules, args=(tmp_path, who)) for who in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    assert {found.id for found in added_rules(tmp_path)} == {
        f"{who}-{n}" for who in "ab" for n in range(8)
    }


def add_rules(folder: Path, who: str) -> None:
    for n in range(8):
        append_rule(folder, rule(f"{who}-{n}"))


@settings(max_examples=50, deadline=None)
@given(
    message=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    words=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1),
)
def test_any_text_comes_back_as_it_was_written(message: str, words: list[str]) -> None:
    source = rule_as_toml(
        RuleCard.model_construct(
            id="x", applies_to=["answer"], action="refuse", words=words, message=message
        )
    )

    (found,) = tomllib.loads(source)["rules"]
    assert (found["message"], found["words"]) == (message, words)


def test_the_version_tells_sets_of_rules_apart() -> None:
    one, other = rule(), rule(words=["snare"])

    assert rules_version([one]) == rules_version([rule()]) != rules_version([other])
    assert len(rules_version([])) == 12


# --- taking a rule out again ------------------------------------------------------------------


def test_what_was_added_and_taken_out_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / RULES_NAME
    path.write_text(RULES, encoding="utf-8")
    first, second = rule("first", added=datetime.date(2026, 11, 21)), rule("second", words=["a\\b"])
    append_rule(tmp_path, first)
    append_rule(tmp_path, second)
    assert remove_rule(tmp_path, first)
    assert [found.id for found in added_rules(tmp_path)] == ["no-eggs", "second"]
    assert remove_rule(tmp_path, second)
    assert path.read_text(encoding="utf-8") == RULES


def test_a_file_that_was_made_for_a_rule_goes_with_it(tmp_path: Path) -> None:
    append_rule(tmp_path, rule())
    assert remove_rule(tmp_path, rule())
    assert not (tmp_path / RULES_NAME).exists()
    assert not remove_rule(tmp_path, rule()), "somebody was faster"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('words = ["trap"]', 'words = ["trap", "net"]'),
        ('action = "flag"', 'action = "flag"  # for now'),
        ('words = ["trap"]', 'words = ["trap"]\nauthor = "birch"'),
    ],
)
def test_a_rule_that_was_changed_since_stays(tmp_path: Path, old: str, new: str) -> None:
    append_rule(tmp_path, rule())
    path = tmp_path / RULES_NAME
    changed = path.read_text(encoding="utf-8").replace(old, new)
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(UsageError, match="was changed after it was added") as caught:
        remove_rule(tmp_path, rule())
    assert "by hand" in caught.value.hint
    assert path.read_text(encoding="utf-8") == changed


def test_nothing_is_taken_out_of_a_broken_file(tmp_path: Path) -> None:
    append_rule(tmp_path, rule())
    path = tmp_path / RULES_NAME
    broken = path.read_text(encoding="utf-8") + "[[rules]"
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(DomainCardError):
        remove_rule(tmp_path, rule())
    assert path.read_text(encoding="utf-8") == broken
