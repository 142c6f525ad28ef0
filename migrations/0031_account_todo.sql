-- Which link needs a hand, and when? As `reward_todo`: due time and lease are one column.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = read, public;

CREATE TABLE account_todo (
  account_id  uuid PRIMARY KEY,
  member_id   uuid NOT NULL,
  partner_id  text NOT NULL,
  step        text NOT NULL CHECK (step IN ('verify', 'unlink', 'done')),
  sequence    bigint NOT NULL,
  next_at     timestamptz NOT NULL,
  lease_owner uuid
);
CREATE INDEX account_todo_due ON account_todo (next_at) WHERE step IN ('verify', 'unlink');
CREATE INDEX account_todo_of_member ON account_todo (member_id, partner_id);

GRANT SELECT, INSERT, UPDATE, DELETE ON account_todo TO anchor_app;
GRANT SELECT ON account_todo TO anchor_read;
-- An account that was verified wakes what waits for one.
CREATE INDEX reward_todo_of_member ON reward_todo (member_id) WHERE step IN ('wait_account', 'choose');
RESET ROLE;
