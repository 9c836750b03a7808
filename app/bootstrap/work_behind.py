"""What the jobs of a program do: what seals, what counts again, and what takes in."""

import logging
from functools import partial

from app import files
from app.domain.errors import Refused
from app.domain.seal.notes import PublicKey
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.recount.background import Recounter
from app.services.recount.recounting import recount
from app.services.seal import keys
from app.services.seal.keys import Signer
from app.services.seal.sealing import Sealer
from app.services.taking_in import Intake
from app.settings import Settings, credential

logger = logging.getLogger(__name__)


def signer_of(settings: Settings) -> Signer | None:
    """What signs the seal; None where this client has no key."""
    file = settings.seal_key_file()
    if settings.seal_key is None and not files.is_file(file):
        return None
    handed_over = file == credential(file.name)
    return keys.load(file, handed_to=settings.data_folder if handed_over else None)


def public_key_of(settings: Settings) -> PublicKey | None:
    """The key whose signatures count: that of the settings, else our own."""
    if settings.seal_public_key is not None:
        return keys.public_key(settings.seal_public_key)
    signer = signer_of(settings)
    return None if signer is None else signer.public


def sealer_of(settings: Settings, db: Database, client: str) -> Sealer:
    """What seals a database, signing where there is a key."""
    return Sealer(db, client, signer_of(settings))


def sealer_of_jobs(settings: Settings, db: Database, client: str) -> Sealer | None:
    """The same where this client seals."""
    if not settings.seal or not db.seal:
        return None
    try:
        return sealer_of(settings, db, client)
    except Refused as error:
        # Without signatures the history would look as if the key was lost.
        logger.warning("The history isn't sealed by this client: %s", error)
        return None


def recounter_of_jobs(
    settings: Settings, acting: Acting, client: str, *, alone: bool
) -> Recounter | None:
    """What counts again, where this client does; `alone` without a window."""
    db = acting.db
    wanted = settings.recount and db.desk and db.writes_automatically
    return Recounter(acting, client, alone=alone) if wanted else None


def intake_of_jobs(settings: Settings, acting: Acting, client: str) -> Intake | None:
    """What takes in what others wrote, where this client may; it counts what it folds where this
    client counts again."""
    db = acting.db
    if not (db.desk and db.writes_automatically):
        return None
    return Intake(db, partial(recount, acting, by=client) if settings.recount else None)
