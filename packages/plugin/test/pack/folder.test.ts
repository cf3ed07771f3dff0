import { chmod, readFile, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultArchiveLimits } from '@ragnos/plugin';
import { expect, test } from 'vitest';
import { contents, world } from './world.ts';

const { pack, folder, path, fakeNpm } = world();
const json = { name: 'hello', version: '1.0.0', bin: { hello: './bin' }, files: ['lib', 'bin'] };
const files = {
  'package.json': json,
  bin: "'no first line'",
  'lib/run.sh': '#!/bin/sh\n',
  'lib/index.js': 'x',
  'lib/.npmignore': 'left-out.js',
  'lib/left-out.js': 'x',
  'not-listed.js': 'x',
  'node_modules/evil/index.js': 'x',
};

test('files are those that npm would publish; who may execute is told from the content', async () => {
  const packed = await pack(await folder(files));
  expect(Object.fromEntries(await contents(packed))).toEqual({
    'package.json': `644 ${JSON.stringify(json)}`,
    bin: "755 'no first line'",
    'lib/run.sh': '755 #!/bin/sh\n',
    'lib/index.js': '644 x',
  });
  expect(packed.manifest).toMatchObject({
    source: { type: 'folder', name: 'hello' },
    stripPrefix: 'package/',
    bundled: [],
  });
});

test('the same bytes and manifest whatever the umask, time zone, modes, times and the name of the folder', async () => {
  const first = await pack(await folder(files));
  const umask = process.umask(0o077);
  try {
    const other = await folder(Object.fromEntries(Object.entries(files).toReversed()));
    await chmod(join(other, 'lib/index.js'), 0o777);
    await utimes(join(other, 'lib/index.js'), 1, 1);
    process.env['TZ'] = 'Asia/Tokyo';
    const second = await pack(other);
    expect(await readFile(second.artifactFile)).toEqual(await readFile(first.artifactFile));
    expect(second.manifestBytes).toEqual(first.manifestBytes);
  } finally {
    process.umask(umask);
  }
});

test('nothing of the project is executed or believed: its scripts, its .npmrc', async () => {
  const ran = path('ran');
  const script = `node -e "require('fs').writeFileSync('${ran}', '')"`;
  const scripts = { prepare: script, prepack: script, postpack: script, preinstall: script };
  const source = await folder({
    ...files,
    'package.json': { ...json, scripts },
    '.npmrc': `ignore-scripts=false\nregistry=http://127.0.0.1:9/\nnode-options=--require=${ran}\nscript-shell=${ran}\n`,
  });
  const packed = await pack(source);
  await expect(readFile(ran)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(packed.manifest.lifecycleScripts).toEqual(['preinstall', 'prepare']);
  expect(packed.notes).toEqual(['its scripts preinstall, prepare are never run']);
});

test('a link anywhere is refused before npm leaves it out in silence', async () => {
  const source = await folder(files);
  await symlink('index.js', join(source, 'lib/link.js'));
  await expect(pack(source)).rejects.toMatchObject({ code: 'SOURCE_LINK' });
});

test('dependencies that are not of the registry are refused before npm could fetch them', async () => {
  await fakeNpm(
    `case "$*" in *config*) echo '{}';; *pack*) exec ${JSON.stringify(await realNpm())} "$@";; *) exit 9;; esac`,
  );
  for (const spec of [
    'github:a/b',
    'a/b',
    'git+ssh://x/y.git',
    'https://x/y.tgz',
    'file:../x',
    '../x',
    './x.tgz',
    'x.tgz',
    'link:x',
    'workspace:*',
    'npm:../x',
  ])
    await expect(
      pack(await folder({ 'package.json': { ...json, dependencies: { dep: spec } } })),
    ).rejects.toMatchObject({
      code: 'DEPENDENCY_SOURCE',
    });
  const overrides = { a: { b: 'github:a/b' } };
  await expect(
    pack(await folder({ 'package.json': { ...json, dependencies: { dep: '1' }, overrides } })),
  ).rejects.toMatchObject({ code: 'DEPENDENCY_SOURCE' });
}, 60_000);

async function realNpm(): Promise<string> {
  for (const at of (process.env['PATH'] ?? '').split(':'))
    if (await readFile(join(at, 'npm')).catch(() => null)) return join(at, 'npm');
  return 'npm';
}

test('limits hold for what is packed', async () => {
  const source = await folder({
    'package.json': { name: 'big', version: '1.0.0' },
    'index.js': 'x'.repeat(5000),
  });
  await expect(
    pack(source, { limits: { ...defaultArchiveLimits, fileMaxLength: 4000 } }),
  ).rejects.toMatchObject({
    code: 'ARCHIVE_FILE_TOO_LARGE',
  });
  await expect(
    pack(source, { limits: { ...defaultArchiveLimits, unpackedMaxLength: 4000 } }),
  ).rejects.toMatchObject({
    code: 'ARCHIVE_TOO_LARGE',
  });
});

test('npm sees a named few of the environment, and none of its secrets', async () => {
  const seen = path('seen');
  process.env['NPM_TOKEN'] = 'secret';
  process.env['npm_config_ignore_scripts'] = 'false';
  process.env['NODE_OPTIONS'] = '';
  await fakeNpm(
    `case "$*" in *config*) echo '{"registry":"http://127.0.0.1:9/"}';; *) env > '${seen}'; exit 1;; esac`,
  );
  await expect(pack(await folder(files))).rejects.toMatchObject({ code: 'NPM_FAILED' });
  const names = (await readFile(seen, 'utf8')).split('\n').map((line) => line.split('=')[0]);
  expect(names).toContain('npm_config_userconfig');
  for (const name of ['NPM_TOKEN', 'npm_config_ignore_scripts', 'NODE_OPTIONS'])
    expect(names).not.toContain(name);
});

test('no npm, and an npm that says nothing sensible', async () => {
  const source = await folder(files);
  await fakeNpm('echo nonsense');
  await expect(pack(source)).rejects.toMatchObject({ code: 'NPM_FAILED' });
  process.env['PATH'] = path('nowhere');
  await expect(pack(source)).rejects.toMatchObject({ code: 'NPM_MISSING' });
});

test('an abort ends npm at once', async () => {
  await fakeNpm(`case "$*" in *config*) echo '{}';; *) exec sleep 30;; esac`);
  const started = Date.now();
  await expect(pack(await folder(files), { signal: AbortSignal.timeout(300) })).rejects.toMatchObject({
    name: 'AbortError',
  });
  expect(Date.now() - started).toBeLessThan(10_000);
});
