/** A plugin travels from its folder to a running host, with the real command, and back again. */
import {
  appendFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
} from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { containing, helloPlugin, json, listen, listWith, matching, world, write } from './ragv.ts';

const password = 'correct horse battery staple';
const here = world();
const { ragv, folder } = here;
const vault = join(folder, 'v');

const ok = async (line: string, input?: string): Promise<string> => {
  const said = await ragv(line, input === undefined ? {} : { input });
  expect(said, `${line}\n${said.stderr}`).toMatchObject({ exit: 0 });
  return said.stdout;
};

beforeAll(async () => {
  write(join(folder, 'password'), `${password}\n`, 0o600);
  for (const version of ['1.0.0', '1.1.0']) helloPlugin(join(folder, `hello-${version}`), version);
}, 60_000);

// The tests of this file are one story: each goes on where the one before stopped.

test(
  'init: one command, where one stands, with the password on standard input',
  { timeout: 120_000 },
  async () => {
    const empty = join(folder, 'w');
    mkdirSync(empty);
    const inode = statSync(empty).ino;
    await ok('init w --vendor acme --password-stdin', `${password}\n`);
    expect(statSync(empty).ino).toBe(inode); // a shell that stands in it still stands in it
    expect(readdirSync(empty).toSorted()).toEqual(['1.root.json', 'keys', 'public', 'ragv.toml', 'staging']);

    const made = json(await ok('init v --vendor acme --password-file password --json'));
    expect(made).toEqual({
      folder: vault,
      vendor: 'acme',
      roles: ['root', 'targets', 'snapshot', 'timestamp', 'policy', 'catalog', 'vendor.acme', 'attestations'],
      store: null,
      rootFile: join(vault, '1.root.json'),
      fingerprint: matching(/^[0-9a-f]{64}$/),
    });
    const keys = readdirSync(join(vault, 'keys'));
    expect(keys).toHaveLength(8);
    for (const key of keys) {
      expect(statSync(join(vault, 'keys', key)).mode & 0o777).toBe(0o600);
      expect(readFileSync(join(vault, 'keys', key), 'utf8')).toMatch(
        /^-----BEGIN ENCRYPTED PRIVATE KEY-----/,
      );
    }
  },
);

test('publish: a dry run shows it, then it happens, then it has happened', { timeout: 120_000 }, async () => {
  const line = 'publish hello-1.0.0 --vault v --password-file password';
  expect(json(await ok(`${line} --dry-run --json`))).toMatchObject({
    dryRun: true,
    changed: false,
    timestamp: null,
  });
  expect(existsSync(join(vault, 'public', 'targets'))).toBe(false);
  expect(json(await ok(`${line} --json`))).toMatchObject({
    published: [{ vendor: 'acme', plugin: 'hello', version: '1.0.0', files: 2 }],
    dryRun: false,
    changed: true,
    timestamp: 2,
  });
  expect(await ok(line)).toContain('was published already: acme/hello@1.0.0');
});

test('publish: other bytes under a version that is out are refused', { timeout: 60_000 }, async () => {
  const other = helloPlugin(join(folder, 'other'), '1.0.0');
  appendFileSync(join(other, 'bin.js'), '// other\n');
  const said = await ragv('publish other --vault v --password-file password');
  expect(said).toMatchObject({ exit: 9, stdout: '' });
  expect(said.stderr).toMatch(/\[(?:PATH_IMMUTABLE|VERSION_EXISTS)\]/);
});

test('publish: an unknown vendor and a wrong password', { timeout: 60_000 }, async () => {
  expect(await ragv('publish hello-1.1.0 --vault v --vendor nobody --password-file password')).toMatchObject({
    exit: 5,
    stderr: matching(/\[NO_SUCH_VENDOR\]\nhint: its vendors: acme/),
  });
  const said = await ragv('publish hello-1.1.0 --vault v', { env: { RAGV_KEY_PASSWORD: 'wrong horse' } });
  expect(said).toMatchObject({ exit: 7, stdout: '' });
  expect(said.stderr).toContain('[BAD_PASSWORD]');
  expect(said.stderr).not.toContain('wrong horse');
});

test('trust, search, install, list, info, run', { timeout: 120_000 }, async () => {
  expect(await ragv('trust init v/public --root v/1.root.json')).toMatchObject({
    exit: 10,
    stderr: containing('[SINGLE_SIGNER_ROOT]'),
  });
  const line = 'trust init v/public --root v/1.root.json --single-signer --alias demo';
  expect(await ok(`${line} --dry-run`)).toContain('would trust');
  expect(json(await ok('trust list --json'))).toEqual({ repositories: [] });
  await ok(line);
  expect(json(await ok('trust list --json'))).toMatchObject({
    repositories: [{ alias: 'demo', rootVersion: 1 }],
  });
  expect(json(await ok('search greet --json'))).toMatchObject({
    hits: [{ vendor: 'acme', plugin: 'hello' }],
  });

  await ok('install acme/hello@^1 --dry-run');
  expect(json(await ok('list --json'))).toEqual({ plugins: [], damaged: [] });
  expect(json(await ok('install acme/hello@^1 --json'))).toMatchObject({
    results: [{ vendor: 'acme', plugin: 'hello', version: '1.0.0', changed: true, dryRun: false, files: 2 }],
  });
  expect(json(await ok('list --json'))).toMatchObject({ plugins: [{ plugin: 'hello', version: '1.0.0' }] });
  expect(json(await ok('info acme/hello --json'))).toMatchObject({
    versions: [{ version: '1.0.0', installed: true }],
  });

  const said = await ragv('run acme/hello Ada seven');
  expect(said).toMatchObject({ exit: 7, stdout: 'hello 1.0.0 Ada seven\n' });
  expect(said.stderr).toContain('is verified and held by');
});

test('a plugin’s own flags are the plugin’s, and silence nothing of ours', { timeout: 60_000 }, async () => {
  const said = await ragv('run acme/hello --quiet --json');
  expect(said).toMatchObject({ exit: 0, stdout: 'hello 1.0.0 --quiet --json\n' });
  expect(said.stderr).toContain('is verified and held by');
  expect((await ragv('run --quiet acme/hello x')).stderr).toBe('');
});

test('several plugins: what was installed before one was refused is said', { timeout: 60_000 }, async () => {
  const said = await ragv('install acme/hello acme/nope');
  expect(said.exit).toBe(5);
  expect(said.stdout).toContain('acme/hello@1.0.0');
  expect(said.stderr).toMatch(/\[NO_SUCH_PLUGIN\]/);
});

test('verify: a changed file is found, not run, and repaired', { timeout: 60_000 }, async () => {
  const [script = ''] = globSync('home/home-v1/repositories/*/plugins/acme/hello/versions/*/bin.js', {
    cwd: folder,
  });
  appendFileSync(join(folder, script), 'console.log("evil");\n');
  const refused = await ragv('run acme/hello');
  expect(refused).toMatchObject({ exit: 3, stdout: '' });
  expect(refused.stderr).toContain('[TREE_CHANGED]');
  const said = await ragv('verify --json');
  expect(said.exit).toBe(3);
  expect(json(said.stdout)).toMatchObject({ results: [{ ok: false, findings: [{ path: 'bin.js' }] }] });
  await ok('verify --repair');
  expect(json(await ok('verify --json'))).toMatchObject({ results: [{ ok: true, findings: [] }] });
  expect(json(await ok('log --json'))).toMatchObject({
    events: listWith({ code: 'TREE_CHANGED', type: 'refusal' }),
  });
});

test('update, rollback, yank and what status says', { timeout: 120_000 }, async () => {
  await ok('publish hello-1.1.0 --vault v --password-file password');
  expect(json(await ok('status --json'))).toMatchObject({ plugins: [{ version: '1.0.0', newer: '1.1.0' }] });
  await ok('update --dry-run');
  expect(await ok('update')).toContain('installed acme/hello@1.1.0 (was 1.0.0)');
  await ok('rollback acme/hello');
  expect(await ok('run acme/hello')).toBe('hello 1.0.0\n');
  await ok('update acme/hello');

  const yank = 'yank acme/hello@1.1.0 --vault v --password-file password';
  expect(await ok(`${yank} --reason "greets too loud" --dry-run`)).toContain('would yank');
  await ok(`${yank} --reason "greets too loud"`);
  const told = await ragv('status --json');
  expect(told.exit).toBe(10);
  expect(json(told.stdout)).toMatchObject({
    plugins: [{ version: '1.1.0', yanked: { reason: 'greets too loud' } }],
  });
  expect(told.stderr).toContain('was taken back');
  // Another host, which does not have it.
  const elsewhere = { env: { RAGV_HOME: join(folder, 'home-2') } };
  const trust = 'trust init v/public --root v/1.root.json --single-signer --alias demo';
  expect((await ragv(trust, elsewhere)).exit).toBe(0);
  expect(await ragv('install acme/hello@1.1.0', elsewhere)).toMatchObject({
    exit: 10,
    stderr: containing('[YANKED]'),
  });
  expect((await ragv('install acme/hello --quiet', elsewhere)).stdout).toContain('acme/hello@1.0.0');
  const why = await ragv('explain acme/hello@1.1.0 --json');
  expect(why.exit).toBe(10);
  expect(json(why.stdout)).toMatchObject({
    version: '1.1.0',
    yanked: { reason: 'greets too loud' },
    targets: listWith({ verdict: 'trusted', target: 'vendors/acme/hello/hello-1.1.0.tgz' }),
  });
  expect(await ok('explain acme/hello@1.0.0')).toContain(
    'because of the pattern vendors/acme/*/*, terminating',
  );
  await ok(`${yank} --undo`);
  expect((await ragv('status')).exit).toBe(0);
});

test('a repository that cannot be asked is not healthy, and what is known has an age', async () => {
  renameSync(join(vault, 'public'), join(vault, 'away'));
  const told = await ragv('status --json');
  const said = await ragv('status');
  renameSync(join(vault, 'away'), join(vault, 'public'));
  expect(told.exit).toBe(6);
  expect(json(told.stdout)).toMatchObject({
    lastRefresh: matching(/^\d{4}-.*Z$/),
    stale: { code: 'NOT_FOUND_REMOTE' },
    plugins: [{ vendor: 'acme' }],
  });
  expect(said.stdout).toMatch(/refreshed .* ago, NOT now\n.*as far as was known then/);
  expect(said.stderr).toContain('[NOT_FOUND_REMOTE]');
});

test('status and keys of the vault', { timeout: 60_000 }, async () => {
  const status = json(await ok('status --vault v --json'));
  expect(status).toMatchObject({
    folder: vault,
    nextCommand: null,
    roles: listWith({ role: 'root', version: 1, threshold: 1 }, { role: 'vendor.acme', threshold: 1 }),
  });
  expect(json(await ok('status --json', ''))).toHaveProperty('plugins'); // no ragv.toml here: the host
  const inVault = await ragv('status --json', { cwd: vault });
  expect(json(inVault.stdout)).toHaveProperty('roles');
  expect(json(await ok('key list --vault v --json'))).toMatchObject({
    keys: listWith({ role: 'timestamp', state: 'in use' }),
  });
  expect(await ok('refresh --vault v --password-file password --dry-run')).toBe('nothing is due\n');
});

test('any file can be a target', { timeout: 120_000 }, async () => {
  write(join(folder, 'release.pub'), 'a public key\n');
  const add = 'target add release.pub --below keys --vault v --password-file password';
  expect(await ok(`${add} --dry-run`)).toContain('would sign keys/release.pub');
  expect(json(await ok('target list --vault v --json'))).toEqual({ role: 'targets', targets: [] });
  await ok(add);
  expect(json(await ok('target list --vault v --json'))).toMatchObject({
    targets: [{ path: 'keys/release.pub', length: 13 }],
  });
  const gone = await ragv('target remove nope --vault v --password-file password');
  expect(gone).toMatchObject({ exit: 5, stderr: containing('nothing was removed') });
  await ok('target remove keys/release.pub --vault v --password-file password');
  expect(json(await ok('target list --vault v --json'))).toMatchObject({ targets: [] });
});

test(
  'keys: dangerous steps want --yes, a rotation reaches the host, a new password counts',
  { timeout: 180_000 },
  async () => {
    const at = '--vault v --password-file password';
    const unconfirmed = await ragv(`key rotate root ${at}`);
    expect(unconfirmed).toMatchObject({ exit: 7, stdout: '' });
    expect(unconfirmed.stderr).toMatch(/\[CONFIRMATION_REQUIRED\]\nhint: give --yes/);
    expect(await ok(`key rotate timestamp ${at} --dry-run`)).toContain('would replace');
    expect(json(await ok(`key rotate timestamp ${at} --json`))).toMatchObject({
      role: 'timestamp',
      rootVersion: 2,
    });
    expect(json(await ok(`key rotate root ${at} --yes --json`))).toMatchObject({
      role: 'root',
      rootVersion: 3,
    });
    await ok(`refresh --force ${at}`);
    await ok('update');

    write(join(folder, 'new-password'), 'another horse\n', 0o600);
    await ok(`key passwd vendor.acme ${at} --new-password-file new-password`);
    const old = await ragv(`yank acme/hello@1.0.0 --reason x ${at}`);
    expect(old).toMatchObject({ exit: 7, stderr: containing('[BAD_PASSWORD]') });
    await ok(`key passwd vendor.acme --vault v --password-file new-password --new-password-file password`);
  },
);

test(
  'serve: says where it is and how a host starts; ends on SIGTERM with 0',
  { timeout: 60_000 },
  async () => {
    const child = here.start(['serve', '--vault', 'v', '--port', '0', '--no-refresh', '--json']);
    const ended = listen(child);
    let begun = '';
    while (!begun.includes('\n}\n')) begun += String(await once(child.stdout ?? child, 'data'));
    const url = /"url": "([^"]+)"/.exec(begun)?.[1] ?? '';
    const answer = await fetch(new URL('metadata/timestamp.json', url));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toContain('no-store');
    expect((await fetch(new URL('ragv.toml', url))).status).toBe(404);
    await answer.text();
    const taken = await ragv(`serve --vault v --no-refresh --port ${new URL(url).port}`);
    expect(taken).toMatchObject({ exit: 9, stderr: containing('[ADDRESS_IN_USE]') });
    child.kill('SIGTERM');
    const said = await ended;
    here.transcript.push(said.stdout, said.stderr);
    expect(said.exit).toBe(0);
    expect(said.stderr).toContain(`a host starts with: ragv trust init ${url}`);
  },
);

test('the end: uninstall, and stop trusting', { timeout: 60_000 }, async () => {
  expect((await ragv('trust remove demo')).stderr).toContain('[CONFIRMATION_REQUIRED]');
  expect(await ragv('trust remove demo --yes')).toMatchObject({
    exit: 9,
    stderr: containing('[PLUGINS_INSTALLED]'),
  });
  expect(await ok('uninstall acme/hello --dry-run')).toContain('would uninstall');
  await ok('uninstall acme/hello');
  expect((await ragv('run acme/hello')).exit).toBe(5);
  await ok('trust remove demo --yes');
  expect(json(await ok('trust list --json'))).toEqual({ repositories: [] });
});

test('no secret was ever said (THREATS.md, "Keys and secrets")', () => {
  const all = here.transcript.join('\n');
  expect(all.length).toBeGreaterThan(1_000);
  for (const secret of [password, 'another horse', 'wrong horse', 'PRIVATE KEY'])
    expect(all).not.toContain(secret);
});
