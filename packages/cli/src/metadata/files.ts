import { basename } from 'node:path';
import { nodeFileSystem } from '@ragnos/disk';
import { keysFor, readMetadata, type KeySet } from '@ragnos/repository';
import {
  delegatedKeys,
  roleName,
  type Metadata,
  type RoleName,
  type Root,
  type Targets,
  type TopLevelRole,
} from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { countSignatures } from './signatures.ts';

/** Bytes; the largest file that any command reads whole. */
const fileMaxLength = 64_000_000;

/** A file of metadata, as it is on disk and as it reads. Nothing in it is believed. */
export interface MetadataFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly metadata: Metadata;
}

/** @throws CliError NO_SUCH_FILE */
export async function readWhole(path: string): Promise<Uint8Array> {
  const bytes = await nodeFileSystem.read(path, fileMaxLength).catch((cause: unknown) => {
    throw new CliError('NO_SUCH_FILE', `${path} cannot be read`, { cause });
  });
  if (bytes === null) throw new CliError('NO_SUCH_FILE', `there is no file ${path}`);
  return bytes;
}

export async function readMetadataFile(path: string): Promise<MetadataFile> {
  const bytes = await readWhole(path);
  return { path, bytes, metadata: readMetadata(bytes, path) };
}

/** `--role`, or as the file is called: a targets file does not say of which role it is. */
export function roleOf({ path, metadata }: MetadataFile, context: Context): RoleName {
  const { type } = metadata.signed;
  if (type !== 'targets') return roleName(type);
  const given = context.options.text('role');
  if (given !== undefined) return roleName(given);
  const encoded = /^(?:\d+\.)?(.+)\.json$/.exec(basename(path))?.[1] ?? '';
  try {
    return roleName(decodeURIComponent(encoded));
  } catch (cause) {
    throw new CliError('USAGE', `of which role is ${path}?`, { cause, hint: 'give --role <name>' });
  }
}

/** Who signs a file, in whose word: `by` names the file that says so. */
export interface SetOfKeys extends KeySet {
  readonly by: string;
}

/**
 * Those whose signatures the file needs: by `--root`, which for another root is the one before it; by `--delegator` for
 * a delegated role. A root needs its own as well. `null`: nobody said whom to believe.
 */
export async function keySetsOf(file: MetadataFile, context: Context): Promise<readonly SetOfKeys[] | null> {
  const { signed } = file.metadata;
  const role = roleOf(file, context);
  const root = await given('root', context);
  const delegator = await given('delegator', context);
  if (delegator !== null) {
    if (signed.type !== 'targets' || delegator.metadata.signed.type !== 'targets')
      throw new CliError('USAGE', '--delegator is a targets file, for a role that it delegates to');
    if (root !== null) verifyUnder(delegator, root);
    return [byDelegator(role, delegator.path, delegator.metadata.signed)];
  }
  if (signed.type === 'root') {
    const own = topLevel(signed, 'root', `root ${signed.version} itself`);
    const before = root === null ? null : rootIn(root);
    if (before === null) return [own];
    if (before.version !== signed.version - 1 && before.version !== signed.version)
      throw new CliError(
        'USAGE',
        `--root is version ${before.version}; root ${signed.version} follows another`,
      );
    return before.version === signed.version
      ? [topLevel(before, 'root', `root ${before.version}`)]
      : [topLevel(before, 'root', `root ${before.version}`), own];
  }
  if (root === null) return null;
  const trusted = rootIn(root);
  if (signed.type !== 'targets') return [topLevel(trusted, signed.type, `root ${trusted.version}`)];
  if (role !== 'targets')
    throw new CliError('USAGE', `root says nothing of ${role}`, {
      hint: 'give --delegator <file>, the role that delegates to it; or --role targets, if it is that',
    });
  return [topLevel(trusted, 'targets', `root ${trusted.version}`)];
}

async function given(option: 'root' | 'delegator', context: Context): Promise<MetadataFile | null> {
  const path = context.options.text(option);
  return path === undefined ? null : readMetadataFile(path);
}

function rootIn({ path, metadata }: MetadataFile): Root {
  if (metadata.signed.type !== 'root') throw new CliError('USAGE', `${path} is no root`);
  return metadata.signed;
}

function topLevel(root: Root, role: TopLevelRole, by: string): SetOfKeys {
  const keys = root.roles.get(role);
  if (keys === undefined) throw new CliError('USAGE', `${by} has no role ${role}`);
  return { by, role: keys, keys: root.keys };
}

function byDelegator(role: RoleName, by: string, delegator: Targets): SetOfKeys {
  const keys = delegator.delegations === null ? null : delegatedKeys(delegator.delegations, role);
  if (delegator.delegations === null || keys === null)
    throw new CliError('USAGE', `${by} does not delegate to ${role}`);
  return { by, role: keys, keys: delegator.delegations.keys };
}

/** Only the top-level targets can be verified by a root alone. */
function verifyUnder(delegator: MetadataFile, root: MetadataFile): void {
  const set = keysFor(roleName('targets'), roleName('root'), rootIn(root), new Map());
  if (set === null) return;
  const count = countSignatures(delegator.metadata, { ...set, by: root.path }).good;
  if (count < set.role.threshold)
    throw new CliError('USAGE', `${delegator.path} is not signed as the root asks for`, {
      hint: 'give --root only where the delegator is the top-level targets',
    });
}
