// Is a webhook theirs, by the reference package? Reads one as JSON, says what it holds.
import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';

const { secret, headers, body } = JSON.parse(readFileSync(0, 'utf8'));
try {
  const held = new Webhook(secret).verify(Buffer.from(body, 'base64').toString('utf8'), headers);
  console.log(JSON.stringify({ held }));
} catch (error) {
  console.log(JSON.stringify({ refused: String(error.message) }));
}
