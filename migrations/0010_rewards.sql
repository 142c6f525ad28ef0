-- What a member has been given: one row per reward.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = read, public;

CREATE TABLE rewards (
  id                   uuid PRIMARY KEY,
  user_id              uuid NOT NULL,
  milestone_id         text NOT NULL,
  milestone_days       int NOT NULL,
  journey_number       int NOT NULL,
  cycle                int NOT NULL,
  reward_type          text NOT NULL,
  reward_amount        numeric(14,2) NOT NULL,
  currency             text NOT NULL,
  policy_version       text NOT NULL,
  status               text NOT NULL,
  eligible_partners    text[] NOT NULL,
  claim_only           text[] NOT NULL,
  partner_used         text,
  distribution_details jsonb,
  sealed               jsonb,          -- ciphertext alone, for its owner's eyes
  voucher_id           text,
  credit_id            text,
  message              text,
  error_message        text,
  issued_at            timestamptz,
  created_at           timestamptz NOT NULL,
  updated_at           timestamptz NOT NULL,
  last_position        bigint NOT NULL
);
CREATE INDEX rewards_of_member ON rewards (user_id, created_at DESC, id DESC);
CREATE UNIQUE INDEX rewards_voucher ON rewards (partner_used, voucher_id);
CREATE UNIQUE INDEX rewards_credit ON rewards (partner_used, credit_id);

GRANT SELECT, INSERT, UPDATE, DELETE ON rewards TO anchor_app;
GRANT SELECT ON rewards TO anchor_read;
RESET ROLE;
