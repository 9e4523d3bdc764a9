"""Rules of the pack: what they match, two packs that forbid opposite things, rules that change."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel

from bot.answer import Answer, Question
from bot.chat_models import NamedChatModel
from bot.checks import Objection, Passed
from bot.guard import Guard
from bot.pipeline import Bot
from bot.rules import LiveRules, RuleSet
from ingest.errors import DomainCardError
from ingest.index import Index
from ingest.rules import RULES_NAME, RuleCard, append_rule
from tests.packs import CARD, HashedEmbeddings, Pack, end_vector_servers

ADDED = """
[[rules]]
id = "no-traps"
applies_to = ["question"]
action = "refuse"
words = ["bird trap"]
message = "No traps, please."
"""


def rule(**more: object) -> RuleCard:
    fields = {"id": "r", "applies_to": ["question"], "action": "refuse", "message": "No."}
    return RuleCard.model_validate({**fields, **more})


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index to embed with; whose rules are tried does not matter to it."""
    root = tmp_path_factory.mktemp("rules")
    pack, hashed = Pack.make(root), HashedEmbeddings()
    pack.reindex(hashed)
    with pack.index(hashed) as opened:
        yield opened
    end_vector_servers(root)


def bot_of(pack: Pack) -> Bot:
    """The pipeline over quick stand-in embeddings, with a model that is never asked."""
    embeddings = HashedEmbeddings()
    pack.reindex(embeddings)
    chat = NamedChatModel(FakeListChatModel(responses=["?"]), "none", "", 4096, composes=True)
    return Bot(Index(pack.card, pack.paths, embeddings), chat, pack.settings)


def ask(bot: Bot, text: str) -> Answer:
    return bot.answer(Question(text=text))


def applies(index: Index, card: RuleCard, text: str) -> bool:
    return isinstance(RuleSet([card], index).inspect(text, "question"), Objection)


# --- what a rule matches -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Where do I buy a bird trap?",
        "BIRD TRAPS!",
        "the bird-trap's price",
        "a bird  trap",
        "a bïrd träp",
        "ｂｉｒｄ ｔｒａｐ",
        "a bіrd trар",  # Cyrillic letters
        "a bi\u200brd tr\u00adap",
    ],
)
def test_words_match_however_they_are_written(index: Index, text: str) -> None:
    assert applies(index, rule(words=["bird trap"]), text)


@pytest.mark.parametrize("text", ["a bird's trapeze", "birdtrap", "trap the bird", "strap"])
def test_words_match_whole(index: Index, text: str) -> None:
    assert not applies(index, rule(words=["bird trap"]), text)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("Vogelfänger", "der Vogelfaenger und der VOGELFÄNGER"),
        ("捕鸟", "请问捕鸟器在哪里"),
        ("ловушка", "где ловушка?"),
        ("c++", "is it C++?"),
    ],
)
def test_words_of_other_scripts_and_signs_match(index: Index, word: str, text: str) -> None:
    assert applies(index, rule(words=[word]), text)


def test_a_pattern_matches_in_any_case_and_through_look_alikes(index: Index) -> None:
    card = rule(pattern=r"\bcat(?:ch|ching) (?:\w+ ){0,2}birds?\b")

    assert applies(index, card, "How to CATCH wild birds")
    assert applies(index, card, "How to саtсh a bird")  # Cyrillic c and a
    assert not applies(index, card, "a bird catching flies")


def test_a_pattern_that_hangs_elsewhere_takes_no_time(index: Index) -> None:
    """Python's re needs years for this one."""
    assert not applies(index, rule(pattern="(a+)+$"), "a" * 5_000 + "!")


def test_examples_match_what_is_near(index: Index) -> None:
    card = rule(examples=["how can I catch a robin in a net"])
    rules = RuleSet([card], index)

    near = rules.inspect("how can I catch a wren in a net", "question")
    assert isinstance(near, Objection)
    assert near.scores["rule"] >= near.scores["rule_threshold"]
    assert rules.inspect("what do finches eat", "question") == Passed()


def test_flags_pass_and_roles_are_told_apart(index: Index) -> None:
    cards = [
        rule(id="note", action="flag", words=["owl"], applies_to=["question", "answer"]),
        rule(id="secret", words=["nest site"], applies_to=["answer"]),
    ]
    rules = RuleSet(cards, index)

    assert rules.inspect("an owl's nest site", "question") == Passed(("note",))
    found = rules.inspect("an owl's nest site", "answer")
    assert isinstance(found, Objection) and found.reason == "rule:secret"


# --- two packs that forbid opposite things -----------------------------------------------------

STAFF = """id,name,field,group
1,Robin Example,accounting,A
2,Wren Example,nursing,B
"""
DRUGS = """id,name,field,group
1,Sampletol,500 mg twice a day,tablets
2,Examplin,5 ml at night,syrups
"""
HR_RULES = """
[[rules]]
id = "no-medicine"
applies_to = ["question", "answer"]
action = "redirect"
pattern = '\\b(?:dos(?:e|es|age)|\\d+ ?m[gl]|symptoms?|diagnos\\w+)\\b'
message = "That is for a doctor or the medical line, 555-0100, not for us."

[[rules]]
id = "no-named-pay"
applies_to = ["question"]
action = "refuse"
pattern = '\\b(?:robin|wren)\\b.*\\b(?:earn|salary|paid)'
message = "What a colleague earns stays between them and us."
"""
MEDICAL_RULES = """
[[rules]]
id = "no-hiring"
applies_to = ["question", "answer"]
action = "redirect"
pattern = '\\b(?:hir(?:e|ing)|vacanc(?:y|ies)|salary|job interview|accounting)\\b'
message = "For jobs please ask the staff office."
"""


def other_pack(root: Path, name: str, entity: str, label: str, table: str, rules: str) -> Pack:
    """A pack of one table, with the field that its people ask for, and its own rules."""
    start = CARD.index("[[tables]]")
    tables = f"""
[[tables]]
name = "{entity}s"
file = "table.csv"
entity = "{entity}"
entity_plural = "{entity}s"
name_column = "name"
key_column = "id"
overview_fields = ["field"]

[[tables.fields]]
key = "field"
label = "{label}"
type = "text"
"""
    card = CARD[:start].replace("garden-birds", name).replace("Garden birds", name)
    return Pack.make(root, {"domain.toml": card + tables + rules, "table.csv": table})


@pytest.fixture(scope="module")
def staff_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    root = tmp_path_factory.mktemp("hr")
    with bot_of(other_pack(root, "hr", "employee", "Job", STAFF, HR_RULES)) as bot:
        yield bot
    end_vector_servers(root)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    root = tmp_path_factory.mktemp("clinic")
    with bot_of(other_pack(root, "clinic", "drug", "Dose", DRUGS, MEDICAL_RULES)) as bot:
        yield bot
    end_vector_servers(root)


def test_what_one_pack_is_for_the_other_forbids(staff_office: Bot, clinic: Bot) -> None:
    dose = "What is the dose of Sampletol?"
    assert ask(staff_office, dose).reason == "rule:no-medicine"
    told = ask(clinic, dose)
    assert (told.status, told.reason) == ("answered", "")
    assert "500 mg" in told.text

    job = "What is the job of Robin Example?"
    assert "accounting" in ask(staff_office, job).text
    hiring = "Is there a vacancy for hiring a nurse?"
    assert ask(clinic, hiring).reason == "rule:no-hiring"
    assert not ask(staff_office, hiring).reason.startswith("rule:")


def test_named_pay_is_nobodys_business_and_pay_is(staff_office: Bot) -> None:
    assert ask(staff_office, "What is Robin's salary?").reason == "rule:no-named-pay"
    assert not ask(staff_office, "When is salary day?").reason.startswith("rule:")


def test_answers_obey_too(staff_office: Bot, clinic: Bot) -> None:
    """The same sentence may be shown by one bot and not by the other."""
    sentence = "Accounting is hiring. [1]"
    assert isinstance(clinic._guards.current().sentence(sentence), Objection)
    assert staff_office._guards.current().sentence(sentence) == Passed()


def test_a_redirect_shows_the_packs_own_message(staff_office: Bot) -> None:
    answer = ask(staff_office, "Which dose should I take?")

    assert (answer.status, answer.reason) == ("blocked", "rule:no-medicine")
    assert "555-0100" in answer.text


# --- rules that change while the bot runs ------------------------------------------------------


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def live(small_pack: Pack, index: Index, clock: Clock) -> LiveRules:
    return LiveRules(small_pack.folder, index, clock)


def objects(live: LiveRules, clock: Clock) -> bool:
    clock.now += 1
    found = live.current().inspect("Where can I buy a bird trap?", "question")
    return isinstance(found, Objection)


def test_added_changed_and_removed_rules_count_at_once(
    small_pack: Pack, live: LiveRules, clock: Clock
) -> None:
    versions = [live.current().version]
    assert not objects(live, clock)

    small_pack.write(RULES_NAME, ADDED)
    assert objects(live, clock)
    versions.append(live.current().version)

    small_pack.edit(RULES_NAME, "bird trap", "bird cage")
    assert not objects(live, clock)
    versions.append(live.current().version)

    small_pack.edit("domain.toml", "[[tables]]", f"{ADDED.replace('no-traps', 'card')}\n[[tables]]")
    assert objects(live, clock)
    versions.append(live.current().version)

    (small_pack.folder / RULES_NAME).unlink()
    small_pack.write("domain.toml", CARD)
    assert not objects(live, clock)
    assert live.current().version == versions[0]
    assert len(set(versions)) == 4


def test_a_broken_file_is_refused_with_its_line_and_the_last_good_rules_stay(
    small_pack: Pack, live: LiveRules, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    small_pack.write(RULES_NAME, ADDED)
    assert objects(live, clock)

    with caplog.at_level(logging.ERROR, "bot.rules"):
        small_pack.edit(RULES_NAME, "words", "wrods")
        assert objects(live, clock)
        assert objects(live, clock)
    assert len(caplog.records) == 1
    assert "rules.toml:6: unknown key 'rules.0.wrods'" in caplog.text

    small_pack.edit(RULES_NAME, "wrods", "words")
    assert objects(live, clock)


def test_a_card_that_breaks_or_goes_leaves_the_rules(
    small_pack: Pack, live: LiveRules, clock: Clock
) -> None:
    small_pack.write(RULES_NAME, ADDED)
    assert objects(live, clock)
    small_pack.write("domain.toml", "[domain")
    assert objects(live, clock)
    (small_pack.folder / "domain.toml").unlink()
    assert objects(live, clock)


def test_files_are_looked_at_twice_a_second_at_most(
    small_pack: Pack, live: LiveRules, clock: Clock
) -> None:
    small_pack.write(RULES_NAME, ADDED)
    before = live.current().version
    clock.now += 0.4
    assert live.current().version == before
    clock.now += 0.2
    assert live.current().version != before


def test_without_its_rules_no_bot_starts(small_pack: Pack) -> None:
    small_pack.write(RULES_NAME, ADDED.replace("bird trap", ""))
    with pytest.raises(DomainCardError, match=r"rules\.toml:6"):
        bot_of(small_pack)


def test_an_appended_rule_shows_in_the_next_answer(small_pack: Pack) -> None:
    with bot_of(small_pack) as bot:
        before = ask(bot, "Where can I buy a bird trap?")
        append_rule(small_pack.folder, rule(id="no-traps", words=["bird trap"]))
        bot._guards._rules._looked -= 1  # as if the half second were over
        after = ask(bot, "Where can I buy a bird trap?")

    assert not before.reason.startswith("rule:")
    assert (after.status, after.reason) == ("blocked", "rule:no-traps")
    assert before.rules_version != after.rules_version != ""


def test_many_threads_see_whole_sets_of_rules(
    small_pack: Pack, live: LiveRules, clock: Clock
) -> None:
    guards: list[Guard | int] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            guards.append(len(live.current()))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for n in range(20):
        append_rule(small_pack.folder, rule(id=f"r-{n}", words=[f"word{n}"]))
        clock.now += 1
        live.current()
    clock.now += 1
    stop.set()
    for thread in threads:
        thread.join()

    assert set(guards) <= set(range(21))
    assert len(live.current()) == 20
