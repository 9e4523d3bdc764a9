"""Answers to take along: one as plain text with its sources, a conversation as Markdown.

Unlike on the page, nothing here is marked up by us beyond headings, lists and tables; text of
others is escaped, so that it reads as it is in whatever shows the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.answer import Answer, AnswerTable, Citation
from ui import strings
from ui.conversation import Exchange
from ui.rendering import citation_place, one_line, printable

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!])")


def answer_as_text(answer: Answer) -> str:
    """Return an answer as plain text: what it says, its table, and what it cites."""
    table = _tabbed(answer.table) if answer.table is not None else ""
    return "\n\n".join(part for part in (printable(answer.text), table, _sources(answer)) if part)


def conversation_as_markdown(exchanges: Iterable[Exchange]) -> str:
    """Return all that was asked and answered, oldest first."""
    return "\n\n".join(_exchange(exchange) for exchange in exchanges) + "\n"


def _exchange(exchange: Exchange) -> str:
    answer = exchange.answer
    parts = [f"## {_escaped(one_line(exchange.question))}"]
    if answer is None:
        said = " ".join(exchange.sentences)
        parts += [_lines(said), f"*{strings.STOPPED}*" if exchange.stopped else ""]
    else:
        table = _table(answer.table) if answer.table is not None else ""
        sources = "\n".join(f"{_escaped(line)}  " for line in _sources(answer).splitlines())
        parts += [_lines(answer.text), table, sources]
    return "\n\n".join(part for part in parts if part)


def _sources(answer: Answer) -> str:
    lines = [f"[{c.n}] {_place(c)}" for c in answer.citations]
    return "\n".join([f"{strings.SOURCES}:", *lines]) if lines else ""


def _place(citation: Citation) -> str:
    """Return what is cited and where; of a passage also the document's file."""
    title, where = citation_place(citation)
    file = "" if citation.document in where else citation.document
    return ", ".join(one_line(part) for part in dict.fromkeys((title, where, file)) if part)


def _heads(table: AnswerTable) -> list[str]:
    return [f"{c.label} ({c.vintage})" if c.vintage else c.label for c in table.columns]


def _cells(table: AnswerTable) -> Iterable[list[str]]:
    """Yield each row as it is read: "$13,747", "not reported"."""
    for row, shown in zip(table.rows, table.display or table.rows, strict=True):
        yield [
            strings.NOT_REPORTED if cell is None else one_line(str(text))
            for cell, text in zip(row, shown, strict=True)
        ]


def _tabbed(table: AnswerTable) -> str:
    """Return a table with tabs between its cells, as spreadsheets paste it."""
    return "\n".join("\t".join(map(one_line, line)) for line in (_heads(table), *_cells(table)))


def _table(table: AnswerTable) -> str:
    head, *rows = (
        "| " + " | ".join(_escaped(one_line(cell)) for cell in line) + " |"
        for line in (_heads(table), *_cells(table))
    )
    return "\n".join([head, "|" + " --- |" * len(table.columns), *rows])


def _lines(text: str) -> str:
    """Return each line of an answer as its own paragraph or list item."""
    found = (line.strip() for line in printable(text).splitlines())
    return "\n\n".join(
        f"- {_escaped(line[2:])}" if line[:2] in ("- ", "• ", "* ") else _escaped(line)
        for line in found
        if line
    )


def _escaped(text: str) -> str:
    """Return Markdown that reads as the text itself; `[1]` needs no escape to do so."""
    return re.sub(r"\\\[(\d{1,3})\\\]", r"[\1]", _MARKUP.sub(r"\\\1", text))
