import { isTopLevelRole, targetPath, type Brand, type TargetPath } from '@ragnos/tuf';
import semver from 'semver';
import { NameError } from './errors.ts';

export type VendorName = Brand<string, 'VendorName'>;
export type PluginName = Brand<string, 'PluginName'>;
/** SemVer 2 without build metadata. */
export type PluginVersion = Brand<string, 'PluginVersion'>;
/** A file's path inside a plugin: safe to create below a folder on every operating system. */
export type FilePath = Brand<string, 'FilePath'>;

const segment = /^[a-z0-9][a-z0-9._-]*$/;
const windowsReserved = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;
/** Roles of our tree (DESIGN.md): a vendor of that name would read as one of them. */
const reservedVendors: ReadonlySet<string> = new Set([
  'policy',
  'catalog',
  'attestations',
  'vendor',
  'vendors',
]);

function checkSegment(kind: string, raw: string): void {
  const why = !segment.test(raw)
    ? 'expected a-z, 0-9, ".", "_" and "-", the first a letter or digit'
    : raw.length > 64
      ? 'longer than 64 characters'
      : windowsReserved.test(raw) || raw.endsWith('.')
        ? 'not a file name on every operating system'
        : null;
  if (why !== null) throw new NameError('BAD_NAME', `${kind} ${JSON.stringify(raw.slice(0, 80))}: ${why}`);
}

export function vendorName(raw: string): VendorName {
  checkSegment('vendor', raw);
  if (isTopLevelRole(raw) || reservedVendors.has(raw))
    throw new NameError('BAD_NAME', `vendor ${raw}: the name of a role of the repository`);
  return raw as VendorName;
}

export function pluginName(raw: string): PluginName {
  checkSegment('plugin', raw);
  return raw as PluginName;
}

/** Exactly as SemVer writes it: `1.2`, `v1.2.0` and `1.2.0+build` are refused. */
export function pluginVersion(raw: string): PluginVersion {
  if (
    raw.length > 64 ||
    semver.valid(raw) !== raw ||
    raw.includes('+') ||
    !/^[\w.-]+$/.test(raw) ||
    raw !== raw.toLowerCase()
  )
    throw new NameError(
      'BAD_NAME',
      `version ${JSON.stringify(raw.slice(0, 80))}: expected SemVer without build metadata, in lower case`,
    );
  return raw as PluginVersion;
}

/**
 * The one place that decides which file names a plugin may have (THREATS.md, "Names and files"): relative, `/` between
 * segments, nothing that any file system reads differently. Upper case is fine; twins are the reader's to refuse.
 */
export function filePath(raw: string): FilePath {
  const why = unsafe(raw);
  if (why !== null) throw new NameError('BAD_FILE_NAME', `file ${JSON.stringify(raw.slice(0, 120))}: ${why}`);
  return raw as FilePath;
}

function unsafe(raw: string): string | null {
  if (raw === '' || raw.startsWith('/')) return 'not a relative path';
  if (raw.length > 1024) return 'longer than 1,024 characters';
  if (/[\\:<>"|?*\p{Cc}\p{Cs}]/u.test(raw)) return 'a character that some file system cannot hold';
  for (const part of raw.split('/')) {
    if (part === '' || part === '.' || part === '..') return 'an empty or dot segment';
    if (part.endsWith('.') || part.endsWith(' ')) return 'a segment that ends in a dot or a space';
    if (windowsReserved.test(part)) return 'a name that Windows reserves';
    if (part.length * 3 > 255 && Buffer.byteLength(part) > 255) return 'a segment of more than 255 bytes';
  }
  return null;
}

/** What is equal here is one file on some disk: compatibility forms and case are folded. */
export function foldedPath(path: string): string {
  return path.normalize('NFKC').toLowerCase().normalize('NFKC');
}

/** `vendor/plugin`, and what is wanted of it: a version, a range or a channel. */
export interface PluginSpec {
  readonly vendor: VendorName;
  readonly plugin: PluginName;
  /** As typed; null where nothing was asked for. */
  readonly wanted: string | null;
}

/** Reads `acme/hello`, `acme/hello@1.2.0`, `acme/hello@^1`, `acme/hello@latest`. */
export function pluginSpec(raw: string): PluginSpec {
  const match = /^([^/@]+)\/([^/@]+)(?:@(.{1,100}))?$/.exec(raw);
  if (match === null)
    throw new NameError('BAD_NAME', `${JSON.stringify(raw.slice(0, 120))} is no plugin`, {
      hint: 'write vendor/plugin or vendor/plugin@^1',
    });
  return { vendor: vendorName(match[1] ?? ''), plugin: pluginName(match[2] ?? ''), wanted: match[3] ?? null };
}

/** Where a plugin's files are published (DESIGN.md, "Namespace"). */
export function pluginPath(vendor: VendorName, plugin: PluginName, file: string): TargetPath {
  return targetPath(`vendors/${vendor}/${plugin}/${file}`);
}
