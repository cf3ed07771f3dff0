import { putOnce, read, StorageError, type Body, type Storage, type StorageKey } from '@ragnos/storage';
import { checkBytes, type HexDigest, type TargetFile, type TargetPath } from '@ragnos/tuf';
import { addedTargets } from './compat-commit.ts';
import { clientFacts } from './compat-facts.ts';
import type { Client } from './compat.ts';
import { notThere } from './errors.ts';
import { aliasKey, targetKey } from './keys.ts';
import { objectMeta } from './object-meta.ts';
import { inParallel, putContents } from './put.ts';
import { putFresh, type FreshOptions } from './retention/publisher.ts';
import { defaultGrace } from './retention/times.ts';
import type { Engine } from './transact.ts';
import type { CallOptions, Content } from './types.ts';
import { Workspace, type RoleWork } from './workspace.ts';

export interface AliasResult {
  /** Paths under which a file was missing and now lies. */
  readonly laid: number;
  /** Those that were there. */
  readonly present: number;
  /** Targets whose file cannot be stored under such a path. */
  readonly impossible: readonly string[];
}

interface Alias {
  readonly key: StorageKey;
  readonly path: TargetPath;
  readonly file: TargetFile;
  readonly digest: HexDigest;
}

export function servesAliases(compat: readonly Client[]): boolean {
  return compat.some((client) => clientFacts[client].aliases.value);
}

/** `null`: in no folder, so that there is nothing to lay. @throws StorageError STORAGE_BAD_KEY */
function aliasOf(path: TargetPath, file: TargetFile): Alias | null {
  const digest = file.hashes.get('sha256');
  const key = digest === undefined ? null : aliasKey(path, digest);
  return digest === undefined || key === null ? null : { key, path, file, digest };
}

/** Lays the files of all targets that `works` add under their second path too, before any metadata names them. */
export async function putAliases(
  workspace: Workspace,
  works: readonly RoleWork[],
  storage: Storage,
  compat: readonly Client[],
  options: FreshOptions,
): Promise<ReadonlyMap<string, Content>> {
  if (!servesAliases(compat)) return new Map();
  const contents = new Map<StorageKey, Content>();
  const stored: Alias[] = [];
  for (const work of works)
    for (const [path, file] of await addedTargets(workspace, work)) {
      const alias = aliasOf(path, file);
      if (alias === null) continue;
      const content = workspace.contents.get(targetKey(path, alias.digest));
      if (content === undefined) stored.push(alias);
      else contents.set(alias.key, content);
    }
  const rewritten = await putContents(storage, contents, options);
  const again = new Map<string, Content>(rewritten);
  const before = new Workspace(workspace.head, workspace.now);
  await inParallel(stored, async (alias) => {
    // Of many that only move to another bin, all lie there already.
    const found = await storage.head(alias.key, options);
    if (found?.size !== alias.file.length) return lay(storage, alias, options);
    const { now, grace = defaultGrace } = options;
    if (now.getTime() - found.modified.getTime() <= grace / 2 || (await isListed(before, alias))) return;
    // A leftover that may be deleted any moment.
    const bytes = await bytesOf(storage, alias, options);
    if ((await putFresh(storage, alias.key, bytes, options)) === 'rewritten') again.set(alias.key, bytes);
  });
  return again;
}

/** Whether the head names the same content, so that nobody deletes it. */
async function isListed(before: Workspace, { path, digest }: Alias): Promise<boolean> {
  return (await before.find(path))?.file.hashes.get('sha256') === digest;
}

async function bytesOf(storage: Storage, alias: Alias, options: CallOptions): Promise<Uint8Array> {
  const { path, file, digest } = alias;
  const from = targetKey(path, digest);
  const found = await read(storage, from, { ...options, maxLength: file.length });
  if (found === null) throw notThere(storage, from);
  checkBytes(found.bytes, { length: file.length, hashes: new Map([['sha256', digest]]) }, path);
  return found.bytes;
}

/** From what is stored under the path of the specification, checked on the way. */
async function lay(
  storage: Storage,
  { key, path, file, digest }: Alias,
  options: CallOptions,
): Promise<void> {
  const from = targetKey(path, digest);
  const body: Body = {
    length: file.length,
    sha256: digest,
    open: async function* () {
      const found = await storage.get(from, { ...options, maxLength: file.length });
      if (found === null) throw notThere(storage, from);
      yield* found.body;
    },
  };
  await putOnce(storage, key, body, objectMeta(key), options);
}

/** Of the roles that `missingAliases` walks: the role, and the aliases that are not there. */
export interface MissingAliases {
  readonly role: string;
  readonly missing: readonly Alias[];
  readonly present: number;
  readonly impossible: readonly string[];
}

/** Second paths that lie in the store. A target that is called like one makes no difference: a name stands for its content. */
export async function storedAliases(storage: Storage, options: CallOptions): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for await (const { key } of storage.list('targets/', options))
    if (/^targets\/[0-9a-f]{64}\.[^/]*\//.test(key)) keys.add(key);
  return keys;
}

export function missingAliases(
  role: string,
  targets: Iterable<readonly [TargetPath, TargetFile]>,
  stored: ReadonlySet<string>,
): MissingAliases {
  const missing: Alias[] = [];
  const impossible: string[] = [];
  let present = 0;
  for (const [path, file] of targets)
    try {
      const alias = aliasOf(path, file);
      if (alias === null) continue;
      if (stored.has(alias.key)) present++;
      else missing.push(alias);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      impossible.push(path);
    }
  return { role, missing, present, impossible };
}

/** Lays what is missing of what the head publishes, eight files at a time. What is there is left alone: call it as often as you like. */
export async function layAliases(engine: Engine, options: CallOptions): Promise<AliasResult> {
  const { storage } = engine;
  const result = { laid: 0, present: 0, impossible: new Array<string>() };
  if (!servesAliases(engine.compat)) return result;
  const workspace = new Workspace(await engine.reader.read(options), engine.now());
  const stored = await storedAliases(storage, options);
  for await (const at of workspace.walk()) {
    const { missing, present, impossible } = missingAliases(at.name, await workspace.filesOf(at), stored);
    await inParallel(missing, (alias) => lay(storage, alias, options));
    result.laid += missing.length;
    result.present += present;
    result.impossible.push(...impossible);
  }
  return result;
}
