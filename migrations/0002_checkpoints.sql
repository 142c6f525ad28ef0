-- How far has each projection come? Moved in the transaction that writes its rows.
SET LOCAL ROLE anchor_owner;

CREATE TABLE checkpoints (
  name       text NOT NULL,
  version    int NOT NULL,
  position   bigint NOT NULL DEFAULT 0,
  state      text NOT NULL DEFAULT 'live' CHECK (state IN ('building', 'live', 'retired', 'halted')),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  error      text,
  PRIMARY KEY (name, version)
);

-- Events that a projection could not take, set aside with the later ones of their stream.
CREATE TABLE parked (
  name         text NOT NULL,
  version      int NOT NULL,
  position     bigint NOT NULL,
  aggregate_id text NOT NULL,
  error        text NOT NULL,
  attempts     int NOT NULL DEFAULT 1,
  parked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (name, version, position)
);
CREATE INDEX parked_stream ON parked (name, version, aggregate_id);

GRANT SELECT, INSERT, UPDATE ON checkpoints TO anchor_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON parked TO anchor_app;
GRANT SELECT ON checkpoints, parked TO anchor_read;

RESET ROLE;
