-- What people should look at: raised when a watch finds it, resolved by whatever mends its cause.
-- Written anew from what it watches, and so no part of the log; acknowledging is a person's note.
SET LOCAL ROLE anchor_owner;

CREATE TABLE alerts (
  id              uuid PRIMARY KEY,
  kind            text NOT NULL,
  subject         text NOT NULL,         -- which reward, partner, read model …
  summary         text NOT NULL,
  to_do           text NOT NULL,
  raised_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  seen_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  acknowledged_at timestamptz,
  acknowledged_by text,
  reason          text,
  resolved_at     timestamptz,
  told_at         timestamptz
);
CREATE UNIQUE INDEX alerts_open ON alerts (kind, subject) WHERE resolved_at IS NULL;
CREATE INDEX alerts_raised ON alerts (raised_at DESC, id);
CREATE INDEX alerts_untold ON alerts (raised_at) WHERE told_at IS NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON alerts TO anchor_app;
GRANT SELECT ON alerts TO anchor_read;
RESET ROLE;
