import { read, storageKey, StorageError, type Storage } from '@ragnos/storage';
import {
  checkBytes,
  hexDigest,
  isTopLevelRole,
  LimitExceededError,
  MalformedMetadataError,
  targetPath,
  type HexDigest,
  type TargetFile,
  type TargetPath,
} from '@ragnos/tuf';
import { readFile } from 'node:fs/promises';
import { bring } from './bring.ts';
import type { Client } from './compat.ts';
import { applyEdit } from './edit-roles.ts';
import { notThere, PublishError } from './errors.ts';
import { targetKey, unfetchable } from './keys.ts';
import { roleLayout, sha256 } from './signed.ts';
import { allFiles } from './split.ts';
import type { AddOptions, Content, Draft } from './types.ts';
import type { Workspace } from './workspace.ts';

const readMaxLength = 16 * 1024 * 1024;

export interface DraftOptions {
  readonly storage: Storage;
  /** As in `RepositoryOptions`. */
  readonly compat?: readonly Client[];
  readonly mutable: (path: string) => boolean;
}

/** The part of a workspace that a change may touch, for as long as it runs. */
export function draftOf(
  workspace: Workspace,
  options: DraftOptions,
): { readonly draft: Draft; readonly end: () => void } {
  let ended = false;
  const alive = (): void => {
    if (ended)
      throw new PublishError('CONFLICT', 'a draft was used after its change had ended', {
        hint: 'await every call on the draft',
      });
  };
  const draft: Draft = {
    now: workspace.now,
    async find(raw) {
      alive();
      return (await workspace.find(path(raw)))?.file ?? null;
    },
    async read(raw, { maxLength = readMaxLength } = {}) {
      alive();
      const at = path(raw);
      const found = await workspace.find(at);
      return found === null ? null : readTarget(workspace, options.storage, at, found.file, maxLength);
    },
    async add(raw, content, addOptions = {}) {
      alive();
      await add(workspace, options, path(raw), content, addOptions, alive);
    },
    async remove(raw) {
      alive();
      const at = path(raw);
      const found = await workspace.find(at);
      if (found === null) return false;
      alive();
      workspace.setFile(found.at, at, null);
      return true;
    },
    async bring(role, bytes, contents = new Map(), bringOptions = {}) {
      alive();
      const own = Uint8Array.from(bytes); // the caller may reuse its buffer
      return bring(workspace, role, own, contents, { ...options, ...bringOptions });
    },
    async edit(edit) {
      alive();
      if (edit.kind === 'keys' && isTopLevelRole(edit.role))
        throw new PublishError('BAD_LAYOUT', `${edit.role} changes its keys by a new root`);
      await applyEdit(workspace, edit, options.compat);
    },
    note(note) {
      alive();
      workspace.note(note);
    },
    async keysOf(role) {
      alive();
      const at = await workspace.locate(role);
      if (at === null) return null;
      const { role: signed, keys } = await workspace.keysOf(at);
      return roleLayout(signed, keys);
    },
    async list(role) {
      alive();
      return list(workspace, role);
    },
  };
  return { draft, end: () => (ended = true) };
}

async function add(
  workspace: Workspace,
  { mutable }: DraftOptions,
  at: TargetPath,
  content: Content,
  { custom, replace = false }: AddOptions,
  alive: () => void,
): Promise<void> {
  const kept = content instanceof Uint8Array ? Uint8Array.from(content) : content; // the caller may reuse its buffer
  const digest = kept instanceof Uint8Array ? sha256(kept) : digestOf(at, kept.sha256);
  const key = storable(at, digest);
  const found = await workspace.find(at);
  if (found !== null) {
    const same = found.file.length === kept.length && found.file.hashes.get('sha256') === digest;
    if (!same && !replace && !mutable(at))
      throw new PublishError(
        'PATH_IMMUTABLE',
        `${at} was published with other content (sha256 ${found.file.hashes.get('sha256') ?? 'unknown'})`,
        {
          hint: 'published paths never change: publish under a new version',
        },
      );
    const sameCustom = custom === undefined || JSON.stringify(custom) === JSON.stringify(found.file.custom);
    if (same && sameCustom) return;
  }
  const target = found?.at ?? (await workspace.owner(at));
  const before = found?.file;
  alive();
  workspace.setContent(key, kept);
  workspace.setFile(target, at, {
    length: kept.length,
    hashes: new Map([['sha256', digest]]),
    custom: custom ?? before?.custom,
    unrecognized: before?.unrecognized ?? new Map(),
  });
}

/** Verified against the metadata that names it. */
async function readTarget(
  workspace: Workspace,
  storage: Storage,
  at: TargetPath,
  file: TargetFile,
  maxLength: number,
): Promise<Uint8Array> {
  if (file.length > maxLength)
    throw new LimitExceededError(`${at}: ${file.length} bytes, more than ${maxLength}`);
  const digest = file.hashes.get('sha256');
  if (digest === undefined) throw new PublishError('BAD_TARGET', `${at}: published without a sha256`);
  const key = targetKey(at, digest);
  const fresh = workspace.contents.get(key);
  const bytes =
    fresh === undefined
      ? (await read(storage, key, { maxLength }))?.bytes
      : fresh instanceof Uint8Array
        ? fresh
        : await readFile(fresh.file);
  if (bytes === undefined) throw notThere(storage, key);
  checkBytes(bytes, { length: file.length, hashes: file.hashes }, at);
  return Uint8Array.from(bytes);
}

async function list(workspace: Workspace, role: string): Promise<ReadonlyMap<string, TargetFile>> {
  const at = await workspace.located(role);
  return allFiles(workspace, at);
}

function path(raw: string): TargetPath {
  try {
    return targetPath(raw);
  } catch (error) {
    throw refused(raw, error);
  }
}

function digestOf(at: string, raw: string): HexDigest {
  if (!/^[0-9a-f]{64}$/.test(raw))
    throw new PublishError('BAD_TARGET', `${at}: not a sha256: ${raw.slice(0, 80)}`);
  return hexDigest(raw);
}

/** A path that we read may still be one that not every store or disk can hold, or that no other client asks for. */
function storable(at: TargetPath, digest: HexDigest): string {
  try {
    storageKey(`targets/${at}`);
    if (unfetchable.test(at)) throw new MalformedMetadataError('no other client asks for a name with % or #');
    return targetKey(at, digest);
  } catch (error) {
    throw refused(at, error);
  }
}

function refused(raw: string, error: unknown): unknown {
  if (!(error instanceof MalformedMetadataError) && !(error instanceof StorageError)) return error;
  return new PublishError(
    'BAD_TARGET',
    `${JSON.stringify(raw.slice(0, 120))} cannot be published: ${error.message}`,
    { cause: error },
  );
}
