/** Bundles, extensions and wheels with the real command: published, installed, run, handed to other programs. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { zipSync } from 'fflate';
import { pack, serializeManifest, vendorName, type PluginManifest } from '@ragnos/plugin';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkVersion } from '../src/door/check-version.ts';
import { containing, helloPlugin, json, tempFolder, world, write } from './ragv.ts';

const here = world();
const { ragv, folder } = here;

const zip = (files: Readonly<Record<string, string>>): Buffer =>
  Buffer.from(
    zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)]))),
  );

const bundle = zip({
  'manifest.json': JSON.stringify({
    manifest_version: '0.3',
    name: 'Greeter',
    version: '1.2.0',
    description: 'greets',
    keywords: ['hello'],
    server: {
      type: 'node',
      entry_point: 'server/index.js',
      mcp_config: {
        command: 'node',
        args: ['${__dirname}/server/index.js', '--root', '${user_config.folders}', '--home=${HOME}'],
        env: { TOKEN: '${user_config.token}' },
      },
    },
    user_config: {
      folders: { type: 'directory', title: 'Folders', multiple: true, required: true },
      token: { type: 'string', title: 'Token', sensitive: true },
    },
  }),
  'server/index.js':
    'console.error(JSON.stringify({ args: process.argv.slice(2), token: process.env.TOKEN ?? null }));\n',
});

const extension = zip({
  'extension.vsixmanifest':
    '<PackageManifest><Metadata><Identity Id="Theme" Version="2.0.0" Publisher="inc"/></Metadata></PackageManifest>',
  'extension/package.json': JSON.stringify({ name: 'Theme', publisher: 'inc', version: '2.0.0' }),
});

const info = 'tool-1.0.dist-info';
const wheelFiles = {
  'tool/__init__.py': 'answer = 42\n',
  'tool/more.py': '',
  [`${info}/METADATA`]: 'Name: tool\nVersion: 1.0\nKeywords: one,two\n\n',
  [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\n',
};
const record = Object.entries(wheelFiles).map(
  ([path, text]) =>
    `${path},sha256=${createHash('sha256').update(text).digest('base64url')},${Buffer.byteLength(text)}\n`,
);
const wheel = zip({ ...wheelFiles, [`${info}/RECORD`]: `${record.join('')}${info}/RECORD,,\n` });

const given = new Map([
  ['greeter.mcpb', bundle],
  ['theme.vsix', extension],
  ['tool-1.0-py3-none-any.whl', wheel],
]);

const ok = async (line: string, env: Readonly<Record<string, string>> = {}): Promise<string> => {
  const said = await ragv(line, { env });
  expect(said, `${line}\n${said.stderr}`).toMatchObject({ exit: 0 });
  return said.stdout;
};

beforeAll(async () => {
  write(join(folder, 'password'), 'correct horse battery staple\n', 0o600);
  for (const [name, bytes] of given) writeFileSync(join(folder, name), bytes);
  await ok('init v --vendor acme --password-file password');
  await ok(`publish ${[...given.keys()].join(' ')} --vault v --password-file password --allow-no-tools`);
  await ok('trust init v/public --root v/1.root.json --single-signer --alias demo');
  await ok('install acme/greeter acme/theme acme/tool --grant all');
}, 120_000);

test('search finds them by their own keywords; verify and info know them', { timeout: 60_000 }, async () => {
  expect(json(await ok('search two --json'))).toMatchObject({ hits: [{ plugin: 'tool' }] });
  expect(json(await ok('search hello --json'))).toMatchObject({ hits: [{ plugin: 'greeter' }] });
  expect(await ok('verify')).toContain('acme/theme@2.0.0 is as it was signed');
  expect(json(await ok('info acme/tool --json'))).toMatchObject({ versions: [{ version: '1.0.0' }] });
});

test('run: settings from a file, secrets from the environment', { timeout: 60_000 }, async () => {
  write(join(folder, 'settings.json'), '{ "folders": ["/a", "/b"] }');
  const said = await ragv('run --settings settings.json acme/greeter more', { env: { TOKEN: 'secret' } });
  // Its standard output is for messages of the protocol alone.
  expect(said).toMatchObject({ exit: 0, stdout: '' });
  expect(JSON.parse(said.stderr.split('\n').find((line) => line.startsWith('{')) ?? 'null')).toEqual({
    args: ['--root', '/a', '/b', `--home=${folder}`, 'more'],
    token: 'secret',
  });
  expect(await ragv('run acme/greeter')).toMatchObject({ exit: 5, stdout: '' });
  write(join(folder, 'settings.json'), '{ "folders": [{}] }');
  expect(await ragv('run --settings settings.json acme/greeter')).toMatchObject({ exit: 2 });
  expect(await ragv('run --settings nothing.json acme/greeter')).toMatchObject({ exit: 5 });
  expect((await ragv('run acme/theme')).stderr).toContain('an editor starts it');
});

test('artifact: the published file under its own name, never over another', { timeout: 60_000 }, async () => {
  await ok('artifact acme/theme --output out --dry-run');
  expect(existsSync(join(folder, 'out'))).toBe(false);
  await ok('artifact acme/theme --output out');
  expect(readFileSync(join(folder, 'out', 'theme.vsix'))).toEqual(given.get('theme.vsix'));
  expect(await ragv('artifact acme/theme --output out')).toMatchObject({
    exit: 9,
    stderr: containing('[DISK_EXISTS]'),
  });
});

test('pack: a manifest takes its place whole, and goes through no link', { timeout: 60_000 }, async () => {
  const line = `pack ${helloPlugin(join(folder, 'packed'), '1.0.0')} --vendor acme --output made`;
  const elsewhere = write(join(folder, 'elsewhere'), 'kept');
  mkdirSync(join(folder, 'made'));
  symlinkSync(elsewhere, join(folder, 'made', 'hello-1.0.0.manifest.json'));
  expect(await ragv(line)).toMatchObject({ stderr: containing('[DISK_LINK]') });
  expect(readFileSync(elsewhere, 'utf8')).toBe('kept');
});

/** Stands where Python is looked for: says what it was asked, and writes what pip would, or something else. */
function python(answer: string): string {
  const at = join(tempFolder(), 'python');
  const script = `#!${process.execPath}
const { mkdirSync, writeFileSync, readFileSync, appendFileSync } = require('node:fs');
const args = process.argv.slice(2);
appendFileSync(${JSON.stringify(join(folder, 'asked'))}, JSON.stringify({ args, config: process.env.PIP_CONFIG_FILE }) + '\\n');
if (args.includes('install')) {
  const target = args[args.indexOf('--target') + 1];
  readFileSync(args.at(-1));
  const files = ${JSON.stringify(answer)};
  for (const [path, text] of Object.entries(JSON.parse(files))) {
    mkdirSync(target + '/' + path.replace(/[^/]*$/, ''), { recursive: true });
    writeFileSync(target + '/' + path, text);
  }
}`;
  return write(at, script, 0o755);
}

describe('pip install', { timeout: 60_000 }, () => {
  const files = {
    ...wheelFiles,
    [`${info}/RECORD`]: 'written anew by pip',
    [`${info}/INSTALLER`]: 'pip',
  };
  test('hands over the verified file, and asks pip for nothing else', async () => {
    const program = python(JSON.stringify(files));
    await ok(`pip install acme/tool --python ${program} --target site`);
    const asked: unknown = JSON.parse(readFileSync(join(folder, 'asked'), 'utf8'));
    expect(asked).toMatchObject({ config: '/dev/null' });
    const text = JSON.stringify(asked);
    for (const flag of ['-I', '--isolated', '--no-deps', '--no-index', 'tool-1.0-py3-none-any.whl'])
      expect(text).toContain(flag);
  });
  test('what pip made of it is compared', async () => {
    for (const change of [{ 'tool/__init__.py': 'evil()\n' }, { 'tool/more.py': 'more' }]) {
      const program = python(JSON.stringify({ ...files, ...change }));
      expect(await ragv(`pip install acme/tool --python ${program} --target site`)).toMatchObject({
        exit: 3,
      });
    }
  });
  test('no Python, no wheel', async () => {
    mkdirSync(join(folder, 'empty'), { recursive: true });
    expect(await ragv('pip install acme/tool --python ./empty/python')).toMatchObject({ exit: 1 });
    expect(await ragv('pip install acme/theme')).toMatchObject({ exit: 2 });
  });
});

describe('the door', () => {
  const checked = async (name: string, lie: (manifest: PluginManifest) => PluginManifest) => {
    const options = { vendor: vendorName('acme'), output: tempFolder() };
    const packed = await pack(join(folder, name), options);
    const manifestBytes = serializeManifest(lie(packed.manifest));
    const { vendor, plugin, version, artifact } = packed.manifest;
    const sha256 = createHash('sha256').update(manifestBytes).digest('hex');
    const manifest = { name: `${plugin}-${version}.manifest.json`, length: manifestBytes.length, sha256 };
    const entry = { artifact, manifest, engines: new Map<string, string>(), yanked: null };
    return checkVersion({ vendor, plugin, version, entry }, async (file) =>
      file === manifest.name ? manifestBytes : readFileSync(packed.artifactFile),
    );
  };
  test.each([...given.keys()])('takes %s', async (name) => {
    const { manifest } = await checked(name, (same) => same);
    expect(manifest.artifact.originalName).toBe(basename(name));
  });
  test.each([...given.keys()])('refuses %s where its signed manifest says something else', async (name) => {
    const lie = (manifest: PluginManifest): PluginManifest => ({ ...manifest, target: 'linux-x64,any' });
    await expect(checked(name, lie)).rejects.toMatchObject({ code: 'DOOR_TARGETS' });
  });
});
