-- What happened to a reward: one row per event, with who and why.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = read, public;

CREATE TABLE reward_history (
  position    bigint PRIMARY KEY,
  reward_id   uuid NOT NULL,
  event       text NOT NULL,
  actor       text NOT NULL,
  reason      text NOT NULL,
  details     jsonb NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL
);
CREATE INDEX reward_history_of_reward ON reward_history (reward_id, position);

GRANT SELECT, INSERT, UPDATE, DELETE ON reward_history TO anchor_app;
GRANT SELECT ON reward_history TO anchor_read;
RESET ROLE;
