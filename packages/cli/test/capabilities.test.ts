/** What code uses is declared, by its author or by whoever packs it; what is not is refused at the packer's and at the door. */
import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  filePath,
  pluginName,
  pluginVersion,
  serializeManifest,
  treeHash,
  vendorName,
  writeArchive,
  type IndexEntry,
  type PluginManifest,
} from '@ragnos/plugin';
import type { JsonObject } from '@ragnos/tuf';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkVersion } from '../src/door/check-version.ts';
import { containing, helloPlugin, json, matching, world, write } from './ragv.ts';

const here = world();
const { ragv, folder } = here;
const publish = '--vault v --password-file password';

beforeAll(() => {
  write(join(folder, 'password'), 'correct horse battery staple\n', 0o600);
});

function plugin(version: string, code: string, capabilities?: JsonObject): void {
  const own = helloPlugin(join(folder, 'hello'), version);
  writeFileSync(join(own, 'index.js'), code);
  rmSync(join(own, 'ragv.json'), { force: true });
  if (capabilities !== undefined) write(join(own, 'ragv.json'), JSON.stringify({ capabilities }));
}

// One story: each goes on where the one before stopped.

test('a vault, and a host that trusts it', { timeout: 120_000 }, async () => {
  expect(await ragv('init v --vendor acme --password-file password')).toMatchObject({ exit: 0 });
  const trust = 'trust init v/public --root v/1.root.json --single-signer --alias demo';
  expect(await ragv(trust)).toMatchObject({ exit: 0 });
});

test('what nobody declared is declared by the packer, and said', { timeout: 60_000 }, async () => {
  plugin('0.9.0', 'export const nothing = 0;\n');
  const first = await ragv(`publish hello ${publish}`);
  expect(first).toMatchObject({ exit: 0 });
  expect(first.stderr).not.toContain('declares');
  plugin(
    '1.0.0',
    `import { readFileSync } from 'node:fs';\nexport const read = (file) => readFileSync(file);\n`,
  );
  const said = await ragv(`publish hello ${publish}`);
  expect(said).toMatchObject({
    exit: 0,
    stderr: containing('declares what its code uses: reads the folder of your project'),
  });
});

test(
  'what an author declares must cover the code: exit 10, file, line and the JSON',
  { timeout: 60_000 },
  async () => {
    plugin(
      '1.1.0',
      `import fs from 'fs';\nimport { spawn } from 'child_process';\nspawn('git', []);\nfs.rmSync(x);\n`,
      {
        'fs.read': ['$project'],
      },
    );
    const said = await ragv(`publish hello ${publish}`);
    expect(said).toMatchObject({ exit: 10, stdout: '' });
    expect(said.stderr).toContain(
      'index.js:3: child_process.spawn starts the program git, and exec does not declare it; index.js:4: fs.rmSync changes files, and fs.write does not declare it [CAPABILITY_UNDECLARED]',
    );
    expect(said.stderr).toContain(
      'hint: if it is meant, add to "capabilities" in ragv.json: {"fs.write":["$project"],"exec":["git"]}',
    );
  },
);

test('with the JSON of the hint it is published', { timeout: 60_000 }, async () => {
  const { 'fs.read': read, ...rest } = { 'fs.read': ['$project'], 'fs.write': ['$project'], exec: ['git'] };
  plugin('1.1.0', `import { spawn } from 'child_process';\nspawn('git', []);\n`, {
    'fs.read': read,
    ...rest,
  });
  expect(await ragv(`publish hello ${publish}`)).toMatchObject({ exit: 0 });
});

test('hidden characters are refused whatever is declared', { timeout: 60_000 }, async () => {
  plugin('1.2.0', `const s = '${'\u{e0101}'.repeat(9)}';\n`, { eval: true });
  const said = await ragv(`publish hello ${publish}`);
  expect(said).toMatchObject({
    exit: 10,
    stderr: matching(/index\.js:1: 9 invisible characters.*\[HIDDEN_CHARACTERS\]/),
  });
});

test('a host sees what changes, in words and as JSON, before it installs', { timeout: 60_000 }, async () => {
  const said = await ragv('diff acme/hello@1.0.0 @1.1.0');
  expect(said).toMatchObject({ exit: 0 });
  expect(said.stdout.split('\n').slice(0, 5)).toEqual([
    'acme/hello@1.0.0 → acme/hello@1.1.0',
    'capabilities:',
    '  + starts the program git',
    '  + reads and changes the folder of your project',
    'files: 1 added, 0 removed, 3 changed',
  ]);
  expect(json((await ragv('diff acme/hello@1.1.0 acme/hello@1.0.0 --json')).stdout)).toMatchObject({
    from: 'acme/hello@1.1.0',
    to: 'acme/hello@1.0.0',
    capabilities: { wider: [], narrower: [{ capability: 'exec', value: 'git' }, { capability: 'fs.write' }] },
    files: { removed: ['ragv.json'] },
    fileChanges: [
      { path: 'ragv.json', change: 'removed', before: { size: 80, mode: 0o644 }, after: null },
      { path: 'bin.js', change: 'changed' },
      { path: 'index.js', change: 'changed', before: { size: 57 }, after: { size: 90 } },
      { path: 'package.json', change: 'changed' },
    ],
  });
});

test('and every file that differs, with its size', { timeout: 60_000 }, async () => {
  const { stdout } = await ragv('diff --files acme/hello@1.0.0 @1.1.0');
  expect(stdout.slice(stdout.indexOf('files: '))).toBe(`files: 1 added, 0 removed, 3 changed
  + ragv.json  80 bytes
  ~ bin.js  112 bytes as before, with other content
  ~ index.js  90 bytes → 57 bytes
  ~ package.json  88 bytes as before, with other content
`);
  expect((await ragv('diff --files acme/hello@1.0.0 @1.0.0')).stdout).toContain('files: none changed\n');
});

test('with one version, what is installed is compared with it', { timeout: 60_000 }, async () => {
  expect(await ragv('diff acme/hello')).toMatchObject({ exit: 2, stderr: containing('is not installed') });
  expect(await ragv('install acme/hello@0.9.0')).toMatchObject({ exit: 0 });
  expect((await ragv('diff acme/hello')).stdout).toContain('acme/hello@0.9.0 → acme/hello@1.1.0');
  expect((await ragv('diff demo:acme/hello@0.9.0')).stdout).toContain('  none changed');
  expect(await ragv('diff acme/hello@1.0.0 @9.0.0')).toMatchObject({ exit: 5 });
});

describe('the door never trusts the author’s pack', () => {
  const acme = vendorName('acme');
  const hello = pluginName('hello');
  const version = pluginVersion('1.0.0');
  const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

  async function atTheDoor(body: string | Uint8Array, capabilities: JsonObject): Promise<unknown> {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const archive = await writeArchive([{ path: 'package/a.js', mode: 0o644, body: bytes }]);
    const files = [
      { path: filePath('a.js'), mode: 0o644 as const, size: bytes.length, sha256: sha256(bytes) },
    ];
    const artifact = { name: 'hello-1.0.0.tgz', length: archive.length, sha256: sha256(archive) };
    const manifest: PluginManifest = {
      vendor: acme,
      plugin: hello,
      version,
      description: '',
      artifact: { ...artifact, originalName: 'hello-1.0.0.tgz', mediaType: 'application/gzip' },
      source: { type: 'folder', name: 'hello', integrity: null },
      stripPrefix: 'package/',
      files,
      treeHash: treeHash(files),
      entry: { main: filePath('a.js'), bin: new Map() },
      kind: 'node',
      engines: new Map(),
      target: 'any',
      capabilities,
      lifecycleScripts: [],
      bundled: [],
      evidence: [],
    };
    const manifestBytes = serializeManifest(manifest);
    const name = 'hello-1.0.0.manifest.json';
    const entry: IndexEntry = {
      artifact,
      manifest: { name, length: manifestBytes.length, sha256: sha256(manifestBytes) },
      engines: new Map(),
      yanked: null,
    };
    const served = new Map([
      [name, manifestBytes],
      [artifact.name, archive],
    ]);
    return checkVersion({ vendor: acme, plugin: hello, version, entry }, (file) =>
      Promise.resolve(served.get(file) ?? null),
    );
  }

  const elf = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0);
  const refused: Readonly<Record<string, readonly [string | Uint8Array, JsonObject, RegExp]>> = {
    'a program that is started': [
      '\nrequire("child_process").exec(x)',
      {},
      /^hello-1\.0\.0\.tgz: a\.js:2: child_process\.exec starts sh/,
    ],
    'another host than the declared one': [
      'fetch("https://evil.example/")',
      { 'net.connect': ['good.example:443'] },
      /a\.js:1: fetch connects to evil\.example, port 443/,
    ],
    'native code under a harmless name': [elf, { eval: true }, /a\.js: an ELF file loads native code/],
    'code from text': ['eval(x)', {}, /a\.js:1: eval makes code from text/],
    'a program that nobody can read': ['let let', {}, /a\.js: it cannot be parsed/],
    'invisible characters': [`x = '\u202e'`, { eval: true }, /a\.js:1: the invisible U\+202E/],
  };
  test.each(Object.entries(refused))('refused: %s', async (_name, [body, capabilities, message]) => {
    await expect(atTheDoor(body, capabilities)).rejects.toMatchObject({
      code: 'DOOR_CAPABILITIES',
      file: 'hello-1.0.0.tgz',
      message: matching(message),
    });
  });
  test('taken: what is declared, and what needs nothing', async () => {
    await expect(atTheDoor('eval(x)', { eval: true })).resolves.toMatchObject({ keywords: [] });
    await expect(atTheDoor('console.log(1)', {})).resolves.toMatchObject({ keywords: [] });
    await expect(atTheDoor(elf, { native: true })).resolves.toMatchObject({ keywords: [] });
  });
});
