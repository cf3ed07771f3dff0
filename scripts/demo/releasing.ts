/** What an attacker does who may sign, or nearly: he releases a version, by the vendor's key or by one that is none. */
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ground } from './attack.ts';
import { evilServer } from './evil-server.ts';
import { ragvQuietly, shiftedClock } from './stage.ts';

/** The version of hello that is released. */
export const evil = '1.4.0';

type Files = Readonly<Record<string, string>>;

/** A folder that `make` fills for the first strike that wants it; publishing takes long, and every strike may have a copy. */
export async function once(
  { made, shared }: Ground,
  name: string,
  make: (at: string) => Promise<void>,
): Promise<string> {
  const fill = async (): Promise<string> => {
    const at = join(shared, name);
    await mkdir(at, { recursive: true });
    await make(at);
    return at;
  };
  const known = made.get(name) ?? fill();
  made.set(name, known);
  return known;
}

/** `ragv` as whoever has the keys, in the folder `at`. */
export async function operate(ground: Ground, at: string, args: readonly string[]): Promise<void> {
  await ragvQuietly(args, { cwd: at, env: { ...ground.stage.operatorEnv, RAGV_HOME: join(at, 'operator') } });
}

/** A vault of its own in `at`. */
export async function copyVault({ stage }: Ground, at: string): Promise<string> {
  const vault = join(at, 'vault');
  await cp(stage.vault, vault, { recursive: true });
  return vault;
}

/** The next version of hello in `at`, with other files in it. */
export async function evilFolder({ stage }: Ground, at: string, files: Files): Promise<string> {
  const folder = join(at, 'evil');
  await cp(join(stage.dir, 'hello-plugin'), folder, { recursive: true });
  const json = {
    name: 'hello',
    version: evil,
    description: 'Greets whoever it is told to',
    type: 'module',
    main: 'index.js',
    bin: { hello: 'bin.js' },
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(json));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

/** By whoever has the vendor's key: the plugin whose folder `make` returns is signed, and served. */
export async function publishAndServe(
  ground: Ground,
  name: string,
  make: (at: string) => Promise<string>,
): Promise<void> {
  const released = await once(ground, `${name}-release`, async (at) => {
    const plugin = await make(at);
    await operate(ground, at, ['publish', plugin, '--vault', await copyVault(ground, at)]);
  });
  await rm(ground.served, { recursive: true });
  await cp(join(released, 'vault', 'public'), ground.served, { recursive: true });
}

/** The host gets it before the strike begins, by the real command: nothing in the way of an installation is tried here. */
export async function hostDoes(
  ground: Ground & { readonly clockShiftMs?: number },
  ...args: readonly string[]
): Promise<void> {
  const { node, env } = shiftedClock(ground.clockShiftMs);
  const server = await evilServer(ground.served, ground.port);
  try {
    await ragvQuietly(args, { cwd: ground.folder, node, env: { ...env, RAGV_HOME: ground.home } });
  } finally {
    await server.close();
  }
}

export async function writePolicy({ folder }: Ground, rule: object): Promise<void> {
  const policy = { format: 'ragnos-organisation-policy/1', rules: [rule] };
  await writeFile(join(folder, 'policy.json'), JSON.stringify(policy));
}

/** A vendor of whose two keys one lies where plugins are built; with it alone a release is signed, to be handed in. */
export async function signWithOneOfTwo(ground: Ground): Promise<void> {
  const signed = await once(ground, 'one-of-two', async (at) => {
    const vault = await copyVault(ground, at);
    const keys = ['build.p8', 'person.p8'];
    for (const key of keys) await operate(ground, at, ['key', 'generate', key]);
    const given = keys.flatMap((key) => ['--key', key]);
    await operate(ground, at, [
      'vendor',
      'add',
      'tan',
      ...given,
      '--threshold',
      '2',
      '--vault',
      vault,
      '--yes',
    ]);
    await signFor(ground, at, 'tan', 'build.p8');
  });
  await cp(signed, ground.folder, { recursive: true });
}

/** Somebody who is not the vendor signs in its name, with a key that he has made himself. */
export async function signAsStranger(ground: Ground): Promise<void> {
  const signed = await once(ground, 'stranger', async (at) => {
    await copyVault(ground, at);
    await operate(ground, at, ['key', 'generate', 'stranger.p8']);
    await signFor(ground, at, 'acme', 'stranger.p8');
  });
  await cp(signed, ground.folder, { recursive: true });
}

async function signFor(ground: Ground, at: string, vendor: string, key: string): Promise<void> {
  const [vault, plugin] = [join(at, 'vault'), await evilFolder(ground, at, {})];
  const root = join(vault, '1.root.json');
  await operate(ground, at, ['trust', 'init', join(vault, 'public'), '--root', root, '--single-signer']);
  await mkdir(join(at, 'submission'), { recursive: true });
  await operate(ground, at, [
    'vendor',
    'sign',
    plugin,
    '--vendor',
    vendor,
    '--key',
    key,
    '--output',
    'submission',
  ]);
}
