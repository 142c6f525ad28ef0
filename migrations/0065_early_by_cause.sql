-- Which value of the partner's is it about that waits for its cause? With that, what has come wakes
-- only what it may be the cause of. What was set aside before says so when it is tried once more.
-- And whose is a reference that a value was given for.
SET LOCAL ROLE anchor_owner;

ALTER TABLE inbox ADD COLUMN about text;
UPDATE inbox SET state = 'new', next_at = clock_timestamp()
 WHERE state = 'parked' AND starts_with(reason, 'may_be_early: ')
   AND received_at > clock_timestamp() - interval '72 hours';
CREATE INDEX inbox_early ON inbox (partner_id, about)
  WHERE state = 'parked' AND starts_with(reason, 'may_be_early: ');
DROP INDEX inbox_waiting;
CREATE INDEX inbox_waiting ON inbox (partner_id, about) WHERE state = 'new' AND reason IS NOT NULL;

ALTER TABLE given_values DROP CONSTRAINT given_values_what_check;
ALTER TABLE given_values ADD CONSTRAINT given_values_what_check
  CHECK (what IN ('voucher_id', 'code', 'credit_id', 'reference'));

RESET ROLE;
