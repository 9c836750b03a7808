"""Losses of lists of the web service, as recorded."""

import json

import pytest

from app.golden.losses import losses_of, stored_combination


def test_that_the_charts_of_recorded_lists_add_up_to_what_was_lost(shared_data):
    rows = json.loads((shared_data / "conformance" / "generated_json_rows.json").read_text())
    assert rows
    for row in rows:
        where = row["runs_lumisections_responsible_for_rule"]
        losses = losses_of(
            stored_combination(text, recorded, where[text])
            for text, recorded in row["rules_flagged_false_combination_luminosity"].items()
        )
        assert losses.total.recorded == pytest.approx(row["total_recorded_luminosity_lost"])
        conditions = {bar.name: bar.recorded for bar in losses.chart("conditions").bars}
        assert conditions == pytest.approx(row["rules_flagged_false_quantity_luminosity"])
        parts = losses.chart("exclusive").total.recorded + losses.short_runs.recorded
        assert parts == pytest.approx(losses.total.recorded)
