import {
  filePath,
  openVault,
  type HostOptions,
  type PluginManifest,
  type Vault,
  type VaultOptions,
} from '@ragnos/plugin';
import { afterEach } from 'vitest';
import { agreed, World, type PluginFiles } from '../host/world.ts';

const open: Vault[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((vault) => vault.close()));
});

/** To all that is asked for. */
export { agreed };

const packageJson = (name: string, version: string): string =>
  JSON.stringify({ name, version, type: 'module' });

/** A plugin whose `index.js` is `code`. */
export function moduleFiles(code: string, more: PluginFiles = {}): PluginFiles {
  return { 'index.js': code, ...more };
}

interface PublishOptions {
  readonly plugin?: string;
  readonly version?: string;
  readonly capabilities?: PluginManifest['capabilities'];
  readonly kind?: PluginManifest['kind'];
  readonly main?: string | null;
  readonly bin?: string;
}

export async function publishModule(
  world: World,
  files: PluginFiles,
  {
    plugin = 'hello',
    version = '2.0.0',
    capabilities = {},
    kind = 'node',
    main = 'index.js',
    bin,
  }: PublishOptions = {},
): Promise<void> {
  await world.publish(version, {
    plugin,
    files: { ...files, 'package.json': packageJson(plugin, version) },
    change: (manifest) => ({
      ...manifest,
      kind,
      capabilities,
      entry: {
        main: main === null ? null : filePath(main),
        bin: new Map(bin === undefined ? [] : [[plugin, filePath(bin)]]),
      },
    }),
  });
}

/** A vault on the world's host, which ends with the test. */
export async function vaultOf(
  world: World,
  options: Partial<VaultOptions> & Partial<HostOptions> = {},
): Promise<Vault> {
  const vault = await openVault({
    home: world.home,
    project: world.project,
    fetcher: world.simulator,
    now: () => world.now,
    onEvent: (event) => void world.events.push(event),
    recheckEveryMs: 0,
    ...options,
  });
  open.push(vault);
  return vault;
}

/** A world with one plugin, installed. */
export async function worldWith(
  code: string,
  options: PublishOptions & { readonly files?: PluginFiles } = {},
): Promise<World> {
  const world = await World.create();
  await publishModule(world, moduleFiles(code, options.files), options);
  await (await world.host()).install(`acme/${options.plugin ?? 'hello'}`, agreed);
  return world;
}
