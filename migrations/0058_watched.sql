-- What the watches of `raise_alerts` read, each found without reading what is beside it, and how far
-- the last look came.
SET LOCAL ROLE anchor_owner;

-- Up to which position the read models had come that the last look was at.
CREATE TABLE alert_looks (
  is_only  boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  position bigint NOT NULL
);
INSERT INTO alert_looks (position) VALUES (0);
GRANT SELECT, UPDATE ON alert_looks TO anchor_app;
GRANT SELECT ON alert_looks TO anchor_read;

-- How many security events there are of a minute, which is bounded; and what came lately.
CREATE INDEX security_events_minute ON security_events (minute) WHERE minute IS NOT NULL;
CREATE INDEX security_events_last ON security_events (last_at);
-- A float that runs low, and value found late, are a line each among all that ever happened.
CREATE INDEX partner_activity_log_floats ON read.partner_activity_log (timestamp)
  WHERE activity_type = 'FloatLowReported';
CREATE INDEX reward_history_late ON read.reward_history (position) WHERE event = 'LateIssueFound';

RESET ROLE;
