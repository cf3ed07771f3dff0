import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  assert,
  asyncProperty,
  constantFrom,
  integer,
  json,
  oneof,
  record,
  string,
  uint8Array,
} from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DiskError } from '@ragnos/disk';
import { VaultError } from '@ragnos/tuf';
import { codeOf, sha256, World } from './world.ts';

/** Where a host keeps something that it will read again. */
const files: Readonly<Record<string, (world: World) => string>> = {
  'repository.json': (world) => join(world.folder, 'repository.json'),
  'root.json': (world) => join(world.folder, 'root.json'),
  pointer: (world) => world.plugin('current'),
  journal: (world) => join(world.folder, 'journal'),
  'events.jsonl': (world) => join(world.folder, 'events.jsonl'),
  'known index': (world) => join(world.folder, 'known/acme/hello.index.json'),
  'known revocations': (world) => join(world.folder, 'known/revocations.json'),
  'known catalog': (world) => join(world.folder, 'known/acme/catalog.json'),
  'known owner': (world) => join(world.folder, 'known/acme/owner.json'),
  'ragv.lock': (world) => join(world.project, 'ragv.lock'),
  'evidence record': (world) => join(evidence(world), 'record.json'),
  'evidence manifest': (world) => join(evidence(world), 'manifest.json'),
  'evidence timestamp': (world) => join(evidence(world), 'timestamp.json'),
};

function evidence(world: World): string {
  return world.plugin('evidence', readdirSync(world.plugin('evidence'))[0] ?? '');
}

/** What a crash, a full disk or a curious user makes of a file. */
const damages = oneof(
  record({ kind: constantFrom('cut' as const), at: integer({ min: 0, max: 400 }) }),
  record({ kind: constantFrom('flip' as const), at: integer({ min: 0, max: 4000 }) }),
  record({ kind: constantFrom('replace' as const), bytes: uint8Array({ maxLength: 60 }) }),
  record({ kind: constantFrom('text' as const), text: oneof(json(), string()) }),
);

function damage(bytes: Uint8Array, how: Damage): Uint8Array {
  switch (how.kind) {
    case 'cut':
      return bytes.subarray(0, how.at);
    case 'flip':
      return bytes.map((byte, index) => (index === how.at % bytes.length ? byte ^ 0x11 : byte));
    case 'replace':
      return how.bytes;
    case 'text':
      return new TextEncoder().encode(how.text);
  }
}

type Damage =
  | { readonly kind: 'cut' | 'flip'; readonly at: number }
  | { readonly kind: 'replace'; readonly bytes: Uint8Array }
  | { readonly kind: 'text'; readonly text: string };

/** `null` = it worked; anything but our own errors is thrown on. */
async function refusal(action: () => Promise<unknown>): Promise<string | null> {
  try {
    await action();
    return null;
  } catch (error) {
    if (error instanceof VaultError || error instanceof DiskError) return error.code;
    throw error;
  }
}

describe('a damaged file of the host gives typed errors, never a crash, and never starts what was not signed', () => {
  for (const [name, fileOf] of Object.entries(files))
    test(`${name} is damaged`, { timeout: 60_000 }, async () => {
      const world = await World.create();
      world.revoke(sha256('something else'));
      world.catalog((catalog) => catalog);
      await (await world.host()).install('acme/hello');
      const file = fileOf(world);
      const original =
        name === 'journal' ? new TextEncoder().encode('{"format":"ragnos-journal/1"}') : readFileSync(file);
      await assert(
        asyncProperty(damages, async (how) => {
          writeFileSync(file, damage(original, how));
          await refusal(async () => {
            const host = await world.host();
            await refusal(() => host.list());
            await refusal(() => host.log());
            await refusal(() => host.status());
            await refusal(() => host.verify());
            await refusal(() => host.update());
          });
          if (name === 'journal') rmSync(file, { force: true });
          else writeFileSync(file, original);
          const [result] = await (await world.host()).verify();
          expect(result?.ok).toBe(true);
        }),
        { numRuns: 12 },
      );
    });
});

describe('a name that is none, in a file of the host', () => {
  test('in a pointer is damage, and its hint mends it', async () => {
    const world = await World.create();
    await (await world.host()).install('acme/hello');
    const file = world.plugin('current');
    for (const damaged of [readFileSync(file, 'utf8').replace('"1.0.0"', '"one"'), '{}']) {
      writeFileSync(file, damaged);
      const host = await world.host();
      const hint = `remove ${file}, and install the plugin again`;
      expect(await host.damaged()).toMatchObject([{ code: 'HOST_STATE', hint }]);
      rmSync(file);
      expect(await host.install('acme/hello')).toMatchObject({ changed: true });
    }
  });

  test('in a journal keeps nobody out', async () => {
    const world = await World.create();
    await (await world.host()).install('acme/hello');
    const journal = { format: 'ragnos-journal/1', operation: 'install', vendor: '../acme', plugin: 'hello' };
    writeFileSync(join(world.folder, 'journal'), JSON.stringify(journal));
    expect(await codeOf(world.host())).toBe('no error');
    expect(await (await world.host()).verify()).toMatchObject([{ ok: true }]);
  });
});
