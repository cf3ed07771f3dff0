/** What becomes of a command whose streams do not last as long as it does. */
import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { World } from './world.ts';

test('nobody who reads what goes wrong: the rest of it goes on', { timeout: 60_000 }, async () => {
  const world = await World.create();
  const script = `#!/usr/bin/env node
process.stderr.write('x'.repeat(2_000_000), () => console.log('said all'));`;
  await world.publish('1.1.0', {
    files: { 'package.json': '{"name":"hello","version":"1.1.0"}', 'bin.js': script },
  });
  const host = await world.host();
  await host.install('acme/hello');
  const stderr = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
  const stdout = new PassThrough();
  const stdin = new PassThrough();
  const heard = once(stdout, 'data');
  const result = await host.run('acme/hello', [], { mode: 'process', stdio: { stdin, stdout, stderr } });
  expect(result.exitCode).toBe(0);
  expect(String((await heard)[0])).toBe('said all\n');
});
