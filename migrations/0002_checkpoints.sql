-- How far has each copy of a read model come? Moved in the transaction that writes its rows.
--
-- A read model has one copy that is asked, in the schema `read`. A rebuild makes another beside it
-- and swaps them; the one that was asked before is kept for a while.
SET LOCAL ROLE anchor_owner;

CREATE TABLE checkpoints (
  name       text NOT NULL,
  schema     text NOT NULL DEFAULT 'read',
  version    int NOT NULL,
  position   bigint NOT NULL DEFAULT 0,
  state      text NOT NULL DEFAULT 'live' CHECK (state IN ('building', 'live', 'retired', 'halted')),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  error      text,
  PRIMARY KEY (name, schema),
  CHECK ((schema = 'read') = (state IN ('live', 'halted')))
);

-- Events that a copy could not take, set aside with the later ones of their stream.
CREATE TABLE parked (
  name           text NOT NULL,
  schema         text NOT NULL DEFAULT 'read',
  position       bigint NOT NULL,
  aggregate_type text NOT NULL,
  aggregate_id   text NOT NULL,
  error          text NOT NULL,
  attempts       int NOT NULL DEFAULT 1,
  parked_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (name, schema, position),
  FOREIGN KEY (name, schema) REFERENCES checkpoints ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX parked_stream ON parked (name, schema, aggregate_type, aggregate_id);

GRANT SELECT, INSERT, UPDATE ON checkpoints TO anchor_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON parked TO anchor_app;
GRANT SELECT ON checkpoints, parked TO anchor_read;

RESET ROLE;
