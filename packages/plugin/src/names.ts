import { isTopLevelRole, targetPath, type Brand, type TargetPath } from '@ragnos/tuf';
import { NameError, type FileNameCode } from './errors.ts';

export type VendorName = Brand<string, 'VendorName'>;
export type PluginName = Brand<string, 'PluginName'>;
/** SemVer 2 without build metadata. */
export type PluginVersion = Brand<string, 'PluginVersion'>;
/** A file's path inside a plugin: safe to create below a folder on every operating system. */
export type FilePath = Brand<string, 'FilePath'>;

const maxNameLength = 64;
const maxPathLength = 1024;
const maxSegmentBytes = 255;
/** Deeper than anything that people make; every level costs whoever creates and compares it. */
const maxSegments = 64;
const segment = /^[a-z0-9][a-z0-9._-]*$/;
const windowsReserved = /^(?:con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(?:\.|$)/i;
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
    : raw.length > maxNameLength
      ? `longer than ${maxNameLength} characters`
      : windowsReserved.test(raw) || raw.endsWith('.')
        ? 'not a file name on every operating system'
        : null;
  if (why !== null) throw new NameError('BAD_NAME', `${kind} ${JSON.stringify(raw.slice(0, 80))}: ${why}`);
}

/** A segment of the namespace that is not the name of a role: `acme`. */
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

const number = '(?:0|[1-9]\\d{0,15})';
/** SemVer 2 in lower case: versions are file names, and `1.0.0-RC` and `1.0.0-rc` are one file on some disks. */
const version = new RegExp(
  `^${number}\\.${number}\\.${number}(?:-(?:${number}|\\d*[a-z-][0-9a-z-]*)(?:\\.(?:${number}|\\d*[a-z-][0-9a-z-]*))*)?$`,
);

/** Exactly as SemVer writes it: `1.2`, `v1.2.0` and `1.2.0+build` are refused. */
export function pluginVersion(raw: string): PluginVersion {
  const numbers = /^\d+\.\d+\.\d+/.exec(raw)?.[0].split('.') ?? [];
  if (
    raw.length > maxNameLength ||
    !version.test(raw) ||
    numbers.some((part) => !Number.isSafeInteger(Number(part)))
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
 *
 * @throws NameError with a FileNameCode
 */
export function filePath(raw: string): FilePath {
  // Every name that is not plain ASCII is judged a second time as a disk may normalise it: `．．` is `..` there.
  const problem = judge(raw) ?? (isAscii(raw) ? null : judge(raw.normalize('NFKC')));
  if (problem !== null)
    throw new NameError(problem[0], `file ${JSON.stringify(raw.slice(0, 120))}: ${problem[1]}`);
  return raw as FilePath;
}

function judge(raw: string): readonly [code: FileNameCode, why: string] | null {
  if (raw === '' || raw.startsWith('/')) return ['PATH_NOT_RELATIVE', 'not a relative path'];
  if (raw.length > maxPathLength) return ['PATH_TOO_LONG', `longer than ${maxPathLength} characters`];
  if (!/^[\w./@+-]+$/.test(raw)) {
    if (raw.includes('\\')) return ['PATH_BACKSLASH', 'a backslash'];
    if (raw.includes(':')) return ['PATH_COLON', 'a drive letter or the stream of a file'];
    if (/[<>"|?*\p{Cc}\p{Cf}\p{Cs}]/u.test(raw))
      return ['PATH_CHARACTER', 'a character that is invisible, or that some file system cannot hold'];
  }
  const parts = raw.split('/');
  if (parts.length > maxSegments) return ['PATH_TOO_LONG', `more than ${maxSegments} segments`];
  for (const part of parts) {
    if (part === '' || part === '.' || part === '..') return ['PATH_TRAVERSAL', 'an empty or dot segment'];
    if (part.endsWith('.') || part.endsWith(' '))
      return ['PATH_TRAILING_DOT', 'a segment that ends in a dot or a space'];
    if (windowsReserved.test(part)) return ['PATH_RESERVED_NAME', 'a name that Windows reserves'];
    if (part.length * 3 > maxSegmentBytes && Buffer.byteLength(part) > maxSegmentBytes)
      return ['PATH_TOO_LONG', `a segment of more than ${maxSegmentBytes} bytes`];
  }
  return null;
}

function isAscii(text: string): boolean {
  return !/[^ -~]/.test(text);
}

/** Orders by code point, as UTF-8 bytes sort; plain comparison does not where a surrogate meets a unit above U+DFFF. */
export function comparePaths(a: string, b: string): number {
  if (a === b) return 0;
  const plain = a < b ? -1 : 1;
  return surrogate.test(a) || surrogate.test(b) ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : plain;
}

const surrogate = /[\ud800-\udfff]/;

/** What is equal here is one file on some disk: compatibility forms and case are folded. */
export function foldedPath(path: string): string {
  return isAscii(path)
    ? path.toLowerCase()
    : path.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
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
  const match = /^([^/@]+)\/([^/@]+)(?:@([ -~]{1,100}))?$/.exec(raw);
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
