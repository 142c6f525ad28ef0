-- Which reward needs a hand, and when? Due time and lease are one column, so that claimed rows leave
-- the head of the index.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = read, public;

CREATE TABLE reward_todo (
  reward_id   uuid PRIMARY KEY,
  member_id   uuid NOT NULL,
  step        text NOT NULL
              CHECK (step IN ('choose', 'issue', 'resolve', 'expire', 'wait_account', 'manual', 'done')),
  sequence    bigint NOT NULL,
  next_at     timestamptz NOT NULL,
  lease_owner uuid
) WITH (fillfactor = 80);
CREATE INDEX reward_todo_due ON reward_todo (next_at)
  WHERE step IN ('choose', 'issue', 'resolve', 'expire');
CREATE INDEX reward_todo_waiting ON reward_todo (member_id) WHERE step = 'wait_account';

GRANT SELECT, INSERT, UPDATE, DELETE ON reward_todo TO anchor_app;
GRANT SELECT ON reward_todo TO anchor_read;
RESET ROLE;
