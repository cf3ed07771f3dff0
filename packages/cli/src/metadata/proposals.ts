import { basename } from 'node:path';
import {
  hashFile,
  PublishError,
  type Change,
  type FileContent,
  type RoleEdit,
  type RoleLayout,
} from '@ragnos/repository';
import { targetPath, type Key, type KeyId, type TargetPath } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { readPublicKey } from '../vendor/keys.ts';

/** `--add-key`, `--remove-key` and `--threshold`; `null`: none of them was given. @throws CliError USAGE, BAD_KEY_FILE */
export async function keysEdit(
  role: string,
  current: RoleLayout,
  context: Context,
  more: readonly Key[] = [],
): Promise<RoleEdit | null> {
  const { options } = context;
  const added = [...more];
  for (const file of options.list('add-key')) added.push(await readPublicKey(file));
  const removed = options.list('remove-key').map((given) => namedKey(given, current.keys, role).keyId);
  const text = options.text('threshold');
  if (added.length === 0 && removed.length === 0 && text === undefined) return null;
  const threshold = text === undefined ? current.threshold : Number(text);
  if (!Number.isInteger(threshold) || threshold < 1)
    throw new CliError('USAGE', `--threshold ${text} is no number of signatures`);
  const kept = current.keys.filter(({ keyId }) => !removed.includes(keyId));
  const keys = [...kept, ...added.filter(({ keyId }) => kept.every((key) => key.keyId !== keyId))];
  return { kind: 'keys', role, keys, threshold };
}

/** By its id or the beginning of it, 8 characters or more. @throws CliError USAGE */
export function namedKey(given: string, keys: readonly Key[], role: string): Key {
  const found = given.length < 8 ? [] : keys.filter(({ keyId }) => keyId.startsWith(given));
  const [key] = found;
  if (key !== undefined && found.length === 1) return key;
  throw new CliError(
    'USAGE',
    `${JSON.stringify(given)} is ${found.length > 1 ? 'the beginning of several keys' : 'no key'} of ${role}`,
    {
      hint: `its keys: ${keys.map(({ keyId }) => short(keyId)).join(', ')}`,
    },
  );
}

export function short(keyId: KeyId | string): string {
  return `${keyId.slice(0, 16)}…`;
}

export interface FileTarget {
  readonly path: TargetPath;
  readonly content: FileContent;
}

/** Hashes a file that is to be a target: at `path`, else under its own name `below` a folder. @throws CliError NO_SUCH_FILE; PublishError BAD_TARGET */
export async function fileTarget(
  file: string,
  { path, below }: { readonly path?: string | undefined; readonly below: string | undefined },
  signal: AbortSignal,
): Promise<FileTarget> {
  const content = await hashFile(file, { signal }).catch((cause: unknown) => {
    signal.throwIfAborted();
    if (cause instanceof PublishError) throw cause;
    throw new CliError('NO_SUCH_FILE', `${file} cannot be read`, { cause });
  });
  const name = basename(file);
  const named = path ?? (below === undefined ? name : `${below.replace(/\/$/, '')}/${name}`);
  return { path: targetPath(named), content };
}

/** `--add-target`, `--below` and `--remove-target`; `null`: none of them was given. */
export async function targetsChange({ options, signal }: Context): Promise<Change | null> {
  const below = options.text('below');
  const removed = options.list('remove-target').map(targetPath);
  const added = await Promise.all(
    options.list('add-target').map((file) => fileTarget(file, { below }, signal)),
  );
  if (added.length === 0 && removed.length === 0) return null;
  return async (draft) => {
    for (const { path, content } of added) await draft.add(path, content);
    for (const path of removed)
      if (!(await draft.remove(path))) throw new CliError('NO_SUCH_FILE', `no role lists the target ${path}`);
  };
}
