// Look-ups through delegations: order of trust, termination, cycles, bounds, bins.
import { newTestKey } from '@ragnos/testkit';
import { describe, expect, test } from 'vitest';

import { never, Scene } from './setup.ts';

/** Which delegated roles a look-up asked for. */
function roles(requests: readonly string[]): readonly string[] {
  return requests.flatMap((path) => /^metadata\/\d+\.(.+)\.json$/.exec(path)?.[1] ?? []);
}

async function lookUp(
  scene: Scene,
  path: string,
): Promise<{ role: string | null; visited: readonly string[] }> {
  const updater = await scene.refreshed();
  scene.asked();
  const info = await updater.find(path);
  return { role: info?.role ?? null, visited: roles(scene.asked()) };
}

describe('order of trust', () => {
  test('the first delegation that matches wins, however many list the path (CVE-2024-47534)', async () => {
    const scene = new Scene();
    for (const name of ['zeta', 'alpha', 'mu']) {
      scene.sim.delegate({ name, paths: ['x/*'] });
      scene.sim.addTarget('x/file', name, name);
    }
    scene.sim.publish();
    expect(await lookUp(scene, 'x/file')).toEqual({ role: 'zeta', visited: ['zeta'] });
  });

  test('depth first: a grandchild of the first comes before the second', async () => {
    const scene = new Scene();
    scene.sim.delegate({ name: 'a' });
    scene.sim.delegate({ name: 'b' });
    scene.sim.delegate({ name: 'a1', from: 'a' });
    scene.sim.addTarget('file', 'x', 'a1');
    scene.sim.addTarget('file', 'y', 'b');
    scene.sim.publish();
    const result = await lookUp(scene, 'file');
    expect(result).toEqual({ role: 'a1', visited: ['a', 'a1'] });
    const info = await (await scene.refreshed()).find('file');
    expect(info?.via).toEqual(['targets', 'a', 'a1']);
  });

  test('nothing is asked after a terminating delegation (CVE-2025-2886)', async () => {
    const scene = new Scene();
    scene.sim.delegate({ name: 'first', terminating: true });
    scene.sim.delegate({ name: 'second' });
    scene.sim.addTarget('file', 'y', 'second');
    scene.sim.publish();
    expect(await lookUp(scene, 'file')).toEqual({ role: null, visited: ['first'] });
  });

  test('a terminating grandchild ends the search for its parents siblings too', async () => {
    const scene = new Scene();
    scene.sim.delegate({ name: 'a' });
    scene.sim.delegate({ name: 'a1', from: 'a', terminating: true });
    scene.sim.delegate({ name: 'b' });
    scene.sim.addTarget('file', 'y', 'b');
    scene.sim.publish();
    expect(await lookUp(scene, 'file')).toEqual({ role: null, visited: ['a', 'a1'] });
  });

  test('roles whose paths do not match are not fetched', async () => {
    const scene = new Scene();
    scene.sim.delegate({ name: 'other', paths: ['y/*'] });
    scene.sim.delegate({ name: 'deep', paths: ['x/*/*'] });
    scene.sim.publish();
    expect(await lookUp(scene, 'x/file')).toEqual({ role: null, visited: [] });
  });
});

describe('cycles and bounds (GHSA-j8x2-777p-23fc)', () => {
  test('a cycle and a diamond are visited once each', async () => {
    const scene = new Scene();
    const key = newTestKey();
    scene.sim.delegate({ name: 'a' });
    scene.sim.delegate({ name: 'b' });
    scene.sim.delegate({ name: 'c', from: 'a' }, [key]);
    scene.sim.delegate({ name: 'c', from: 'b' }, [key]);
    scene.sim.delegate({ name: 'a', from: 'c' }, scene.sim.signers.get('a'));
    scene.sim.publish();
    expect(await lookUp(scene, 'file')).toEqual({ role: null, visited: ['a', 'c', 'b'] });
  });

  test('32 deep is found, 33 deep is given up with an error, never "absent"', async () => {
    const scene = new Scene();
    for (let depth = 1; depth <= 33; depth++)
      scene.sim.delegate({ name: `r${depth}`, from: depth === 1 ? 'targets' : `r${depth - 1}` });
    scene.sim.addTarget('at-32', 'x', 'r32');
    scene.sim.addTarget('at-33', 'x', 'r33');
    scene.sim.publish();
    expect((await lookUp(scene, 'at-32')).role).toBe('r32');
    await expect(lookUp(scene, 'at-33')).rejects.toMatchObject({ code: 'LIMIT' });
  });
});

describe('who may sign', () => {
  test('a role trusted by one delegator is not trusted by another (TOB-SIGSTORE-14)', async () => {
    const scene = new Scene();
    const mallory = newTestKey();
    scene.sim.delegate({ name: 'good', paths: ['g/*'] });
    scene.sim.delegate({ name: 'mallory', paths: ['m/*'] });
    scene.sim.delegate({ name: 'shared', from: 'good', paths: ['g/*'] });
    scene.sim.delegate({ name: 'shared', from: 'mallory', paths: ['m/*'] }, [mallory]);
    scene.sim.addTarget('g/file', 'x', 'shared');
    scene.sim.addTarget('m/file', 'x', 'shared');
    scene.sim.publish();
    const updater = await scene.refreshed();
    expect((await updater.find('g/file'))?.role).toBe('shared');
    await expect(updater.find('m/file')).rejects.toMatchObject({ code: 'UNSIGNED' });
    expect((await updater.find('g/file'))?.role).toBe('shared');
  });

  test('a role that the snapshot does not list, or that is not served', async () => {
    const scene = new Scene();
    scene.sim.publish();
    scene.sim.delegate({ name: 'late' });
    scene.sim.targets.version++;
    const { targets } = scene.sim;
    scene.sim.roles.delete([...scene.sim.roles.keys()].at(-1) ?? never());
    scene.sim.publishSnapshot();
    expect(targets.delegations?.roles).toHaveLength(1);
    await expect(lookUp(scene, 'file')).rejects.toMatchObject({ code: 'UNKNOWN_ROLE' });
    scene.sim.delegate({ name: 'gone', from: 'targets', paths: ['gone/*'] });
    scene.sim.publish();
    scene.sim.overrides.set('metadata/1.gone.json', null);
    const updater = await scene.refreshed();
    await expect(updater.find('file')).rejects.toMatchObject({ code: 'UNKNOWN_ROLE' });
  });

  test('a delegated role of an older version than the snapshot names', async () => {
    const scene = new Scene({ hashes: false });
    scene.sim.delegate({ name: 'role' });
    scene.sim.publish();
    const old = scene.sim.files().get('metadata/1.role.json') ?? never();
    scene.sim.publish('role');
    scene.sim.overrides.set('metadata/2.role.json', old);
    await expect(lookUp(scene, 'file')).rejects.toMatchObject({ code: 'BAD_VERSION' });
  });
});

describe('bins', () => {
  test('succinct roles: one bin is asked for', async () => {
    const scene = new Scene();
    const bins = scene.sim.delegateBins('targets', 'bin', 4);
    for (const bin of bins) scene.sim.addTarget('some/file', bin, bin);
    scene.sim.publish();
    const { role, visited } = await lookUp(scene, 'some/file');
    expect(bins).toContain(role);
    expect(visited).toEqual([role]);
  });

  test('hash prefixes: one bin is asked for', async () => {
    const scene = new Scene();
    const bins = scene.sim.delegateHashPrefixes('targets', 'hash');
    for (const bin of bins) scene.sim.addTarget('some/file', bin, bin);
    scene.sim.publish();
    const { role, visited } = await lookUp(scene, 'some/file');
    expect(bins).toContain(role);
    expect(visited).toEqual([role]);
  });
});

test('role names with a slash or worse are one encoded file name, on the wire and on disk', async () => {
  const scene = new Scene();
  const name = '../a b/ü?#%';
  scene.sim.delegate({ name });
  scene.sim.addTarget('file', 'x', name);
  scene.sim.publish();
  const updater = await scene.refreshed();
  scene.asked();
  expect((await updater.find('file'))?.role).toBe(name);
  expect(scene.asked()).toEqual(['metadata/1...%2Fa%20b%2F%C3%BC%3F%23%25.json']);
  scene.sim.overrides.set('metadata/1...%2Fa%20b%2F%C3%BC%3F%23%25.json', null);
  expect((await (await scene.refreshed()).find('file'))?.role).toBe(name); // kept here
});

test('target paths are percent-encoded segment by segment', async () => {
  const scene = new Scene();
  scene.sim.addTarget('a b/ü/%2e%2e/c#d?e.txt', 'odd');
  scene.sim.publish();
  const updater = await scene.refreshed();
  const info = (await updater.find('a b/ü/%2e%2e/c#d?e.txt')) ?? never();
  expect(new TextDecoder().decode(await updater.read(info, { maxLength: 10 }))).toBe('odd');
  await expect(updater.find('../secret')).rejects.toMatchObject({ code: 'MALFORMED' });
});

test('two look-ups at once load a role once', async () => {
  const scene = new Scene();
  scene.sim.delegate({ name: 'role' });
  scene.sim.addTarget('x', '1', 'role');
  scene.sim.publish();
  const updater = await scene.refreshed();
  scene.asked();
  await Promise.all([updater.find('x'), updater.find('x'), updater.find('y')]);
  expect(scene.asked()).toEqual(['metadata/1.role.json']);
});

test('chain: the signed files that vouch for a target, byte for byte', async () => {
  const scene = new Scene();
  scene.sim.delegate({ name: 'role' });
  scene.sim.addTarget('x', '1', 'role');
  scene.sim.publish();
  const updater = await scene.refreshed();
  const chain = updater.chain((await updater.find('x')) ?? never());
  const names = ['1.root.json', 'timestamp.json', '3.snapshot.json', '3.targets.json', '1.role.json'];
  expect(chain.map(({ name }) => name)).toEqual(names);
  for (const { name, bytes } of chain)
    expect(Buffer.from(bytes)).toEqual(Buffer.from(scene.sim.file(`metadata/${name}`) ?? never()));
});
