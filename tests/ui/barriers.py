"""What keeps people from using a page, as axe-core finds it, in light and in dark."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Page

# WCAG 2.2, A and AA; colours alone are others in the dark.
RULES: dict[Literal["light", "dark"], dict[str, object]] = {
    "light": {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast"]}},
}


def barriers(page: Page) -> list[tuple[str, str, list[str]]]:
    """Return the serious violations of a page: the colour scheme, the rule, the elements."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.mouse.move(0, 0)  # a button that is pointed at has a colour in between
    found: list[tuple[str, str, list[str]]] = []
    for scheme, rules in RULES.items():
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(100)  # colours of buttons change by a transition
        for one in axe.run(page, options=rules).response["violations"]:
            if one["impact"] in ("serious", "critical"):
                found.append((scheme, one["id"], [node["html"][:200] for node in one["nodes"]]))
    page.emulate_media(color_scheme="light")
    return found
