"""Every address of the web service that is answered here, in one table."""

from starlette.requests import Request

from app.door.areas import LISTS, WRITES, Address, Area
from app.door.compatible import (
    cycles,
    datasets,
    json_portal,
    lumisections,
    runs,
    workspaces,
    writes,
)
from app.door.compatible.refusals import told

_ADDRESSES = (
    Address("POST", "/runs_filtered_ordered", runs.filtered),
    Address("GET", "/runs/{run_number}", runs.one),
    Address("POST", "/datasets_filtered_ordered", datasets.filtered),
    Address("POST", "/datasets/get_dataset", datasets.one),
    Address("GET", "/get_all_dataset_names_of_run/{run_number}", datasets.names_of_run),
    Address("POST", "/lumisections/rr_lumisections", lumisections.rr_lumisections),
    Address("POST", "/lumisections/oms_lumisections", lumisections.oms_lumisections),
    Address("POST", "/lumisections/rr_lumisection_ranges", lumisections.rr_lumisection_ranges),
    Address("POST", "/lumisections/oms_lumisection_ranges", lumisections.oms_lumisection_ranges),
    Address(
        "POST", "/lumisections/joint_lumisection_ranges", lumisections.joint_lumisection_ranges
    ),
    Address(
        "POST",
        "/lumisections/rr_lumisection_ranges_by_component",
        lumisections.rr_lumisection_ranges_by_component,
    ),
    Address(
        "POST",
        "/lumisections/oms_lumisection_ranges_by_dcs_bit",
        lumisections.oms_lumisection_ranges_by_dcs_bit,
    ),
    Address("POST", "/datasets_get_lumisection_bar", lumisections.bar),
    Address("GET", "/workspaces/{where}", workspaces.of_place),
    Address("GET", "/cycles/{workspace}", cycles.all_cycles),
    Address("GET", "/datasets_accepted", cycles.datasets_accepted),
    Address("POST", "/json_portal/generate", json_portal.generate, LISTS),
    Address("POST", "/json_portal/json", json_portal.one),
    Address("DELETE", "/json_portal/json", json_portal.delete, WRITES),
    Address("POST", "/json_portal/jsons", json_portal.newest),
    Address("POST", "/json_creation/generate", json_portal.compute, LISTS),
    Address("POST", "/runs/move_run/{from_state}/{to_state}", writes.move_run, WRITES),
    Address("POST", "/runs/mark_significant", writes.mark_significant, WRITES),
    Address("POST", "/runs/refresh_run/{run_number}", writes.refresh, WRITES),
    Address("POST", "/runs/reset_and_refresh_run/{run_number}", writes.reset_and_refresh, WRITES),
    Address("PUT", "/manual_run_edit/{run_number}/{attribute}", writes.edit_run, WRITES),
    Address("PUT", "/lumisections/edit_rr_lumisections", writes.edit_rr_lumisections, WRITES),
    Address("PUT", "/lumisections/edit_oms_lumisections", writes.edit_oms_lumisections, WRITES),
    Address(
        "POST",
        "/datasets/{workspace}/move_dataset/{from_state}/{to_state}",
        writes.move_dataset,
        WRITES,
    ),
)


def _owns(_request: Request) -> bool:
    """All that no other area has: scripts look for what the web service says then."""
    return True


AREA = Area(_ADDRESSES, told, _owns, ("", "/api"))
"""Each address is there as the client asks it and as it stands behind the web service's proxy."""
