-- Which puller works, and what people ask pullers for.

-- One row for each job of pullers, held by whoever told last that it lives: a lease. Only pullers
-- may write or lock a row; everybody sees who works.
CREATE TABLE IF NOT EXISTS guard.puller (
    job text PRIMARY KEY,
    instance text NOT NULL,
    client text NOT NULL,
    since timestamptz NOT NULL,
    beat timestamptz NOT NULL
);
