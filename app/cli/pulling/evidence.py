"""`evidence`: the histograms of a dataset in the DQM GUI, beside its flags."""

import re
from concurrent.futures import Future
from pathlib import Path

from app import files
from app.cli.arguments import add_command, add_run
from app.cli.output import DONE, REFUSED, Answer, number_of, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.errors import BadInput, Refused, RegistryError
from app.domain.json_value import JsonObject
from app.domain.keys import ONLINE
from app.domain.sources.histograms import Histogram, PictureSize
from app.domain.sources.layouts import ANY_WORKSPACE
from app.services import names
from app.services.evidence import histograms
from app.services.evidence.sources import Picture

_SIZE = PictureSize(1000, 640)
_WAIT_S = 120.0


def add(commands: Commands, common: Parser) -> None:
    """Adds `evidence`."""
    parser = add_command(
        commands,
        common,
        "evidence",
        HELP["evidence"],
        _evidence,
        writes=False,
    )
    add_run(parser)
    parser.add_argument(
        "dataset", nargs="?", default=ONLINE, metavar="DATASET", help="online without one"
    )
    parser.add_argument(
        "--workspace", default=ANY_WORKSPACE, metavar="NAME", help="whose layouts (global)"
    )
    parser.add_argument("--layout", metavar="NAME", help="one of its layouts; else all")
    parser.add_argument(
        "--save", type=Path, metavar="DIR", help="write the pictures into this folder, as PNG"
    )


def _evidence(program: Program, arguments: Arguments) -> Answer:
    evidence, acting = program.evidence, program.acting
    if evidence.faulty:
        raise BadInput(evidence.faulty)
    names.check_dataset(acting, arguments.run, arguments.dataset)
    found = histograms.histograms_of(
        acting,
        evidence.layouts,
        arguments.run,
        arguments.dataset,
        arguments.workspace,
        arguments.layout,
    )
    folder: Path | None = arguments.save
    told: list[JsonObject] = [
        {"histogram": each.path, "dataset_in_gui": each.dataset, "page": evidence.page(each)}
        for each in found
    ]
    if folder is None:
        lines = [evidence.page(each) for each in found]
        return Answer({"histograms": [*told]}, together(lines))
    files.make_folder(folder)
    asked = [evidence.source.picture(each, _SIZE) for each in found]
    lines, missing = [], 0
    for histogram, answer, document in zip(found, asked, told, strict=True):
        try:
            document["file"] = str(_save(folder, histogram, answer))
            lines.append(str(document["file"]))
        except RegistryError as error:
            missing += 1
            document["problem"] = str(error)
            lines.append(f"{histogram.path}: {error}")
    lines.append(f"{number_of(len(found) - missing, 'picture')} of {len(found)} written.")
    return Answer({"histograms": [*told]}, together(lines), REFUSED if missing else DONE)


def _save(folder: Path, histogram: Histogram, answer: Future[Picture]) -> Path:
    try:
        picture = answer.result(_WAIT_S)
    except TimeoutError as error:
        answer.cancel()
        raise Refused(f"The DQM GUI didn't draw it within {_WAIT_S:.0f} s.") from error
    dataset = histogram.dataset.strip("/")
    name = re.sub(r"[^A-Za-z0-9.+-]+", "_", f"{histogram.run_number} {dataset} {histogram.path}")
    file = folder / f"{name[:200]}.png"
    files.write(file, picture.content)
    return file
