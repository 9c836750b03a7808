"""What counts of lumisections have to be, and making them so, whatever they are.

Triggers count a summary when it changes. What their owner or a restored backup left wrong would
stay so until then.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_KEYS = "given_runs integer[], given_names text[]"
_GIVEN = "unnest(given_runs, given_names) AS given(run_number, name)"

_FUNCTIONS = (
    f"""
    CREATE FUNCTION desk.counts_due({_KEYS}) RETURNS SETOF desk.counts
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
        SELECT dataset.run_number, dataset.name, dataset.deleted, dataset.version,
            CASE WHEN made.columns IS NOT NULL AND made.bits IS NOT NULL THEN summary.version END,
            made.columns, made.bits,
            summary.brilcalc_recorded_luminosity, summary.brilcalc_delivered_luminosity
        FROM {_GIVEN}
        JOIN public."Dataset" AS dataset USING (run_number, name)
        LEFT JOIN public."DatasetTripletCache" AS summary USING (run_number, name)
        CROSS JOIN LATERAL (
            SELECT desk.column_counts(triplet_summary) AS columns,
                desk.bit_counts(dcs_summary) AS bits OFFSET 0
        ) AS made
    $$
    """,
    # With the rights of the owner, like the triggers: whoever asks gets what the summaries say.
    # Each statement sees what was committed before it, so rows are held before they are counted.
    f"""
    CREATE FUNCTION desk.count_again({_KEYS}) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        PERFORM FROM desk.counts AS kept WHERE (kept.run_number, kept.name) IN
            (SELECT given.run_number, given.name FROM {_GIVEN})
            ORDER BY kept.run_number, kept.name FOR UPDATE;
        PERFORM desk.count_anew(given.run_number, given.name) FROM (
            SELECT * FROM {_GIVEN} ORDER BY run_number, name
        ) AS given;
    END
    $$
    """,
)


def upgrade() -> None:
    """Two functions; no row changes."""
    for statement in _FUNCTIONS:
        op.execute(statement)


def downgrade() -> None:
    """Takes them away."""
    for name in ("count_again", "counts_due"):
        op.execute(f"DROP FUNCTION desk.{name}(integer[], text[])")
