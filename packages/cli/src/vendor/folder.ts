import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { nodeFileSystem, writeFileAtomic } from '@ragnos/disk';
import { parseSubmission, serializeSubmission, type Submission } from '@ragnos/plugin';
import { hashFile, type Content } from '@ragnos/repository';
import { roleName, targetPath } from '@ragnos/tuf';
import type { Handed } from '../door/receive.ts';
import { CliError } from '../errors.ts';

export const submissionFile = 'submission.json';
const maxSubmission = 200_000_000;
const maxRole = 20_000_000;

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
      const sha256 = createHash('sha256').update(read).digest('hex');
      await writeFileAtomic(join(work, 'targets', sha256), read, { mode: 0o644 });
      targets.push({ path: targetPath(path), length: read.length, sha256 });
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
 * are hashed, and left where they are.
 * @throws CliError NO_SUCH_FILE; FormatError; DiskError
 */
export async function readSubmission(folder: string, signal: AbortSignal): Promise<Handed> {
  const bytes = await nodeFileSystem.read(join(folder, submissionFile), maxSubmission);
  if (bytes === null) throw missing(folder, submissionFile);
  const submission = parseSubmission(bytes);
  const roles = new Map<string, Uint8Array>();
  for (const raw of submission.roles) {
    const role = roleName(raw);
    if (role.includes('/')) throw missing(folder, role);
    const file = await nodeFileSystem.read(join(folder, 'roles', `${role}.json`), maxRole);
    if (file === null) throw missing(folder, `roles/${role}.json`);
    roles.set(role, file);
  }
  const targets = new Map<string, Content>();
  for (const { path, sha256, length } of submission.targets) {
    const file = join(folder, 'targets', sha256);
    const content = await hashFile(file, { signal }).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw new CliError('NO_SUCH_FILE', `${path}: ${file} cannot be read`, { cause });
    });
    if (content.sha256 !== sha256 || content.length !== length)
      throw new CliError('SUBMISSION_CHANGED', `${file} is not the file of ${path} that was handed in`, {
        hint: 'it was cut or changed on its way: copy the folder again',
      });
    targets.set(path, content);
  }
  return { submission, roles, targets };
}

function missing(folder: string, name: string): CliError {
  return new CliError('NO_SUCH_FILE', `${folder} is no submission: there is no ${name} in it`, {
    hint: 'ragv vendor sign and ragv vendor join make one',
  });
}
