"""The table of actions: one row says who asks for which path to write what, and when they may.

Services ask for the paths, the guard in the database judges every row by the same table, and the
matrix of rights and the documentation are made from it.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

_PLACE = re.compile(r"\{(\w+)\}")


class Content(StrEnum):
    """What a row of the shared tables says, as far as rights are concerned."""

    RUN_STATE = "state of a run"
    RUN_ATTRIBUTE = "attribute of a run"
    ONLINE_COLUMN = "column of online"
    OFFLINE_COLUMN = "column of a dataset"
    COPIED_COLUMN = "column of a new dataset"
    BIT = "DCS bit"
    LUMINOSITY = "luminosity"
    COPIED_BIT = "OMS attribute of a new dataset"
    DATASET_STATE = "state of a dataset"
    DATASET_HIDDEN = "visibility of a dataset"
    NEW_DATASET = "new dataset"
    CYCLE = "cycle"
    CYCLE_DATASETS_ADDED = "datasets added to a cycle"
    CYCLE_DATASETS_REMOVED = "datasets taken out of a cycle"
    CYCLE_COMPLETED = "cycle completed"
    CYCLE_REOPENED = "cycle reopened"
    CYCLE_FROZEN = "cycle frozen or thawed"
    VERIFIED = "mark of a second person"
    LIST = "list of the configuration"
    DATASETS_ACCEPTED = "accepted datasets"
    PERMISSIONS = "permissions"
    WORKSPACE = "workspace"
    GOLDEN_JSON = "golden JSON"
    AGENT = "agent"


class Need(StrEnum):
    """What has to be true before an action, in the words of its refusal."""

    RUN_SHOWN = "the run must not be hidden"
    RUN_OPEN = "the run must be OPEN"
    CAN_BE_SIGNED_OFF = (
        "unless it goes to OPEN the run must have lumisections, a class, and a status in every"
        " certifiable column that it has"
    )
    NOT_SIGNIFICANT = "the run must not be significant yet"
    DATASET_SHOWN = "the dataset must not be hidden"
    DATASET_OPEN = "the dataset must be OPEN in the workspace of the column"
    IN_USE = "the column must be one of a workspace"
    VALUE_FITS = (
        "the value must be a status that can be set, BAD with a comment of at least 3 characters,"
        " or one that was there before"
    )
    VALUE_COPIED = "the value must stand in another dataset of the run"
    REST_KEPT = "comment and cause must be those that were there"
    COMMENTED = "the version needs a comment of at least 3 characters"
    BIT_FITS = "the value must be true, false, or one that was there before"
    STATE_FOLLOWS = (
        "the new state must be one that follows on the one before, or that the dataset had before"
    )
    EDITABLE_STATE = "the new state must be OPEN, SIGNOFF or COMPLETED"
    REASON = "the version needs a comment that says why"
    PENDING_CYCLE = "the dataset must be in a cycle that is pending in the workspace"
    A_COPY = "the dataset must be a copy of another of its run"
    NEW_CYCLE = "the cycle must be a new one"
    ANOTHERS_CHANGE = "somebody else must have made the newest change there"


class Path(Struct, frozen=True):
    """A path that routes are matched against, with places for names."""

    template: str

    def __str__(self) -> str:
        return self.template

    def of(self, **names: object) -> str:
        """The path with its places filled."""
        return self.filled({name: str(value) for name, value in names.items()})

    def filled(self, names: Mapping[str, str]) -> str:
        """The path with its places filled."""
        return _PLACE.sub(lambda place: names[place[1]], self.template)

    @property
    def places(self) -> tuple[str, ...]:
        """Names of the places, in order."""
        return tuple(_PLACE.findall(self.template))


class Action(Struct, frozen=True):
    """One way to write a content: where it is asked for, and what must be true."""

    words: str
    content: Content
    path: Path
    needs: tuple[Need, ...] = ()


MOVE_RUN = Path("/runs/move_run/{from}/{to}")
MARK_SIGNIFICANT = Path("/runs/mark_significant")
EDIT_RUN = Path("/manual_run_edit/{run}/{attribute}")
EDIT_ONLINE = Path("/lumisections/edit_rr_lumisections")
EDIT_OFFLINE = Path("/dataset_lumisections/{column}")
EDIT_BITS = Path("/lumisections/edit_oms_lumisections")
IMPORT_LUMINOSITY = Path("/lumisections/import_luminosity")
MOVE_DATASET = Path("/datasets/{workspace}/move_dataset/{from}/{to}")
MOVE_DATASET_OF_CYCLE = Path("/cycles/move_dataset/{workspace}/{from}/{to}")
MOVE_ALL_OF_CYCLE = Path("/cycles/move_all_datasets_to/{workspace}")
DUPLICATE = Path("/dc_tools/duplicate_datasets")
COPY_COLUMNS = Path("/dc_tools/copy_column_from_datasets")
SET_COLUMNS = Path("/dc_tools/dataset_column_batch_update")
HIDE = Path("/dc_tools/hide_datasets")
CHANGE_STATES = Path("/dc_tools/change_multiple_dataset_states/{workspace}/{from}/{to}")
CHANGE_ALL_STATES = Path("/dc_tools/change_multiple_dataset_states_in_all_workspaces/{to}")
CYCLES = Path("/cycles")
ADD_TO_CYCLE = Path("/cycles/add_datasets_to_cycle")
DELETE_FROM_CYCLE = Path("/cycles/delete_datasets_from_cycle")
COMPLETE_CYCLE = Path("/cycles/mark_cycle_complete/{workspace}")
FREEZE_CYCLE = Path("/cycles/mark_cycle_complete/global")
VERIFY = Path("/datasets/{workspace}/move_dataset/SIGNOFF/COMPLETED")
REOPEN_CYCLE = Path("/cycles/mark_cycle_pending/{workspace}")
CLASSIFIERS = Path("/classifiers/{category}")
DATASETS_ACCEPTED = Path("/datasets_accepted")
PERMISSIONS = Path("/permissions")
WORKSPACES = Path("/workspaces/{side}")
GENERATE_JSON = Path("/json_portal/generate")

ACTIONS: tuple[Action, ...] = (
    Action("Move a run", Content.RUN_STATE, MOVE_RUN, (Need.RUN_SHOWN, Need.CAN_BE_SIGNED_OFF)),
    Action(
        "Set an attribute of a run",
        Content.RUN_ATTRIBUTE,
        EDIT_RUN,
        (Need.RUN_SHOWN, Need.RUN_OPEN),
    ),
    Action(
        "Mark a run significant",
        Content.RUN_ATTRIBUTE,
        MARK_SIGNIFICANT,
        (Need.RUN_SHOWN, Need.RUN_OPEN, Need.NOT_SIGNIFICANT),
    ),
    Action(
        "Edit lumisections of online",
        Content.ONLINE_COLUMN,
        EDIT_ONLINE,
        (Need.DATASET_SHOWN, Need.RUN_OPEN, Need.IN_USE, Need.VALUE_FITS),
    ),
    Action(
        "Edit lumisections of a dataset",
        Content.OFFLINE_COLUMN,
        EDIT_OFFLINE,
        (Need.DATASET_SHOWN, Need.DATASET_OPEN, Need.IN_USE, Need.VALUE_FITS),
    ),
    Action(
        "Copy columns",
        Content.OFFLINE_COLUMN,
        COPY_COLUMNS,
        (Need.DATASET_SHOWN, Need.IN_USE, Need.VALUE_COPIED),
    ),
    Action(
        "Set columns",
        Content.OFFLINE_COLUMN,
        SET_COLUMNS,
        (Need.DATASET_SHOWN, Need.IN_USE, Need.REST_KEPT),
    ),
    Action("Duplicate datasets", Content.NEW_DATASET, DUPLICATE, (Need.A_COPY,)),
    Action("Duplicate datasets", Content.COPIED_COLUMN, DUPLICATE, (Need.VALUE_COPIED,)),
    Action("Duplicate datasets", Content.COPIED_BIT, DUPLICATE, (Need.VALUE_COPIED,)),
    Action(
        "Edit DCS bits",
        Content.BIT,
        EDIT_BITS,
        (Need.DATASET_SHOWN, Need.RUN_OPEN, Need.COMMENTED, Need.BIT_FITS),
    ),
    Action("Import luminosity", Content.LUMINOSITY, IMPORT_LUMINOSITY, (Need.DATASET_SHOWN,)),
    Action(
        "Move a dataset",
        Content.DATASET_STATE,
        MOVE_DATASET,
        (Need.DATASET_SHOWN, Need.STATE_FOLLOWS),
    ),
    Action(
        "Move a dataset of a cycle",
        Content.DATASET_STATE,
        MOVE_DATASET_OF_CYCLE,
        (Need.DATASET_SHOWN, Need.PENDING_CYCLE, Need.STATE_FOLLOWS),
    ),
    Action(
        "Move all datasets of a cycle",
        Content.DATASET_STATE,
        MOVE_ALL_OF_CYCLE,
        (Need.DATASET_SHOWN, Need.PENDING_CYCLE, Need.EDITABLE_STATE),
    ),
    Action(
        "Change many states",
        Content.DATASET_STATE,
        CHANGE_STATES,
        (Need.DATASET_SHOWN, Need.EDITABLE_STATE),
    ),
    Action(
        "Undo a change of states",
        Content.DATASET_STATE,
        CHANGE_STATES,
        (Need.DATASET_SHOWN, Need.STATE_FOLLOWS),
    ),
    Action(
        "Change all states",
        Content.DATASET_STATE,
        CHANGE_ALL_STATES,
        (Need.DATASET_SHOWN, Need.EDITABLE_STATE),
    ),
    Action("Hide datasets", Content.DATASET_HIDDEN, HIDE, (Need.REASON,)),
    Action("Create and edit cycles", Content.CYCLE, CYCLES),
    Action("Add datasets to a cycle", Content.CYCLE_DATASETS_ADDED, ADD_TO_CYCLE),
    Action("Create a cycle with datasets", Content.CYCLE_DATASETS_ADDED, CYCLES, (Need.NEW_CYCLE,)),
    Action("Take datasets out of a cycle", Content.CYCLE_DATASETS_REMOVED, DELETE_FROM_CYCLE),
    Action("Complete a cycle", Content.CYCLE_COMPLETED, COMPLETE_CYCLE),
    Action("Reopen a cycle", Content.CYCLE_REOPENED, REOPEN_CYCLE),
    Action("Freeze or thaw a cycle", Content.CYCLE_FROZEN, FREEZE_CYCLE),
    Action(
        "Verify a workspace",
        Content.VERIFIED,
        VERIFY,
        (Need.DATASET_SHOWN, Need.ANOTHERS_CHANGE),
    ),
    Action("Edit a list of the configuration", Content.LIST, CLASSIFIERS),
    Action("Edit the accepted datasets", Content.DATASETS_ACCEPTED, DATASETS_ACCEPTED),
    Action("Edit the permissions", Content.PERMISSIONS, PERMISSIONS),
    Action("Add a workspace or a column", Content.WORKSPACE, WORKSPACES),
    Action("Generate a golden JSON", Content.GOLDEN_JSON, GENERATE_JSON),
    Action("Register an agent", Content.AGENT, CLASSIFIERS),
)
