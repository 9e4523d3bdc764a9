from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.answer import Citation
from ui import strings
from ui.rendering import (
    SOURCES_SHOWN,
    WORD_JOINER,
    answer_html,
    busy,
    citation_place,
    escape,
    failure_html,
    literal,
    note_html,
    one_line,
    printable,
    progress,
    progress_html,
    question_html,
    quotations_html,
    sources_html,
)

# Pieces of what makes Markdown, Streamlit's own shorthand, HTML and spreadsheets do things.
ACTIVE = [
    *("<img src=x onerror=alert(1)>", "</div>", "<script>", "&lt;", "&#58;", "<!--", "-->"),
    *(
        "![a](http://x.test/i.png)",
        "[x](javascript:alert(1))",
        "[n]: http://x.test",
        "<http://x.test>",
    ),
    *(
        "http://x.test",
        "www.x.test",
        "a@x.test",
        "**",
        "__",
        "~~",
        "`",
        "```",
        "# ",
        "> ",
        "- ",
        "1. ",
    ),
    *("| a | b |", "|-|-|", "$x^2$", "$$", ":red[x]", ":smile:", ":material/flag:", ":streamlit:"),
    *(
        " -> ",
        " <- ",
        " <-> ",
        " -- ",
        " >= ",
        " <= ",
        " ~= ",
        "\\",
        "\n",
        "\n\n",
        "\t",
        "[1]",
        "[99]",
    ),
    *("\x00", "\u202e", "\u2028", "é", "ß", "한", "🎓", "'", '"', "=", "{", "}", "^", "_", "*"),
]
texts = st.lists(st.sampled_from(ACTIVE) | st.text(max_size=6), max_size=12).map("".join)

markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])


class Page(HTMLParser):
    """What a browser would make of HTML: its tags, attributes and text."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_data(self, data: str) -> None:
        self.text += data


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(texts)
@example("![a](http://x.test/i.png) :red[x] $x$ <b>")
def test_a_label_is_read_as_its_own_letters(text: str) -> None:
    paragraphs = markdown.parse(literal(text))
    shown = ""
    for token in paragraphs:
        assert token.type in ("paragraph_open", "inline", "paragraph_close")
        for child in token.children or ():
            assert child.type in ("text", "text_special")
            shown += child.content
    assert shown.replace(WORD_JOINER, "") == one_line(text).replace(WORD_JOINER, "").strip()


@given(texts)
def test_streamlit_finds_no_shorthand_in_a_label(text: str) -> None:
    shown = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", literal(text))
    # What Streamlit 1.67 rewrites in text that was already read as Markdown.
    assert not re.search(r":[\w+-]+:|:material/|:streamlit:", shown)
    assert not re.search(r"(?:^|\s)(?:<->|->|<-|--|>=|<=|~=)(?:\s|$)", shown)
    assert not re.search(r"https?://|www\.\w|\w@\w", shown, re.IGNORECASE)


@given(texts)
def test_escaped_text_is_text_and_nothing_else(text: str) -> None:
    page = Page(escape(text))
    assert page.tags == []
    assert page.text == printable(text)


@given(texts, texts)
def test_what_others_wrote_adds_no_tag_and_no_attribute(text: str, quote: str) -> None:
    citation = Citation(n=1, document=text, quote=quote, title=text, heading_path=(quote,), end=1)
    row = Citation(n=2, document=text, quote=quote, row=3)
    parts = [
        answer_html(text, {1}, "k"),
        question_html(text),
        note_html(quote, "refused"),
        failure_html(text, quote),
        progress_html("Reading", [text, quote]),
        sources_html([citation, row], "k"),
        quotations_html([citation, row], "k"),
    ]
    for part in parts:
        page = Page(part)
        assert set(page.tags) <= OUR_TAGS
        for name, value in page.attributes:
            assert name in OUR_ATTRIBUTES
            assert name != "href" or OUR_LINK.fullmatch(value or "")


OUR_LINK = re.compile(r"#source-k-\d+|source\?document=[\w%.+~-]*&(at|row)=\d+")
OUR_TAGS = set(
    [
        "div",
        "span",
        "p",
        "ul",
        "li",
        "sup",
        "a",
        "section",
        "h4",
        "details",
        "summary",
        "mark",
        "table",
        "tbody",
        "tr",
        "th",
        "td",
        "small",
        "i",
    ]
)
OUR_ATTRIBUTES = {"class", "href", "id", "role", "aria-label", "scope", "target", "rel"}


@given(texts)
def test_an_answer_loses_no_letter(text: str) -> None:
    shown = Page(answer_html(text, (), "k")).text
    lines = [re.sub(r"^\s*[-•*]\s+", "", line) for line in printable(text).splitlines()]
    assert squeezed(shown) == squeezed("".join(lines))


def test_markers_link_to_sources_that_are_there_and_to_no_others() -> None:
    html = answer_html("Tuition is $5 [1]; it was $4 [7].", {1}, "abc")
    assert 'href="#source-abc-1"' in html
    assert "source-abc-7" not in html
    assert "[7]" in html
    assert 'id="source-abc-1"' in sources_html([Citation(n=1, document="a.md", quote="q")], "abc")


def test_lines_become_paragraphs_and_lists() -> None:
    html = answer_html("Here:\n- one [1]\n- two\nDone.", {1}, "k")
    assert html.startswith('<div class="gk-answer"><p>Here:</p><ul><li>')
    assert re.search(r"one<sup>.*</sup></span></li><li>two</li></ul><p>Done\.</p></div>$", html)


def test_what_was_cited_is_kept_line_by_line() -> None:
    html = quotations_html([Citation(n=1, document="a.md", quote="one\n\ntwo")], "k")
    assert "<mark>one</mark>\n\n<mark>two</mark>" in html
    assert 'id="source-k-1"' in html


def test_more_than_a_few_sources_are_folded_away() -> None:
    sources = [Citation(n=n, document="a.md", quote="q") for n in range(1, 9)]
    html = sources_html(sources, "k")
    shown, folded = html.split('<details class="gk-more">')
    assert shown.count('<a class="gk-source') == SOURCES_SHOWN
    assert folded.count('<a class="gk-source') == 8 - SOURCES_SHOWN
    assert f"{8 - SOURCES_SHOWN} more" in folded


@pytest.mark.parametrize(
    ("citation", "place"),
    [
        (
            Citation(n=1, document="a.pdf", quote="", title="A", heading_path=("A", "B"), page=2),
            ("A", "B · page 2"),
        ),
        (Citation(n=1, document="a.txt", quote=""), ("a.txt", "")),
        (
            Citation(n=1, document="t.csv", quote="", row=9, heading_path=("Rice",)),
            ("Rice", "t.csv · row 9"),
        ),
    ],
)
def test_where_a_passage_stands(citation: Citation, place: tuple[str, str]) -> None:
    assert citation_place(citation) == place


@pytest.mark.parametrize(
    ("started", "place", "sources", "told"),
    [
        (False, 0, 0, strings.WAITING),
        (True, 0, 0, strings.LOOKING),
        (True, 1, 0, strings.NEXT_IN_LINE),
        (True, 3, 0, "You are number 3 in line"),
        (True, 0, 1, strings.READING_ONE),
        (True, 0, 4, "Reading 4 sources"),
    ],
)
def test_who_waits_is_told_what_for(started: bool, place: int, sources: int, told: str) -> None:
    assert progress(started, place, sources) == told
    assert told in progress_html(told, ())


@pytest.mark.parametrize(
    ("started", "place", "sources", "waits"),
    [(True, 3, 0, True), (True, 0, 0, False), (True, 1, 4, False), (False, 2, 0, False)],
)
def test_who_waits_in_line_reads_why(started: bool, place: int, sources: int, waits: bool) -> None:
    remark = busy(started, place, sources)
    assert (strings.BUSY in progress_html("told", (), (), remark)) == waits
