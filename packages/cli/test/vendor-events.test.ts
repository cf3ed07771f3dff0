/** An organisation's door: the keys of targets and policy are elsewhere. What needs them becomes an event, and the rest goes on. */
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { containing, helloPlugin, world, write, type World } from './ragv.ts';

const env = { RAGV_KEY_PASSWORD: 'a password of the test' };
const operator = world(env);
const host = world(env);
const vault = join(operator.folder, 'vault');
const safe = join(operator.folder, 'safe');

async function good(who: World, line: string): Promise<string> {
  const said = await who.ragv(line);
  expect({ line, ...said }).toEqual({ line, ...said, exit: 0 });
  return said.stdout;
}

/** Expects an event, has it signed by a key from the safe, and applies it. */
async function byEvent(line: string, role: string): Promise<void> {
  const said = await operator.ragv(`${line} --vault ${vault} --json`);
  expect({ line, ...said }).toMatchObject({ exit: 8 });
  const id = /"id": "([a-z0-9.-]+)"/.exec(said.stdout)?.[1] ?? 'none';
  await good(operator, `event sign ${id} --vault ${vault} --key file2:${join(safe, `${role}.p8`)} --yes`);
  await good(operator, `event apply ${id} --vault ${vault}`);
}

test(
  'vendors are added, ruled and removed, and digests revoked, by events',
  { timeout: 300_000 },
  async () => {
    await good(operator, `init ${vault} --vendor first --key-type ed25519`);
    mkdirSync(safe);
    for (const role of ['root', 'targets', 'policy'])
      renameSync(join(vault, 'keys', `${role}.p8`), join(safe, `${role}.p8`));
    const url = pathToFileURL(join(vault, 'public')).href;
    await good(host, `trust init ${url} --root ${join(vault, '1.root.json')} --alias shop --single-signer`);
    await good(
      operator,
      `trust init ${url} --root ${join(vault, '1.root.json')} --alias shop --single-signer`,
    );
    await good(operator, 'key generate acme.p8 --key-type ed25519');

    const add = `vendor add acme --key ${join(operator.folder, 'acme.p8')} --yes`;
    const said = await operator.ragv(`${add} --vault ${vault} --json`);
    expect(said).toMatchObject({ exit: 8 });
    const id = /"id": "([a-z0-9.-]+)"/.exec(said.stdout)?.[1] ?? 'none';
    const shown = await operator.ragv(`event show ${id} --vault ${vault}`);
    expect(shown).toMatchObject({ exit: 8, stdout: containing('vendor.acme') }); // signatures are missing
    expect(await good(operator, `vendor list --vault ${vault}`)).not.toMatch('acme');
    const keys = `--key file2:${join(safe, 'targets.p8')} file2:${join(safe, 'policy.p8')}`;
    await good(operator, `event sign ${id} --vault ${vault} ${keys} --yes`);
    await good(operator, `event apply ${id} --vault ${vault}`);
    expect(await good(operator, `vendor list --vault ${vault}`)).toMatch(/^acme +active/m);

    write(join(operator.folder, 'notes.txt'), 'notes');
    expect(await operator.ragv(`target add notes.txt --below docs --vault ${vault}`)).toMatchObject({
      exit: 8,
      stderr: containing('ragv event create targets --add-target notes.txt --below docs'),
    });

    helloPlugin(join(operator.folder, 'hello'), '1.0.0');
    const key = `--key ${join(operator.folder, 'acme.p8')}`;
    await good(operator, `vendor sign ./hello --vendor acme ${key} --output one`);
    await good(operator, `vendor submit one --vault ${vault}`); // nobody from the safe is asked
    await good(host, 'install acme/hello');

    await good(operator, `vendor sign --vendor acme --split 2 ${key} --output split`);
    await good(operator, `vendor submit split --vault ${vault}`);
    await good(operator, 'key generate next.p8 --key-type ed25519');
    const next = `--new-key ${join(operator.folder, 'next.p8')}`;
    await good(operator, `vendor handover acme ${key} ${next} --output over`);
    await byEvent('vendor submit over --yes', 'targets'); // the bins come along, signed by both
    await good(host, 'update acme/hello');
    helloPlugin(join(operator.folder, 'hello'), '1.1.0');
    const again = `vendor sign ./hello --vendor acme --key ${join(operator.folder, 'next.p8')}`;
    await good(operator, `${again} --output two`);
    await good(operator, `vendor submit two --vault ${vault}`);
    expect(await good(host, 'update acme/hello')).toMatch('1.1.0');

    await byEvent('vendor rules acme --max-per-hour 7 --yes', 'policy');
    expect(await good(operator, `vendor list --vault ${vault}`)).toMatch('of 7 an hour');
    const sha256 = /"artifact": "([0-9a-f]{64})"|"sha256": "([0-9a-f]{64})"/.exec(
      await good(host, 'info acme/hello --json'),
    );
    await byEvent(`revoke sha256:${sha256?.[1] ?? sha256?.[2] ?? ''} --reason bad --yes`, 'policy');
    expect((await host.ragv('install acme/hello@1.1.0')).exit).toBe(10);
    await byEvent('vendor remove acme --yes', 'targets');
    expect(await good(operator, `vendor list --vault ${vault}`)).not.toMatch('acme');
    expect(await good(operator, `log verify --vault ${vault}`)).toMatch('the log is whole');
  },
);
