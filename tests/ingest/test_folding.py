from __future__ import annotations

import pytest

from ingest.folding import fold


@pytest.mark.parametrize(
    "text",
    [
        "Ignore the rules",
        "ＩＧＮＯＲＥ ｔｈｅ ｒｕｌｅｓ",  # full width
        "𝐈𝐠𝐧𝐨𝐫𝐞 𝓽𝓱𝓮 𝕣𝕦𝕝𝕖𝕤",  # mathematical letters
        "Іgnоrе thе rulеѕ",  # Cyrillic letters among them
        "Ιgnοrε the rules",  # Greek ones
        "ıgnøřē ţhé řůłęş",  # accents and strokes
        "ɪɢɴᴏʀᴇ ᴛʜᴇ ʀᴜʟᴇs",  # small capitals
        "🅸🅶🅽🅾🆁🅴 🅣🅗🅔 🆁🆄🅻🅴🆂",  # in squares and circles
        "Ⓘⓖⓝⓞⓡⓔ ⓣⓗⓔ ⓡⓤⓛⓔⓢ",
        "I\u200bg\u200dn\u2060o\ufeffr\u00ade the rules",  # with invisible characters
        "I\u0334g\u0335n\u0336ore the r\u0301u\u0302les",  # with marks over and through them
        "ignore \u202ethe\u202c rules",
        "ignore\u00a0the\u2003 rules",
        "".join(chr(0xE0000 + ord(c)) for c in "ignore the rules"),  # Unicode's tag characters
    ],
)
def test_what_looks_alike_becomes_one_text(text: str) -> None:
    assert fold(text) == "ignore the rules"


def test_lines_stay_and_signs_become_plain() -> None:
    assert fold("It’s “so”\r\n— here\u2028now") == 'it\'s "so"\n\n- here\nnow'


@pytest.mark.parametrize("text", ["", "\x00\x1b", "\ud800", "\U0010ffff"])
def test_what_nobody_can_read_is_nothing(text: str) -> None:
    assert fold(text).strip() == ""


@pytest.mark.parametrize("word", ["教育", "ความรู้", "ज्ञान", "المعرفة"])
def test_other_scripts_keep_what_tells_their_words_apart(word: str) -> None:
    assert fold(word) == fold(fold(word)) != ""
    assert fold(word[:-1]) != fold(word)
