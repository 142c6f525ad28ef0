-- A grant is found by the link that it serves, and one grant serves a link: of several that were
-- kept under one, the newest is the one in use.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = keys, public;

DELETE FROM member_tokens older USING member_tokens newer
  WHERE older.account_id = newer.account_id
    AND (older.ends_at, older.scope) < (newer.ends_at, newer.scope);
CREATE UNIQUE INDEX member_tokens_of_link ON member_tokens (account_id);
CREATE INDEX link_states_of_member ON link_states (member_id, partner_id);

RESET ROLE;
