"""Markdown (CommonMark with tables), with YAML front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml  # type: ignore[import-untyped]
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.documents import LoadedDocument
from ingest.errors import DocumentError
from ingest.loaders.builder import DocumentBuilder
from ingest.loaders.decoding import decode
from ingest.loaders.html_loader import add_html
from ingest.loaders.table_rows import rows_as_text

MEDIA_TYPE = "text/markdown"
# What is nested deeper than this is dropped without a word by the parser. So the bound is set
# where Python's own bound on recursion comes first, and that is reported.
_MAX_NESTING = 100_000
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)


def load_markdown(data: bytes, name: str) -> LoadedDocument:
    """Read Markdown; front matter may give `title` and `reviewed` (the vintage).

    Raises DocumentError if the front matter is not YAML. Raw HTML is read as HTML, images
    leave their alternative text, link targets are left out.
    """
    text = decode(data, name).replace("\r\n", "\n").replace("\r", "\n")
    meta, body = _front_matter(text, name)
    builder = DocumentBuilder(MEDIA_TYPE)
    try:
        parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable("table")
        tokens = parser.parse(body)
    except MemoryError:
        raise
    except RecursionError:
        raise DocumentError(f"{name} is nested too deeply to be read as Markdown.") from None
    except Exception as error:
        # The parser recurses and indexes; whatever a hostile file provokes is the file's fault.
        raise DocumentError(f"{name} cannot be parsed as Markdown: {error!r}.") from None
    _Reader(builder, tokens).read()
    return builder.build(meta.get("title", ""), vintage=meta.get("reviewed", ""))


def _front_matter(text: str, name: str) -> tuple[dict[str, str], str]:
    match = _FRONT_MATTER.match(text)
    if match is None:
        return {}, text
    try:
        values = yaml.safe_load(match[1])
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = getattr(error, "problem", None) or type(error).__name__
        raise DocumentError(f"The front matter of {name} is not valid YAML: {problem}.") from None
    if not isinstance(values, dict):
        # Not front matter after all: a file may begin with a rule and have another below.
        return {}, text
    scalars = {k: v for k, v in values.items() if v is not None and not isinstance(v, list | dict)}
    return {str(key): str(value) for key, value in scalars.items()}, text[match.end() :]


class _Reader:
    """Walks markdown-it's flat list of tokens and adds blocks."""

    def __init__(self, builder: DocumentBuilder, tokens: list[Token]) -> None:
        self._builder = builder
        self._tokens = iter(tokens)
        self._list_depth = 0
        self._mark = ""

    def read(self) -> None:
        for token in self._tokens:
            if token.type in ("bullet_list_open", "ordered_list_open"):
                self._list_depth += 1
            elif token.type in ("bullet_list_close", "ordered_list_close"):
                self._list_depth -= 1
            elif token.type == "list_item_open":
                # The number of a step stays, for the text may refer to it; a bullet goes.
                self._mark = f"{token.info}{token.markup} " if token.info else ""
            elif token.type == "heading_open":
                self._builder.heading(_inline_text(next(self._tokens)), int(token.tag[1]))
            elif token.type == "table_open":
                self._table()
            elif token.type == "html_block":
                add_html(self._builder, token.content)
            elif token.type in ("inline", "fence", "code_block"):
                self._text(token)

    def _text(self, token: Token) -> None:
        text = _inline_text(token) if token.type == "inline" else token.content
        if self._list_depth:
            self._builder.list_item(f"{self._mark}{text}")
            self._mark = ""
        else:
            self._builder.paragraph(text)

    def _table(self) -> None:
        rows: list[list[str]] = []
        for token in self._tokens:
            if token.type == "table_close":
                break
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(_inline_text(token))
        for text in rows_as_text(rows, header_rows=1):
            self._builder.table_row(text)


def _inline_text(token: Token) -> str:
    return "".join(_pieces(token.children or []))


def _pieces(children: list[Token]) -> Iterator[str]:
    for child in children:
        if child.type == "softbreak":
            yield " "
        elif child.type == "hardbreak" or child.content.lower() in ("<br>", "<br/>", "<br />"):
            yield "\n"
        elif child.type == "image":
            yield from _pieces(child.children or [])
        elif child.type != "html_inline":
            yield child.content
