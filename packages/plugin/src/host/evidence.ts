import type { Updater, TargetInfo } from '@ragnos/client';
import {
  checkBytes,
  hexDigest,
  metadataFileName,
  rolesForTarget,
  roleName,
  rootFingerprint,
  targetPath,
  TrustedMetadataSet,
  UnknownRoleError,
  VaultError,
} from '@ragnos/tuf';
import type { RoleName, TargetPath } from '@ragnos/tuf';
import { mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

import { parseManifest } from '../formats/manifest.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import type { PluginName, VendorName } from '../names.ts';
import type { Context } from './context.ts';
import { HostFailureError, HostUntrustedError } from './errors.ts';
import type { PluginPaths } from './paths.ts';
import { pluginPaths, versionFolder } from './paths.ts';
import type { Installed } from './pointer.ts';
import { evidenceFolder, readInstalled } from './pointer.ts';
import { names } from './record.ts';
import { asDiskError, readBytes, readState, toJson } from './state-file.ts';

/** What lies beside an installed version: the signed files that vouched for it, so that loading can ask them again. */
export interface EvidenceRecord extends Installed {
  readonly manifestPath: TargetPath;
  /** From `targets` down, each the delegator of the next. */
  readonly via: readonly RoleName[];
}

const format = 'ragnos-evidence/1';
const targets = roleName('targets');

/** The root that trust started from; damage to it is noticed, for the folder is named after it. */
export async function startRoot({ paths, record }: Pick<Context, 'paths' | 'record'>): Promise<Uint8Array> {
  const bytes = await readBytes(paths.root);
  if (bytes !== null && rootFingerprint(bytes) === record.rootSha256) return bytes;
  throw new HostFailureError('HOST_STATE', `${paths.root} is not the root that trust started from`, {
    hint: 'restore it from a backup, or remove the repository and trust it anew',
  });
}

/** The roots between the one that trust started from and the newest, as the client keeps them. */
async function laterRoots(context: Context, newest: number): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (let version = context.record.rootVersion + 1; version < newest; version++) {
    const name = metadataFileName('root', version);
    const bytes =
      (await readBytes(join(context.paths.metadata, 'root_history', name))) ??
      (await readBytes(join(context.paths.metadata, 'backup', 'root_history', name)));
    if (bytes === null)
      throw new HostFailureError('HOST_STATE', `${name} is missing from the trusted metadata`);
    found.set(name, bytes);
  }
  return found;
}

/** Writes the chain that vouches for `info`, and the manifest, durably into `folder`, which must not exist. */
export async function writeEvidence(
  context: Context,
  folder: string,
  updater: Updater,
  evidence: { readonly info: TargetInfo; readonly manifest: Uint8Array; readonly installed: Installed },
): Promise<void> {
  const { info, manifest, installed } = evidence;
  const record = { format, ...installed, manifestPath: info.path, via: info.via };
  const files = new Map<string, Uint8Array>([
    ...(await laterRoots(context, updater.trusted.root.version)),
    ...updater.chain(info).map(({ name, bytes }) => [name, bytes] as const),
    ['manifest.json', manifest],
    ['record.json', new TextEncoder().encode(toJson(record))],
  ]);
  try {
    mkdirSync(folder, { mode: 0o700 });
    await Promise.all([...files].map(async ([name, bytes]) => writeDurably(join(folder, name), bytes)));
  } catch (error) {
    throw asDiskError(`cannot keep the signed chain of ${record.manifestPath}`, error);
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** By folder name; damaged ones are left out, since they vouch for nothing. */
export async function evidenceRecords(paths: PluginPaths): Promise<ReadonlyMap<string, EvidenceRecord>> {
  const found = new Map<string, EvidenceRecord>();
  for (const name of names(paths.evidence)) {
    const record = await readRecord(join(paths.evidence, name)).catch(() => null);
    if (record !== null && versionFolder(record.version, record.treeHash) === name) found.set(name, record);
  }
  return found;
}

function readRecord(folder: string): Promise<EvidenceRecord | null> {
  return readState(join(folder, 'record.json'), (json) => {
    if (json.string('format') !== format) json.fail('format', format);
    return {
      ...readInstalled(json),
      manifestPath: targetPath(json.string('manifestPath')),
      via: json.strings('via').map(roleName),
    };
  });
}

/**
 * The signed manifest of an installed version, verified anew from the root that trust started from, without network.
 * That its metadata has expired since is no reason to stop; everything else is.
 *
 * @throws EVIDENCE_INVALID
 */
export async function verifyEvidence(
  context: Context,
  plugin: { readonly vendor: VendorName; readonly plugin: PluginName },
  installed: Installed,
): Promise<PluginManifest> {
  const folder = evidenceFolder(pluginPaths(context.paths, plugin.vendor, plugin.plugin), installed);
  const what = `${plugin.vendor}/${plugin.plugin}@${installed.version}`;
  const fail = (why: string, cause?: unknown): HostUntrustedError =>
    new HostUntrustedError('EVIDENCE_INVALID', `${what}: ${why}`, {
      cause,
      hint: `nothing was started; ragv install ${what} fetches it anew`,
    });
  const root = await startRoot(context);
  try {
    const [record, bytes] = await Promise.all([
      readRecord(folder),
      readBytes(join(folder, 'manifest.json'), context.limits.manifestMaxLength),
    ]);
    if (record === null || bytes === null) throw fail('the signed chain kept at installation is missing');
    if (
      record.manifestPath !==
      `vendors/${plugin.vendor}/${plugin.plugin}/${plugin.plugin}-${installed.version}.manifest.json`
    )
      throw fail('the chain kept at installation is that of something else');
    const file = await verifyChain(context, root, folder, record);
    if (file === undefined) throw fail(`no role of the chain lists ${record.manifestPath}`);
    checkBytes(bytes, file, record.manifestPath);
    const stated = file.hashes.get('sha256');
    const manifest = parseManifest(bytes);
    if (
      manifest.vendor !== plugin.vendor ||
      manifest.plugin !== plugin.plugin ||
      manifest.version !== installed.version ||
      manifest.treeHash !== installed.treeHash ||
      manifest.artifact.sha256 !== installed.artifact ||
      stated === undefined ||
      hexDigest(stated) !== installed.manifest
    )
      throw fail('the signed manifest describes something else than what is installed');
    return manifest;
  } catch (error) {
    if (error instanceof HostUntrustedError || !(error instanceof VaultError)) throw error;
    throw fail(error.message, error);
  }
}

/** More than a chain has but after many rotations. */
const filesAhead = 32;

async function verifyChain(context: Context, root: Uint8Array, folder: string, record: EvidenceRecord) {
  const trusted = new TrustedMetadataSet(root, { now: context.now(), expiry: 'ignore' });
  const kept = names(folder);
  const read = async (name: string): Promise<Uint8Array | null> => readBytes(join(folder, name), 20_000_000);
  // All at once; what of it counts, the chain says, and what cannot be read matters only then.
  const ahead = new Map(kept.slice(0, filesAhead).map((name) => [name, read(name)]));
  for (const reading of ahead.values()) reading.catch(() => undefined);
  const file = async (role: RoleName, version?: number): Promise<Uint8Array> => {
    const name = metadataFileName(role, version);
    const bytes = await (ahead.get(name) ?? read(name));
    if (bytes === null) throw new UnknownRoleError(`${name} is missing from the evidence`);
    return bytes;
  };
  for (;;) {
    const next = metadataFileName('root', trusted.root.version + 1);
    if (!kept.includes(next)) break;
    trusted.updateRoot(await file(roleName('root'), trusted.root.version + 1));
  }
  trusted.updateTimestamp(await file(roleName('timestamp')));
  trusted.updateSnapshot(await file(roleName('snapshot'), trusted.timestamp?.snapshot.version));
  let delegator = roleName('root');
  for (const [index, role] of record.via.entries()) {
    if (index === 0 ? role !== targets : !delegates(trusted, record, index))
      throw new UnknownRoleError(`${delegator} does not delegate ${record.manifestPath} to ${role}`);
    trusted.updateDelegatedTargets(await file(role, trusted.expectedRole(role).version), role, delegator);
    delegator = role;
  }
  const [last, above] = [record.via.at(-1), record.via.at(-2) ?? roleName('root')];
  return last === undefined ? undefined : trusted.role(last, above)?.targets.get(record.manifestPath);
}

/** Whether the search for the manifest's path comes to `via[index]`: delegated there, and no terminating role before it. */
function delegates(
  trusted: TrustedMetadataSet,
  { via, manifestPath }: EvidenceRecord,
  index: number,
): boolean {
  const [role, above, top] = [via[index], via[index - 1], via[index - 2] ?? roleName('root')];
  const delegations = above === undefined ? null : trusted.delegationsOf(above, top);
  if (delegations === null) return false;
  for (const { name, terminating } of rolesForTarget(delegations, manifestPath)) {
    if (name === role) return true;
    if (terminating) return false;
  }
  return false;
}

/** The sha256 that trusted metadata states, which all names in the content store are made of. */
export function sha256Of(info: TargetInfo): string {
  const digest = info.hashes.get('sha256');
  if (digest !== undefined) return hexDigest(digest);
  throw new HostUntrustedError('IDENTITY_MISMATCH', `${info.path} is signed without a sha256`);
}
