"""Things of the field with one default value each, overridden by keyword."""

from app.domain.identity import Actor
from app.domain.json_value import JsonObject, JsonValue
from app.domain.sources.oms import DCS_BITS, OmsRun, oms_run
from app.models import configuration
from app.models.database.engine import Database

EXPERT = Actor("expert@cern.ch", frozenset({"cms-dqm-runregistry-experts"}))
NOBODY = Actor("nobody@cern.ch", frozenset())


def a_lumisection(number: int = 1, **overrides: JsonValue) -> JsonObject:
    """A lumisection in which everything was on, with luminosity."""
    return {
        "lumisection_number": number,
        **dict.fromkeys(sorted(DCS_BITS), True),
        "physics_flag": True,
        "prescale_index": 2,
        "prescale_name": "2p0E34",
        "recorded": round(0.3 + number * 1e-4, 6),
        "delivered": round(0.31 + number * 1e-4, 6),
        **overrides,
    }


def a_run(
    number: int = 390001,
    lumisections: int = 20,
    *,
    changed: dict[int, JsonObject] | None = None,
    **attributes: JsonValue,
) -> OmsRun:
    """What OMS says of a collision run that has ended; `changed`: attributes of single LS."""
    changed = changed or {}
    record: JsonObject = {
        "run_number": number,
        "hlt_key": "/cdaq/physics/Run2025/2e34/v1.0.0/HLT/V1",
        "energy": 6800,
        "b_field": 3.8,
        "start_time": "2025-05-01T10:00:00Z",
        "end_time": "2025-05-01T14:00:00Z",
        "last_update": "2025-05-01T14:05:00Z",
        "components": [
            "CSC",
            "CTPPS",
            "DAQ",
            "DCS",
            "DQM",
            "DT",
            "ECAL",
            "ES",
            "GEM",
            "HCAL",
            "HF",
            "PIXEL",
            "RPC",
            "SCAL",
            "TCDS",
            "TRACKER",
            "TRG",
            "BRIL",
            "LUMI",
            "CASTOR",
        ],
        "tier0_transfer": True,
        "stable_beam": True,
        "fill_number": 10500,
        "injection_scheme": "25ns_2460b_2448_2089_2227_144bpi_20inj",
        "clock_type": "LHC",
        "sequence": "GLOBAL-RUN",
        "l1_key": "l1_trg_collisions2025/v1",
        "l1_hlt_mode": "collisions2025",
        "l1_triggers_counter": 20_000_000,
        "hlt_physics_counter": 2_000_000,
        "hlt_physics_rate": 1500.0,
        "duration": 24 * lumisections,
        **attributes,
    }
    return oms_run(
        record,
        [a_lumisection(n, **changed.get(n, {})) for n in range(1, lumisections + 1)],
    )


def configure(db: Database) -> None:
    """A small configuration whose every rule can be told by heart; see the tables below.

    A run of `a_run` is Collisions25 and significant from 5 LS on. `dt-dt` is GOOD, BAD or
    EXCLUDED, `csc-csc` GOOD or without a rule that holds, `tracker-pixel` looks at one bit.
    """
    with db.transaction() as connection:
        configuration.import_tables(connection, _tables())


def _tables() -> dict[str, list[JsonObject]]:
    online = {"csc": ["csc"], "dt": ["dt"], "hcal": ["hcal"], "tracker": ["pixel", "strip"]}
    offline = {"csc": ["csc"], "dt": ["dt"], "global": [], "jetmet": ["jetmet"], "lumi": ["lumi"]}
    workspaces: list[JsonObject] = []
    columns: list[JsonObject] = []
    column_ids: dict[tuple[str, str], int] = {}
    for where, known in (("online", online), ("offline", offline)):
        for workspace, names in known.items():
            id_ = len(workspaces) + 1
            workspaces.append({"id": id_, "workspace": workspace, "online_or_offline": where})
            for name in names:
                column_ids[where, f"{workspace}-{name}"] = len(columns) + 1
                columns.append({"id": len(columns) + 1, "id_workspace": id_, "name": name})
    rules = [
        ("online", "dt-dt", "EXCLUDED", 1, {"!": [{"var": "dt_included"}]}),
        (
            "online",
            "dt-dt",
            "BAD",
            2,
            {"or": [{"==": [{"var": name}, False]} for name in ("dt0_ready", "dtm_ready")]},
        ),
        ("online", "dt-dt", "GOOD", 3, {"==": [{"var": "dt0_ready"}, True]}),
        ("online", "csc-csc", "GOOD", 1, {"var": "cscm_ready"}),
        ("online", "tracker-pixel", "BAD", 1, {"!": [{"var": "bpix_ready"}]}),
        ("online", "tracker-pixel", "GOOD", 2, {"var": "bpix_ready"}),
        ("online", "tracker-strip", "GOOD", 2, {"var": "cms_active"}),
        ("online", "tracker-strip", "STANDBY", 1, {"==": [{"var": "physics_flag"}, None]}),
        (
            "offline",
            "dt-dt",
            "GOOD",
            1,
            {"==": [{"var": "lumisection.rr.dt-dt.status"}, "GOOD"]},
        ),
        ("offline", "dt-dt", "BAD", 2, {"var": "run.rr.class"}),
        (
            "offline",
            "csc-csc",
            "GOOD",
            1,
            {"and": [{"var": "lumisection.oms.cscm_ready"}, {"var": "run.oms.csc_included"}]},
        ),
    ]
    components: list[JsonObject] = [
        {
            "id": id_,
            "component": column_ids[where, column],
            "status": status,
            "classifier": {"if": [rule, True, False]},
            "priority": priority,
            "enabled": True,
        }
        for id_, (where, column, status, priority, rule) in enumerate(rules, start=1)
    ]
    components.append(
        {**components[2], "id": 90, "status": "NOTSET", "priority": 0, "enabled": False}
    )
    classes: list[JsonObject] = [
        _classifier(1, "Collisions25", {"==": [{"var": "beam1_stable"}, True]}, priority=2),
        _classifier(2, "Cosmics25", {"in": ["cosmics", {"var": "hlt_key"}]}, priority=1),
        _classifier(3, "Switched off", True, priority=0, enabled=False),
    ]
    significant: list[JsonObject] = [
        _classifier(1, "Collisions25", {">=": [{"var": "ls_duration"}, 5]}),
        _classifier(2, "Cosmics25", True, enabled=False),
    ]
    accepted: list[JsonObject] = [
        _accepted(1, "/PromptReco/Collisions2025A/DQM"),
        _accepted(2, "/Express/Collisions2025/DQM"),
        _accepted(3, "/Switched/Off/DQM", enabled=False),
        _accepted(4, "/Other/Class/DQM", **{"class": "Cosmics25"}),
        _accepted(5, "/Other/Runs/DQM", run_from=1, run_to=2),
    ]
    permissions: list[JsonObject] = [
        {"id": 1, "egroup": "cms-dqm-runregistry-experts", "routes": [".*"]},
        {"id": 2, "egroup": "dt-experts", "routes": ["/dataset_lumisections/dt-dt"]},
        {
            "id": 3,
            "egroup": "shifters",
            "routes": ["/runs/move_run/OPEN/SIGNOFF", "/lumisections/edit_rr_lumisections"],
        },
    ]
    lists = {
        "ClassClassifier": ("CCL_id", classes),
        "ComponentClassifier": ("CPCL_id", components),
        "DatasetClassifier": ("DCL_id", significant),
        "DatasetsAccepted": ("DAL_id", accepted),
        "Permission": ("PL_id", permissions),
    }
    tables: dict[str, list[JsonObject]] = {
        "Workspace": workspaces,
        "WorkspaceColumn": columns,
        "Settings": [
            {
                "id": 1,
                "metadata": {"by": EXPERT.email},
                "ODCL_id": 1,
                "JCL_id": 1,
                **{list_id: 1 for list_id, _ in lists.values()},
            }
        ],
    }
    for name, (list_id, items) in lists.items():
        tables[name] = items
        tables[f"{name}List"] = [{"id": 1}]
        tables[f"{name}Entries"] = [{"id": item["id"], list_id: 1} for item in items]
    return tables


def _classifier(
    id_: int, class_: str, rule: JsonValue, *, enabled: bool = True, **values: JsonValue
) -> JsonObject:
    condition: JsonValue = {"if": [rule, True, False]}
    return {"id": id_, "class": class_, "classifier": condition, "enabled": enabled, **values}


def _accepted(id_: int, name: str, **values: JsonValue) -> JsonObject:
    return {
        "id": id_,
        "name": name,
        "regexp": ".*",
        "enabled": True,
        "class": "Collisions25",
        "run_from": 380000,
        "run_to": 400000,
        **values,
    }
