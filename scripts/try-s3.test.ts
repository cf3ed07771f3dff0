/** The store to try things on is one that a repository can be put into. */
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { checkBucket, obstacles, prepareBucket } from '@ragnos/storage';
import { startScript } from '@ragnos/testkit/start-script';
import { expect, test } from 'vitest';

test('npm run try-s3 says how it is used, and is fit for a repository', { timeout: 60_000 }, async () => {
  const child = startScript(join(import.meta.dirname, 'try-s3.ts'));
  try {
    const env: Record<string, string> = {};
    for await (const line of createInterface({ input: child.stdout })) {
      const [, name = '', value = ''] = /^export (\w+)='(.*)'$/.exec(line) ?? [];
      if (name === '') break;
      env[name] = value;
    }
    const { STORE: store = '' } = env;
    expect(store).toMatch(/^s3:\/\/try/);
    expect(obstacles(await prepareBucket(store, { env }))).toEqual([]);
    expect(obstacles(await checkBucket(store, { env }))).toEqual([]);
  } finally {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }
});
