"""The colours of a domain, kept legible on light and on dark pages."""

from __future__ import annotations

from ingest.domain import ThemeCard

LIGHT_PAGE = "#ffffff"
DARK_PAGE = "#171614"
# WCAG 2.2, success criterion 1.4.3, asks for 4.5; the rest is for areas tinted with the colour.
LEGIBLE = 5.5


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two #rrggbb colours, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def legible(color: str, page: str) -> str:
    """Return the colour, moved towards white or black until text of it is legible on the page."""
    towards = "#ffffff" if _luminance(page) < 0.18 else "#000000"
    for step in range(101):
        mixed = _mixed(color, towards, step / 100)
        if contrast(mixed, page) >= LEGIBLE:
            return mixed
    return towards


def accent_css(theme: ThemeCard) -> str:
    """Return the style element that gives `ui/style.css` the colours of a domain.

    `--gk-accent` is for text and lines on the page, `--gk-fill` for areas under white text.
    """
    light, dark = legible(theme.color, LIGHT_PAGE), legible(theme.color, DARK_PAGE)
    accent = f"--gk-accent:light-dark({light},{dark});--gk-fill:{light};"
    return f"<style>.stApp,.stDialog{{{accent}}}</style>"


def theme_options(theme: ThemeCard) -> list[str]:
    """Return the options of `streamlit run` that give its own widgets the domain's colour."""
    return [
        *("--theme.light.primaryColor", legible(theme.color, LIGHT_PAGE)),
        *("--theme.dark.primaryColor", legible(theme.color, DARK_PAGE)),
    ]


def _luminance(color: str) -> float:
    """Return the relative luminance of a #rrggbb colour, 0 to 1 (WCAG 2.2)."""
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mixed(color: str, towards: str, share: float) -> str:
    pairs = zip(_channels(color), _channels(towards), strict=True)
    return "#" + "".join(f"{round((a + (b - a) * share) * 255):02x}" for a, b in pairs)


def _channels(color: str) -> tuple[float, ...]:
    return tuple(int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
