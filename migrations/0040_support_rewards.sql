-- Which rewards wait, for what, and since when? One row per reward, for the support team. No code
-- but the masked one, and nothing sealed.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = read, public;

CREATE TABLE support_rewards (
  reward_id     uuid PRIMARY KEY,
  member_id     uuid NOT NULL,
  milestone_id  text NOT NULL,
  reward_type   text NOT NULL,
  amount        numeric(14,2) NOT NULL,
  currency      text NOT NULL,
  status        text NOT NULL,
  waits_since   timestamptz NOT NULL,   -- since when it has had this status
  partner_id    text,
  code_masked   text,
  attempt       int NOT NULL,           -- 0 before the first
  attempt_state text CHECK (attempt_state IN ('requested', 'deferred', 'unknown', 'not_found',
                  'refused', 'attested_not_issued', 'issued')),
  attempt_since timestamptz,
  void_state    text CHECK (void_state IN ('asked', 'refused', 'voided')),
  void_since    timestamptz,
  first_person  uuid,                   -- whose word on the attempt waits for a second person's
  last_reason   text,
  created_at    timestamptz NOT NULL,
  last_position bigint NOT NULL
);
CREATE INDEX support_rewards_in_order ON support_rewards (created_at, reward_id);
CREATE INDEX support_rewards_by_status ON support_rewards (status, created_at, reward_id);
CREATE INDEX support_rewards_open ON support_rewards (created_at, reward_id)
  WHERE attempt_state IN ('requested', 'deferred', 'unknown', 'not_found') OR void_state = 'asked';

GRANT SELECT, INSERT, UPDATE, DELETE ON support_rewards TO anchor_app;
GRANT SELECT ON support_rewards TO anchor_read;
RESET ROLE;
