-- What waits for another notice of its partner's is found without reading all that is still to do.
SET LOCAL ROLE anchor_owner;

CREATE INDEX inbox_waiting ON inbox (partner_id, reason) WHERE state = 'new' AND reason IS NOT NULL;

RESET ROLE;
