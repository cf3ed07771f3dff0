/** Whatever is changed in an installed plugin's tree: it is refused or repaired, and never executed. */
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Mode } from '../../src/confine/grant.ts';
import { codeOf, tempFolder, treeOf, type World } from '../host/world.ts';
import { agreed, vaultOf, worldWith } from './plugins.ts';

/** Says so on the disk, if it is ever run. */
const evil = (mark: string): string =>
  `import { writeFileSync } from 'node:fs'; try { writeFileSync(${JSON.stringify(mark)}, 'x'); } catch {} process._rawDebug('PWNED'); export const greet = () => 'PWNED';`;

const files = {
  'lib/a.js': `import { b } from './deep/b.js'; export const a = () => 'a' + b();`,
  'lib/deep/b.js': `export const b = () => 'b';`,
  'lib/late.js': `export const late = () => 'late';`,
  'data.json': '{"n":1}',
  'legacy.cjs': `exports.old = () => 'old';`,
};
const code = `
import { a } from './lib/a.js';
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
export const greet = () => a() + require('./data.json').n + require('./legacy.cjs').old();
export const later = async () => (await import('./lib/late.js')).late();
export const load = async ({ path }) => Object.keys(await import(path));
export const required = async ({ path }) => Object.keys(require(path));
`;

async function installed(): Promise<{
  readonly world: World;
  readonly folder: string;
  readonly mark: string;
}> {
  const world = await worldWith(code, { files });
  const [one] = await (await world.host()).list();
  if (one === undefined) throw new Error('not installed');
  for (const place of ['.', 'lib', 'lib/deep']) chmodSync(join(one.folder, place), 0o755);
  return { world, folder: one.folder, mark: join(tempFolder(), 'mark') };
}

const marks: string[] = [];
afterEach(() => {
  const ran = marks.splice(0).filter((mark) => existsSync(mark));
  if (ran.length > 0) throw new Error('what was not signed was executed');
});

function overwrite(path: string, content: string): void {
  chmodSync(path, 0o644);
  writeFileSync(path, content);
}

type Change = (folder: string, evilCode: string) => void;

const names = ['package.json', 'index.js', ...Object.keys(files)];
const changes: Readonly<Record<string, Change>> = {
  ...Object.fromEntries(
    names.flatMap((name): readonly (readonly [string, Change])[] => [
      [`${name} changed`, (folder, text) => overwrite(join(folder, name), text)],
      [`${name} removed`, (folder) => rmSync(join(folder, name))],
      [
        `${name} a link to its own copy`,
        (folder) => {
          const copy = join(tempFolder(), 'copy');
          renameSync(join(folder, name), copy);
          symlinkSync(copy, join(folder, name));
        },
      ],
    ]),
  ),
  'a file added': (folder, text) => writeFileSync(join(folder, 'lib/new.js'), text),
  'a hidden file added': (folder, text) => writeFileSync(join(folder, '.hidden.js'), text),
  'an empty folder added': (folder) => mkdirSync(join(folder, 'lib/empty')),
  'a link added': (folder) => symlinkSync('/etc', join(folder, 'lib/etc')),
  'a folder a link to its own copy': (folder) => {
    const copy = join(tempFolder(), 'lib');
    renameSync(join(folder, 'lib'), copy);
    symlinkSync(copy, join(folder, 'lib'));
  },
  'the tree gone': (folder) => rmSync(folder, { recursive: true }),
  'one byte, same size and times': (folder) => {
    const path = join(folder, 'lib/late.js');
    const { atime, mtime } = lstatSync(path);
    overwrite(path, readFileSync(path, 'utf8').replace("'late'", "'lame'"));
    chmodSync(path, 0o444);
    utimesSync(path, atime, mtime);
  },
  'a mode': (folder) => chmodSync(join(folder, 'lib/a.js'), 0o666),
};

describe('before it is loaded', () => {
  test.each(Object.entries(changes))('%s', { timeout: 60_000 }, async (_name, change) => {
    const { world, folder, mark } = await installed();
    marks.push(mark);
    const whole = treeOf(folder);
    change(folder, evil(mark));
    const vault = await vaultOf(world, { mode: 'process' });
    expect(await codeOf(vault.load('acme/hello', { repair: false }))).toBe('TREE_CHANGED');
    const hello = await vault.load('acme/hello'); // repaired from the archive that is kept
    expect(await hello.call('greet')).toBe('ab1old');
    expect(treeOf(folder)).toEqual(whole);
    expect(world.events.map(({ code }) => code)).toContain('REPAIRED');
  });

  test('the tree a link to its own copy: nothing is written through it', async () => {
    const { world, folder } = await installed();
    const copy = join(tempFolder(), 'tree');
    renameSync(folder, copy);
    symlinkSync(copy, folder);
    const before = treeOf(copy);
    const vault = await vaultOf(world, { mode: 'process' });
    expect(await codeOf(vault.load('acme/hello', { repair: false }))).toBe('TREE_CHANGED');
    expect(await codeOf(vault.load('acme/hello'))).toBe('PATH_OBSTRUCTED');
    expect(treeOf(copy)).toEqual(before);
  });

  test('what cannot be repaired is refused', async () => {
    const { world, folder } = await installed();
    rmSync(join(folder, 'lib/a.js'));
    rmSync(join(world.folder, 'content'), { recursive: true });
    const vault = await vaultOf(world, { mode: 'process' });
    expect(await codeOf(vault.load('acme/hello'))).toBe('TREE_CHANGED');
  });

  const evidence = ['manifest.json', 'timestamp.json', 'snapshot.json'];
  test.each(evidence)('the chain: %s', async (name) => {
    const { world, folder } = await installed();
    const kept = join(folder, '..', '..', 'evidence', folder.slice(folder.lastIndexOf('/') + 1));
    const path = existsSync(join(kept, name)) ? join(kept, name) : join(kept, `1.${name}`);
    const found = existsSync(path) ? path : join(kept, 'manifest.json');
    const text = readFileSync(found, 'utf8');
    overwrite(found, text.replace(/[0-9a-f]{16}/, '0123456789abcdef'));
    const vault = await vaultOf(world, { mode: 'process' });
    expect(await codeOf(vault.load('acme/hello'))).toMatch(/^(?:EVIDENCE_INVALID|HOST_STATE)$/);
  });
});

describe.each<Mode>(['process', 'sandbox'])('between verification and use, in mode %s', (mode) => {
  const later: Readonly<Record<string, (folder: string, text: string) => void>> = {
    'the module changed': (folder, text) => overwrite(join(folder, 'lib/late.js'), text),
    'the module a link': (folder, text) => {
      const other = join(tempFolder(), 'other.js');
      writeFileSync(other, text);
      rmSync(join(folder, 'lib/late.js'));
      symlinkSync(other, join(folder, 'lib/late.js'));
    },
    'its folder a link to another': (folder, text) => {
      const other = join(tempFolder(), 'lib');
      cpSync(join(folder, 'lib'), other, { recursive: true });
      overwrite(join(other, 'late.js'), text);
      rmSync(join(folder, 'lib'), { recursive: true });
      symlinkSync(other, join(folder, 'lib'));
    },
    'the tree another': (folder, text) => {
      const other = join(tempFolder(), 'tree');
      cpSync(folder, other, { recursive: true });
      overwrite(join(other, 'lib/late.js'), text);
      renameSync(folder, `${folder}.old`);
      symlinkSync(other, folder);
    },
  };
  test.each(Object.entries(later))('%s: what runs goes on, what is new is not run', async (_name, change) => {
    const { world, folder, mark } = await installed();
    marks.push(mark);
    const vault = await vaultOf(world, { mode });
    const hello = await vault.load('acme/hello');
    const told: string[] = [];
    hello.on('log', ({ line }) => told.push(line));
    change(folder, evil(mark));
    const said = await hello.call('later').catch((error: unknown) => String(error));
    expect(
      said === 'late' ||
        String(said).includes('PLUGIN_THREW') ||
        /not what was signed|denied|not granted|Cannot find/i.test(String(said)),
    ).toBe(true);
    expect(await hello.call('greet')).toBe('ab1old');
    expect(told.join()).not.toContain('PWNED');
  });

  const damages: Readonly<Record<string, (folder: string, text: string) => void>> = {
    'a file that it has read changed': (folder, text) => overwrite(join(folder, 'package.json'), text),
    'what it will load changed': (folder, text) => overwrite(join(folder, 'lib/late.js'), text),
    'a folder gone, and another file added': (folder, text) => {
      rmSync(join(folder, 'lib'), { recursive: true });
      writeFileSync(join(folder, 'new.js'), text);
    },
    'a file in the place of a folder': (folder, text) => {
      rmSync(join(folder, 'lib'), { recursive: true });
      writeFileSync(join(folder, 'lib'), text);
    },
    'a folder in the place of a file': (folder) => {
      rmSync(join(folder, 'lib/late.js'));
      mkdirSync(join(folder, 'lib/late.js/deep'), { recursive: true });
    },
  };
  for (const [way, repair] of Object.entries({
    verify: async (world: World) => (await world.host()).verify('acme/hello', { repair: true }),
    install: async (world: World) => (await world.host()).install('acme/hello', agreed),
  }))
    test.each(Object.entries(damages))(
      `repaired by ${way} while it runs, %s: it goes on`,
      async (_, damage) => {
        const { world, folder, mark } = await installed();
        marks.push(mark);
        const vault = await vaultOf(world, { mode });
        const hello = await vault.load('acme/hello');
        const whole = treeOf(folder);
        damage(folder, evil(mark));
        await repair(world);
        expect(treeOf(folder)).toEqual(whole);
        expect(await hello.call('later')).toBe('late');
        expect(await vault.recheck({ refresh: false })).toEqual([]);
      },
    );

  test('a file added, or lying elsewhere, is not loaded by any way', async () => {
    const { world, folder, mark } = await installed();
    marks.push(mark);
    const vault = await vaultOf(world, { mode });
    const hello = await vault.load('acme/hello');
    writeFileSync(join(folder, 'lib/new.mjs'), evil(mark));
    writeFileSync(
      join(folder, 'lib/new.cjs'),
      evil(mark).replace(/^.*?;/, 'const { writeFileSync } = require("fs");'),
    );
    const other = join(tempFolder(), 'other.mjs');
    writeFileSync(other, evil(mark));
    const inside = mode === 'sandbox' ? '/plugin' : folder;
    for (const path of [
      `${inside}/lib/new.mjs`,
      `${inside}/lib/new.cjs`,
      other,
      `file://${other}`,
      'data:text/javascript,export const x = 1',
    ])
      expect(await codeOf(hello.call('load', { path }))).toBe('PLUGIN_THREW');
    expect(await codeOf(hello.call('required', { path: `${inside}/lib/new.cjs` }))).toBe('PLUGIN_THREW');
    expect(hello.metrics().deniedAccesses).toBeGreaterThan(0);
  });
});
