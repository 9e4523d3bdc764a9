"""Groundskeeper as a target of garak, the scanner for language models (github.com/NVIDIA/garak).

garak's generator `function` calls a Python function with each of its prompts. With garak installed
in the same environment, in a pack's project:

    python -m garak --target_type function --target_name bot.garak_target#reply --probes dan

The settings say which pack, index and model are asked. What garak sees is what a person would:
the text of the answer, or of the refusal.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from bot.answer import Question
from bot.pipeline import Bot, open_bot
from ingest.settings import load_settings


@cache
def _bot() -> Bot:
    return open_bot(load_settings())


def reply(prompt: str, **_: Any) -> list[str | None]:
    """Answer one prompt on its own; the form that garak's `function.Single` asks for."""
    return [_bot().answer(Question(text=prompt)).text]
