"""A rule over some data as a text and as a document: answers, values, whose word they are."""

import json
from collections.abc import Iterator, Mapping

from app.domain.history.authorship import writer_fields
from app.domain.history.cells import Word
from app.domain.json_logic import Node
from app.domain.json_value import JsonObject, JsonValue, js_stringify


def tree_document(node: Node, words: Mapping[str, Word | None]) -> JsonObject:
    document: JsonObject = {"holds": node.holds, "deciding": node.deciding}
    if node.joint is not None:
        return {
            **document,
            "joint": node.joint,
            "parts": [tree_document(part, words) for part in node.parts],
        }
    return {
        **document,
        "condition": json.loads(node.text),
        "values": [
            {
                "name": each.name,
                "value": each.value,
                "missing": not each.there,
                "set_by": word_document(words.get(each.name)),
            }
            for each in node.values
        ],
    }


def word_document(word: Word | None) -> JsonValue:
    if word is None:
        return None
    return {
        "event": word.event,
        "version": word.action.version,
        "author": word.action.author,
        **writer_fields(word.action.writer),
        "at": word.action.at.isoformat(),
        "comment": word.action.comment,
        "by_hand": word.by_hand,
    }


def tree_lines(node: Node, words: Mapping[str, Word | None], depth: int) -> Iterator[str]:
    """One line for each part; what decided is marked, with whose word its values are."""
    mark = ">" if node.deciding else " "
    indent = "  " * depth
    answer = "true " if node.holds else "false"
    if node.joint is not None:
        yield f"{mark} {answer} {indent}{node.joint}"
        for part in node.parts:
            yield from tree_lines(part, words, depth + 1)
        return
    yield f"{mark} {answer} {indent}{node.text}"
    for each in node.values:
        shown = js_stringify(each.value) if each.there else "missing"
        word = words.get(each.name) if node.deciding else None
        yield f"          {indent}{each.name} = {shown}{_word_text(word)}"


def _word_text(word: Word | None) -> str:
    if word is None:
        return ""
    action = word.action
    comment = f': "{action.comment}"' if action.comment else ""
    return f", {action.by}, {action.at:%Y-%m-%d %H:%M}, version {action.version}{comment}"
