-- Members' accounts at partners: numbers sealed, with a masked copy beside.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = read, public;

CREATE TABLE user_partner_accounts (
  id                  uuid PRIMARY KEY,
  user_id             uuid NOT NULL,
  partner_id          text NOT NULL,
  link_number         int NOT NULL,
  account_type        text NOT NULL,
  account_number      text NOT NULL,   -- sealed
  account_masked      text NOT NULL,
  account_tag         text NOT NULL,
  linked_at           timestamptz NOT NULL,
  verification_status text NOT NULL,
  created_at          timestamptz NOT NULL,
  updated_at          timestamptz NOT NULL,
  last_position       bigint NOT NULL
);
CREATE INDEX user_partner_accounts_of_member ON user_partner_accounts (user_id, partner_id);
CREATE INDEX user_partner_accounts_tag ON user_partner_accounts (partner_id, account_tag);

GRANT SELECT, INSERT, UPDATE, DELETE ON user_partner_accounts TO anchor_app;
GRANT SELECT ON user_partner_accounts TO anchor_read;
RESET ROLE;
