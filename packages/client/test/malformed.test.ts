// Malformed input to the whole client, generated: typed errors only, never a crash or a hang, the state kept.
import { VaultError } from '@ragnos/tuf';
import type { Arbitrary } from 'fast-check';
import {
  assert,
  asyncProperty,
  constant,
  constantFrom,
  double,
  json,
  nat,
  oneof,
  record,
  uint8Array,
} from 'fast-check';
import { describe, expect, test } from 'vitest';

import { bytes, Scene } from './setup.ts';

/** Runs a refresh and a look-up that may be refused, but only in our own words. */
async function survives(scene: Scene, path: string, served: Uint8Array): Promise<boolean> {
  scene.sim.overrides.set(path, served);
  const refusal: unknown = await scene
    .refreshed()
    .then((updater) => updater.find('x'))
    .then(
      () => null,
      (error: unknown) => error,
    );
  scene.sim.overrides.clear();
  return refusal === null || refusal instanceof VaultError;
}

function scene(): Scene {
  const it = new Scene({ hashes: false }); // so that the bytes get past the hash, to the reader
  it.sim.delegate({ name: 'role' });
  it.sim.addTarget('x', 'content', 'role');
  it.sim.publish();
  it.sim.publishRoot();
  return it;
}

const paths = ['2.root', 'timestamp', '3.snapshot', '3.targets', '1.role'].map(
  (name) => `metadata/${name}.json`,
);

const mutation = oneof(
  record({
    kind: constant('flip' as const),
    at: double({ min: 0, max: 1, noNaN: true }),
    bit: nat(7),
  }),
  record({ kind: constant('cut' as const), at: double({ min: 0, max: 1, noNaN: true }) }),
  record({
    kind: constant('insert' as const),
    at: double({ min: 0, max: 1, noNaN: true }),
    what: uint8Array({ maxLength: 8 }),
  }),
  record({
    kind: constant('replace' as const),
    what: oneof(json().map(bytes), uint8Array({ maxLength: 200 })),
  }),
  record({
    kind: constant('member' as const),
    from: constantFrom(
      '"version":',
      '"expires":',
      '"_type":',
      '"keyid":',
      '"sig":',
      '"meta":',
      '"roles":',
      '"keys":',
      '"threshold":',
    ),
    to: oneof(
      json(),
      constantFrom('"__proto__":{},', '"constructor":', '9007199254740993,"a":', '-1,"a":', '[],"a":'),
    ),
  }),
);

function mutate(
  original: Uint8Array,
  how: typeof mutation extends Arbitrary<infer M> ? M : never,
): Uint8Array {
  const at = 'at' in how ? Math.min(original.length - 1, Math.floor(how.at * original.length)) : 0;
  switch (how.kind) {
    case 'flip':
      return original.map((byte, index) => (index === at ? byte ^ (1 << how.bit) : byte));
    case 'cut':
      return original.subarray(0, at);
    case 'insert':
      return Buffer.concat([original.subarray(0, at), how.what, original.subarray(at)]);
    case 'replace':
      return how.what;
    case 'member':
      return bytes(new TextDecoder().decode(original).replace(how.from, () => `${how.from}${how.to}`));
  }
}

describe.each(paths)('%s', (path) => {
  test('mutated in every way: refused in our own words or harmless, and afterwards all is well', async () => {
    const it = scene();
    const original = it.sim.file(path) ?? new Uint8Array();
    expect(original.length).toBeGreaterThan(0);
    await assert(
      asyncProperty(mutation, (how) => survives(it, path, mutate(original, how))),
      { numRuns: 60 },
    );
    const updater = await it.refreshed();
    expect(updater.trusted.root.version).toBe(2);
    expect((await updater.find('x'))?.role).toBe('role');
  });

  const bombs: Record<string, Uint8Array> = {
    'depth bomb': bytes('['.repeat(10_000)),
    'deep objects': bytes('{"signed":'.repeat(5_000)),
    'BOM first': bytes('\uFEFF{"signed":{},"signatures":[]}'),
    'not UTF-8': new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]),
    'duplicate members': bytes('{"signed":{},"signed":{},"signatures":[]}'),
    'trailing data': bytes('{"signed":{},"signatures":[]}{}'),
    prototype: bytes('{"__proto__":{"signed":{}},"signatures":[]}'),
    'lone surrogate': bytes('{"signed":{"a":"\\ud800"},"signatures":[]}'),
    null: bytes('null'),
    nothing: new Uint8Array(),
  };
  test.each(Object.entries(bombs))('%s', async (_name, served) => {
    const it = scene();
    it.sim.overrides.set(path, served);
    const refused = it.refreshed().then((updater) => updater.find('x'));
    await expect(refused).rejects.toBeInstanceOf(VaultError);
    it.sim.overrides.clear();
    expect((await (await it.refreshed()).find('x'))?.role).toBe('role');
  });
});
