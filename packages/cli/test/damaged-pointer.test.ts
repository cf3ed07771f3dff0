/** One plugin's pointer is damaged: every command says so of it, goes on with the others, and fails. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { containing, helloPlugin, world, write } from './ragv.ts';

const { folder, ragv } = world({ RAGV_KEY_PASSWORD: 'correct horse' });

function plugin(name: string, version: string): string {
  const path = helloPlugin(join(folder, `${name}-${version}`), version);
  const described = { name, version, description: 'greets', type: 'module', bin: 'bin.js' };
  write(join(path, 'package.json'), JSON.stringify(described));
  return path;
}

async function ok(line: string): Promise<string> {
  const said = await ragv(line);
  expect([line, said.stderr, said.exit]).toEqual([line, said.stderr, 0]);
  return said.stdout;
}

test('list, status, verify and update', { timeout: 240_000 }, async () => {
  await ok('init v --vendor acme');
  for (const name of ['hello', 'other']) await ok(`publish ${plugin(name, '1.0.0')} --vault v`);
  await ok('trust init v/public --root v/1.root.json --single-signer --alias demo');
  await ok('install acme/hello acme/other --grant all');
  const tree = /(\S+hello\/versions)\S*$/m.exec(await ok('list'))?.[1] ?? '';
  const current = join(tree, '..', 'current');
  writeFileSync(current, '{}');
  const hint = `hint: remove ${current}, and install the plugin again`;

  expect(await ragv('list')).toMatchObject({ exit: 1, stdout: containing('acme/other  1.0.0') });
  expect((await ragv('list')).stderr).toContain(hint);
  expect(await ragv('status --host')).toMatchObject({
    exit: 1,
    stdout: containing('acme/hello  DAMAGED: '),
    stderr: containing(hint),
  });
  expect((await ragv('status --host')).stdout).toContain('acme/other  1.0.0  up to date');
  const verified = await ragv('verify');
  expect(verified).toMatchObject({ exit: 3, stdout: containing('acme/hello cannot be read') });
  expect(verified.stdout).toContain('acme/other@1.0.0 is as it was signed');
  expect(verified.stderr).toContain(hint);
  expect(verified.stderr).not.toContain('--repair');
  await ok(`publish ${plugin('other', '1.1.0')} --vault v`);
  expect(await ragv('update')).toMatchObject({ exit: 1, stderr: containing('[HOST_STATE]') });
  expect((await ragv('list')).stdout).toContain('acme/other  1.1.0');

  rmSync(current);
  await ok('install acme/hello --grant all');
  await ok('list');
  await ok('verify');
});
