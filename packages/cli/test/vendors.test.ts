/** A vendor on one machine, the operator on another, a host on a third: they share nothing but the served folder. */
import { appendFileSync, cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseMetadata } from '@ragnos/tuf';
import { beforeAll, expect, test } from 'vitest';
import { containing, helloPlugin, json, matching, world, write, type World } from './ragv.ts';

const env = { RAGV_KEY_PASSWORD: 'a password of the test' };
const operator = world(env);
const vendor = world(env);
const host = world(env);
const vault = join(operator.folder, 'vault');

/** Runs a line and expects it to succeed. */
async function good(who: World, line: string): Promise<string> {
  const said = await who.ragv(line);
  expect({ line, ...said }).toMatchObject({ exit: 0 });
  return said.stdout;
}

/** Hands a folder from one machine to another. */
function hand(name: string, from: World, to: World): void {
  cpSync(join(from.folder, name), join(to.folder, name), { recursive: true, force: true });
}

const at = (name: string): string => join(operator.folder, name);

beforeAll(async () => {
  await good(operator, `init ${vault} --vendor first --key-type ed25519`);
  const url = pathToFileURL(join(vault, 'public')).href;
  for (const who of [vendor, host])
    await good(who, `trust init ${url} --root ${join(vault, '1.root.json')} --alias shop --single-signer`);
  for (const number of [1, 2, 3]) await good(vendor, `key generate acme-${number}.p8 --key-type ed25519`);
}, 120_000);

test('a vendor joins with two keys, signs, and a host installs', { timeout: 240_000 }, async () => {
  await good(vendor, 'vendor join acme --key acme-1.p8 --public acme-2.pub --threshold 2');
  hand('acme-join', vendor, operator);
  const early = await operator.ragv(`vendor add acme --join ${at('acme-join')} --vault ${vault}`);
  expect(early).toMatchObject({ exit: 3, stderr: containing('has not signed it') });
  await good(vendor, 'vendor sign acme-join --key acme-2.p8 --yes');
  hand('acme-join', vendor, operator);
  await good(operator, `vendor add acme --join ${at('acme-join')} --vault ${vault} --max-per-hour 3`);
  const again = await operator.ragv(`vendor add acme --join ${at('acme-join')} --vault ${vault}`);
  expect(again.exit).toBe(9);

  helloPlugin(join(vendor.folder, 'hello'), '1.0.0');
  await good(vendor, 'vendor sign ./hello --vendor acme --key acme-1.p8 --output one');
  hand('one', vendor, operator);
  const short = await operator.ragv(`vendor submit ${at('one')} --vault ${vault}`);
  expect(short).toMatchObject({ exit: 3, stderr: containing('DOOR_SIGNATURES') });
  await good(vendor, 'vendor sign one --key acme-2.p8 --yes');
  hand('one', vendor, operator);
  expect(await good(operator, `vendor submit ${at('one')} --vault ${vault} --dry-run`)).toMatch(
    'would publish',
  );
  await good(operator, `vendor submit ${at('one')} --vault ${vault}`);
  expect(await good(operator, `vendor submit ${at('one')} --vault ${vault}`)).toMatch('published already');

  await good(host, 'install acme/hello');
  expect(await good(host, 'run acme/hello')).toBe('hello 1.0.0\n');
  expect(await good(host, 'search hello --json')).toMatch('acme');
  expect(json(await good(operator, `vendor list --vault ${vault} --json`))).toMatchObject({
    vendors: [
      { vendor: 'first', suspended: false },
      {
        vendor: 'acme',
        threshold: 2,
        plugins: 1,
        limits: { publishesPerHour: 3 },
        usage: { publishesLastHour: 1 },
      },
    ],
  });
});

test(
  'what was changed on its way, or is meant for another repository, is refused',
  { timeout: 120_000 },
  async () => {
    helloPlugin(join(vendor.folder, 'hello2'), '1.1.0');
    await good(vendor, 'vendor sign ./hello2 --vendor acme --key acme-1.p8 --key acme-2.p8 --output two');
    hand('two', vendor, operator);
    const first = /"sha256":"([0-9a-f]{64})"/.exec(readFileSync(at('two/submission.json'), 'utf8'))?.[1];
    write(at(`two/targets/${first}`), 'other bytes');
    const changed = await operator.ragv(`vendor submit ${at('two')} --vault ${vault}`);
    expect(changed).toMatchObject({ exit: 10, stderr: containing('[DOOR_TARGETS]') });
    const other = join(operator.folder, 'other');
    await good(operator, `init ${other} --vendor acme --key-type ed25519`);
    const foreign = await operator.ragv(`vendor submit ${at('one')} --vault ${other}`);
    expect(foreign).toMatchObject({ exit: 3, stderr: containing('another repository') });
  },
);

test('limits and required gates hold, and say which rule and which file', { timeout: 120_000 }, async () => {
  const submit = async (name: string, version: string): Promise<Awaited<ReturnType<World['ragv']>>> => {
    helloPlugin(join(vendor.folder, name), version);
    await good(
      vendor,
      `vendor sign ./${name} --vendor acme --key acme-1.p8 --key acme-2.p8 --output ${name}-out`,
    );
    hand(`${name}-out`, vendor, operator);
    return operator.ragv(`vendor submit ${at(`${name}-out`)} --vault ${vault}`);
  };
  await good(operator, `vendor rules acme --require sbom --vault ${vault}`);
  const gated = await submit('gated', '1.2.0');
  expect(gated).toMatchObject({ exit: 10, stderr: matching(/hello-1\.2\.0\.tgz: .*sbom.*\[DOOR_GATE\]/) });
  await good(operator, `vendor rules acme --require "" --max-artifact 10 --vault ${vault}`);
  const large = await submit('large', '1.3.0');
  expect(large).toMatchObject({ exit: 10, stderr: containing('[DOOR_LIMITS]') });
  await good(operator, `vendor rules acme --max-artifact 1000000 --vault ${vault}`);
  expect(await submit('fine', '1.4.0')).toMatchObject({ exit: 0 });
  expect(await submit('third', '1.5.0')).toMatchObject({ exit: 0 });
  const often = await submit('often', '1.6.0');
  expect(often).toMatchObject({ exit: 10, stderr: containing('in the last hour') });
  await good(operator, `vendor rules acme --max-per-hour 100 --vault ${vault}`);
});

test('a suspended vendor publishes nothing, until it may again', { timeout: 120_000 }, async () => {
  await good(operator, `vendor suspend acme --vault ${vault}`);
  const refused = await operator.ragv(`vendor submit ${at('often-out')} --vault ${vault}`);
  expect(refused).toMatchObject({ exit: 10, stderr: containing('[DOOR_SUSPENDED]') });
  expect(await good(host, 'search hello --json')).not.toMatch('"acme"');
  await good(operator, `vendor suspend acme --undo --vault ${vault}`);
  await good(operator, `vendor submit ${at('often-out')} --vault ${vault}`);
});

test('keys are handed over; a change of owner needs a word', { timeout: 180_000 }, async () => {
  await good(
    vendor,
    'vendor handover acme --key acme-1.p8 --key acme-2.p8 --new-key acme-2.p8 --new-key acme-3.p8 --threshold 2',
  );
  hand('acme-handover', vendor, operator);
  await good(operator, `vendor rotate acme --handover ${at('acme-handover')} --vault ${vault}`);
  const list = await good(operator, `vendor list --vault ${vault} --json`);
  const shown = await good(vendor, 'key show acme-3.pub --json');
  expect(list).toMatch(/"keyId": "([0-9a-f]{64})"/.exec(shown)?.[1] ?? 'none');
  helloPlugin(join(vendor.folder, 'after'), '2.0.0');
  await good(vendor, 'vendor sign ./after --vendor acme --key acme-1.p8 --key acme-2.p8 --output old-keys');
  hand('old-keys', vendor, operator);
  const old = await operator.ragv(`vendor submit ${at('old-keys')} --vault ${vault}`);
  expect(old).toMatchObject({ exit: 3, stderr: containing('[DOOR_SIGNATURES]') });
  await good(vendor, 'vendor sign ./after --vendor acme --key acme-3.p8 --key acme-2.p8 --output new-keys');
  hand('new-keys', vendor, operator);
  await good(operator, `vendor submit ${at('new-keys')} --vault ${vault}`);
  await good(host, 'update acme/hello');
  expect(await good(host, 'run acme/hello')).toBe('hello 2.0.0\n');
});

test('a vendor splits its role, and splits it anew, and hosts go on', { timeout: 180_000 }, async () => {
  for (const bits of [2, 3]) {
    const out = `split-${bits}`;
    await good(
      vendor,
      `vendor sign --vendor acme --split ${bits} --key acme-2.p8 --key acme-3.p8 --output ${out}`,
    );
    hand(out, vendor, operator);
    await good(operator, `vendor submit ${at(out)} --vault ${vault}`);
    await good(host, 'info acme/hello');
    helloPlugin(join(vendor.folder, out, 'x'), `3.${bits}.0`);
    await good(
      vendor,
      `vendor sign ./${out}/x --vendor acme --key acme-2.p8 --key acme-3.p8 --output ${out}-new`,
    );
    hand(`${out}-new`, vendor, operator);
    await good(operator, `vendor submit ${at(`${out}-new`)} --vault ${vault}`);
    await good(host, 'update acme/hello');
    expect(await good(host, 'run acme/hello')).toBe(`hello 3.${bits}.0\n`);
  }
});

test(
  'split, it hands over by itself, two people and all files at once; half of it is refused',
  { timeout: 180_000 },
  async () => {
    await good(vendor, 'key generate acme-4.p8 --key-type ed25519');
    await good(
      vendor,
      'vendor handover acme --key acme-2.p8 --new-key acme-4.p8 --public acme-3.pub --output over',
    );
    hand('over', vendor, operator);
    const submit = (name: string, more = ''): ReturnType<World['ragv']> =>
      operator.ragv(`vendor submit ${at(name)} --vault ${vault} ${more}`);
    expect(await submit('over')).toMatchObject({ exit: 3, stderr: containing('proves nothing') });
    const said = await vendor.ragv('vendor sign over --key acme-3.p8 --yes');
    expect(said).toMatchObject({ exit: 0, stderr: containing('8 files of the role: the same targets') });
    hand('over', vendor, operator);
    cpSync(at('over'), at('half'), { recursive: true });
    const whole = readFileSync(at('half/submission.json'), 'utf8');
    write(at('half/submission.json'), whole.replace(/"vendor\.acme\.3-5",/, ''));
    for (const more of ['--dry-run', ''])
      expect(await submit('half', more)).toMatchObject({
        exit: 10,
        stderr: matching(/vendor\.acme\.3-5\.json: is handed over with vendor\.acme.*\[DOOR_DELEGATIONS\]/s),
      });
    expect(await submit('over', '--dry-run')).toMatchObject({ exit: 0, stdout: containing('would give') });
    expect(await submit('over')).toMatchObject({ exit: 0, stdout: containing('follow by themselves') });
    helloPlugin(join(vendor.folder, 'handed'), '4.0.0');
    const sign = 'vendor sign ./handed --vendor acme --key acme-3.p8';
    await good(vendor, `${sign} --key acme-2.p8 --output before`);
    hand('before', vendor, operator);
    expect(await submit('before')).toMatchObject({ exit: 3, stderr: containing('[DOOR_SIGNATURES]') });
    await good(vendor, `${sign} --key acme-4.p8 --output after-over`);
    hand('after-over', vendor, operator);
    expect(await submit('after-over')).toMatchObject({ exit: 0 });
    await good(host, 'update acme/hello');
    expect(await good(host, 'run acme/hello')).toBe('hello 4.0.0\n');
    expect(await good(operator, `log show --vault ${vault} --json`)).toMatch('"kind": "keys"');
  },
);

test(
  'what is about to expire is signed anew as it is, and counts as no publish',
  { timeout: 120_000 },
  async () => {
    const usage = async (): Promise<string | undefined> =>
      /"publishesLastHour": (\d+)/g.exec(
        (await good(operator, `vendor list --vault ${vault} --json`)).split('"acme"')[1] ?? '',
      )?.[1];
    const before = await usage();
    await good(
      vendor,
      'vendor sign --vendor acme --renew --expires-in 30 --key acme-3.p8 --key acme-4.p8 --output renewed',
    );
    hand('renewed', vendor, operator);
    expect(await good(operator, `vendor submit ${at('renewed')} --vault ${vault}`)).toMatch(
      'vendor.acme.3-7 version',
    );
    expect(await usage()).toBe(before);
    const bytes = readFileSync(at('renewed/roles/vendor.acme.3-0.json'));
    const { expires } = parseMetadata(bytes, 'targets').signed;
    expect(expires.getTime() - Date.now()).toBeLessThan(31 * 86_400_000);
    await good(host, 'update acme/hello');
  },
);

test('a revoked artifact is refused by hosts, for ever', { timeout: 120_000 }, async () => {
  const info = await good(host, 'info acme/hello --json');
  const sha256 = /"(?:sha256|artifact)": "([0-9a-f]{64})"/.exec(info)?.[1];
  expect(sha256).toBeDefined();
  await good(operator, `revoke sha256:${sha256} --reason "steals tokens" --vault ${vault}`);
  const status = await host.ragv('install acme/hello@4.0.0');
  expect(status.exit).toBe(10);
});

test('a vendor is removed, and its name is never used again', { timeout: 120_000 }, async () => {
  const asked = await operator.ragv(`vendor remove acme --vault ${vault}`);
  expect(asked).toMatchObject({ exit: 7, stderr: containing('CONFIRMATION_REQUIRED') });
  await good(operator, `vendor remove acme --yes --vault ${vault}`);
  const again = await operator.ragv(
    `vendor add acme --key ${join(vendor.folder, 'acme-1.p8')} --vault ${vault}`,
  );
  expect(again).toMatchObject({ exit: 9, stderr: containing('ROLE_EXISTS') });
  expect((await host.ragv('install acme/hello@1.0.0')).exit).not.toBe(0);
  expect(existsSync(vault)).toBe(true);
});

test('a vendor whose keys are lost gets a new owner, which hosts hold', { timeout: 180_000 }, async () => {
  await good(vendor, 'key generate lost.p8 --key-type ed25519');
  await good(vendor, 'key generate found.p8 --key-type ed25519');
  await good(vendor, 'vendor join beta --key lost.p8');
  hand('beta-join', vendor, operator);
  await good(operator, `vendor add beta --join ${at('beta-join')} --vault ${vault}`);
  await good(vendor, 'vendor sign ./hello --vendor beta --key lost.p8 --output beta-one');
  hand('beta-one', vendor, operator);
  await good(operator, `vendor submit ${at('beta-one')} --vault ${vault}`);
  await good(host, 'install beta/hello');
  const alone = await vendor.ragv('vendor handover beta --new-key found.p8');
  expect(alone).toMatchObject({ exit: 0, stderr: containing('change of owner') });
  hand('beta-handover', vendor, operator);
  const line = `vendor rotate beta --handover ${at('beta-handover')} --vault ${vault}`;
  expect(await operator.ragv(line)).toMatchObject({ exit: 3, stderr: containing('--change-of-owner') });
  await good(operator, `${line} --change-of-owner --yes`);
  const held = await host.ragv('update beta/hello');
  expect(held).toMatchObject({ exit: 10, stderr: containing('[OWNER_CHANGED]') });
  expect(await good(host, 'run beta/hello')).toBe('hello 1.0.0\n'); // what is installed goes on running
  await good(host, 'update beta/hello --accept-owner beta');
});

test(
  'where a vendor’s keys are with the operator, rotating one is a handover, split or not',
  { timeout: 180_000 },
  async () => {
    const plugin = helloPlugin(join(operator.folder, 'own'), '1.0.0');
    await good(operator, `publish ${plugin} --vault ${vault}`);
    await good(host, 'install first/hello');
    appendFileSync(join(vault, 'ragv.toml'), '\n# mine\n');
    await good(operator, `key rotate vendor.first --key-type ed25519 --vault ${vault}`);
    expect(readFileSync(join(vault, 'ragv.toml'), 'utf8')).toContain('\n# mine\n');
    await good(operator, `vendor split first --bits 2 --vault ${vault}`);
    await good(operator, `key rotate vendor.first --key-type ed25519 --vault ${vault}`);
    helloPlugin(join(operator.folder, 'own'), '1.1.0');
    await good(operator, `publish ${plugin} --vault ${vault}`);
    expect(await good(host, 'update first/hello')).toMatch('1.1.0');
  },
);

test('no secret was ever said', () => {
  for (const text of [...operator.transcript, ...vendor.transcript, ...host.transcript])
    expect(text).not.toContain(env.RAGV_KEY_PASSWORD);
});
