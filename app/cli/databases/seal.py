"""Commands on the sealed history: verify it, its root, proofs, its key, and sealing without a
window."""

import time
from dataclasses import replace
from pathlib import Path

from app import files
from app.cli.arguments import add_command, add_group, positive
from app.cli.output import DONE, REFUSED, Answer, Content, Lines, ProgressLine, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.json_value import JsonObject
from app.domain.seal.findings import Report
from app.services.seal import keys, proofs, verifying, wanted
from app.services.seal.verifying import EVERYTHING

_SHOWN = 20


def add(commands: Commands, common: Parser) -> None:
    """Adds `seal` and its commands."""
    group = add_group(commands, common, "seal", HELP["seal"])
    parser = add_command(
        group,
        common,
        "verify",
        "recompute what is sealed and name what was altered",
        _verify,
        writes=False,
    )
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help="the provenance of an exported list: only what it was made from is compared",
    )
    parser.add_argument(
        "--since",
        metavar="ROOT",
        help="a kept root, SIZE:HEX or a file with a checkpoint: the history must begin with it",
    )
    parser.add_argument(
        "--list",
        type=positive,
        dest="list_id",
        metavar="N",
        help="only what golden JSON N was made from, with the root of that time",
    )
    parser.add_argument(
        "--key", metavar="KEY", help="public key, or its file, whose signatures count"
    )
    parser = add_command(
        group, common, "root", "the newest root, to be kept elsewhere", _root, writes=False
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the checkpoint there")
    parser.add_argument(
        "--since",
        metavar="ROOT",
        help="prove that a kept root, SIZE:HEX or a file with a checkpoint, still stands",
    )
    _add_work(group, common)
    _add_key(add_group(group, common, "key", "the key that signs roots"), common)


def _add_work(group: Commands, common: Parser) -> None:
    parser = add_command(
        group,
        common,
        "proof",
        "the proof that a version is under the newest root",
        _proof,
        writes=False,
    )
    parser.add_argument("version", type=positive, metavar="VERSION")
    parser = add_command(
        group,
        common,
        "now",
        "seal what isn't sealed yet, without a window",
        _seal_now,
        writes=True,
    )
    parser.add_argument(
        "--no-wait",
        action="store_true",
        help="don't wait until numbers that are missing can't come any more",
    )


def _add_key(of_key: Commands, common: Parser) -> None:
    parser = add_command(
        of_key,
        common,
        "new",
        "make a key; one that is there endorses it and is kept",
        _new_key,
        writes=False,
    )
    parser.add_argument(
        "--file", type=Path, metavar="FILE", help="where (seal_key of the settings)"
    )
    parser.add_argument(
        "--name", default="run-registry", metavar="NAME", help="who signs (run-registry)"
    )
    parser.add_argument(
        "--endorsed-by", type=Path, metavar="FILE", help="the key of another puller that says so"
    )


def _verify(program: Program, arguments: Arguments) -> Answer:
    acting = program.acting
    key = program.seal_public_key if arguments.key is None else keys.public_key(arguments.key)
    asked = replace(EVERYTHING, key=key)
    if arguments.since is not None:
        asked = wanted.since(acting, arguments.since, asked)
    if arguments.list_id is not None:
        asked = wanted.of_list(acting, arguments.list_id, asked)
    if arguments.file is not None:
        asked = wanted.of_file(acting, arguments.file, asked)
    line = ProgressLine()
    try:
        report = verifying.verify(acting, asked, line.shares("verifying"))
    finally:
        line.clear()
    return Answer(report.document, _text(report), DONE if report.good else REFUSED)


def _text(report: Report) -> Lines:
    lines: list[str] = [report.summary, *report.lines]
    if report.findings:
        lines.append("")
    for told in report.texts[:_SHOWN]:
        lines += told.split("\n")
    if report.faults > _SHOWN:
        lines.append(f"and {report.faults - _SHOWN} more (--json has the first)")
    if report.size:
        lines += ["", f"root {report.size}:{report.root.hex()}"]
    return together(lines)


def _root(program: Program, arguments: Arguments) -> Answer:
    if arguments.since is not None:
        return _since(program, arguments.since)
    root = proofs.newest_root(program.acting)
    if arguments.out is not None:
        files.write(arguments.out, root.note)
    document: JsonObject = {
        **root.checkpoint.facts,
        "signed": root.is_signed,
        "by": root.by,
        "checkpoint": root.note,
    }
    return Answer(document, Content(root.note.rstrip("\n")))


def _since(program: Program, given: str) -> Answer:
    (kept,) = wanted.since(program.acting, given, EVERYTHING).expected
    proof = proofs.prove_since(program.acting, kept.size, kept.root)
    lines: list[str] = [
        proof.text,
        "",
        *(f"path {each.hex()}" for each in proof.path),
        *([""] if proof.path else []),
        *proof.root.note.rstrip("\n").split("\n"),
    ]
    return Answer(proof.document, together(lines), DONE if proof.holds else REFUSED)


def _proof(program: Program, arguments: Arguments) -> Answer:
    proof = proofs.prove(program.acting, arguments.version)
    lines: list[str] = [
        proof.text,
        "",
        *proof.content.split("\n"),
        "",
        f"leaf {proof.position} {proof.leaf.hex()}",
        *(f"path {each.hex()}" for each in proof.path),
        "",
        *proof.root.note.rstrip("\n").split("\n"),
    ]
    return Answer(proof.document, together(lines), DONE if proof.holds else REFUSED)


def _seal_now(program: Program, arguments: Arguments) -> Answer:
    sealer = program.sealer()
    line = ProgressLine()
    leaves = 0
    try:
        for turn in range(2):
            while True:
                sealed = sealer.seal_new()
                leaves += sealed.leaves
                line.say(sealed.text)
                if not sealed.more:
                    break
            if turn or arguments.no_wait:
                break
            time.sleep(sealer.settled_s)
        while sealed.old_left and (old := sealer.seal_old()).leaves:
            sealed = old
            leaves += old.leaves
            line.say(sealed.text)
    finally:
        line.clear()
    document: JsonObject = {
        "sealed": leaves,
        "size": sealed.size,
        "signed": sealed.signed,
        "older_left": sealed.old_left,
    }
    return Answer(document, f"Sealed {leaves} more: {sealed.text}.")


def _new_key(program: Program, arguments: Arguments) -> Answer:
    made = keys.make(
        arguments.file or program.seal_key_file,
        name=arguments.name,
        endorsed_by=arguments.endorsed_by,
    )
    document: JsonObject = {
        "file": str(made.file),
        "public_key": made.public.text,
        "endorsed_by": made.endorsed_by or None,
        "old_key": None if made.kept_old is None else str(made.kept_old),
    }
    return Answer(document, made.text)
