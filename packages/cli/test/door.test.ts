/** The door's checks that need to know what plugins are, each with bytes that break it and nothing else. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { DoorError, initRepository, Repository, type Draft, type PublishResult } from '@ragnos/repository';
import {
  addVersion,
  parseCatalog,
  parseIndex,
  parseOrganisationPolicy,
  pluginName,
  pluginPath,
  pluginVersion,
  serializeIndex,
  serializeManifest,
  serializeOrganisationPolicy,
  treeHash,
  vendorName,
  writeArchive,
  type PluginIndex,
  type PluginManifest,
} from '@ragnos/plugin';
import { verifiedSigner, type Signer } from '@ragnos/signing';
import { memoryStorage } from '@ragnos/storage';
import { newKey } from '@ragnos/tuf';
import { describe, expect, test } from 'vitest';
import type { DoorSettings } from '../src/door/admit.ts';
import type { Gate } from '../src/door/gates.ts';
import { writeRules } from '../src/vendor/vault-vendors.ts';
import { layoutFor, rolesOf } from '../src/vault/layout.ts';
import { atTheDoor, type VendorFiles } from '../src/vault/publish-plugins.ts';
import { isMutable } from '../src/vault/vault.ts';
import { defaultVendorRules, filePath } from '@ragnos/plugin';

const acme = vendorName('acme');
const hello = pluginName('hello');
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const text = (value: string): Uint8Array => Buffer.from(value);

function signer(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const hex = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex');
  return verifiedSigner({
    key: newKey('ed25519', 'ed25519', hex),
    uri: 'test:',
    signRaw: (bytes) => Promise.resolve(sign(null, bytes, privateKey)),
  });
}

async function vault(): Promise<Repository> {
  const signers = new Map(rolesOf(acme).map((role) => [role, signer()]));
  const keys = new Map([...signers].map(([role, one]) => [role, one.key]));
  const storage = memoryStorage();
  const source = (role: string): Promise<readonly Signer[]> =>
    Promise.resolve([signers.get(role)].filter((one) => one !== undefined));
  await initRepository(storage, { layout: layoutFor(acme, keys), signers: source });
  return Repository.open({ storage, signers: source, mutable: isMutable });
}

interface Version {
  readonly manifest: PluginManifest;
  readonly manifestBytes: Uint8Array;
  readonly archive: Uint8Array;
}

/** One version of hello, whose manifest may be changed after the fact. */
async function version(
  raw: string,
  change: (manifest: PluginManifest) => PluginManifest = (manifest) => manifest,
  body = `console.log(${JSON.stringify(raw)})`,
  plugin = hello,
): Promise<Version> {
  const pkg = text(JSON.stringify({ name: plugin, version: raw, keywords: ['greeting'] }));
  const contents = [
    { path: 'package/index.js', mode: 0o644 as const, body: text(body) },
    { path: 'package/package.json', mode: 0o644 as const, body: pkg },
  ];
  const archive = await writeArchive(contents);
  const files = contents.map(({ path, mode, body: bytes }) => ({
    path: filePath(path.slice('package/'.length)),
    mode,
    size: bytes.length,
    sha256: sha256(bytes),
  }));
  const manifest = change({
    vendor: acme,
    plugin,
    version: pluginVersion(raw),
    description: 'greets',
    artifact: {
      name: `${plugin}-${raw}.tgz`,
      originalName: `${plugin}-${raw}.tgz`,
      mediaType: 'application/gzip',
      length: archive.length,
      sha256: sha256(archive),
    },
    source: { type: 'folder', name: plugin, integrity: null },
    stripPrefix: 'package/',
    files,
    treeHash: treeHash(files),
    entry: { main: null, bin: new Map() },
    kind: 'node',
    engines: new Map(),
    target: 'any',
    capabilities: {},
    lifecycleScripts: [],
    bundled: [],
    evidence: [],
  });
  return { manifest, manifestBytes: serializeManifest(manifest), archive };
}

function indexWith(before: PluginIndex | null, one: Version, raw: string, plugin = hello): PluginIndex {
  const name = `${plugin}-${raw}.manifest.json`;
  return addVersion(before, {
    vendor: acme,
    plugin,
    version: pluginVersion(raw),
    description: 'greets',
    entry: {
      artifact: { name: `${plugin}-${raw}.tgz`, length: one.archive.length, sha256: sha256(one.archive) },
      manifest: { name, length: one.manifestBytes.length, sha256: sha256(one.manifestBytes) },
      engines: new Map(),
      yanked: null,
    },
  });
}

const at = (name: string, plugin = hello): string => pluginPath(acme, plugin, name);

async function addFiles(files: VendorFiles, one: Version, raw: string, plugin = hello): Promise<void> {
  await files.add(at(`${plugin}-${raw}.tgz`, plugin), one.archive);
  await files.add(at(`${plugin}-${raw}.manifest.json`, plugin), one.manifestBytes);
}

type Edit = Parameters<typeof atTheDoor>[1];

function publish(
  repository: Repository,
  edit: Edit,
  gates: ReadonlyMap<string, Gate> = new Map(),
): Promise<PublishResult> {
  return repository.publish(atTheDoor(acme, edit, { gates, judged: new Map() }));
}

/** A vault in which hello 1.0.0 is published. */
async function published(): Promise<{ repository: Repository; index: PluginIndex }> {
  const repository = await vault();
  const one = await version('1.0.0');
  const index = indexWith(null, one, '1.0.0');
  await publish(repository, async (files) => {
    await addFiles(files, one, '1.0.0');
    await files.add(at('index.json'), serializeIndex(index));
  });
  return { repository, index };
}

const catalogOf = (repository: Repository, name = 'acme') =>
  repository.inspect(async (draft) => {
    const bytes = await draft.read(`catalog/${name}.json`);
    return bytes === null ? null : parseCatalog(bytes);
  });

test('what is published is written down by the door: when, how large, for search', async () => {
  const { repository } = await published();
  const catalog = await catalogOf(repository);
  const seen = await catalogOf(repository, 'acme~hello');
  expect(catalog?.totals.files).toBe(2);
  expect([...(seen?.digests.values() ?? [])].map(({ path }) => path)).toEqual(
    expect.arrayContaining([at('hello-1.0.0.tgz'), at('hello-1.0.0.manifest.json')]),
  );
  expect(catalog?.plugins.get(hello)).toMatchObject({ latest: '1.0.0', keywords: ['greeting'] });
  expect(catalog?.submissions).toHaveLength(1);
});

describe('refused, and nothing is published:', () => {
  const refusals: readonly (readonly [
    name: string,
    code: DoorError['code'],
    edit: (index: PluginIndex) => Promise<Edit>,
  ])[] = [
    [
      'a file beside every version',
      'DOOR_PATHS',
      () => Promise.resolve((files) => files.add(at('notes.txt'), text('x'))),
    ],
    [
      'a file of a version that the index does not list',
      'DOOR_PATHS',
      () => Promise.resolve((files) => files.add(at('hello-9.9.9.cdx.json'), text('{}'))),
    ],
    [
      'an index that loses a version',
      'DOOR_IMMUTABLE',
      async () => {
        const two = await version('2.0.0');
        return async (files) => {
          await addFiles(files, two, '2.0.0');
          await files.add(at('index.json'), serializeIndex(indexWith(null, two, '2.0.0')));
        };
      },
    ],
    [
      'an index of another plugin',
      'DOOR_PATHS',
      async (index) =>
        Promise.resolve((files) =>
          files.add(at('index.json'), serializeIndex({ ...index, plugin: pluginName('other') })),
        ),
    ],
    [
      'an index whose latest is not the latest',
      'DOOR_FORMAT',
      async (index) => {
        const two = await version('2.0.0');
        const next = indexWith(index, two, '2.0.0');
        const channels = new Map([['latest', pluginVersion('1.0.0')]]);
        return async (files) => {
          await addFiles(files, two, '2.0.0');
          await files.add(at('index.json'), serializeIndex({ ...next, channels }));
        };
      },
    ],
    [
      'an index that is no index',
      'DOOR_FORMAT',
      () => Promise.resolve((files) => files.add(at('index.json'), text('{}'))),
    ],
    [
      'a version without its archive',
      'DOOR_TARGETS',
      async (index) => {
        const two = await version('2.0.0');
        return async (files) => {
          await files.add(at('hello-2.0.0.manifest.json'), two.manifestBytes);
          await files.add(at('index.json'), serializeIndex(indexWith(index, two, '2.0.0')));
        };
      },
    ],
    [
      'a manifest that speaks of another version',
      'DOOR_PATHS',
      async (index) => {
        const two = await version('2.0.0', (manifest) => ({ ...manifest, version: pluginVersion('3.0.0') }));
        return async (files) => {
          await addFiles(files, two, '2.0.0');
          await files.add(at('index.json'), serializeIndex(indexWith(index, two, '2.0.0')));
        };
      },
    ],
    [
      'an archive with other content than its manifest',
      'DOOR_TARGETS',
      async (index) => {
        const two = await version('2.0.0', (manifest) => {
          const files = manifest.files.map((file) => ({ ...file, sha256: 'ab'.repeat(32) }));
          return { ...manifest, files, treeHash: treeHash(files) };
        });
        return async (files) => {
          await addFiles(files, two, '2.0.0');
          await files.add(at('index.json'), serializeIndex(indexWith(index, two, '2.0.0')));
        };
      },
    ],
    [
      'an archive that is no archive',
      'DOOR_FORMAT',
      async (index) => {
        const made = await version('2.0.0');
        const archive = text('not an archive');
        const artifact = { ...made.manifest.artifact, length: archive.length, sha256: sha256(archive) };
        const manifestBytes = serializeManifest({ ...made.manifest, artifact });
        const two = { ...made, archive, manifestBytes };
        return async (files) => {
          await addFiles(files, two, '2.0.0');
          await files.add(at('index.json'), serializeIndex(indexWith(index, two, '2.0.0')));
        };
      },
    ],
  ];
  test.each(refusals)('%s: %s', async (_name, code, edit) => {
    const { repository, index } = await published();
    const before = await repository.status();
    const refused = await publish(repository, await edit(index)).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DoorError);
    expect(refused).toMatchObject({ code });
    expect((await repository.status()).roles).toEqual(before.roles);
  });
});

test('a path that was taken away does not come back with other content', async () => {
  const { repository, index } = await published();
  await repository.publish(async (draft: Draft) => void (await draft.remove(at('hello-1.0.0.tgz'))));
  const other = await version('1.0.0', undefined, 'console.log("other")');
  await expect(
    publish(repository, async (files) => {
      await files.add(at('hello-1.0.0.tgz'), other.archive);
      await files.add(at('index.json'), serializeIndex({ ...index, description: 'greets again' }));
    }),
  ).rejects.toMatchObject({ code: 'DOOR_IMMUTABLE', file: at('hello-1.0.0.tgz') });
});

describe('kinds of files that the policy of the organisation refuses', () => {
  const setPolicy = (repository: Repository, ...rules: readonly object[]): Promise<PublishResult> => {
    const policy = parseOrganisationPolicy(
      text(JSON.stringify({ format: 'ragnos-organisation-policy/1', rules })),
    );
    return repository.publish((draft) =>
      draft.add('policy/organisation.json', serializeOrganisationPolicy(policy)),
    );
  };
  const two = async (index: PluginIndex): Promise<Edit> => {
    const one = await version('2.0.0');
    return async (files) => {
      await addFiles(files, one, '2.0.0');
      await files.add(at('index.json'), serializeIndex(indexWith(index, one, '2.0.0')));
    };
  };

  test('are in no new version: the file, the rule and its reason are named, and nothing is published', async () => {
    const { repository, index } = await published();
    await setPolicy(
      repository,
      { for: '*', files: { refuse: ['exe'] } },
      { for: 'acme/*', files: { refuse: ['js'] }, reason: 'r1' },
    );
    const before = await repository.status();
    await expect(publish(repository, await two(index))).rejects.toMatchObject({
      code: 'DOOR_FILES',
      file: 'hello-2.0.0.tgz',
      message: expect.stringContaining(
        'holds index.js, a kind of file that policy/organisation.json rules[1] refuses: r1',
      ) as unknown,
    });
    expect((await repository.status()).roles).toEqual(before.roles);
  });

  test('are judged by the policy as it is now, also of bytes that were judged before', async () => {
    const { repository, index } = await published();
    const judged: DoorSettings['judged'] = new Map();
    const again = async (): Promise<PublishResult> =>
      repository.publish(atTheDoor(acme, await two(index), { gates: new Map(), judged }));
    await setPolicy(repository, { for: '*', files: { allow: ['json'] } });
    await expect(again()).rejects.toMatchObject({ code: 'DOOR_FILES' });
    expect(judged.size).toBe(1);
    await expect(again()).rejects.toMatchObject({ code: 'DOOR_FILES' });
    await setPolicy(
      repository,
      { for: '*', files: { allow: ['json', 'js'] } },
      { for: 'other/*', files: { allow: [] } },
    );
    await expect(again()).resolves.toMatchObject({ changed: true });
  });

  test('a policy that this door cannot read lets nothing in', async () => {
    const { repository, index } = await published();
    await repository.publish((draft) => draft.add('policy/organisation.json', text('{}')));
    await expect(publish(repository, await two(index))).rejects.toMatchObject({ code: 'BAD_FORMAT' });
  });
});

test('a gate sees the bytes, and what it passed is in the catalog', async () => {
  const { repository, index } = await published();
  await repository.publish(async (draft) =>
    writeRules(draft, acme, { ...defaultVendorRules, requires: ['sbom'] }),
  );
  const two = await version('2.0.0');
  const edit: Edit = async (files) => {
    await addFiles(files, two, '2.0.0');
    await files.add(at('hello-2.0.0.cdx.json'), text('{"bomFormat":"CycloneDX"}'));
    await files.add(at('index.json'), serializeIndex(indexWith(index, two, '2.0.0')));
  };
  await expect(publish(repository, edit)).rejects.toMatchObject({ code: 'DOOR_GATE' });
  const strict: Gate = async ({ companion }) => {
    const bytes = await companion('.cdx.json');
    if (bytes === null || !Buffer.from(bytes).includes('CycloneDX')) throw new Error('no SBOM');
  };
  await publish(repository, edit, new Map([['sbom', strict]]));
  expect((await catalogOf(repository, 'acme~hello'))?.digests.get(sha256(two.archive))?.gates).toEqual([
    'sbom',
  ]);
  const failing: Gate = () => Promise.reject(new Error('the SBOM names other files'));
  const three = await version('3.0.0');
  await expect(
    publish(
      repository,
      async (files) => {
        await addFiles(files, three, '3.0.0');
        const known = parseIndex((await files.read(at('index.json'))) ?? text(''));
        await files.add(at('index.json'), serializeIndex(indexWith(known, three, '3.0.0')));
      },
      new Map([['sbom', failing]]),
    ),
  ).rejects.toMatchObject({
    code: 'DOOR_GATE',
    message: expect.stringContaining('names other files') as unknown,
  });
});

test(
  '1,000 artifacts in one publish: one role, the catalog, snapshot and timestamp are written',
  { timeout: 60_000 },
  async () => {
    const repository = await vault();
    const made = await Promise.all(
      Array.from({ length: 1000 }, async (_, number) => {
        const plugin = pluginName(`p${number}`);
        return { plugin, one: await version('1.0.0', undefined, 'x', plugin) };
      }),
    );
    const { roles, attempts } = await publish(repository, async (files) => {
      for (const { plugin, one } of made) {
        await addFiles(files, one, '1.0.0', plugin);
        await files.add(at('index.json', plugin), serializeIndex(indexWith(null, one, '1.0.0', plugin)));
      }
    });
    expect([...roles.keys()].toSorted()).toEqual(['catalog', 'snapshot', 'timestamp', 'vendor.acme']);
    expect(attempts).toBe(1);
    expect((await catalogOf(repository))?.plugins.size).toBe(1000);
  },
);
