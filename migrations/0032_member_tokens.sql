-- What members agreed to at partners: links that are being made, and the tokens that came of them.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = keys, public;

-- One use each, whatever comes of it. Of the state itself only a digest is here; the times are those
-- of the real clock.
CREATE TABLE link_states (
  state_digest   bytea PRIMARY KEY,
  partner_id     text NOT NULL,
  member_id      uuid NOT NULL,
  redirect_uri   text NOT NULL,
  browser_digest bytea NOT NULL,       -- of what the browser that began it was given
  sealed         bytea NOT NULL,       -- the PKCE verifier
  ends_at        timestamptz NOT NULL,
  used_at        timestamptz
);
CREATE INDEX link_states_ended ON link_states (ends_at);

CREATE TABLE member_tokens (
  member_id        uuid NOT NULL,
  partner_id       text NOT NULL,
  scope            text NOT NULL,
  account_id       uuid NOT NULL,      -- the link that they serve
  sealed           bytea,              -- the tokens, under the member's key; none once they are lost
  renew_at         timestamptz NOT NULL,
  ends_at          timestamptz NOT NULL,
  version          bigint NOT NULL DEFAULT 1,
  refresh_begun_at timestamptz,        -- written before a refresh leaves, gone when its answer is kept
  refresh_by       uuid,
  lost_why         text,
  PRIMARY KEY (member_id, partner_id, scope),
  CHECK ((sealed IS NULL) = (lost_why IS NOT NULL))
);
CREATE INDEX member_tokens_lost ON member_tokens (partner_id) WHERE lost_why IS NOT NULL;
CREATE INDEX member_tokens_begun ON member_tokens (refresh_begun_at)
  WHERE refresh_begun_at IS NOT NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON link_states, member_tokens TO anchor_keys;
RESET ROLE;
