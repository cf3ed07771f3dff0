import { spawn, type ChildProcess } from 'node:child_process';
import { hash, randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { librariesOf } from '../programs.ts';
import type { Target } from './plugin/target.ts';

/** The host that the probes try to get at: canaries, servers that write down who came, and a process to be signalled. */
export interface World {
  readonly target: () => Target;
  readonly files: ReadonlyMap<string, string>;
  /** What an answer gives away if it contains any of them. */
  readonly secrets: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Whether the control `id` did what it says: `got` is what it answered. */
  did(id: string, got: string): boolean;
  /** From here on whatever happens is this probe's doing. */
  begin(id: string): Promise<void>;
  /** Whether something happened, and everything as it was. */
  happened(id: string): boolean;
  close(): Promise<void>;
}

/** Where the probes' plugin lies, as `preloadFile` finds the preload. */
function pluginFolder(): string {
  return path.dirname(createRequire(import.meta.url).resolve('@ragnos/plugin/probes'));
}

export async function makeWorld(node: string): Promise<World> {
  const base = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'ragv-probes-'));
  const secret = `canary-${randomBytes(12).toString('hex')}`;
  const at = (name: string): string => path.join(base, name);
  const sign = `sign-${randomBytes(12).toString('hex')}`;
  layOut(base, secret, sign);
  const files = layTree(at('tree'), sign);
  const came = new Set<string>();
  let now = '';
  const listening = await listen(base, sign, (id) => came.add(id === '' ? now : id));
  let victim = await startVictim(node, at('outside'), secret, () => came.add(now));
  const library = (await librariesOf(fs.realpathSync(node)))[0] ?? '/usr/lib/libSystem.B.dylib';
  return {
    files,
    secrets: [secret, ...identity()],
    environment: { RAGV_CANARY: secret },
    did: (id, got) => {
      const file = path.join(at('data'), id);
      const written =
        id !== 'control-write' || (fs.existsSync(file) && fs.readFileSync(file, 'utf8') === sign);
      fs.rmSync(file, { force: true });
      return got === sign && written;
    },
    target: () => ({
      secret,
      sign,
      outside: at('outside'),
      sibling: at('granted-too'),
      granted: at('granted'),
      data: at('data'),
      tree: at('tree'),
      victim: victim.pid ?? 0,
      ...listening.ports,
      node,
      library,
    }),
    begin: async (id) => {
      now = id;
      if (tampering.has(id)) tamper(at('tree'), secret);
      if (!id.startsWith('signal')) return;
      await end(victim);
      victim = await startVictim(node, at('outside'), secret, () => came.add(now));
    },
    happened: (id) => {
      if (tampering.has(id)) restore(at('tree'));
      const places = [at('outside'), at('data'), at('tree')].map((folder) => path.join(folder, id));
      const made = [places[0], places[2]].some((place) => place !== undefined && fs.existsSync(place));
      for (const place of places) fs.rmSync(place, { recursive: true, force: true });
      return came.delete(id) || made;
    },
    close: async () => {
      listening.close();
      await end(victim);
      fs.rmSync(base, { recursive: true, force: true });
    },
  };
}

function layOut(base: string, secret: string, sign: string): void {
  for (const name of ['outside', 'granted', 'granted-too', 'data', 'tree'])
    fs.mkdirSync(path.join(base, name));
  for (const name of ['outside', 'granted-too'])
    fs.writeFileSync(path.join(base, name, 'secret.txt'), secret);
  for (const name of ['outside', 'granted']) {
    fs.writeFileSync(path.join(base, name, 'code.mjs'), `export default ${JSON.stringify(secret)};`);
    fs.writeFileSync(path.join(base, name, 'code.cjs'), `module.exports = ${JSON.stringify(secret)};`);
  }
  fs.writeFileSync(path.join(base, 'granted', 'sign.txt'), sign);
  for (const name of ['granted', 'data'])
    fs.symlinkSync(path.join(base, 'outside'), path.join(base, name, 'link'));
}

/** The probes' plugin. */
function layTree(tree: string, sign: string): ReadonlyMap<string, string> {
  for (const name of fs.readdirSync(pluginFolder()).filter((file) => /\.(?:js|ts)$/.test(file)))
    if (!name.endsWith('.d.ts')) fs.copyFileSync(path.join(pluginFolder(), name), path.join(tree, name));
  fs.writeFileSync(path.join(tree, 'package.json'), '{"type":"module"}');
  restore(tree);
  fs.writeFileSync(path.join(tree, 'own.mjs'), `export default ${JSON.stringify(sign)};`);
  fs.writeFileSync(path.join(tree, 'plain.cjs'), 'module.exports = "";');
  const digest = (name: string): string => hash('sha256', fs.readFileSync(path.join(tree, name)), 'hex');
  return new Map(fs.readdirSync(tree).map((name) => [name, digest(name)]));
}

/** Attempts that need another tree than was verified, made after the plugin was started: from any other it is not. */
const tampering: ReadonlySet<string> = new Set(['import-changed', 'import-added', 'require-changed']);

function tamper(tree: string, secret: string): void {
  fs.writeFileSync(path.join(tree, 'changed.mjs'), `export default ${JSON.stringify(secret)};`);
  fs.writeFileSync(path.join(tree, 'changed.cjs'), `module.exports = ${JSON.stringify(secret)};`);
  fs.writeFileSync(path.join(tree, 'added.mjs'), `export default ${JSON.stringify(secret)};`);
}

function restore(tree: string): void {
  for (const name of ['changed.mjs', 'changed.cjs']) fs.writeFileSync(path.join(tree, name), '// as signed');
  fs.rmSync(path.join(tree, 'added.mjs'), { force: true });
}

/** Who the host's user is, and where. Names that tell nothing are no canaries. */
function identity(): readonly string[] {
  const { username, homedir } = os.userInfo();
  const addresses = Object.values(os.networkInterfaces()).flatMap((all) => all ?? []);
  const hostname = os.hostname();
  return [
    `user:${username}:`,
    ...(homedir === '/' ? [] : [`home:${homedir}:`]),
    ...(hostname === 'localhost' ? [] : [`host:${hostname}:`, `"host":"${hostname}"`]),
    ...addresses.filter(({ internal }) => !internal).map(({ address }) => `"${address}"`),
  ];
}

type Ports = Pick<Target, 'tcp' | 'udp' | 'socket' | 'abstract' | 'redirecting' | 'getOnly'>;

async function listen(
  base: string,
  sign: string,
  came: (id: string) => void,
): Promise<{ readonly ports: Ports; readonly close: () => void }> {
  // Servers may answer late: whoever says nothing is put down to the attempt that is being made.
  const contact = (socket: net.Socket): void => {
    const silent = setTimeout(() => came(''), 100);
    socket.once('data', (data) => {
      clearTimeout(silent);
      came(/^[A-Z]+ \/([a-z0-9-]+)/.exec(data.toString('latin1'))?.[1] ?? '');
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    socket.on('error', () => undefined);
  };
  const tcp = net.createServer(contact);
  const unix = net.createServer(contact);
  const abstract = net.createServer(contact);
  const redirecting = http.createServer((request, response) => {
    const [, kind, id = ''] = request.url?.split('/') ?? [];
    if (kind === 'direct') came(id);
    response.writeHead(302, { location: `http://127.0.0.1:${portOf(tcp)}/${id}` }).end();
  });
  const getOnly = http.createServer((request, response) => {
    if (request.method !== 'GET') came(request.url?.slice(1) ?? '');
    response.end(sign);
  });
  const udp = dgram.createSocket('udp4').on('message', () => came(''));
  const name = `ragv-${randomBytes(8).toString('hex')}`;
  const socket = path.join(base, 'outside', 'socket');
  const all = [tcp, redirecting, getOnly];
  await Promise.all([
    ...all.map(async (server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))),
    new Promise<void>((resolve) => unix.listen(socket, resolve)),
    new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve)),
    ...(process.platform === 'linux'
      ? [new Promise<void>((resolve) => abstract.listen(`\0${name}`, resolve))]
      : []),
  ]);
  return {
    ports: {
      tcp: portOf(tcp),
      udp: udp.address().port,
      socket,
      abstract: name,
      redirecting: portOf(redirecting),
      getOnly: portOf(getOnly),
    },
    close: () => {
      for (const server of [...all, unix, abstract]) server.close();
      for (const server of [redirecting, getOnly]) server.closeAllConnections();
      udp.close();
    },
  };
}

function portOf(server: net.Server): number {
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** A process like a host that did not close its inspector; whatever it says is a sign that somebody reached it. */
async function startVictim(
  node: string,
  outside: string,
  secret: string,
  reached: () => void,
): Promise<ChildProcess> {
  const code = `process.on('SIGUSR2', () => process.stderr.write('signal'));
    const fs = require('fs'); const file = ${JSON.stringify(path.join(outside, 'secret.db'))};
    if (!fs.existsSync(file)) new (require('node:sqlite').DatabaseSync)(file).exec("create table t (a); insert into t values ('${secret}')");
    process.stdout.write('up'); process.stdin.resume().on('end', () => process.exit());`;
  const canary = fs.openSync(path.join(outside, 'secret.txt'), 'r');
  const none = ['ignore', 'ignore', 'ignore', 'ignore', 'ignore', 'ignore'] as const;
  const victim = spawn(node, ['--no-warnings', '--inspect-port=127.0.0.1:0', '-e', code, secret], {
    cwd: outside,
    env: { RAGV_CANARY: secret },
    stdio: ['pipe', 'pipe', 'pipe', ...none, canary],
  });
  fs.closeSync(canary);
  await new Promise<void>((resolve, reject) => {
    victim.stdout?.once('data', () => resolve());
    victim.once('exit', () => reject(new Error('the process to be signalled did not start')));
  });
  victim.stderr?.on('data', reached);
  return victim;
}

async function end(victim: ChildProcess): Promise<void> {
  if (victim.exitCode !== null || victim.signalCode !== null) return;
  const gone = new Promise((resolve) => victim.once('exit', resolve));
  victim.kill('SIGKILL');
  await gone;
}
