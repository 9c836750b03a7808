"""Tables of the shared schema, exactly as the web service has them; nothing of ours is among them.

Events and assignations are only ever appended to; `run`, `dataset` and `dataset_triplet_cache` are
projections of them; the lists of configuration are versioned by `settings`.
"""

from typing import Literal

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import SchemaItem

Action = Literal["CASCADE", "RESTRICT"] | None

metadata = MetaData()


def _serial(name: str, *constraints: SchemaItem) -> Column[int]:
    """A number handed out by the column's own sequence."""
    return Column(name, Integer, *constraints, primary_key=True, autoincrement=True, nullable=False)


def _integer(
    name: str, *constraints: SchemaItem, key: bool = False, null: bool = False
) -> Column[int]:
    return Column(name, Integer, *constraints, primary_key=key, autoincrement=False, nullable=null)


def _text(name: str, *, key: bool = False, null: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=null)


def _short(name: str) -> Column[str]:
    return Column(name, String(255), nullable=False)


def _json(name: str) -> Column[object]:
    return Column(name, JSONB, nullable=False)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _real(name: str) -> Column[float]:
    return Column(name, Double, nullable=False)


def _time(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False)


def _to(column: str, *, deleted: Action = None, updated: Action = "CASCADE") -> ForeignKey:
    """A reference to another table's column."""
    return ForeignKey(column, onupdate=updated, ondelete=deleted)


def _to_dataset() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["run_number", "name"], ["Dataset.run_number", "Dataset.name"], onupdate="CASCADE"
    )


# --- events ---------------------------------------------------------------------------------------

version = Table(
    "Version",
    metadata,
    _serial("atomic_version"),
    _text("by"),
    _text("comment", null=True),
    _time("createdAt"),
)
event = Table(
    "Event",
    metadata,
    _serial("version"),
    _integer("atomic_version", _to("Version.atomic_version")),
)
run_event = Table(
    "RunEvent",
    metadata,
    _serial("version", _to("Event.version", deleted="CASCADE")),
    _integer("run_number"),
    _json("oms_metadata"),
    _json("rr_metadata"),
    _flag("deleted"),
    _flag("manual_change"),
    Index("RunEvent_runNumber_index", "run_number"),
)
dataset_event = Table(
    "DatasetEvent",
    metadata,
    _serial("version", _to("Event.version")),
    _integer("run_number", _to("Run.run_number")),
    _text("name"),
    _json("dataset_metadata"),
    _json("datasets_in_gui"),
    _flag("deleted"),
    Index("DatasetEvent_datasetId_index", "run_number", "name"),
)
jsonb_deduplication = Table(
    "JSONBDeduplication",
    metadata,
    _serial("id"),
    _json("jsonb"),
    _text("unique_hash"),
    UniqueConstraint("unique_hash"),
)
lumisection_event = Table(
    "LumisectionEvent",
    metadata,
    _serial("version", _to("Event.version", deleted="CASCADE")),
    _integer("run_number"),
    _text("name"),
    _integer("lumisection_metadata_id", _to("JSONBDeduplication.id")),
    _flag("manual_change"),
    _to_dataset(),
    Index("LumisectionEvent_datasetReference_index", "run_number", "name"),
)
lumisection_event_assignation = Table(
    "LumisectionEventAssignation",
    metadata,
    _integer("version", _to("LumisectionEvent.version", deleted="CASCADE"), key=True),
    _integer("lumisection_number", key=True),
)
oms_lumisection_event = Table(
    "OMSLumisectionEvent",
    metadata,
    _serial("version", _to("Event.version", deleted="CASCADE")),
    _integer("run_number"),
    _text("name"),
    _integer("lumisection_metadata_id", _to("JSONBDeduplication.id")),
    _to_dataset(),
    Index("OMSLumisectionEvent_datasetReference_index", "run_number", "name"),
)
oms_lumisection_event_assignation = Table(
    "OMSLumisectionEventAssignation",
    metadata,
    _integer("version", _to("OMSLumisectionEvent.version", deleted="CASCADE"), key=True),
    _integer("lumisection_number", key=True),
)

# --- projections ----------------------------------------------------------------------------------

run = Table(
    "Run",
    metadata,
    _integer("run_number", key=True),
    _json("oms_attributes"),
    _json("rr_attributes"),
    _integer("version"),
    _flag("deleted"),
    Index("Run_deleted_index", "deleted"),
    Index("Run_version_index", "version"),
)
dataset = Table(
    "Dataset",
    metadata,
    _integer("run_number", _to("Run.run_number"), key=True),
    _text("name", key=True),
    _json("dataset_attributes"),
    _json("datasets_in_gui"),
    _flag("deleted"),
    _integer("version"),
    Index("Dataset_deleted_index", "deleted"),
    Index("Dataset_version_index", "version"),
)
dataset_triplet_cache = Table(
    "DatasetTripletCache",
    metadata,
    _integer("run_number", _to("Run.run_number"), key=True),
    _text("name", key=True),
    _json("triplet_summary"),
    _json("dcs_summary"),
    _json("rr_ranges"),
    _json("dcs_ranges"),
    _real("brilcalc_recorded_luminosity"),
    _real("brilcalc_delivered_luminosity"),
    _integer("version"),
    _to_dataset(),
    # The name lacks a letter in the web service too.
    Index("DatasetTripleCache_version_index", "version"),
)

# --- cycles and golden JSON -----------------------------------------------------------------------

cycle = Table(
    "Cycle",
    metadata,
    _serial("id_cycle"),
    _text("cycle_name"),
    _json("cycle_attributes"),
    _time("deadline"),
    _flag("deleted"),
    _time("createdAt"),
    _time("updatedAt"),
    UniqueConstraint("cycle_name"),
)
cycle_dataset = Table(
    "CycleDataset",
    metadata,
    _integer("id_cycle", _to("Cycle.id_cycle", deleted="CASCADE"), key=True),
    _integer("run_number", key=True),
    _text("name", key=True),
    _time("createdAt"),
    _time("updatedAt"),
    _to_dataset(),
)
generated_json = Table(
    "GeneratedJson",
    metadata,
    _serial("id"),
    _text("dataset_name_filter"),
    _text("tags"),
    _text("created_by"),
    _flag("official"),
    Column("runregistry_version", BigInteger, nullable=False),
    _json("json_logic"),
    _json("generated_json"),
    _json("generated_json_with_dataset_names"),
    _json("generated_anti_json"),
    _json("generated_anti_json_with_dataset_names"),
    _integer("min_run_number"),
    _integer("max_run_number"),
    _real("total_delivered_luminosity"),
    _real("total_recorded_luminosity"),
    _real("recorded_luminosity_in_json"),
    _real("delivered_luminosity_in_json"),
    _real("total_recorded_luminosity_lost"),
    _real("total_delivered_luminosity_lost"),
    _real("total_recorded_luminosity_from_run_range"),
    _real("total_delivered_luminosity_from_run_range"),
    _json("rules_flagged_false_quantity_luminosity"),
    _json("rules_flagged_false_combination_luminosity"),
    _json("runs_lumisections_responsible_for_rule"),
    _flag("deleted"),
    _time("createdAt"),
    _time("updatedAt"),
)

# --- configuration --------------------------------------------------------------------------------

workspace = Table(
    "Workspace",
    metadata,
    _serial("id"),
    _text("workspace"),
    _short("online_or_offline"),
    _time("createdAt"),
    _time("updatedAt"),
    UniqueConstraint("workspace", "online_or_offline"),
)
workspace_column = Table(
    "WorkspaceColumn",
    metadata,
    _serial("id"),
    _integer("id_workspace", _to("Workspace.id", deleted="CASCADE")),
    _text("name"),
    _time("createdAt"),
    _time("updatedAt"),
    UniqueConstraint("id_workspace", "name"),
)


def _versioned(
    name: str, list_id: str, *columns: SchemaItem, kept: bool = False
) -> tuple[Table, Table, Table]:
    """Items, the entries of each list, and the lists; `kept`: a list in use can't be deleted."""
    action: Action = "RESTRICT" if kept else "CASCADE"
    items = Table(name, metadata, _serial("id"), *columns, _time("createdAt"))
    lists = Table(f"{name}List", metadata, _serial("id"))
    entries = Table(
        f"{name}Entries",
        metadata,
        _serial("id", _to(f"{name}.id", deleted="CASCADE")),
        _integer(list_id, _to(f"{name}List.id", deleted=action, updated=action), key=True),
    )
    return items, entries, lists


def _authors() -> tuple[Column[str], Column[str]]:
    return _text("created_by", null=True), _text("updated_by", null=True)


class_classifier, class_classifier_entries, class_classifier_list = _versioned(
    "ClassClassifier",
    "CCL_id",
    _short("class"),
    _json("classifier"),
    _integer("priority"),
    _flag("enabled"),
    *_authors(),
    kept=True,
)
component_classifier, component_classifier_entries, component_classifier_list = _versioned(
    "ComponentClassifier",
    "CPCL_id",
    _short("status"),
    _integer("component", _to("WorkspaceColumn.id")),
    _json("classifier"),
    _integer("priority"),
    _flag("enabled"),
    *_authors(),
)
dataset_classifier, dataset_classifier_entries, dataset_classifier_list = _versioned(
    "DatasetClassifier",
    "DCL_id",
    _short("class"),
    _json("classifier"),
    _flag("enabled"),
    *_authors(),
)
(
    offline_dataset_classifier,
    offline_dataset_classifier_entries,
    offline_dataset_classifier_list,
) = _versioned(
    "OfflineDatasetClassifier",
    "ODCL_id",
    _json("classifier"),
    _short("workspace"),
    _flag("enabled"),
    *_authors(),
)
json_classifier, json_classifier_entries, json_classifier_list = _versioned(
    "JsonClassifier",
    "JCL_id",
    _short("name"),
    _json("classifier"),
    *_authors(),
    kept=True,
)
datasets_accepted, datasets_accepted_entries, datasets_accepted_list = _versioned(
    "DatasetsAccepted",
    "DAL_id",
    _short("name"),
    _text("regexp"),
    _flag("enabled"),
    _short("class"),
    _integer("run_from", null=True),
    _integer("run_to"),
    kept=True,
)
permission, permission_entries, permission_list = _versioned(
    "Permission",
    "PL_id",
    _short("egroup"),
    _json("routes"),
)


def _list_in_force(name: str, lists: str, *, kept: bool = False) -> Column[int]:
    action: Action = "RESTRICT" if kept else "CASCADE"
    return _integer(name, _to(f"{lists}.id", deleted=action, updated=action))


settings = Table(
    "Settings",
    metadata,
    _serial("id"),
    _json("metadata"),
    _time("createdAt"),
    _list_in_force("CCL_id", "ClassClassifierList", kept=True),
    _list_in_force("CPCL_id", "ComponentClassifierList"),
    _list_in_force("DCL_id", "DatasetClassifierList"),
    _list_in_force("DAL_id", "DatasetsAcceptedList", kept=True),
    _list_in_force("JCL_id", "JsonClassifierList", kept=True),
    _list_in_force("ODCL_id", "OfflineDatasetClassifierList"),
    _list_in_force("PL_id", "PermissionList"),
)

SETTINGS_LISTS = {
    "CCL_id": class_classifier_list,
    "CPCL_id": component_classifier_list,
    "DCL_id": dataset_classifier_list,
    "DAL_id": datasets_accepted_list,
    "JCL_id": json_classifier_list,
    "ODCL_id": offline_dataset_classifier_list,
    "PL_id": permission_list,
}
"""Column of `settings` -> the lists it points at."""
