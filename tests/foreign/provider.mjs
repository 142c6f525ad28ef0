// An authorization server that nobody here wrote: PKCE required, refresh tokens good once.
//
// Told on the command line which clients there are and how long tokens last; says on its first line
// where it is. Beside the server itself there is what the tests need: a browser that agrees, answers
// that are lost, and what happened.
import http from 'node:http';
import Provider from 'oidc-provider';

const told = JSON.parse(process.argv[2]);
const listening = http.createServer();
await new Promise((resolve) => listening.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${listening.address().port}`;

const provider = new Provider(issuer, {
  clients: told.clients.map((client) => ({
    ...client,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
  })),
  pkce: { methods: ['S256'], required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: async () => true,
  features: { revocation: { enabled: true } },
  findAccount: async (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  ttl: { AccessToken: told.seconds, RefreshToken: 3600, Grant: 3600, Session: 3600, Interaction: 600 },
  cookies: { keys: ['a-key-of-the-tests'] },
});

const happened = { refreshed: 0, revoked: 0, refused: 0 };
let toLose = 0;
provider.on('grant.revoked', () => { happened.revoked += 1; });
provider.on('grant.error', () => { happened.refused += 1; });
provider.use(async (context, next) => {
  await next();
  if (context.path !== '/token' || context.oidc?.params?.grant_type !== 'refresh_token') return;
  if (context.status === 200) happened.refreshed += 1;
  if (context.status === 200 && toLose > 0) {
    toLose -= 1;
    context.req.socket.destroy();
  }
});

// Goes where a browser would, signs in as `login` and agrees; answers where it was sent back.
async function agree(address, login) {
  const cookies = new Map();
  const go = async (target, form) => {
    const answer = await fetch(target, {
      redirect: 'manual',
      method: form ? 'POST' : 'GET',
      body: form ? new URLSearchParams(form) : undefined,
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [name, ...value] = cookie.split(';')[0].split('=');
      cookies.set(name, value.join('='));
    }
    return answer;
  };
  let answer = await go(address);
  for (let step = 0; step < 12; step += 1) {
    const location = answer.headers.get('location');
    if (location) {
      const target = new URL(location, issuer);
      if (target.origin !== issuer) return target.href;
      answer = await go(target.href);
      address = target.href;
      continue;
    }
    const page = await answer.text();
    const prompt = page.match(/name="prompt" value="(\w+)"/)?.[1];
    if (!prompt) throw new Error(`no form, status ${answer.status}: ${page.slice(0, 200)}`);
    answer = await go(address, prompt === 'login' ? { prompt, login, password: 'any' } : { prompt });
  }
  throw new Error('sent round in circles');
}

const callback = provider.callback();
listening.on('request', async (request, response) => {
  const url = new URL(request.url, issuer);
  const say = (status, what) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(what));
  };
  if (url.pathname === '/tests/happened') return say(200, happened);
  if (url.pathname === '/tests/lose') {
    toLose += 1;
    return say(200, { toLose });
  }
  if (url.pathname === '/tests/agree') {
    try {
      const back = await agree(url.searchParams.get('url'), url.searchParams.get('login'));
      return say(200, { back });
    } catch (error) {
      return say(500, { error: String(error) });
    }
  }
  return callback(request, response);
});
console.log(JSON.stringify({ issuer }));
