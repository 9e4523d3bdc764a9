from __future__ import annotations

from markdown_it import MarkdownIt

from tests.ui.fake_bot import TABLE, answered
from ui import strings
from ui.conversation import Exchange
from ui.keeping import answer_as_text, conversation_as_markdown


def test_an_answer_is_copied_with_its_table_and_its_sources() -> None:
    text = answer_as_text(answered("q", table=TABLE))
    assert text.startswith("Wrens sing [1].")
    assert "Bird\tWeight\nWren\t9 g\nRobin\tnot reported" in text
    assert text.endswith(f"{strings.SOURCES}:\n[1] Guide, a.md")


def test_a_conversation_is_markdown_that_reads_as_it_was_said() -> None:
    hostile = "<script>x</script> ![a](http://x.test/a.png) # *b* | c"
    exchanges = [
        Exchange("a", hostile, answer=answered(hostile, f"{hostile} [1]\n- One\n- Two")),
        Exchange("b", "Table?", answer=answered("Table?", table=TABLE)),
        Exchange("c", "Stopped?", sentences=("Begun.",), stopped=True),
    ]
    written = conversation_as_markdown(exchanges)
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(written)
    assert "<script" not in shown and "<img" not in shown and "<em>b" not in shown
    assert shown.count("<h2>") == 3 and shown.count("<li>") == 2
    assert "<td>9 g</td>" in shown and "<td>not reported</td>" in shown
    assert "[1]" in shown and strings.STOPPED in shown and "Begun." in shown
