-- What moved at each partner on each business day; a row without a partner is value that is owed
-- and not yet ordered anywhere.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = read, public;

CREATE TABLE reconciliation (
  partner_id    text NOT NULL DEFAULT '',
  business_date date NOT NULL,
  currency      text NOT NULL,
  committed     numeric(14,2) NOT NULL,
  in_flight     numeric(14,2) NOT NULL,
  issued        numeric(14,2) NOT NULL,
  redeemed      numeric(14,2) NOT NULL,
  expired       numeric(14,2) NOT NULL,
  voided        numeric(14,2) NOT NULL,
  last_position bigint NOT NULL,
  PRIMARY KEY (partner_id, business_date, currency)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON reconciliation TO anchor_app;
GRANT SELECT ON reconciliation TO anchor_read;
RESET ROLE;
