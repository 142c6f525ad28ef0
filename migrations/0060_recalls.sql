-- Which value that surfaced late is still to be taken back? As `reward_todo`: due time and lease are
-- one column. And: which attempt was a reference ours for? Partners name what they gave by it.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = read, public;

CREATE TABLE recall_todo (
  reward_id   uuid PRIMARY KEY,
  sequence    bigint NOT NULL,
  next_at     timestamptz NOT NULL,
  lease_owner uuid
);
CREATE INDEX recall_todo_due ON recall_todo (next_at);

CREATE INDEX reward_history_of_reference ON reward_history ((details->>'reference'))
  WHERE event = 'IssuanceRequested';

GRANT SELECT, INSERT, UPDATE, DELETE ON recall_todo TO anchor_app;
GRANT SELECT ON recall_todo TO anchor_read;
RESET ROLE;
