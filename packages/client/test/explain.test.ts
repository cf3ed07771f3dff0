// Why a target is trusted, or not: the walk of a look-up, and whose keys have signed what.
import { explanationText } from '@ragnos/client';
import { newTestKey } from '@ragnos/testkit';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { bytes, hours, Scene, temporary } from './setup.ts';

function twoVendors(): Scene {
  const scene = new Scene();
  scene.sim.delegate({ name: 'policy', paths: ['policy/*'], terminating: true });
  const keys = [newTestKey(), newTestKey(), newTestKey()];
  scene.sim.delegate(
    { name: 'vendor.acme', paths: ['other/*', 'acme/*'], terminating: true, threshold: 2 },
    keys,
  );
  scene.sim.signers.set('vendor.acme', keys.slice(0, 2));
  scene.sim.addTarget('acme/tool', 'bytes', 'vendor.acme');
  scene.sim.publish('targets', 'policy', 'vendor.acme');
  return scene;
}

test('a delegated target: every role that was asked, why, and which keys signed', async () => {
  const scene = twoVendors();
  const updater = await scene.refreshed();
  const why = await updater.explain('acme/tool');
  expect(why).toMatchObject({
    target: 'acme/tool',
    verdict: 'trusted',
    file: { length: 5, role: 'vendor.acme' },
    refusal: null,
  });
  expect(why.roles.map(({ role }) => role)).toEqual([
    'root',
    'timestamp',
    'snapshot',
    'targets',
    'vendor.acme',
  ]);
  expect(why.roles[3]).toMatchObject({
    because: { kind: 'top level' },
    passedOver: ['policy'],
    lists: false,
  });
  expect(why.roles[4]).toMatchObject({
    delegator: 'targets',
    because: { kind: 'path', pattern: 'acme/*' },
    terminating: true,
    threshold: 2,
    signedBy: 2,
    lists: true,
    keys: [{ signature: 'good' }, { signature: 'good' }, { signature: 'none' }],
  });
  expect(JSON.parse(JSON.stringify(why))).toEqual(why);
  const said = explanationText(why).join('\n');
  expect(said).toContain('asked by targets because of the pattern acme/*, terminating');
  expect(said).toContain('signed by 2 of its 3 keys, needs 2');
  expect(said).toContain('not asked, since nothing of theirs fits: policy');
});

test('a signature that is wrong is told from one that is not there', async () => {
  const scene = twoVendors();
  const { sim } = scene;
  const keys = sim.signers.get('vendor.acme') ?? [];
  const third = sim.targets.delegations?.roles?.[1]?.keyIds[2];
  const updater = await scene.refreshed();
  const spoiled = {
    ...newTestKey(),
    sign: () => ({ keyId: third ?? keys[0]!.key.keyId, sig: 'ab'.repeat(64) }),
  };
  sim.signers.set('vendor.acme', [...keys, spoiled]);
  sim.publish('vendor.acme');
  await updater.refresh();
  const { roles } = await updater.explain('acme/tool');
  expect(roles.at(-1)).toMatchObject({ signedBy: 2, keys: [{}, {}, { signature: 'bad' }] });
});

test('what nobody lists, with those who were asked and those who were not', async () => {
  const scene = twoVendors();
  const why = await (await scene.refreshed()).explain('acme/nothing');
  expect(why).toMatchObject({ verdict: 'not listed', file: null });
  expect(why.roles.at(-1)).toMatchObject({ role: 'vendor.acme', lists: false });
  expect(explanationText(why)[0]).toBe('acme/nothing is not listed by any role that may list it');
});

test('a refusal is an answer, with what was trusted until then', async () => {
  const scene = twoVendors();
  scene.sim.signers.set('vendor.acme', (scene.sim.signers.get('vendor.acme') ?? []).slice(0, 1));
  scene.sim.publish('vendor.acme');
  const why = await (await scene.refreshed()).explain('acme/tool');
  expect(why).toMatchObject({ verdict: 'refused', refusal: { code: 'UNSIGNED' } });
  expect(why.roles.map(({ role }) => role)).toEqual(['root', 'timestamp', 'snapshot', 'targets']);
  expect(explanationText(why)[0]).toContain('[UNSIGNED]');
  expect(why.refusal).toMatchObject({
    role: 'vendor.acme',
    delegator: 'targets',
    threshold: 2,
    keys: [{ signature: 'good' }, { signature: 'none' }, { signature: 'none' }],
  });
  expect(JSON.parse(JSON.stringify(why))).toEqual(why);
  expect(explanationText(why).join('\n')).toContain('vendor.acme, asked by targets, was refused; needs 2 of');
});

test('a refusal of what is no metadata, of what was never received, and of what is over', async () => {
  const scene = twoVendors();
  scene.sim.overrides.set('metadata/2.vendor.acme.json', bytes('<html>'));
  const page = await (await scene.refreshed()).explain('acme/tool');
  expect(page.refusal).toMatchObject({ role: 'vendor.acme', keys: [{ signature: 'none' }, {}, {}] });
  scene.sim.overrides.set('metadata/2.vendor.acme.json', null);
  const absent = await (await scene.refreshed()).explain('acme/tool');
  expect(absent.refusal).toMatchObject({ code: 'NOT_FOUND_REMOTE', role: 'vendor.acme' });
  scene.sim.overrides.clear();
  const updater = await scene.refreshed();
  await updater.find('acme/tool');
  scene.now = hours(25);
  const over = await updater.explain('acme/tool');
  expect(over.refusal).toMatchObject({ code: 'EXPIRED', role: 'targets', keys: [{ signature: 'good' }] });
  expect(explanationText(over).join('\n')).toContain('targets, asked by root, was refused; needs 1 of');
});

test('a search that is given up is nobody’s refusal', async () => {
  const scene = new Scene();
  for (let depth = 1; depth <= 33; depth++)
    scene.sim.delegate({ name: `r${depth}`, from: depth === 1 ? 'targets' : `r${depth - 1}` });
  scene.sim.publish();
  const why = await (await scene.refreshed()).explain('deep');
  expect(why).toMatchObject({ verdict: 'refused', refusal: { code: 'LIMIT', role: null, keys: [] } });
  expect(explanationText(why).join('\n')).not.toContain('was refused');
});

test('what is under way is told, and an abort is no refusal', async () => {
  const scene = twoVendors();
  const updater = await scene.refreshed();
  const told: string[] = [];
  await updater.explain('acme/tool', { onProgress: ({ what }) => void told.push(what) });
  expect(told).toContain('2.vendor.acme.json');
  const reason = new Error('enough');
  const other = (await scene.refreshed({ dir: join(temporary(), 'other') })).explain('acme/tool', {
    signal: AbortSignal.abort(reason),
  });
  await expect(other).rejects.toBe(reason);
});

test('bins and hash prefixes say which part of the hash chose them', async () => {
  const scene = new Scene();
  const bins = scene.sim.delegateBins('targets', 'bin', 2);
  scene.sim.targets.targets.clear();
  for (const bin of bins) scene.sim.addTarget('x/y', 'z', bin);
  scene.sim.publish('targets', ...bins);
  const why = await (await scene.refreshed()).explain('x/y');
  expect(why.roles.at(-1)).toMatchObject({
    because: { kind: 'bin', bits: 2 },
    terminating: true,
    lists: true,
  });
  const prefixed = new Scene();
  const names = prefixed.sim.delegateHashPrefixes('targets', 'p');
  for (const name of names) prefixed.sim.addTarget('x/y', 'z', name);
  prefixed.sim.publish('targets', ...names);
  const other = await (await prefixed.refreshed()).explain('x/y');
  expect(other.roles.at(-1)?.because).toMatchObject({ kind: 'hash prefix' });
});

test('before the first refresh it says that nothing is known yet', async () => {
  const why = await (await new Scene().open()).explain('a/b.txt');
  expect(why).toMatchObject({ verdict: 'refused', refusal: { code: 'WORKFLOW' } });
});
