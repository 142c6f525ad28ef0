-- Which other systems are told, and what became of it. Secrets are in `keys`, sealed.
SET LOCAL ROLE anchor_owner;

CREATE TABLE outgoing_webhooks (
  id         uuid PRIMARY KEY,
  url        text NOT NULL,
  kinds      text[] NOT NULL,
  state      text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'gone', 'deleted')),
  created_at timestamptz NOT NULL,
  created_by uuid NOT NULL,
  ended_at   timestamptz,
  ended_by   uuid,                       -- nobody, where the receiver itself said 410
  CHECK ((state = 'active') = (ended_at IS NULL))
);
CREATE UNIQUE INDEX outgoing_webhooks_url ON outgoing_webhooks (url) WHERE state <> 'deleted';

-- A delivery is one notice for one endpoint, however often it is tried; kept for 30 days.
CREATE TABLE outgoing_deliveries (
  id          uuid PRIMARY KEY,          -- the webhook-id, the same in every try
  endpoint_id uuid NOT NULL REFERENCES outgoing_webhooks,
  kind        text NOT NULL,
  cause       text NOT NULL,
  body        text NOT NULL,             -- the bytes that are signed: ids and states, nothing personal
  state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed', 'ended')),
  attempts    int NOT NULL DEFAULT 0,    -- all of them
  step        int NOT NULL DEFAULT 0,    -- which wait of the retry table comes next
  next_at     timestamptz NOT NULL,      -- due time and lease in one, by the ledger's clock
  last_status int,
  last_error  text,                      -- a code
  created_at  timestamptz NOT NULL,
  settled_at  timestamptz,
  UNIQUE (endpoint_id, kind, cause)
) WITH (fillfactor = 80);
CREATE INDEX outgoing_deliveries_due ON outgoing_deliveries (next_at) WHERE state = 'waiting';
CREATE INDEX outgoing_deliveries_of ON outgoing_deliveries (endpoint_id, created_at DESC, id DESC);
CREATE INDEX outgoing_deliveries_age ON outgoing_deliveries (created_at);

GRANT SELECT, INSERT, UPDATE ON outgoing_webhooks TO anchor_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON outgoing_deliveries TO anchor_app;
GRANT SELECT ON outgoing_webhooks, outgoing_deliveries TO anchor_read;

CREATE TABLE keys.outgoing_secrets (
  endpoint_id uuid NOT NULL,
  id          uuid NOT NULL,
  sealed      bytea NOT NULL,
  made_at     timestamptz NOT NULL,
  ends_at     timestamptz,               -- set once a newer one has taken its place
  PRIMARY KEY (endpoint_id, id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON keys.outgoing_secrets TO anchor_keys;
RESET ROLE;
