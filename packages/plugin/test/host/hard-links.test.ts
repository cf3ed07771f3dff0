/**
 * A copy of a home that was made with hard links (`cp -al`, some backups) shares its files with the home: what is done to the
 * copy is done to what is installed.
 */
import {
  appendFileSync,
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defaultHostLimits } from '../../src/host/limits.ts';
import { codeOf, tempFolder, World } from './world.ts';

/** What `cp -al` makes. */
function linked(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [there, here] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linked(there, here);
    else linkSync(there, here);
  }
}

async function cloned() {
  const world = await World.create();
  const host = await world.host();
  await host.install('acme/hello');
  const [installed] = await host.list();
  if (installed === undefined) throw new Error('nothing installed');
  const clone = join(tempFolder(), 'clone');
  linked(world.folder, clone);
  const { folder } = installed;
  return { world, host, folder, copy: join(clone, folder.slice(world.folder.length)), clone };
}

const archiveOf = (folder: string): string => {
  const [name = ''] = readdirSync(join(folder, 'content'));
  return join(folder, 'content', name);
};

describe('what is done to a file of the tree', () => {
  const modes = {
    'writable for all': 0o666,
    'a program now': 0o555,
    'set-user-ID': 0o4444,
    'nobody reads it': 0o000,
  };
  test.each(Object.entries(modes))(
    'its mode, %s: found, repaired, and out of reach then',
    async (_, mode) => {
      const { host, folder, copy } = await cloned();
      const file = join('lib', 'index.js');
      chmodSync(join(copy, file), mode);
      expect(statSync(join(folder, file)).mode & 0o7777).toBe(mode);
      const [found] = await host.verify('acme/hello');
      expect(found?.ok).toBe(false);
      // Whom no mode stops from reading sees that it is another; others that they cannot.
      expect(found?.findings).toEqual([
        { kind: expect.stringMatching(/^(?:mode|unreadable)$/) as unknown, path: 'lib/index.js' },
      ]);
      expect(await host.verify('acme/hello', { repair: true })).toMatchObject([{ ok: true, repaired: true }]);
      expect(statSync(join(folder, file)).mode & 0o7777).toBe(0o444);
      expect(lstatSync(join(folder, file)).nlink).toBe(1);
      chmodSync(join(copy, file), 0o777);
      writeFileSync(join(copy, file), 'evil');
      expect(await host.verify('acme/hello')).toMatchObject([{ ok: true, repaired: false }]);
    },
  );

  test('a program that is none any more, and its bytes', async () => {
    const { host, folder, copy } = await cloned();
    chmodSync(join(copy, 'bin.js'), 0o444);
    chmodSync(join(copy, 'empty.txt'), 0o644);
    writeFileSync(join(copy, 'empty.txt'), 'evil');
    const [found] = await host.verify('acme/hello');
    expect(found?.findings).toEqual(
      expect.arrayContaining([
        { kind: 'mode', path: 'bin.js' },
        { kind: 'changed', path: 'empty.txt' },
      ]),
    );
    expect(await codeOf(host.run('acme/hello', []))).toBe('TREE_CHANGED');
    expect(await host.verify('acme/hello', { repair: true })).toMatchObject([{ ok: true, repaired: true }]);
    expect(readFileSync(join(folder, 'empty.txt'), 'utf8')).toBe('');
    expect(statSync(join(folder, 'bin.js')).mode & 0o777).toBe(0o555);
  });
});

describe('what is done to the kept archive', () => {
  test('another mode changes nothing: its bytes are hashed whenever they are used', async () => {
    const { host, folder, copy, clone } = await cloned();
    chmodSync(archiveOf(clone), 0o666);
    chmodSync(join(copy, 'bin.js'), 0o777);
    expect(await host.verify('acme/hello', { repair: true })).toMatchObject([{ ok: true, repaired: true }]);
    expect(statSync(join(folder, 'bin.js')).mode & 0o777).toBe(0o555);
  });

  test.each([
    ['other bytes', (file: string) => writeFileSync(file, 'evil')],
    ['more than is ever installed', (file: string) => appendFileSync(file, Buffer.alloc(100_000))],
  ])(
    '%s: nothing is repaired from it, and installing again fetches it anew, out of reach then',
    async (_, change) => {
      const { world, copy, clone } = await cloned();
      const host = await world.host({ limits: { ...defaultHostLimits, artifactMaxLength: 50_000 } });
      change(archiveOf(clone));
      chmodSync(join(copy, 'bin.js'), 0o777);
      expect(await codeOf(host.verify('acme/hello', { repair: true }))).toBe('TREE_CHANGED');
      await host.install('acme/hello');
      expect(await host.verify('acme/hello')).toMatchObject([{ ok: true }]);
      expect(lstatSync(archiveOf(world.folder)).nlink).toBe(1);
    },
  );
});
