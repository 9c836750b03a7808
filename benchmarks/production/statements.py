"""Statements that make the rows of ten years, as the web service would have left them.

Everything of a run, a dataset and a lumisection follows from its number, so that slices of runs
can be made one beside the other and in any order. `:low` and `:high` bound the runs of a slice,
`:share` says how much of the whole is made. Rows that every lumisection has follow from
arithmetic on the numbers that `made.run` and `made.dataset` hold:

- `event0`, `version0`, `ls0`: how many events, versions and lumisections come before.
- Events of a run: creation, `online`, its classification, its bits, eight trips of a bit, each
  lumisection's luminosity, six changes of the run, three edits; of an offline dataset: creation,
  ten moves, its classification, nine edits, a copy of each lumisection.
"""

SKELETON = """
CREATE FUNCTION made.chance(bigint, int, int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT (hashint8($1 * 1009 + $2) & 2147483647) % $3';

CREATE TABLE made.run AS
WITH counted AS (
    SELECT n, 2016 + (n - 1) * 10 / :runs AS year,
        CASE WHEN made.chance(n, 1, 50) = 0 THEN 3000 ELSE 60 + made.chance(n, 2, 1420) END
            AS length,
        4 + made.chance(n, 3, 6) AS datasets
    FROM generate_series(1, :runs) AS n
)
SELECT n, 270000 + n * 14 AS run_number, year, length, datasets,
    (ARRAY['Collisions', 'Collisions', 'Collisions', 'Collisions', 'Collisions', 'Collisions',
           'Collisions', 'Cosmics', 'Cosmics', 'Commissioning'])[1 + n % 10] || (year - 2000)
        AS class,
    chr(65 + made.chance(n / 100, 4, 8)) AS era,
    timestamptz '2016-01-01T00:00Z' + n * interval '3650 days' / :runs AS begun,
    n > :runs * 0.99 AS is_open,
    sum(length) OVER before AS ls0,
    sum((datasets + 1) * (length + 21)) OVER before AS event0,
    sum(length + 18 + datasets * (20 + (length + 2) / 3)) OVER before AS version0
FROM counted
WINDOW before AS (ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING);
UPDATE made.run SET ls0 = 0, event0 = 0, version0 = 0 WHERE n = 1;
ALTER TABLE made.run ADD PRIMARY KEY (n);

CREATE TABLE made.dataset AS
SELECT n, run_number, k, length, ls0, begun, is_open,
    (ARRAY['/Express/' || class || '/DQM',
           '/PromptReco/' || class || era || '/DQM',
           '/ReReco/Run' || year || era || '_v1/DQM',
           '/ReReco/Run' || year || era || '_UL' || year || '/DQM',
           '/PromptReco/HI' || class || era || '/DQM',
           '/ReReco/Run' || year || era || '_v2/DQM',
           '/ReReco/Run' || year || era || '_19Nov/DQM',
           '/ReReco/Run' || year || era || '_22Jan/DQM',
           '/Express/Special' || class || '/DQM'])[k] AS name,
    event0 + k * (length + 21) AS event0,
    version0 + length + 18 + (k - 1) * (20 + (length + 2) / 3) AS version0
FROM made.run, generate_series(1, datasets) AS k;
CREATE INDEX ON made.dataset (n);

CREATE TABLE made.person AS
SELECT n, 'person' || n || '@cern.ch' AS name FROM generate_series(0, 199) AS n;

CREATE TABLE made.trip AS
SELECT n, j, 1 + made.chance(n, 10 + j, length) AS first,
    least(length, 1 + made.chance(n, 10 + j, length) + made.chance(n, 20 + j, 25)) AS last,
    made.chance(n, 30 + j, :bits) AS bit
FROM made.run, generate_series(0, 7) AS j;
CREATE INDEX ON made.trip (n);
ANALYZE made.run, made.dataset, made.trip;
"""

PAYLOADS = """
CREATE TABLE made.status AS
SELECT row_number() OVER () AS id, of_column, status, jsonb_build_object(of_column,
    jsonb_build_object('status', status, 'cause', '', 'comment', comment)) AS content
FROM unnest(:columns) AS of_column, unnest(ARRAY['GOOD', 'BAD', 'STANDBY', 'EXCLUDED']) AS status,
    unnest(ARRAY['', 'HV trip', 'high voltage off in wheel 2', 'noise after the ramp',
        'FED 1234 masked', 'recovered by a reset', 'seen in DQM', 'out of the readout',
        'timing scan', 'as agreed in the meeting']) AS comment;
INSERT INTO "JSONBDeduplication" (id, "jsonb", unique_hash)
SELECT id, content, md5('status ' || id) FROM made.status
UNION ALL
SELECT 2001, (SELECT jsonb_object_agg(of_column,
    '{"status": "GOOD", "cause": "", "comment": ""}'::jsonb) FROM unnest(:columns) AS of_column),
    md5('all good')
UNION ALL
SELECT 2100 + n, :start::jsonb || jsonb_build_object('prescale_index', n,
    'prescale_name', n || 'p0E34'), md5('bits ' || n) FROM generate_series(0, 9) AS n
UNION ALL
SELECT 2200 + n - 1, jsonb_build_object(bit, false), md5('trip ' || bit)
FROM unnest(:bit_names) WITH ORDINALITY AS of(bit, n);
"""

# Payloads of luminosity follow 10,000; whole payloads, as copied into offline datasets, follow
# all of those.
_MEASURED = """
jsonb_build_object(
    'recorded', 0.31 + made.chance(ls0 + ls, 5, 20000) / 1e6,
    'delivered', 0.34 + made.chance(ls0 + ls, 6, 20000) / 1e6)
"""
# In each: FROM the runs of the slice.
SLICE = (
    f"""
    INSERT INTO "JSONBDeduplication" (id, "jsonb", unique_hash)
    SELECT 10000 + ls0 + ls, {_MEASURED}, md5('measured ' || ls0 + ls)
    FROM made.run, generate_series(1, length) AS ls WHERE n BETWEEN :low AND :high
    """,
    f"""
    INSERT INTO "JSONBDeduplication" (id, "jsonb", unique_hash)
    SELECT 10000 + :all_ls + ls0 + ls,
        start."jsonb" || coalesce(trips.content, '{{}}') || {_MEASURED}, md5('whole ' || ls0 + ls)
    FROM made.run CROSS JOIN LATERAL generate_series(1, length) AS ls
    JOIN "JSONBDeduplication" AS start ON start.id = 2100 + n % 10
    LEFT JOIN (
        SELECT n, ls, jsonb_object_agg(bits[1 + bit], false) AS content
        FROM made.trip, generate_series(first, last) AS ls, (SELECT :bit_names AS bits) AS named
        WHERE n BETWEEN :low AND :high GROUP BY n, ls
    ) AS trips USING (n, ls)
    WHERE n BETWEEN :low AND :high
    """,
    # Versions.
    """
    INSERT INTO "Version" (atomic_version, "by", comment, "createdAt")
    SELECT version0 + 1, 'auto@auto', 'run ' || run_number || ' creation', begun
    FROM made.run WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT version0 + 2 + j, 'auto@auto', 'run automatic update', begun + first * interval '23 s'
    FROM made.trip JOIN made.run USING (n) WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT version0 + 9 + ls, 'auto@auto', 'run automatic update', begun + ls * interval '23 s'
    FROM made.run, generate_series(1, length) AS ls WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT version0 + 10 + length + j,
        CASE WHEN j < 4 THEN 'auto@auto' ELSE 'person' || made.chance(n, 40, 200) || '@cern.ch' END,
        CASE WHEN j < 4 THEN 'run automatic update' WHEN j = 4 THEN 'class of the run checked'
            ELSE 'run ' || run_number || ' signed off' END,
        begun + length * interval '23 s' + j * interval '4 min'
    FROM made.run, generate_series(0, 5) AS j WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT version0 + 16 + length + j, 'person' || made.chance(n, 50 + j, 200) || '@cern.ch',
        'lumisections of run ' || run_number || ' edited', begun + length * interval '24 s'
            + j * interval '5 min'
    FROM made.run, generate_series(0, 2) AS j WHERE n BETWEEN :low AND :high
    """,
    """
    INSERT INTO "Version" (atomic_version, "by", comment, "createdAt")
    SELECT version0 + 1 + j,
        CASE WHEN j = 0 OR j > 10 AND j < 18 THEN 'auto@auto'
             WHEN j = 18 AND n % 50 = 0 THEN 'auto@auto - pixel-autoencoder'
             ELSE 'person' || made.chance(event0, j, 200) || '@cern.ch' END,
        CASE WHEN j = 0 THEN 'dataset creation' WHEN j < 11 THEN 'state of ' || name || ' changed'
             ELSE 'lumisections of ' || name || ' edited' END,
        begun + length * interval '25 s' + k * interval '10 min' + j * interval '10 s'
    FROM made.dataset, generate_series(0, 19) AS j WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT version0 + 21 + j, 'auto@auto', 'lumisections copied from online',
        begun + length * interval '25 s' + k * interval '10 min' + interval '5 min'
    FROM made.dataset, generate_series(0, (length + 2) / 3 - 1) AS j
    WHERE n BETWEEN :low AND :high
    """,
    # Events of runs.
    """
    INSERT INTO "Event" (version, atomic_version)
    SELECT event0 + 1 + j, version0 + 1 FROM made.run, generate_series(0, 3) AS j
    WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT event0 + 5 + j, version0 + 2 + j FROM made.run, generate_series(0, 7) AS j
    WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT event0 + 12 + ls, version0 + 9 + ls FROM made.run, generate_series(1, length) AS ls
    WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT event0 + 13 + length + j, version0 + 10 + length + j
    FROM made.run, generate_series(0, 8) AS j WHERE n BETWEEN :low AND :high
    """,
    """
    INSERT INTO "Event" (version, atomic_version)
    SELECT event0 + 1 + j, version0 + 1 + CASE WHEN j < 11 THEN j WHEN j = 11 THEN 0 ELSE j - 1 END
    FROM made.dataset, generate_series(0, 20) AS j WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT event0 + 21 + ls, version0 + 21 + (ls - 1) / 3
    FROM made.dataset, generate_series(1, length) AS ls WHERE n BETWEEN :low AND :high
    """,
    """
    INSERT INTO "RunEvent" (version, run_number, oms_metadata, rr_metadata, deleted, manual_change)
    SELECT event0 + 1, run_number, made.oms(n, run_number, class, length, begun),
        jsonb_build_object('class', class, 'state', 'OPEN', 'significant', true,
            'stop_reason', ''), false, false
    FROM made.run WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT event0 + 13 + length + j, run_number,
        CASE WHEN j < 4 THEN jsonb_build_object('ls_duration', length * (j + 1) / 4) ELSE '{}' END,
        CASE WHEN j = 5 AND NOT is_open THEN '{"state": "SIGNOFF"}'::jsonb
             WHEN j = 4 THEN jsonb_build_object('class', class) ELSE '{}' END, false, j > 3
    FROM made.run, generate_series(0, 5) AS j WHERE n BETWEEN :low AND :high
    """,
    """
    INSERT INTO "Run" (run_number, oms_attributes, rr_attributes, deleted, version)
    SELECT run_number, made.oms(n, run_number, class, length, begun),
        jsonb_build_object('class', class, 'significant', true, 'stop_reason', '',
            'state', CASE WHEN is_open THEN 'OPEN' ELSE 'SIGNOFF' END),
        false, event0 + 18 + length
    FROM made.run WHERE n BETWEEN :low AND :high
    """,
    # Events of datasets.
    """
    INSERT INTO "DatasetEvent"
        (version, run_number, name, dataset_metadata, datasets_in_gui, deleted)
    SELECT event0 + 2, run_number, 'online', '{}', '[]', false
    FROM made.run WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT event0 + 1 + j, run_number, name,
        CASE WHEN j = 0 THEN (
            SELECT jsonb_object_agg(each || '_state', 'OPEN') FROM unnest(:workspaces) AS each)
        WHEN is_open THEN '{}'
        ELSE jsonb_build_object((:workspaces)[1 + (n + j) % 14] || '_state',
            CASE WHEN j % 2 = 0 THEN 'COMPLETED' ELSE 'SIGNOFF' END) END,
        CASE WHEN j = 0 THEN jsonb_build_array(name) ELSE '[]' END, false
    FROM made.dataset, generate_series(0, 10) AS j WHERE n BETWEEN :low AND :high
    """,
    """
    INSERT INTO "Dataset" (run_number, name, dataset_attributes, datasets_in_gui, deleted, version)
    SELECT run_number, 'online', '{}', '[]', false, event0 + 2
    FROM made.run WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT run_number, name,
        (SELECT jsonb_object_agg(each || '_state', 'OPEN') FROM unnest(:workspaces) AS each)
        || CASE WHEN is_open THEN '{}' ELSE (
            SELECT jsonb_object_agg((:workspaces)[1 + (n + j) % 14] || '_state',
                CASE WHEN j % 2 = 0 THEN 'COMPLETED' ELSE 'SIGNOFF' END)
            FROM generate_series(1, 10) AS j) END,
        jsonb_build_array(name), false, event0 + 11
    FROM made.dataset WHERE n BETWEEN :low AND :high
    """,
    """
    INSERT INTO "LumisectionEvent"
        (version, run_number, name, lumisection_metadata_id, manual_change)
    SELECT event0 + 3, run_number, 'online', 2001, false
    FROM made.run WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT event0 + 19 + length + j, run_number, 'online', 1 + made.chance(event0, 60 + j, 1000),
        true
    FROM made.run, generate_series(0, 2) AS j WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT event0 + 12 + j, run_number, name,
        CASE WHEN j = 0 THEN 2001 ELSE 1 + made.chance(event0, 70 + j, 1000) END, j > 6
    FROM made.dataset, generate_series(0, 9) AS j WHERE n BETWEEN :low AND :high
    """,
    """
    INSERT INTO "LumisectionEventAssignation" (version, lumisection_number)
    SELECT event0 + 3, ls FROM made.run, generate_series(1, length) AS ls
    WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT event0 + 19 + length + j, ls
    FROM made.run, generate_series(0, 2) AS j,
        LATERAL (SELECT 1 + made.chance(event0, 80 + j, length) AS first) AS begins,
        generate_series(first, least(length, first + made.chance(event0, 90 + j, 60))) AS ls
    WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT event0 + 12, ls FROM made.dataset, generate_series(1, length) AS ls
    WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT event0 + 12 + j, ls
    FROM made.dataset, generate_series(1, 9) AS j,
        LATERAL (SELECT 1 + made.chance(event0, 80 + j, length) AS first) AS begins,
        generate_series(first, least(length, first + made.chance(event0, 90 + j, 60))) AS ls
    WHERE n BETWEEN :low AND :high
    """,
    """
    INSERT INTO "OMSLumisectionEvent" (version, run_number, name, lumisection_metadata_id)
    SELECT event0 + 4, run_number, 'online', 2100 + n % 10
    FROM made.run WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT event0 + 5 + j, run_number, 'online', 2200 + bit
    FROM made.trip JOIN made.run USING (n) WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT event0 + 12 + ls, run_number, 'online', 10000 + ls0 + ls
    FROM made.run, generate_series(1, length) AS ls WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT event0 + 21 + ls, run_number, name, 10000 + :all_ls + ls0 + ls
    FROM made.dataset, generate_series(1, length) AS ls WHERE n BETWEEN :low AND :high
    """,
    """
    INSERT INTO "OMSLumisectionEventAssignation" (version, lumisection_number)
    SELECT event0 + 4, ls FROM made.run, generate_series(1, length) AS ls
    WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT event0 + 5 + j, ls FROM made.trip JOIN made.run USING (n), generate_series(first, last)
        AS ls WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT event0 + 12 + ls, ls FROM made.run, generate_series(1, length) AS ls
    WHERE n BETWEEN :low AND :high
    UNION ALL
    SELECT event0 + 21 + ls, ls FROM made.dataset, generate_series(1, length) AS ls
    WHERE n BETWEEN :low AND :high
    """,
)

OMS = """
CREATE FUNCTION made.oms(n int, run_number int, class text, length int, begun timestamptz)
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT jsonb_build_object(
    'run_number', run_number, 'hlt_key', '/cdaq/physics/' || class || '/v1.' || n % 30 || '/HLT',
    'l1_key', 'l1_trg_' || lower(class) || '/v' || n % 40, 'l1_hlt_mode', lower(class),
    'energy', CASE WHEN class LIKE 'Collisions%' THEN 6800 ELSE 0 END, 'b_field', 3.8,
    'fill_number', 4000 + n / 2, 'start_time', to_char(begun, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'end_time', to_char(begun + length * interval '23 s', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'ls_duration', length, 'duration', length * 23, 'tier0_transfer', true,
    'stable_beam', class LIKE 'Collisions%', 'recorded_lumi', length * 0.32,
    'components', '["CSC", "CTPPS", "DAQ", "DCS", "DQM", "DT", "ECAL", "ES", "GEM", "HCAL", "HF",'
        ' "PIXEL", "RPC", "SCAL", "TCDS", "TRACKER", "TRG", "BRIL", "LUMI"]'::jsonb)
$$;
"""

CYCLES = """
INSERT INTO "Cycle" (id_cycle, cycle_name, cycle_attributes, deadline, deleted, "createdAt",
    "updatedAt")
SELECT n, 'Collisions ' || 2016 + (n - 1) / 12 || ', call ' || (n - 1) % 12 + 1,
    (SELECT jsonb_object_agg(each || '_state', CASE WHEN n > 117 THEN 'pending' ELSE 'completed'
        END) FROM unnest(:workspaces) AS each),
    timestamptz '2016-01-08T00:00Z' + n * interval '30 days', false,
    timestamptz '2016-01-01T00:00Z' + n * interval '30 days',
    timestamptz '2016-01-01T00:00Z' + n * interval '30 days'
FROM generate_series(1, 120) AS n;
INSERT INTO "CycleDataset" (id_cycle, run_number, name, "createdAt", "updatedAt")
SELECT 1 + (n - 1) * 120 / :runs, run_number, name, begun, begun
FROM made.dataset WHERE k IN (2, 3, 4, 6, 7, 8);
SELECT setval(pg_get_serial_sequence('"Cycle"', 'id_cycle'), 120);
"""

LISTS = """
INSERT INTO "GeneratedJson" SELECT list.n, '/PromptReco/Collisions' || of_year - 2000 || '%/DQM',
    'golden ' || list.n, 'person' || list.n % 200 || '@cern.ch', list.n % 200 = 0,
    :all_events::bigint * list.n / :lists,
    '{"and": [{">=": [{"var": "run.oms.energy"}, 6000]}, {"==": [{"var": "dt-dt"}, "GOOD"]}]}',
    content, named, content, named, 270000, 270000 + :runs * 14, 100, 95, 80, 84, 15, 16, 95, 100,
    '{"dt-dt": 3.5, "ecal-ecal": 1.25}', '{"dt-dt and ecal-ecal": 0.5}', '{}', false,
    timestamptz '2016-01-01T00:00Z' + list.n * interval '3650 days' / :lists,
    timestamptz '2016-01-01T00:00Z' + list.n * interval '3650 days' / :lists
FROM generate_series(1, :lists) AS list(n),
    LATERAL (SELECT 2016 + (list.n - 1) * 10 / :lists AS of_year) AS years,
    LATERAL (
        SELECT coalesce(jsonb_object_agg(run_number, jsonb_build_array(
                jsonb_build_array(1, length / 2), jsonb_build_array(length / 2 + 5, length))), '{}')
                AS content,
            coalesce(jsonb_object_agg(run_number || '-/PromptReco/' || class || era || '/DQM',
                jsonb_build_array(jsonb_build_array(1, length))), '{}') AS named
        FROM made.run WHERE run.n BETWEEN (list.n - 1) * :runs / :lists - 30
            AND (list.n - 1) * :runs / :lists + 1
    ) AS of_list;
SELECT setval(pg_get_serial_sequence('"GeneratedJson"', 'id'), :lists)
"""
