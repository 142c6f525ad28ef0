-- Rewards that wait for an account are looked at now and then: an account may have been verified in the
-- very moment in which the wait began.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = read, public;

CREATE INDEX reward_todo_waiting_due ON reward_todo (next_at) WHERE step = 'wait_account';

RESET ROLE;
