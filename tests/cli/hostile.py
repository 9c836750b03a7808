"""Command lines that nobody means: a walk through the tree of words with hostile values."""

import argparse
import os
import random
from collections.abc import Iterator
from pathlib import Path

from app.cli import commands
from app.cli.arguments import Parser
from tests.cli.conftest import FIRST, SECOND

PROMPT = "/PromptReco/Collisions2025A/DQM"

WORDS = (
    *(
        "",
        " ",
        "-",
        "0",
        "1",
        "-1",
        "00",
        "1.5",
        "1e400",
        "nan",
        "-inf",
        "0x10",
        "\u00b2",
        "\u0663",
    ),
    *("2147483647", "2147483648", "4294967296", "9223372036854775808", "9" * 40, "9" * 5000),
    *("x" * 300, "x" * 10_000, "\0", "a\0b", "\udcff", "\ud800x", "a\nb", "\x1b[2J", "\u202e"),
    *("%", "%%", "\\", "(", "[a", "*", "'", '"', "a'b; --", "{}", "[]", "null", "=1+1", "a=b"),
    *(
        "1-",
        "-1-2",
        "1-2-3",
        "5-2",
        "0-1",
        "1-99999999999",
        "12-40,55",
        "1-2147483647",
        "1-2147483646",
        ",",
        "a,b",
        "a:b",
    ),
    *("/", ".", "..", "~", "~nobody-of-this-name/x", "/proc/self/mem", "no/such"),
    *("priority=1e400", "priority=NaN", 'class="\\u0000"', 'name=["\\ud800"]', "id=1", "=", "x=y"),
    *("priority=99999999999", f"class={'x' * 300}", "enabled=maybe", f"regexp={'(a+)+' * 5}("),
    *("2025-01-01", "0000-00-00", "9999-12-31", "99999999d", "1h", "class = ", "a = 'b' and (c"),
)
TEXTS: dict[str, bytes] = {
    "empty": b"",
    "blank": b"\n \n",
    "brace.json": b"{",
    "list.json": b"[]",
    "null.json": b"null",
    "number.json": b"1e400",
    "text.json": b'"text"',
    "nan.json": b'{"==": [NaN, Infinity]}',
    "deep.json": b"[" * 100_000,
    "deep_rule.json": b'{"!":' * 5_000 + b"1" + b"}" * 5_000,
    "long_number.json": b"9" * 5000,
    "nul_rule.json": b'{"==": [{"var": "lumisection.rr.dt-dt"}, "GO\\u0000OD"]}',
    "half_rule.json": b'{"==": [{"var": "lumisection.rr.dt-dt"}, "\\ud800"]}',
    "key_rule.json": b'{"\\u0000": [1, 2]}',
    "great_rule.json": b'{"==": [{"var": "lumisection.oms.dt0_ready"}, 1e400]}',
    "int_rule.json": b'{"==": [{"var": "lumisection.oms.dt0_ready"}, 99999999999999999999999]}',
    "rule.json": b'{"==": [{"var": "lumisection.oms.dt0_ready"}, true]}',
    "mask.json": f'{{"{FIRST}": [[1, 5]]}}'.encode(),
    "mask_run.json": b'{"4294967296": [[1, 2]]}',
    "mask_ls.json": f'{{"{FIRST}": [[1, 99999999999999999999]]}}'.encode(),
    "mask_float.json": f'{{"{FIRST}": [[1, 1e400]]}}'.encode(),
    "mask_nul.json": b'{"\\u0000": [[1, 2]]}',
    "mask_text.json": f'{{"{FIRST}": "\\ud800"}}'.encode(),
    "binary": bytes(range(256)) * 4,
    "utf16.csv": "run,dataset\n1,2\n".encode("utf-16"),
    "changes.csv": f"{FIRST},online,dt-dt,1,2,BAD,HV trip,\n".encode(),
    "changes_great.csv": f"{'9' * 5000},online,dt-dt,1,2,BAD,HV trip,\n".encode(),
    "changes_odd.csv": f'{FIRST},"on\nline",dt-dt,1,2147483647,BAD,"\x1b[2K\n\u202e",\n'.encode(),
    "changes_quote.csv": b'1,online,"dt',
    "changes_mac.csv": f"run,dataset,column,first LS,last LS,status\r{FIRST},,dt-dt,1,,\r".encode(),
    "byls.csv": (
        "#run:fill,ls,time,delivered(/pb),recorded(/pb)\n"
        f"{FIRST}:1,2:2,t,0.6,0.5\n{FIRST}:1,99999999:1,t,1e-400,-0\n9999999999:1,1:1,t,1,1\n"
    ).encode(),
    "byls_nan.csv": b"#run:fill,ls,time,delivered(/pb),recorded(/pb)\n1:1,1:1,t,nan,1e400\n",
    "byls_rate.csv": b"#run:fill,ls,time,delivered(hz/ub),recorded(hz/ub)\n",
    "tables/ClassClassifier.json": b'[{"id": 1e400, "class": "x"}]',
    "tables_nul/ClassClassifier.json": b'[{"id": 1, "class": "\\u0000", "priority": 1}]',
    "tables_half/DatasetClassifier.json": b'[{"id": 1, "workspace": "\\ud800"}]',
    "tables_list/Settings.json": b"[[]]",
    "tables_deep/Settings.json": b"[" * 100_000,
    "tables_binary/Settings.json": b"\xff\xfe\x00",
    "tables_great/Settings.json": b'[{"id": 99999999999, "metadata": {}}]',
    "tables_long/Settings.json": b"[" + b"9" * 5000 + b"]",
}
_SAID: dict[str, tuple[str, ...]] = {
    "run": (str(FIRST), str(SECOND)),
    "runs": (str(FIRST),),
    "dataset": ("online", PROMPT),
    "names": ("online", PROMPT),
    "name": ("dt", "agent-one", PROMPT),
    "columns": ("dt-dt", "dt-dt,csc-csc"),
    "keys": ("dt-dt", "dt0_ready"),
    "column": ("dt-dt",),
    "bit": ("dt0_ready",),
    "ranges": ("1-2", "5"),
    "id": ("1", "2"),
    "ids": ("1",),
    "version": ("2", "4"),
    "datasets": (PROMPT, "/PromptReco/%"),
    "rule": ("golden", "rule.json"),
    "first": ("1", "mask.json"),
    "old": ("1", "mask.json"),
    "new": ("mask.json",),
    "list": ("1", "mask.json"),
    "further": ("and",),
    "deadline": ("2099-01-01",),
    "workspace": ("global", "dt"),
    "comment": ("seen on the plots",),
    "status": ("BAD", "GOOD"),
    "filter": ("class = Collisions2025A", "run > 1 and dt-dt.BAD > 0"),
    "folder": ("tables", "tables_nul", "tables_great", "exported"),
    "kind": ("class", "component", "dataset", "json", "permissions"),
    "values": ("priority=1", "name=x", "class=Y"),
    "out": ("out.json", "out.csv", "."),
    "file": ("changes.csv", "byls.csv"),
    "export": ("log.csv", "log.json"),
    "csv": ("losses.csv",),
}
_EVERYWHERE = {"dsn", "user", "as_json", "oms_url", "settings", "data_folder", "verbose", "help"}


def write_files(folder: Path) -> list[str]:
    """The hostile files; returns their names, and those of things that are no files."""
    folder.mkdir()
    for name, content in TEXTS.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "folder").mkdir()
    (folder / "loop").symlink_to("loop")
    tables = {str(Path(name).parent) for name in TEXTS if "/" in name}
    return [*TEXTS, *sorted(tables), "folder", "loop", "none.json", "x" * 300, "none/such.json"]


def leaves(parser: Parser, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Parser]]:
    """Every command with its words."""
    below = [action.choices for action in parser._actions if isinstance(action.choices, dict)]
    if not below:
        yield words, parser
    for choices in below:
        for name, part in choices.items():
            yield from leaves(part, (*words, name))


class Walk:
    """Command lines from a seed: most of each is what the command wants, some of it isn't."""

    def __init__(self, seed: int, folder: Path) -> None:
        self._random = random.Random(seed)
        self._folder = folder
        self._files = write_files(folder)
        self.commands = sorted(leaves(commands.parser("1")), key=lambda each: each[0])

    def line(self, command: tuple[tuple[str, ...], Parser]) -> list[str]:
        """Words of a command with values."""
        words, parser = command
        line = list(words)
        hostile = self._random.choice((0.15, 0.4, 1.0))
        for action in parser._actions:
            if action.dest in _EVERYWHERE:
                continue
            if not action.option_strings:
                line += [self._value(action, hostile) for _ in range(self._number(action))]
            elif action.required or self._random.random() < 0.3:
                option = self._random.choice(action.option_strings)
                if action.nargs == 0:
                    line.append(option)
                else:
                    line.append(f"{option}={self._value(action, hostile)}")
        if self._random.random() < 0.3:
            line.append("--json")
        return line

    def _number(self, action: argparse.Action) -> int:
        if action.nargs in {"?", "*"}:
            return self._random.choice((0, 1, 1, 2) if action.nargs == "*" else (0, 1))
        return self._random.choice((1, 1, 2)) if action.nargs == "+" else 1

    def _value(self, action: argparse.Action, hostile: float) -> str:
        if self._random.random() < hostile:
            if self._random.random() < 0.4:
                return self._path(self._random.choice(self._files))
            return self._random.choice(WORDS)
        if action.choices:
            return str(self._random.choice(list(action.choices)))
        said = self._random.choice(_SAID.get(action.dest, ("1", "dt-dt", "online")))
        return self._path(said) if "." in said and "/" not in said else said

    def _path(self, name: str) -> str:
        return os.fspath(self._folder / name)
