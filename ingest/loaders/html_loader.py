"""HTML: the main content, without navigation, forms and scripts; nothing is fetched or run."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.documents import LoadedDocument
from ingest.errors import DocumentError
from ingest.loaders.builder import DocumentBuilder, one_line
from ingest.loaders.decoding import decode
from ingest.loaders.table_rows import rows_as_text

MEDIA_TYPE = "text/html"
_DECLARED = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?([\w-]+)", re.I
)
_DATE_NAMES = frozenset(
    {
        "date",
        "reviewed",
        "last-reviewed",
        "last-modified",
        "dcterms.modified",
        "dcterms.date",
        "dc.date",
        "revised",
        "article:modified_time",
        "article:published_time",
    }
)
_NEVER_SHOWN = frozenset(
    {
        "script",
        "style",
        "template",
        "noscript",
        "head",
        "title",
        "svg",
        "math",
        "iframe",
        "object",
        "embed",
        "canvas",
        "audio",
        "video",
        "select",
        "option",
        "datalist",
        "button",
        "input",
        "textarea",
        "map",
        "frameset",
    }
)
_NOT_CONTENT = frozenset({"nav", "aside", "footer", "form", "dialog", "menu"})
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    {
        "address",
        "article",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    }
)
# A table that holds one of these arranges a page; it is no table of facts.
_LAYOUT = "table, h1, h2, h3, h4, form, p + p, div + div"
_MAX_SPAN = 50
_MAX_COLUMNS = 500
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_SPACES = re.compile(r"\s+")


def load_html(data: bytes, name: str) -> LoadedDocument:
    """Read a web page; the title from <title> or <h1>, the vintage from a date in <meta>.

    What a style sheet hides is not known here: only `hidden`, `aria-hidden` and inline styles
    count as hidden.
    """
    declared = _DECLARED.search(data[:4096])
    text = decode(data, name, declared[1].decode("ascii", "ignore") if declared else "")
    builder = DocumentBuilder(MEDIA_TYPE)
    try:
        tree = LexborHTMLParser(text)
        add_tree(builder, tree)
        return builder.build(_title(tree), vintage=_vintage(tree))
    except MemoryError:
        raise
    except Exception as error:
        # The parser is C code behind a thin wrapper; it does not say what it may raise.
        raise DocumentError(f"{name} cannot be parsed as HTML: {error!r}.") from None


def add_html(builder: DocumentBuilder, fragment: str) -> None:
    """Add the blocks of a piece of HTML inside another document."""
    add_tree(builder, LexborHTMLParser(fragment))


def add_tree(builder: DocumentBuilder, tree: LexborHTMLParser) -> None:
    """Add the blocks of the main content of a page."""
    root = _main(tree)
    if root is None:
        return
    skip = _NOT_CONTENT | ({"header"} if root.tag == "body" else set())
    found = _Walker(builder, skip).walk(root)
    if not found:
        # Some pages put everything into one form, or the whole text into a header.
        _Walker(builder, frozenset()).walk(root)


def _main(tree: LexborHTMLParser) -> LexborNode | None:
    for selector in ("main", "[role=main]", "article"):
        nodes = tree.css(selector)
        if len(nodes) == 1 and len(_SPACES.sub("", nodes[0].text())) > 0:
            return nodes[0]
    return tree.body


def _title(tree: LexborHTMLParser) -> str:
    title, first = tree.css_first("title"), tree.css_first("h1")
    full = one_line(title.text()) if title else ""
    heading = one_line(first.text()) if first else ""
    # "Paying for college | Example site": the heading is the title without the site's name.
    return heading if not full or (heading and heading in full) else full


def _vintage(tree: LexborHTMLParser) -> str:
    for meta in tree.css("meta[content]"):
        name = meta.attributes.get("name") or meta.attributes.get("property") or ""
        if name.lower() in _DATE_NAMES:
            return (meta.attributes.get("content") or "")[:40]
    return ""


@dataclass
class _Walker:
    """Goes through a tree in document order, without recursion (pages nest without limit)."""

    builder: DocumentBuilder
    skip: frozenset[str] | set[str]
    inline: list[str] = field(default_factory=list)
    found: bool = False
    mark: str = ""
    counts: dict[int, int] = field(default_factory=dict)

    def walk(self, root: LexborNode) -> bool:
        """Add all blocks below the root; tell whether there were any."""
        stack: list[tuple[LexborNode, str, bool]] = [(root, "", False)]
        while stack:
            node, context, leaving = stack.pop()
            if leaving:
                self._flush(context)
            elif node.is_text_node:
                self._add_text(node, context)
            elif node.tag == "br":
                self.inline.append("\n")
            elif node.is_element_node and not self._is_skipped(node):
                self._enter(node, context, stack)
        self._flush("")
        return self.found

    def _enter(
        self, node: LexborNode, context: str, stack: list[tuple[LexborNode, str, bool]]
    ) -> None:
        tag = node.tag or ""
        inner = context
        if tag in _BLOCKS:
            self._flush(context)
            if tag == "table" and self._is_data_table(node):
                self._table(node)
                return
            if tag == "li":
                self.mark = self._number(node)
            inner = tag if tag in _HEADINGS or tag in ("li", "dd", "pre") else context
            inner = "" if tag in ("ul", "ol", "dl", "table") else inner
            stack.append((node, inner, True))
        children = list(node.iter(include_text=True))
        stack.extend((child, inner, False) for child in reversed(children))

    def _is_skipped(self, node: LexborNode) -> bool:
        if node.tag in _NEVER_SHOWN or node.tag in self.skip:
            return True
        attributes = node.attributes
        if "hidden" in attributes or attributes.get("aria-hidden") == "true":
            return True
        return bool(_HIDDEN_STYLE.search(attributes.get("style") or ""))

    def _add_text(self, node: LexborNode, context: str) -> None:
        text = node.text_content or ""
        self.inline.append(text if context == "pre" else _SPACES.sub(" ", text))

    def _flush(self, context: str) -> None:
        text = "".join(self.inline)
        self.inline.clear()
        if not text.strip():
            return
        self.found = True
        if context in _HEADINGS:
            self.builder.heading(text, _HEADINGS[context])
        elif context in ("li", "dd"):
            self.builder.list_item(f"{self.mark}{text.strip()}")
            self.mark = ""
        else:
            self.builder.paragraph(text)

    def _number(self, item: LexborNode) -> str:
        """The number of an item of an ordered list; the text may refer to it."""
        parent = item.parent
        if parent is None or parent.tag != "ol":
            return ""
        first = parent.attributes.get("start") or "1"
        before = self.counts.get(parent.mem_id, int(first) - 1 if first.isdecimal() else 0)
        self.counts[parent.mem_id] = before + 1
        return f"{before + 1}. "

    def _is_data_table(self, table: LexborNode) -> bool:
        if table.css_first("th") is not None:
            return True
        rows = table.css("tr")
        return len(rows) > 1 and table.css_first(_LAYOUT) is None

    def _table(self, table: LexborNode) -> None:
        caption = table.css_first("caption")
        if caption is not None:
            self.builder.paragraph(one_line(caption.text()))
        rows = [[c for c in tr.iter() if c.tag in ("td", "th")] for tr in table.css("tr")]
        rows = [row for row in rows if row]
        headers = 0
        while headers < len(rows) and all(cell.tag == "th" for cell in rows[headers]):
            headers += 1
        for text in rows_as_text(_grid(rows), headers or None):
            self.found = True
            self.builder.table_row(text)


def _grid(rows: list[list[LexborNode]]) -> list[list[str]]:
    """Spread cells over the rows and columns that they span."""
    grid: list[list[str]] = []
    # Column: text of a cell that reaches down from above, and for how many more rows.
    reaching: dict[int, tuple[str, int]] = {}
    for row in rows:
        line: list[str] = []
        below: dict[int, tuple[str, int]] = {}
        cells = iter(row)
        while len(line) < _MAX_COLUMNS:
            if len(line) in reaching:
                text, down = reaching.pop(len(line))
                across = 1
            else:
                cell = next(cells, None)
                if cell is None:
                    break
                text = one_line(cell.text(separator=" "))
                across, down = _span(cell, "colspan"), _span(cell, "rowspan")
            for _ in range(across):
                if down > 1:
                    below[len(line)] = (text, down - 1)
                line.append(text)
        grid.append(line)
        reaching = below
    return grid


def _span(cell: LexborNode, name: str) -> int:
    value = cell.attributes.get(name) or "1"
    return min(max(int(value), 1), _MAX_SPAN) if value.isdecimal() else 1
