import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { changePassword, fixedPassword, generateKeyFile, openSigner } from '@ragnos/signing';
import { startScript } from '@ragnos/testkit/start-script';
import { cheap, tmp } from './tmp.ts';

test('kill -9 while the password is changed: the key opens with the old one or the new one', async () => {
  const path = join(tmp(), 'key.pem');
  const [one, two] = [fixedPassword('one'), fixedPassword('two')];
  const key = await generateKeyFile({ path, password: one, kdf: cheap });
  const script = new URL('child.ts', import.meta.url).pathname;
  for (let round = 0; round < 5; round++) {
    const child = startScript(script, path);
    await once(child.stdout, 'data');
    await sleep(round * 7);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const open = (password: typeof one) => openSigner(`file2:${path}`, { password });
    const signer = await open(one).catch(() => open(two));
    expect(signer.key).toEqual(key);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await changePassword({ path, old: two, new: one, kdf: cheap }).catch(() => null); // to where a child begins
  }
}, 60_000);
