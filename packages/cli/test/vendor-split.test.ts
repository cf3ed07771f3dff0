/** A vendor whose keys are with the operator, its files under the keys of snapshot: INTEROP.md, "snapshot entries". */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { containing, helloPlugin, world, type World } from './ragv.ts';

const env = { RAGV_KEY_PASSWORD: 'a password of the test' };
const operator = world(env);
const host = world(env);
const vendor = world(env);
const vault = join(operator.folder, 'vault');
const at = `--vault ${vault}`;
const plugin = join(operator.folder, 'hello');

async function good(who: World, line: string): Promise<string> {
  const said = await who.ragv(line);
  expect({ line, ...said }).toMatchObject({ exit: 0 });
  return said.stdout;
}

async function publish(version: string): Promise<void> {
  helloPlugin(plugin, version);
  await good(operator, `publish ./hello ${at}`);
  expect(await good(host, 'update first/hello')).toMatch(version);
}

beforeAll(async () => {
  await good(operator, `init ${vault} --vendor first --key-type ed25519`);
  const url = pathToFileURL(join(vault, 'public')).href;
  await good(host, `trust init ${url} --root ${join(vault, '1.root.json')} --alias shop --single-signer`);
  helloPlugin(plugin, '1.0.0');
  await good(operator, `publish ./hello ${at}`);
  await good(host, 'install first/hello');
}, 120_000);

test('it is asked for twice, and said what it means', { timeout: 120_000 }, async () => {
  const split = `vendor split first --bits 2 ${at}`;
  expect(await operator.ragv(`${split} --signed-by root`)).toMatchObject({ exit: 2 });
  expect(await good(operator, `${split} --signed-by snapshot --dry-run`)).toMatch('would split');
  expect(await operator.ragv(`${split} --signed-by snapshot`)).toMatchObject({
    exit: 7,
    stderr: containing('Whoever holds the keys of snapshot can then publish in the name of first'),
  });
  expect(await good(operator, `${split} --signed-by snapshot --yes`)).toMatch(
    'in 4 files, signed by the keys of snapshot',
  );
  expect(await good(operator, `log show ${at}`)).toMatch('signed by the keys of snapshot');
  await publish('1.1.0');
});

test('those keys stay until it is split back', { timeout: 120_000 }, async () => {
  expect(await operator.ragv(`key rotate snapshot --key-type ed25519 ${at}`)).toMatchObject({
    exit: 2,
    stderr: containing('ragv vendor split first --signed-by vendor'),
  });
  await publish('1.2.0');
  expect(await good(operator, `vendor split first --bits 2 ${at}`)).toMatch(/in 4 files\n/);
  await good(operator, `key rotate snapshot --key-type ed25519 ${at}`);
  await publish('1.3.0');
});

test('a vendor that keeps its own keys is not put there', { timeout: 120_000 }, async () => {
  const root = join(vault, '1.root.json');
  const url = pathToFileURL(join(vault, 'public')).href;
  await good(vendor, `trust init ${url} --root ${root} --alias shop --single-signer`);
  await good(vendor, 'key generate acme.p8 --key-type ed25519');
  const folder = join(operator.folder, 'acme-join');
  await good(vendor, `vendor join acme --key acme.p8 --output ${folder}`);
  await good(operator, `vendor add acme --join ${folder} ${at}`);
  expect(await operator.ragv(`vendor split acme --signed-by snapshot --yes ${at}`)).toMatchObject({
    exit: 2,
    stderr: containing('acme keeps its own keys'),
  });
});

test(
  'a vendor splits as the operator’s clients read it, and stays with that',
  { timeout: 120_000 },
  async () => {
    const sign = (bits: number, more = ''): Promise<unknown> =>
      good(vendor, `vendor sign --vendor acme --key acme.p8 --split ${bits} --output split-${bits} ${more}`);
    const role = (bits: number): string =>
      readFileSync(join(vendor.folder, `split-${bits}`, 'roles', 'vendor.acme.json'), 'utf8');
    const refused = 'vendor sign --vendor acme --key acme.p8 --split 1 --output none --compat';
    expect(await vendor.ragv(`${refused} tough go-tuf`)).toMatchObject({
      exit: 2,
      stderr: containing('no style of bins serves tough, go-tuf at once'),
    });
    await sign(1, '--compat tough');
    expect(role(1)).toContain('"path_hash_prefixes"');
    await good(operator, `vendor submit ${join(vendor.folder, 'split-1')} ${at}`);
    await sign(2);
    expect(role(2)).toContain('"path_hash_prefixes"');
    await sign(3, '--compat go-tuf');
    expect(role(3)).toContain('"succinct_roles"');
  },
);
