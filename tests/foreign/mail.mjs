// A mail server that nobody here wrote, for as long as a test holds it.
//
// Told on the command line: the port (0: any), whom it refuses for good, and who may send. Says on
// its first line where it is, then a line for each message it took, as it came. A line that it is
// sent comes back, after everything before it; when there is nobody to send any, it ends.
import { SMTPServer } from 'smtp-server';

const told = JSON.parse(process.argv[2]);
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

const server = new SMTPServer({
  disabledCommands: told.login ? ['STARTTLS'] : ['STARTTLS', 'AUTH'],
  authOptional: !told.login,
  allowInsecureAuth: true,
  disableReverseLookup: true,
  onAuth(auth, session, done) {
    const is_known = told.login && auth.username === told.login[0] && auth.password === told.login[1];
    return is_known ? done(null, { user: auth.username }) : done(new Error('not you'));
  },
  onRcptTo(address, session, done) {
    if (!told.refuse.includes(address.address)) return done();
    say({ refused: address.address });
    const no = new Error('no such person here');
    no.responseCode = 550;
    return done(no);
  },
  onData(stream, session, done) {
    const parts = [];
    stream.on('data', (part) => parts.push(part));
    stream.on('end', () => {
      say({
        to: session.envelope.rcptTo.map((to) => to.address),
        from: session.envelope.mailFrom.address,
        raw: Buffer.concat(parts).toString('utf8'),
      });
      done();
    });
  },
});
process.stdin.on('data', (lines) => lines.filter((byte) => byte === 10).forEach(() => say({ back: true })));
process.stdin.on('end', () => process.exit(0));
server.on('error', () => {});
server.listen(told.port, '127.0.0.1', () => say({ port: server.server.address().port }));
