import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCapabilities } from '@ragnos/plugin';
import { expect, test } from 'vitest';
import { resolveGrant, type Places } from '../../src/load/resolve-grant.ts';
import { codeOf, tempFolder } from '../host/world.ts';
import { vaultOf, worldWith } from './plugins.ts';

function setup() {
  const base = realpathSync(tempFolder());
  const made = (name: string): string => {
    mkdirSync(join(base, name), { recursive: true });
    return join(base, name);
  };
  const [data, temp, project, home, vault] = ['data', 'temp', 'project', 'home', 'home/.vault'].map(made);
  const places: Places = {
    data: () => data ?? '',
    temp: temp ?? '',
    project: project ?? null,
    chosen: [made('one'), made('two')],
    home: home ?? '',
  };
  const resolve = (json: Parameters<typeof parseCapabilities>[0], environment = {}) =>
    resolveGrant({
      capabilities: parseCapabilities(json),
      places,
      deny: [vault ?? ''],
      environments: [new Map([['A', 'first']]), environment],
    });
  return { base, resolve };
}

test('roots become real paths; what a plugin names below its own folders is made', () => {
  const { base, resolve } = setup();
  writeFileSync(join(base, 'home/.gitconfig'), '');
  const { grant, missing } = resolve(
    {
      'fs.read': ['$project', '$home/.gitconfig', '$chosen', '/etc/hosts', '$home/none'],
      'fs.write': ['$data/cache/deep', '$temp'],
      exec: ['sh', 'no-such-program', '*'],
      env: ['A', 'B', 'C'],
      limits: { memoryMb: 64 },
    },
    { A: 'second', B: 'b' },
  );
  expect(grant.read).toEqual([
    join(base, 'project'),
    join(base, 'home/.gitconfig'),
    join(base, 'one'),
    join(base, 'two'),
    '/etc/hosts',
  ]);
  expect(grant.write).toEqual([join(base, 'data/cache/deep'), join(base, 'temp')]);
  expect(grant.exec).toEqual([realpathSync('/bin/sh')]);
  expect([...grant.env]).toEqual([
    ['A', 'first'],
    ['B', 'b'],
  ]);
  expect(grant.limits.memoryBytes).toBe(64 * 1024 * 1024);
  expect(missing).toHaveLength(3);
});

test('nothing that is, holds or lies in the vault is given, by whatever name', () => {
  const { base, resolve } = setup();
  mkdirSync(join(base, 'home/.vault/keys'));
  symlinkSync(join(base, 'home/.vault'), join(base, 'one/link'));
  const asked = ['$home', '$home/.vault', '$home/.vault/keys', base, '/', join(base, 'one/link')];
  const { grant, missing } = resolve({ 'fs.read': asked });
  expect(grant.read).toEqual([]);
  expect(missing).toHaveLength(asked.length);
  expect(missing.every(({ by, why }) => by === 'host' && why?.includes('belongs to the vault'))).toBe(true);
});

test('a link that was laid in a folder leads nowhere', () => {
  const { base, resolve } = setup();
  mkdirSync(join(base, 'secrets'));
  symlinkSync(join(base, 'secrets'), join(base, 'project/sub'));
  symlinkSync(join(base, 'secrets'), join(base, 'data/cache'));
  const { grant, missing } = resolve({ 'fs.read': ['$project/sub'] });
  expect([grant.read, missing[0]?.why]).toEqual([[], expect.stringContaining('leads out of')]);
  expect(() => resolve({ 'fs.write': ['$data/cache'] })).toThrow(
    expect.objectContaining({ code: 'PATH_OBSTRUCTED' }),
  );
});

const code = `
import fs from 'node:fs';
export const keep = ({ text }) => fs.writeFileSync(process.env.RAGV_DATA + '/kept', text);
export const kept = () => fs.readFileSync(process.env.RAGV_DATA + '/kept', 'utf8');
export const read = ({ path }) => fs.readFileSync(path, 'utf8');
export const own = () => fs.readFileSync(new URL('./index.js', import.meta.url), 'utf8').length;
export const change = () => fs.writeFileSync(new URL('./index.js', import.meta.url), '');
export const env = () => Object.keys(process.env).toSorted();
`;

test.each(['process', 'sandbox'] as const)(
  'what is granted holds, and nothing else does, in mode %s',
  async (mode) => {
    const world = await worldWith(code, {
      capabilities: { 'fs.write': ['$data'], 'fs.read': ['$project', '$home'] },
    });
    writeFileSync(join(world.project, 'note.txt'), 'from the project');
    const vault = await vaultOf(world, { mode });
    const hello = await vault.load('acme/hello');
    await hello.call('keep', { text: 'x' });
    expect(await hello.call('read', { path: join(world.project, 'note.txt') })).toBe('from the project');
    expect(await hello.call('own')).toBeGreaterThan(100);
    expect(await codeOf(hello.call('change'))).toBe('PLUGIN_THREW');
    for (const path of [join(world.folder, 'repository.json'), '/etc/passwd', join(world.home, 'home-v1')])
      expect(await codeOf(hello.call('read', { path }))).toBe('PLUGIN_THREW');
    expect(await hello.call('env')).not.toContain('HOME');
    await hello.close();
    const again = await vault.load('acme/hello');
    expect(await again.call('kept')).toBe('x');
    const less = await vault.load('acme/hello', { grant: { capabilities: { 'fs.read': [] } } });
    expect(await codeOf(less.call('read', { path: join(world.project, 'note.txt') }))).toBe('PLUGIN_THREW');
  },
);
