"""Go's quoted texts, read and written."""

from __future__ import annotations

import re

_PLAIN = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, '"': 34, "'": 39}
_SHORT = {chr(code): "\\" + name for name, code in _PLAIN.items() if name not in "\"'"}
_ESCAPE = re.compile(r"\\(?:x([\da-fA-F]{2})|([0-7]{3})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|(.))|[^\\]+", re.DOTALL)


def unquote(quoted: str) -> str:
    """The text of "...", '...' or `...`; raises ValueError."""
    mark, inner = quoted[0], quoted[1:-1]
    if mark == "`":
        return inner.replace("\r", "")
    found = bytearray()
    for match in _ESCAPE.finditer(inner):
        byte, octal, short, long, other = match.groups()
        if byte or octal:
            code = int(byte, 16) if byte else int(octal, 8)
            if code > 255:
                raise ValueError(f"bad escape {match.group()} in a text")
            found.append(code)
        elif short or long:
            code = int(short or long, 16)
            if code > 0x10FFFF or 0xD800 <= code < 0xE000:
                raise ValueError(f"{match.group()} is no character")
            found += chr(code).encode()
        elif other is not None:
            if other not in _PLAIN or (other in "\"'" and other != mark):
                raise ValueError(f"bad escape \\{other} in a text")
            found.append(_PLAIN[other])
        else:
            found += match.group().encode("utf-8", "replace")
    try:
        return found.decode()
    except UnicodeDecodeError:
        raise ValueError("a text has to be UTF-8: write the character itself") from None


def quote(text: str, mark: str = '"', *, ascii_only: bool = False) -> str:
    """A text in quotation marks, with escapes for what can't be seen."""
    return mark + "".join(_escaped(char, mark, ascii_only) for char in text) + mark


def _escaped(char: str, mark: str, ascii_only: bool) -> str:
    code = ord(char)
    if char in (mark, "\\"):
        return "\\" + char
    if char.isprintable() and (code < 128 or not ascii_only):
        return char
    if char in _SHORT:
        return _SHORT[char]
    if code < 128:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
