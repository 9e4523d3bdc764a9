from __future__ import annotations

import pytest

from bot.parts import split_parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("What is a wren, and how heavy is a robin?", ["What is a wren", "how heavy is a robin?"]),
        ("What do finches eat? And what is a tit?", ["What do finches eat", "what is a tit?"]),
        (
            "What is net price, and what is it at Rice?",
            ["What is net price", "what is net price at Rice?"],
        ),
        ("Compare the robin and the wren", ["Compare the robin and the wren"]),
        ("Weight and wingspan of the magpie", ["Weight and wingspan of the magpie"]),
        ("", [""]),
    ],
)
def test_parts(text: str, parts: list[str]) -> None:
    assert split_parts(text) == parts
