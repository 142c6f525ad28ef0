-- The credentials of the environment were once copied here, and nobody read the copies.
SET LOCAL ROLE anchor_owner;
DELETE FROM keys.partner_secrets WHERE name = 'client_secret';
RESET ROLE;
