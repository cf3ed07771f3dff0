// `ragv init --check` looks at a store before anything is put there, and changes nothing.
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startScript } from '@ragnos/testkit/start-script';
import { expect, test } from 'vitest';
import { containing, json, world } from './ragv.ts';

const long = { timeout: 180_000 };
const program = join(import.meta.dirname, '..', '..', '..', 'scripts', 'try-s3.ts');

test('a bucket is looked at before it is made, and after', long, async () => {
  const store = startScript(program);
  try {
    const env: Record<string, string> = {};
    for await (const line of createInterface({ input: store.stdout })) {
      const [, name = '', value = ''] = /^export (\w+)='(.*)'$/.exec(line) ?? [];
      if (name === '') break;
      env[name] = value;
    }
    const { ragv } = world(env);
    const check = `init --check --store ${env['STORE'] ?? ''}`;
    for (let look = 0; look < 2; look++)
      // the second would find what the first had made
      expect(await ragv(check)).toMatchObject({ exit: 10, stdout: containing('exists: missing') });
    const made = await ragv(`init v --vendor acme --store ${env['STORE'] ?? ''}`); // makes the bucket, then asks for a password
    expect(made).toMatchObject({ exit: 7, stderr: containing('exists: mended') });
    const said = await ragv(`${check} --json`);
    expect(said.exit).toBe(0);
    expect(json(said.stdout)).toMatchObject({
      fit: true,
      findings: [
        { check: 'exists', state: 'ok' },
        { check: 'conditional-writes', state: 'ok' },
        {},
        {},
        {},
        {},
      ],
    });
  } finally {
    const ended = once(store, 'exit');
    store.kill('SIGTERM');
    await ended;
  }
});

test('a folder is there and may be written to, or it is not', long, async () => {
  const { ragv, folder } = world();
  expect(await ragv('init --check --store none')).toMatchObject({ exit: 10, stdout: containing('ENOENT') });
  mkdirSync(join(folder, 'public'));
  expect(await ragv('init --check --store public')).toMatchObject({ exit: 0, stdout: containing('is fit') });
  expect(readdirSync(join(folder, 'public'))).toEqual([]);
  writeFileSync(join(folder, 'file'), '');
  expect(await ragv('init --check --store file')).toMatchObject({
    exit: 10,
    stdout: containing('it is no folder'),
  });
  expect(await ragv('init --check')).toMatchObject({ exit: 2, stderr: containing('--store') });
});
