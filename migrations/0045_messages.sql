-- What people are told, once per cause. A work table, not a read model: no rebuild touches it, and
-- nothing that was said is said again. What it holds of people is ids; addresses are opened when a
-- message leaves.
SET LOCAL ROLE anchor_owner;

-- How far a process has read the log. A log that is older than this step is no news to anybody: it
-- is read from its end.
CREATE TABLE process_checkpoints (
  name       text PRIMARY KEY,
  position   bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO process_checkpoints (name, position)
SELECT 'notify', coalesce(max(last_position), 0) FROM ledger_batches;

CREATE TABLE messages (
  id         uuid PRIMARY KEY,           -- follows from the three below; the e-mail's Message-ID
  audience   text NOT NULL,              -- member:<uuid>, or staff:<a name for one address>
  kind       text NOT NULL,
  cause      text NOT NULL,
  facts      jsonb NOT NULL DEFAULT '{}',
  state      text NOT NULL DEFAULT 'waiting' CHECK (state IN
               ('waiting', 'sent', 'nobody_to_tell', 'no_longer_so', 'refused', 'given_up', 'no_mail')),
  attempts   int NOT NULL DEFAULT 0,
  next_at    timestamptz NOT NULL,       -- due time and lease in one, by the ledger's clock
  reason     text,                       -- a code, never what a mail server said
  created_at timestamptz NOT NULL,
  settled_at timestamptz,
  UNIQUE (audience, kind, cause)
) WITH (fillfactor = 80);
CREATE INDEX messages_due ON messages (next_at) WHERE state = 'waiting';

GRANT SELECT, UPDATE ON process_checkpoints TO anchor_app;
GRANT SELECT, INSERT, UPDATE ON messages TO anchor_app;
GRANT SELECT ON process_checkpoints, messages TO anchor_read;
RESET ROLE;
