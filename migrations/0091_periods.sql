-- Which months are closed, at which position of the log, and under which seal.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = read, public;

CREATE TABLE periods (
  month         text PRIMARY KEY,      -- such as 2026-11
  last_day      date NOT NULL UNIQUE,
  position      bigint NOT NULL,       -- the last event that its figures count
  digest        text NOT NULL,
  closed_at     timestamptz NOT NULL,
  closed_by     text NOT NULL,
  last_position bigint NOT NULL        -- where the log says that it is closed
);

GRANT SELECT, INSERT, UPDATE, DELETE ON periods TO anchor_app;
GRANT SELECT ON periods TO anchor_read;
RESET ROLE;
