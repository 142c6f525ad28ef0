-- Which rewards a member has been told of as new, by POST /api/rewards/check. Recorded by whoever was
-- first, the scheduler or the member's own check, a reward is new to the member once.
SET LOCAL ROLE anchor_owner;

CREATE TABLE public.told_rewards (
    reward_id uuid PRIMARY KEY,
    told_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

GRANT SELECT, INSERT ON public.told_rewards TO anchor_app;

RESET ROLE;
