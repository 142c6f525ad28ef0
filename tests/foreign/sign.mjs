// Signs webhooks by the reference package: told as JSON, answers one signature for each body.
import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';

const { secret, id, at, bodies } = JSON.parse(readFileSync(0, 'utf8'));
const webhook = new Webhook(secret);
const sign = (body) => webhook.sign(id, new Date(at * 1000), Buffer.from(body, 'base64').toString('utf8'));
console.log(JSON.stringify(bodies.map(sign)));
