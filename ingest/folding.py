"""Folding: texts that look alike to a reader become one text, for matching and nothing else."""

from __future__ import annotations

import re
import unicodedata

# Letters of other scripts that most fonts draw as a Latin one, beside it; after Unicode's
# confusables (Technical Standard 39), of which these are the ones that are used to write English.
_PAIRS = """
    Аa Вb Еe Кk Мm Нh Оo Рp Сc Тt Уy Хx Ѕs Іi Јj Үy Ѵv Ԍg Ԛq Ԝw Ӏl
    аa вb еe кk мm нh оo рp сc тt уy хx ѕs іi јj үy ѵv ԁd ԛq ԝw һh ӏl гr пn ьb
    Αa Βb Εe Ζz Ηh Ιi Κk Μm Νn Οo Ρp Τt Υy Χx
    αa βb εe ιi κk νv οo ρp σo τt υu χx ηn ωw γy
    օo սu հh ոn ցg զq յj ѡw
    ᎠD ᎡR ᎢT ᎪA ᎫJ ᎬE ᎳW ᎷM ᎻH ᎽY ᏀG ᏃZ ᏚS ᏞL ᏟC ᏢP ᏦK ᏴB ᏙV
    ꓐB ꓑP ꓒD ꓓD ꓔT ꓖG ꓗK ꓙJ ꓚC ꓜZ ꓝF ꓟM ꓠN ꓡL ꓢS ꓣR ꓦV ꓧH ꓪW ꓫX ꓬY ꓮA ꓰE ꓲI ꓳO ꓴU
    ’' ‘' ‛' ʼ' ʹ' ′' `' ´' “" ”" „" ″" «" »" ‐- ‑- ‒- –- —- ―- −- ⁃- ∕/ ⁄/ ：: ؛; ․. 。.
"""
_LOOK_ALIKES = {pair[0]: pair[1].lower() for pair in _PAIRS.split()}
_LATIN = re.compile(
    r"(?:LATIN (?:SMALL |CAPITAL )?LETTER (?:SMALL CAPITAL |DOTLESS |SCRIPT |OPEN |BLACKLETTER )*"
    r"|NEGATIVE (?:SQUARED|CIRCLED) LATIN CAPITAL LETTER |REGIONAL INDICATOR SYMBOL LETTER "
    r"|TAG LATIN (?:SMALL|CAPITAL) LETTER )([A-Z])(?: WITH .+)?"
)
_ACCENTS = re.compile(
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
    "\U000e0100-\U000e01ef]"
)
_SPACES = re.compile(" {2,}")


class _Folds(dict[int, str]):
    """What each character folds to; worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold_character(chr(code))
        return folded


def _fold_character(character: str) -> str:
    if character.isspace():
        return "\n" if character in "\n\r\v\f\x85\u2028\u2029" else " "
    if character in _LOOK_ALIKES:
        return _LOOK_ALIKES[character]
    name = unicodedata.name(character, "")
    if latin := _LATIN.fullmatch(name):
        return latin[1].lower()
    if name == "TAG SPACE":
        return " "
    # Accents, and characters that nobody sees (category C: controls, format, unused). The marks of
    # other scripts are their vowels.
    if _ACCENTS.match(character) or unicodedata.category(character)[0] == "C":
        return ""
    return character.casefold()


_folds = _Folds()


def fold(text: str) -> str:
    """Return text in lower case as a reader sees it: "Ｉgnоrе" with a Cyrillic o is "ignore".

    Styled and full-width letters (NFKD), accents, look-alikes of other scripts and invisible
    characters are undone; lines stay, other space is one space. Hidden ASCII (Unicode's tag
    characters) is made visible.

    Not covered: look-alikes outside the table (about 160, of Cyrillic, Greek, Armenian, Cherokee
    and Lisu), digits and signs for letters ("1gn0re"; `ingest.hidden_text` reads those), and a
    text in one of those scripts, which becomes gibberish: match the text as it is besides.
    """
    if text.isascii():
        plain = text.lower().replace("\r", "\n")
        plain = plain if plain.isprintable() else plain.translate(_folds)
    else:
        plain = unicodedata.normalize("NFKD", text).translate(_folds)
    return _SPACES.sub(" ", plain) if "  " in plain else plain
