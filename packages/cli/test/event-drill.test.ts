/**
 * The drill of docs/runbooks/compromised-key.md against clients of three makes: a thief with both online keys takes every
 * version to its end, all clients follow him, and after one command all of them follow the repository again.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fixedPassword, openSigner } from '@ragnos/signing';
import { lastVersion as last, takeVersions } from '@ragnos/testkit';
import { metadataToBytes, parseMetadata, signedToBytes } from '@ragnos/tuf';
import { beforeAll, expect, test } from 'vitest';
import { ours, peerClient, type Client } from '../../../interop/lib/job.ts';
import { serveFolder } from '../../../interop/lib/server.ts';
import { json, world, write, type Said } from './ragv.ts';

const here = world();
const { ragv, folder } = here;
const password = 'correct horse battery staple';
const secret = '--password-file password';
const metadata = join(folder, 'v', 'public', 'metadata');
const long = { timeout: 300_000 };
const interop = join(import.meta.dirname, '..', '..', '..', 'interop');

/** Ours, and those of the peers that `npm run test:peers` has set up here. */
const clients = new Map<string, Client>([['ours', ours]]);
const python = join(interop, 'python-tuf', '.venv', 'bin', 'python');
if (existsSync(python))
  clients.set(
    'python-tuf',
    peerClient({ command: python, before: [join(interop, 'python-tuf', 'peer.py')] }),
  );
if (existsSync(join(interop, 'tuf-js', 'node_modules', 'tuf-js')))
  clients.set(
    'tuf-js',
    peerClient({ command: process.execPath, before: [join(interop, 'tuf-js', 'peer.mjs')] }),
  );

const exits = async (exit: number, line: string): Promise<Said> => {
  const said = await ragv(line);
  expect(said, `${line}\n${said.stderr}`).toMatchObject({ exit });
  return said;
};

async function everybodyReads(url: string, contents: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [name, client] of clients) {
    const out = join(folder, 'clients', name);
    await mkdir(out, { recursive: true });
    const outcome = await client({
      root: join(folder, 'v', '1.root.json'),
      url,
      out,
      contents,
      limitMs: 120_000,
    });
    expect([name, outcome]).toEqual([name, { kind: 'accepted' }]);
  }
}

const signerAt = (file: string) =>
  openSigner(`file2:${join(folder, 'v', file)}`, { password: fixedPassword(password) });

/** Whoever has the vault's keys can. `role`: signed under another version, and listed. */
async function forge(role?: string, version?: number): Promise<void> {
  const keys = (await exits(0, 'key list --vault v')).stdout;
  const fileOf = (name: string): string =>
    new RegExp(`^${name} +in use .*file2:(\\S+)$`, 'm').exec(keys)?.[1] ?? '';
  const thief = {
    metadata,
    sign: async (by: string, bytes: Uint8Array) => (await signerAt(fileOf(by))).sign(bytes),
  };
  await takeVersions(thief, role, version);
}

async function forgeTimestamp(file: string): Promise<void> {
  const signer = await signerAt(file);
  const old = parseMetadata(readFileSync(join(metadata, 'timestamp.json')), 'timestamp').signed;
  const bytes = signedToBytes({ ...old, version: last, snapshot: { ...old.snapshot, version: last - 1 } });
  writeFileSync(join(metadata, 'timestamp.json'), metadataToBytes(bytes, [await signer.sign(bytes)]));
}

beforeAll(async () => {
  write(join(folder, 'password'), `${password}\n`, 0o600);
  write(join(folder, 'tool'), 'a tool');
  await exits(0, `init v --vendor acme ${secret}`);
  await exits(0, `target add tool --vault v ${secret}`);
}, 120_000);

test('one command, and clients of every make that saw the last version follow', long, async () => {
  const server = await serveFolder(join(folder, 'v', 'public'));
  try {
    const contents = new Map([['tool', Buffer.from('a tool')]]);
    await everybodyReads(server.url, contents);
    await forge();
    await everybodyReads(server.url, contents); // nobody can tell
    expect((await ragv(`publish nothing --vault v ${secret}`)).exit).not.toBe(0);

    const plan = await exits(0, 'key revoke --compromised timestamp snapshot --vault v --dry-run');
    expect(plan.stdout).toMatch(/timestamp: 1 of 1 keys are void[\s\S]*a thief can: freeze/);
    const started = performance.now();
    const said = await exits(
      0,
      `key revoke --compromised timestamp snapshot --vault v ${secret} --yes --json`,
    );
    expect(performance.now() - started).toBeLessThan(60_000);
    expect(json(said.stdout)).toMatchObject({ outcome: 'applied', rootVersion: 2 });
    expect(said.stdout).toContain(`stands at version ${last}`);

    await everybodyReads(server.url, contents);
    const live = parseMetadata(readFileSync(join(metadata, 'timestamp.json')), 'timestamp').signed;
    expect(live.version).toBeLessThan(2 ** 30);
    write(join(folder, 'saw'), 'a saw');
    await exits(0, `target add saw --vault v ${secret}`);
    await everybodyReads(server.url, new Map([...contents, ['saw', Buffer.from('a saw')]]));
    await exits(0, 'status --vault v');
    expect((await exits(0, 'log verify --vault v')).stdout).toContain('the log is whole');

    // The same thief, back with the timestamp key alone: it names a snapshot that is not there.
    const keys = (await exits(0, 'key list --vault v')).stdout;
    const file = /^timestamp +in use .*file2:(\S+)$/m.exec(keys)?.[1] ?? '';
    await forgeTimestamp(file);
    expect((await exits(3, 'status --vault v')).stderr).toContain('[STORE_WENT_BACK]');
    await exits(0, `key revoke --compromised timestamp --vault v ${secret} --yes`);
    await everybodyReads(server.url, contents);
    await exits(0, 'status --vault v');
  } finally {
    await server.close();
  }
});

const at = 'vendors/acme/tool/';
const addBelow = async (name: string): Promise<void> => {
  write(join(folder, name), name);
  await exits(0, `target add ${name} --path ${name} --vault v ${secret}`);
};

test(
  'the last version of a vendor: one command, and clients of every make that saw it follow',
  long,
  async () => {
    const server = await serveFolder(join(folder, 'v', 'public'));
    const [path, later] = [`${at}1`, `${at}2`];
    try {
      await addBelow(path);
      const contents = new Map([[path, Buffer.from(path)]]);
      await everybodyReads(server.url, contents);
      await forge('vendor.acme', last);
      await everybodyReads(server.url, contents); // nobody can tell
      write(join(folder, later), later);
      const tried = await ragv(`target add ${later} --path ${later} --vault v ${secret}`);
      expect(tried.stderr).toContain('[TOO_LARGE]');

      const plan = await exits(0, 'key revoke --compromised vendor.acme --vault v --dry-run');
      expect(plan.stdout).toContain(`vendor.acme stands at version ${last}: it gets a low one again`);
      expect(plan.stdout).toMatch(/^timestamp: 1 of 1 keys are void[\s\S]*^snapshot: 1 of 1 keys are void/m);
      const said = await exits(0, `key revoke --compromised vendor.acme --vault v ${secret} --yes --json`);
      expect(json(said.stdout)).toMatchObject({ roles: ['vendor.acme'] });
      await everybodyReads(server.url, contents);
      await addBelow(later);
      await everybodyReads(server.url, new Map([...contents, [later, Buffer.from(later)]]));
      expect((await exits(0, 'status --vault v')).stdout).not.toMatch(/version \d{9}/);
    } finally {
      await server.close();
    }
  },
);

test('a head that nobody can read, and a role below whose key is stolen as well', long, async () => {
  await forge('catalog', last);
  rmSync(join(metadata, `${last}.catalog.json`));
  const alone = await ragv('key revoke --compromised catalog --vault v --dry-run');
  expect([alone.exit, alone.stderr]).toEqual([2, expect.stringContaining('name them as well')]);
  const named = 'key revoke --compromised timestamp snapshot catalog --vault v';
  expect((await exits(0, `${named} --dry-run`)).stdout).toContain('catalog: after the newest state verifies');
  const said = await exits(0, `${named} ${secret} --yes`);
  expect(said.stdout).toMatch(/is in force[\s\S]*catalog: the old keys are void/);
  expect((await exits(0, 'status --vault v')).stdout).not.toMatch(/version \d{9}/);
});

test('a vendor’s key: at once, since its delegator is at hand', long, async () => {
  const said = await exits(0, `key revoke --compromised vendor.acme --vault v ${secret} --yes`);
  expect(said.stdout).toContain('vendor.acme: the old keys are void');
  const list = await exits(0, 'key list --vault v');
  expect(list.stdout.match(/vendor\.acme\s+(in use|retired)/g)).toHaveLength(3);
});

test('a role whose keys are elsewhere is rotated by an event', long, async () => {
  await exits(0, `key generate ann.p8 ${secret}`);
  await exits(0, `key generate bob.p8 ${secret}`);
  await exits(0, `root rotate --add-key ann.pub --threshold 2 --key file2:ann.p8 --vault v ${secret} --yes`);
  const made = await exits(
    8,
    `key rotate root --old-key ANN --new-key bob.pub --vault v ${secret} --yes`.replace(
      'ANN',
      await idOf('ann.pub'),
    ),
  );
  expect(made.stdout).toContain('for root 6: 1 of 2, 1 missing');
  const id = /root-\d{8}-[0-9a-f]{6}/.exec(made.stdout)?.[0] ?? '';
  await exits(8, `event sign ${id} --key file2:ann.p8 --vault v ${secret} --yes`);
  await exits(0, `event sign ${id} --key file2:bob.p8 --vault v ${secret} --yes`);
  expect((await exits(0, `event apply ${id} --vault v ${secret}`)).stdout).toContain(
    'root version 7 is in force',
  );
  const rotated = await exits(8, `key rotate timestamp --vault v ${secret} --yes`);
  expect(rotated.stdout).toContain('root version 7 → 8');
});

test('refused: what is no key, and what would leave too few', long, async () => {
  expect((await exits(2, 'key revoke --vault v')).stderr).toContain('which keys are compromised?');
  expect((await exits(2, 'key revoke --compromised nobody --vault v')).stderr).toContain('is no role');
  expect((await exits(2, `key revoke --compromised root --vault v ${secret} --yes`)).stderr).toContain(
    'have to sign',
  );
});

async function idOf(file: string): Promise<string> {
  const found: unknown = json((await exits(0, `key show ${file} --json`)).stdout);
  const id: unknown = typeof found === 'object' && found !== null ? Reflect.get(found, 'keyId') : '';
  return typeof id === 'string' ? id : '';
}
