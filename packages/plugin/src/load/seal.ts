import { writeFileAtomic } from '@ragnos/disk';
import { createHmac, randomBytes, timingSafeEqual, type Hmac } from 'node:crypto';
import { lstatSync, readdirSync, type BigIntStats } from 'node:fs';
import { join } from 'node:path';

import type { PluginManifest } from '../formats/manifest.ts';
import type { Context } from '../host/context.ts';
import { ensureFolder, homeFolder } from '../host/paths.ts';
import { digest } from '../host/pointer.ts';
import { readBytes, readState, writeState } from '../host/state-file.ts';

const format = 'ragnos-seal/1';
/** A write within the clock's grain of the seal could leave the same times behind. */
const graceMs = 2_000;
/** A seal vouches for so long; then every byte is read again. */
const goodForMs = 24 * 3_600_000;

/**
 * Whether the tree stands as it did when every byte of it was last compared: each file and folder by device, inode, size and
 * both times, under a key that no plugin can read. Says nothing about a disk that changes by itself.
 */
export async function isSealed(context: Context, manifest: PluginManifest, folder: string): Promise<boolean> {
  const seal = await readState(sealFile(context, manifest.treeHash), (json) => {
    if (json.string('format') !== format) json.fail('format', format);
    return { at: json.integer('at', 0), mac: digest(json, 'mac') };
  }).catch(() => null); // damaged: as if there were none
  const age = seal === null ? -1 : context.now().getTime() - seal.at;
  if (seal === null || age < 0 || age > goodForMs) return false;
  const key = await readKey(context);
  if (key === null) return false;
  const now = macOf(key, manifest, folder, seal.at);
  return now !== null && timingSafeEqual(Buffer.from(now.mac, 'hex'), Buffer.from(seal.mac, 'hex'));
}

/** After every byte was compared. Leaves no seal where something is too young to vouch for. */
export async function seal(context: Context, manifest: PluginManifest, folder: string): Promise<void> {
  const at = context.now().getTime();
  const made = macOf((await readKey(context)) ?? (await makeKey(context)), manifest, folder, at);
  if (made === null || made.youngest > Date.now() - graceMs) return; // file times are the system's clock's
  ensureFolder(context.paths.folder, 'seals');
  await writeState(sealFile(context, manifest.treeHash), { format, at, mac: made.mac });
}

function sealFile(context: Context, treeHash: string): string {
  return join(context.paths.folder, 'seals', `${treeHash}.json`);
}

function keyFile(context: Context): string {
  return join(homeFolder(context.home), 'seal.key');
}

/** `null`: there is none, or none that could be: every byte is read, and another is made. */
async function readKey(context: Context): Promise<Uint8Array | null> {
  const key = await readBytes(keyFile(context), 32).catch(() => null);
  return key?.length === 32 ? key : null;
}

async function makeKey(context: Context): Promise<Uint8Array> {
  const key = randomBytes(32);
  await writeFileAtomic(keyFile(context), key, { mode: 0o600 });
  return key;
}

/** `null`: something is not there, or more is there. */
function macOf(
  key: Uint8Array,
  manifest: PluginManifest,
  folder: string,
  at: number,
): { readonly mac: string; readonly youngest: number } | null {
  const mac = createHmac('sha256', key).update(`${format}\0${manifest.treeHash}\0${at}\0`);
  const entries = new Map<string, number>(); // of each folder, how much has to be in it
  const count = (path: string): void => {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    const known = entries.get(parent);
    entries.set(parent, (known ?? 0) + 1);
    if (known === undefined && parent !== '') count(parent);
  };
  for (const { path } of manifest.files) count(path);
  let youngest = 0;
  const look = (path: string, isRight: (stat: BigIntStats) => boolean): boolean => {
    const stat = lstatSync(join(folder, path), { bigint: true, throwIfNoEntry: false });
    if (stat === undefined || !isRight(stat)) return false;
    youngest = Math.max(youngest, Number(stat.mtimeMs), Number(stat.ctimeMs));
    write(mac, path, stat);
    return true;
  };
  for (const path of [...entries.keys()].toSorted())
    if (
      !look(path, (stat) => stat.isDirectory()) ||
      readdirSync(join(folder, path)).length !== entries.get(path)
    )
      return null;
  for (const { path, size } of manifest.files)
    if (!look(path, (stat) => stat.isFile() && stat.size === BigInt(size))) return null;
  return { mac: mac.digest('hex'), youngest };
}

function write(mac: Hmac, path: string, { dev, ino, size, mode, mtimeNs, ctimeNs }: BigIntStats): void {
  mac.update(`${path}\0${dev}\0${ino}\0${size}\0${mode}\0${mtimeNs}\0${ctimeNs}\n`);
}
