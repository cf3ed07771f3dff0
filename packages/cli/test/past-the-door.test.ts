/** Somebody with a vendor's key, and with all that it takes to commit, publishes past the door: hosts take none of it. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pack, vendorName } from '@ragnos/plugin';
import { Repository } from '@ragnos/repository';
import { openSigner, passwordSource, type Signer } from '@ragnos/signing';
import { fsStorage } from '@ragnos/storage';
import { beforeAll, expect, test } from 'vitest';
import { readConfig } from '../src/vault/config.ts';
import { addVersions } from '../src/vault/publish-plugins.ts';
import { isMutable } from '../src/vault/vault.ts';
import { containing, helloPlugin, world } from './ragv.ts';

const env = { RAGV_KEY_PASSWORD: 'a password of the test' };
const { ragv, folder } = world(env);
const vault = join(folder, 'vault');
const acme = vendorName('acme');

async function good(line: string): Promise<string> {
  const said = await ragv(line);
  expect({ line, ...said }).toMatchObject({ exit: 0 });
  return said.stdout;
}

/** Every key but those of the catalog and of policy, in other hands, with a program that knows no door. */
async function thief(): Promise<Repository> {
  const { keys } = await readConfig(vault);
  const signers = async (role: string, keyIds: readonly string[]): Promise<readonly Signer[]> => {
    if (role === 'catalog' || role === 'policy') return [];
    const found: Signer[] = [];
    for (const id of keyIds) {
      const path = join(vault, keys[id]?.uri.slice('file2:'.length) ?? '');
      found.push(await openSigner(`file2:${path}`, { password: passwordSource({ role, env }) }));
    }
    return found;
  };
  return Repository.open({
    storage: fsStorage({ root: join(vault, 'public') }),
    signers,
    mutable: isMutable,
  });
}

beforeAll(async () => {
  await good(`init ${vault} --vendor acme --key-type ed25519`);
  await good(`publish ${helloPlugin(join(folder, 'one'), '1.0.0')} --vault ${vault}`);
  const url = pathToFileURL(join(vault, 'public')).href;
  await good(`trust init ${url} --root ${join(vault, '1.root.json')} --alias shop --single-signer`);
  await good('install acme/hello');
}, 120_000);

test('a version that the door never saw is refused, and shown', { timeout: 120_000 }, async () => {
  const packed = await pack(helloPlugin(join(folder, 'evil'), '1.1.0'), { vendor: acme, output: folder });
  const repository = await thief();
  await repository.publish(async (draft) => addVersions(acme, [packed])(draft, draft.now));
  for (const line of ['install acme/hello', 'install acme/hello@1.1.0', 'update acme/hello'])
    expect(await ragv(line)).toMatchObject({ exit: 3, stderr: containing('[NEVER_SEEN]') });
  expect(await ragv('install acme/hello')).toMatchObject({ stderr: containing('tell the operator') });
  const info = await good('info acme/hello');
  expect(info).toMatch(/1\.1\.0 .*refused: .*the door never saw its manifest/);
  expect(info).toMatch(/1\.0\.0 .*first seen by the door .* ago/);
  expect(await ragv('explain acme/hello@1.1.0')).toMatchObject({
    exit: 3,
    stdout: containing('[NEVER_SEEN]'),
  });
  expect(await good('explain acme/hello@1.0.0')).toMatch(/was first seen by the door .* ago \(20\d\d-/);
  expect(await good('run acme/hello')).toBe('hello 1.0.0\n');
  await repository.close();
});

test('what the door publishes after it is taken as ever', { timeout: 120_000 }, async () => {
  await good(`publish ${helloPlugin(join(folder, 'next'), '1.2.0')} --vault ${vault}`);
  expect(await good('update acme/hello')).toMatch('1.2.0');
  expect(await ragv('install acme/hello@1.1.0')).toMatchObject({ exit: 3 });
});
