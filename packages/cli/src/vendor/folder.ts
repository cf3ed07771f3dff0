import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { nodeFileSystem, writeFileAtomic } from '@ragnos/disk';
import {
  FormatError,
  parseSubmission,
  serializeSubmission,
  type Submission,
  type VendorLimits,
  type VendorName,
  type VendorRules,
} from '@ragnos/plugin';
import { DoorError, type Content } from '@ragnos/repository';
import { roleName, targetPath } from '@ragnos/tuf';
import type { Handed } from '../door/receive.ts';
import { CliError } from '../errors.ts';
import { sha256 } from '../sha256.ts';
import { bytes as bytesText } from '../text.ts';
import { copyAgain, hashHanded, readHanded } from './handed-files.ts';

export const submissionFile = 'submission.json';
const maxSubmission = 200_000_000;
const maxRole = 20_000_000;
/** Bytes of all roles, which are held in memory. */
const maxRoles = 500_000_000;
const maxIndex = 16 * 1024 * 1024;

/** Writes a whole submission, or nothing: it appears under its name when it is complete. @throws CliError VAULT_EXISTS */
export async function writeSubmission(
  folder: string,
  submission: Omit<Submission, 'targets' | 'roles'>,
  roles: ReadonlyMap<string, Uint8Array>,
  contents: ReadonlyMap<string, Content>,
): Promise<void> {
  const at = resolve(folder);
  const there = await readdir(at).catch(() => null);
  if (there !== null && there.length > 0)
    throw new CliError('FOLDER_NOT_EMPTY', `${folder} is not empty; nothing was written`, {
      hint: 'name a folder that does not exist yet: --output <folder>',
    });
  const work = join(dirname(at), `.${basename(at)}.${process.pid}.tmp`);
  try {
    await mkdir(join(work, 'roles'), { recursive: true });
    await mkdir(join(work, 'targets'));
    const targets: Submission['targets'][number][] = [];
    for (const [path, content] of contents) {
      const bytes =
        content instanceof Uint8Array ? content : nodeFileSystem.read(content.file, content.length);
      const read = await bytes;
      if (read === null) throw new CliError('NO_SUCH_FILE', `${path} is gone`);
      const digest = sha256(read);
      await writeFileAtomic(join(work, 'targets', digest), read, { mode: 0o644 });
      targets.push({ path: targetPath(path), length: read.length, sha256: digest });
    }
    for (const [role, bytes] of roles)
      await writeFileAtomic(join(work, 'roles', `${role}.json`), bytes, { mode: 0o644 });
    const whole = { ...submission, roles: [...roles.keys()], targets };
    await writeFileAtomic(join(work, submissionFile), serializeSubmission(whole), { mode: 0o644 });
    if (there !== null) await rm(at, { recursive: true });
    await rename(work, at);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Replaces roles of a submission, each file at once: more signatures on the same content. */
export async function replaceRoles(folder: string, roles: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [role, bytes] of roles)
    await writeFileAtomic(join(folder, 'roles', `${role}.json`), bytes, { mode: 0o644 });
}

export async function replaceSubmission(folder: string, submission: Submission): Promise<void> {
  await writeFileAtomic(join(folder, submissionFile), serializeSubmission(submission), { mode: 0o644 });
}

/**
 * Reads a submission that somebody handed in: bounded, links not followed, names derived and never taken from the file. Targets
 * are hashed, and left where they are. `rulesOf`: what its vendor may hand in, looked at before any target is read.
 * @throws CliError NO_SUCH_FILE where there is no submission; DoorError
 */
export async function readSubmission(
  folder: string,
  signal: AbortSignal,
  rulesOf?: (vendor: VendorName) => Promise<VendorRules>,
): Promise<Handed> {
  const bytes = await readHanded(folder, submissionFile, maxSubmission, 'DOOR_FORMAT');
  if (bytes === null)
    throw new CliError('NO_SUCH_FILE', `${folder} is no submission: there is no ${submissionFile} in it`, {
      hint: 'ragv vendor sign and ragv vendor join make one',
    });
  const submission = parseHandedSubmission(bytes);
  const rules = await rulesOf?.(submission.vendor);
  if (rules !== undefined) checkDeclared(submission, rules.limits);
  const roles = new Map<string, Uint8Array>();
  let left = maxRoles;
  for (const raw of submission.roles) {
    signal.throwIfAborted();
    const role = roleName(raw);
    const name = `roles/${role}.json`;
    if (role.includes('/')) throw new DoorError('DOOR_FORMAT', submissionFile, `${role} is no file name`);
    const file = await readHanded(folder, name, Math.min(maxRole, left), 'DOOR_FORMAT');
    if (file === null) throw new DoorError('DOOR_ROLE', name, 'was not handed in', { hint: copyAgain });
    left -= file.length;
    roles.set(role, file);
  }
  const targets = new Map<string, Content>();
  for (const target of submission.targets) targets.set(target.path, await hashHanded(folder, target, signal));
  return { submission, roles, targets };
}

function parseHandedSubmission(bytes: Uint8Array): Submission {
  try {
    return parseSubmission(bytes);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new DoorError('DOOR_FORMAT', submissionFile, withoutFormat(cause.message), { cause });
  }
}

/** A parser says which format it reads, where a refusal says which file it is. */
function withoutFormat(message: string): string {
  return message.replace(/^ragnos-submission\/1(?:: |\.)/, '');
}

/** What is declared costs the reading: the door's own limits hold for it too, and one for indexes, which have none. */
function checkDeclared({ targets }: Submission, { artifactBytes, totalBytes }: VendorLimits): void {
  let total = 0;
  for (const { path, length } of targets) {
    const isIndex = path.endsWith('/index.json');
    const most = isIndex ? maxIndex : artifactBytes;
    if (length > most)
      throw new DoorError(
        'DOOR_LIMITS',
        path,
        `${bytesText(length)}; at most ${bytesText(most)} are allowed for one file`,
      );
    if (!isIndex) total += length;
    if (total > totalBytes)
      throw new DoorError(
        'DOOR_LIMITS',
        path,
        `with it ${bytesText(total)} are handed in; at most ${bytesText(totalBytes)} are allowed`,
      );
  }
}
