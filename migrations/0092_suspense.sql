-- Postings and movements that no reward is behind: lines of our bank's, and what is set aside where
-- the books go on with a partner's word.
SET LOCAL ROLE anchor_owner;
SET LOCAL search_path = read, public;

ALTER TABLE journal ALTER COLUMN reward_id DROP NOT NULL;
ALTER TABLE statement_movements ALTER COLUMN reward_id DROP NOT NULL;
-- The statement whose silence about it was forced: no later line is taken for it.
ALTER TABLE statement_movements ADD COLUMN set_aside_in uuid;
CREATE INDEX statement_movements_top_ups ON statement_movements (partner_id, business_date)
  WHERE kind = 'TOPUP';
CREATE INDEX statement_movements_overdue ON statement_movements (overdue_in)
  WHERE overdue_in IS NOT NULL;
RESET ROLE;
