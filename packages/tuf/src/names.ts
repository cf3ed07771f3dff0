import { MalformedMetadataError } from './errors.ts';

declare const brand: unique symbol;

/** A `T` that passed the one constructor which checks for `Name`. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

export type KeyId = Brand<string, 'KeyId'>;
export type RoleName = Brand<string, 'RoleName'>;
export type TargetPath = Brand<string, 'TargetPath'>;
/** Lower-case hex, 16 to 64 bytes. */
export type HexDigest = Brand<string, 'HexDigest'>;

/** The four roles of every repository; no delegated role may have one of these names. */
export const topLevelRoles = ['root', 'timestamp', 'snapshot', 'targets'] as const;
export type TopLevelRole = (typeof topLevelRoles)[number];

export function isTopLevelRole(name: string): name is TopLevelRole {
  return name === 'root' || name === 'timestamp' || name === 'snapshot' || name === 'targets';
}

const maxRoleBytes = 200;
const maxPathBytes = 1024;
const maxSegmentBytes = 255;

function refuse(kind: string, raw: string, why: string): never {
  throw new MalformedMetadataError(`unsafe ${kind} ${JSON.stringify(raw.slice(0, 80))}: ${why}`);
}

/** UTF-8 length; `raw` is well-formed. A UTF-16 unit is at most three bytes, so short strings are not encoded. */
function longerThan(raw: string, maxBytes: number): boolean {
  return raw.length * 3 > maxBytes && new TextEncoder().encode(raw).length > maxBytes;
}

/** What nearly every path looks like: short segments of ordinary characters, which break no rule of `targetPath`. */
const plainPath = /^\w[\w.-]{0,60}(?:\/\w[\w.-]{0,60}){0,14}$/;

/** What nearly every role is called, bins above all: it breaks no rule of `roleName`. */
const plainRole = /^[A-Za-z_][\w-]{0,60}$/;

const unsafeCharacter = /[\\\p{Cc}\p{Cs}]/u; // a lone surrogate is Cs under /u

/** A key id as declared by the repository: any printable text up to 256 characters (INTEROP.md: never recomputed). */
export function keyId(raw: string): KeyId {
  if (raw === '' || raw.length > 256) refuse('key id', raw, 'expected 1 to 256 characters');
  if (unsafeCharacter.test(raw)) refuse('key id', raw, 'control character');
  return raw as KeyId;
}

/**
 * A role name that is one safe file name once percent-encoded. TUF allows any text, `/` included (it becomes `%2F`).
 * Refused: empty, `.`, `..`, control characters, more than 200 bytes encoded, and `7.root`, which as an unversioned
 * file would be a version of a top-level role.
 */
export function roleName(raw: string): RoleName {
  if (plainRole.test(raw)) return raw as RoleName;
  if (raw === '' || raw === '.' || raw === '..') refuse('role name', raw, 'not a file name');
  if (raw.length > maxRoleBytes) refuse('role name', raw, 'too long');
  if (/[\p{Cc}\p{Cs}]/u.test(raw)) refuse('role name', raw, 'control character');
  if (/^\d+\.(?:root|timestamp|snapshot|targets)$/i.test(raw))
    refuse('role name', raw, 'reads as a versioned file');
  if (encodeRole(raw).length > maxRoleBytes) refuse('role name', raw, 'too long');
  return raw as RoleName;
}

/**
 * A target path: segments joined by `/`, none of them empty, `.` or `..`; no backslash, control character, lone
 * surrogate or drive letter; at most 1,024 bytes, 255 a segment. It is safe to append to a URL or a folder; whether
 * the local file system has more rules (reserved names, case) is for the code that writes there.
 */
export function targetPath(raw: string): TargetPath {
  if (plainPath.test(raw)) return raw as TargetPath;
  if (raw === '' || /(?:^|\/)\.{0,2}(?:\/|$)/.test(raw)) refuse('target path', raw, 'empty or dot segment');
  if (unsafeCharacter.test(raw)) refuse('target path', raw, 'backslash or control character');
  if (/^[A-Za-z]:/.test(raw)) refuse('target path', raw, 'drive letter');
  if (longerThan(raw, maxPathBytes)) refuse('target path', raw, `more than ${maxPathBytes} bytes`);
  if (
    raw.length * 3 > maxSegmentBytes &&
    raw.split('/').some((segment) => longerThan(segment, maxSegmentBytes))
  )
    refuse('target path', raw, `a segment of more than ${maxSegmentBytes} bytes`);
  return raw as TargetPath;
}

export function hexDigest(raw: string): HexDigest {
  if (!/^(?:[0-9a-f]{2}){16,64}$/.test(raw)) refuse('digest', raw, 'expected lower-case hex');
  return raw as HexDigest;
}

/** As Python's `quote(name, '')`, which every peer uses: all but letters, digits and `_.-~` is encoded. */
function encodeRole(name: string): string {
  return encodeURIComponent(name).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The file name of a role below the metadata URL: `N.<encoded role>.json`, without `N.` if no version is given. */
export function metadataFileName(role: RoleName | TopLevelRole, version?: number): string {
  const file = `${encodeRole(role)}.json`;
  return version === undefined ? file : `${version}.${file}`;
}

/** Where a target is published when snapshots are consistent: `<dir>/<digest>.<name>`. Not URL-encoded. */
export function hashedTargetPath(path: TargetPath, digest: HexDigest): string {
  const slash = path.lastIndexOf('/') + 1;
  return `${path.slice(0, slash)}${digest}.${path.slice(slash)}`;
}
