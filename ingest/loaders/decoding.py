"""Bytes to text, by what the bytes say about themselves."""

from __future__ import annotations

import codecs

from charset_normalizer import CharsetMatch, from_bytes

from ingest.errors import UnsupportedDocument

# The longer marks first: UTF-32's little-endian mark begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What text files hold besides printable bytes: tab, line feed, form feed, return, escape.
_TEXT_CONTROLS = frozenset(b"\t\n\f\r\x1b")
_SAMPLE = 64 * 1024
_MAX_CONTROL_SHARE = 0.01


def decode(data: bytes, name: str, declared: str = "") -> str:
    """Return the text of a file's bytes.

    Order: byte order mark, UTF-8, the encoding that the file declares, the guess of
    charset-normalizer. Bytes that fit no encoding are replaced one by one only after a mark has
    settled the encoding. Raises UnsupportedDocument if the file is no text.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    guess = _utf16_without_mark(data)
    if guess:
        return data.decode(guess, errors="replace")
    if _is_binary(data):
        raise UnsupportedDocument(
            f"{name} is neither text nor a kind of file that can be read.",
            hint="Supported are PDF, HTML, DOCX, XLSX, Markdown, text, CSV, TSV, and these in ZIP.",
        )
    for encoding in ("utf-8", declared):
        text = _try(data, encoding)
        if text is not None:
            return text
    return _guessed(data, name)


def _try(data: bytes, encoding: str) -> str | None:
    try:
        # The label "iso-8859-1" means windows-1252 on the web (WHATWG Encoding Standard).
        if encoding and codecs.lookup(encoding).name == "iso8859-1":
            encoding = "cp1252"
        return data.decode(encoding) if encoding else None
    except (UnicodeError, LookupError):
        return None


def _guessed(data: bytes, name: str) -> str:
    matches = from_bytes(data)
    best = matches.best()
    if best is None:
        raise UnsupportedDocument(f"{name} is text in an encoding that cannot be recognised.")
    for match in matches:
        # Short Western texts fit a dozen code pages about alike; this one is in real use.
        if match.encoding == "cp1252" and _about_as_good(match, best):
            return str(match)
    return str(best)


def _about_as_good(match: CharsetMatch, best: CharsetMatch) -> bool:
    return match.chaos <= best.chaos + 0.1 and match.coherence >= best.coherence - 0.1


def _utf16_without_mark(data: bytes) -> str:
    """Recognise UTF-16 of mostly Latin text: every other byte is zero."""
    sample = data[:_SAMPLE]
    if len(sample) < 4 or b"\0" not in sample:
        return ""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > 0.7 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.7 * half and odd < 0.05 * half:
        return "utf-16-be"
    return ""


def _is_binary(data: bytes) -> bool:
    sample = data[:_SAMPLE]
    controls = sum(1 for byte in sample if byte < 32 and byte not in _TEXT_CONTROLS)
    return controls > max(_MAX_CONTROL_SHARE * len(sample), 4)
