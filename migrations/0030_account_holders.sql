-- Whose is an outside account? One member's at a time, whoever races. Not a read model: it decides
-- between streams that cannot see each other. It can be written anew from the log.
SET LOCAL ROLE anchor_owner;

CREATE TABLE account_holders (
  partner_id  text NOT NULL,
  account_tag text NOT NULL,            -- a keyed hash of the number
  account_id  uuid NOT NULL,            -- the link that holds it
  since       timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (partner_id, account_tag)
);

GRANT SELECT, INSERT, UPDATE ON account_holders TO anchor_app;
RESET ROLE;
