"""Text of others made harmless: what would steer a terminal or turn its words round is shown."""

import json
import re
import unicodedata

_JOINERS = "\u200c\u200d"
"""Letters of some scripts, and of pictures, are joined by these."""
_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# What JSON lets stand as it is, though a terminal obeys it.
_IN_JSON = re.compile(
    "[\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000110bd\U000110cd\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0001-\U000e007f]"
)


def one_line(text: str) -> str:
    """The text as one line: `\\n`, `\\x1b` or `\\u202e` instead of what isn't seen but acts."""
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


def harmless(text: str) -> str:
    """The same, with line breaks kept."""
    return "\n".join(map(one_line, text.split("\n")))


def harmless_json(text: str) -> str:
    """JSON that means the same and steers nothing."""
    return _IN_JSON.sub(lambda match: json.dumps(match[0])[1:-1], text)


def _shown(character: str) -> str:
    if (
        character.isprintable()
        or character in _JOINERS
        or unicodedata.category(character) not in _STEERING
    ):
        return character
    number = ord(character)
    if number < 0x100:
        return _SHORT.get(character, f"\\x{number:02x}")
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
