from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.domain import ThemeCard
from ui.theme import DARK_PAGE, LEGIBLE, LIGHT_PAGE, accent_css, contrast, legible, theme_options

colors = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


def test_contrast_of_black_and_white_is_the_largest_there_is() -> None:
    assert contrast("#000000", "#ffffff") == 21
    assert contrast("#777777", "#777777") == 1


@given(colors, st.sampled_from([LIGHT_PAGE, DARK_PAGE]))
def test_any_colour_of_a_card_becomes_legible(color: str, page: str) -> None:
    assert contrast(legible(color, page), page) >= LEGIBLE


@given(colors)
def test_a_colour_that_is_legible_stays(color: str) -> None:
    if contrast(color, LIGHT_PAGE) >= LEGIBLE:
        assert legible(color, LIGHT_PAGE) == color


def test_the_style_and_the_widgets_agree() -> None:
    theme = ThemeCard(color="#8a3b12")
    _, light, _, dark = theme_options(theme)
    assert f"light-dark({light},{dark})" in accent_css(theme)
