import { VaultError, type VaultErrorOptions } from '@ragnos/tuf';

/** Closed: what reading a plugin's files and packing one can be refused for. Installing has its own in host/errors.ts. */
export type PluginErrorCode = NameCode | FormatCode | ArchiveCode | PackCode;

export type NameCode =
  | 'BAD_NAME' // a vendor, plugin or version name, or a spec
  | 'BAD_FILE_NAME'; // a file's path inside a plugin

export type FormatCode =
  | 'BAD_FORMAT' // a manifest, index, catalog or revocation list is not what it should be
  | 'VERSION_EXISTS' // a version's digests never change
  | 'NO_SUCH_VERSION_IN_INDEX';

export type ArchiveCode =
  | 'ARCHIVE_MALFORMED' // not gzip, not tar, bad checksum, a lie about a size
  | 'ARCHIVE_TRUNCATED'
  | 'ARCHIVE_TRAILING_DATA'
  | 'ARCHIVE_UNSAFE_PATH'
  | 'ARCHIVE_COLLISION' // two entries that are one on some disk, or a file where a folder is needed
  | 'ARCHIVE_LINK'
  | 'ARCHIVE_SPECIAL' // a device, a fifo, setuid, sparse, a GNU or pax trick
  | 'ARCHIVE_TOO_LARGE' // bytes or entries
  | 'ARCHIVE_BOMB'; // too much out of too little

export type PackCode =
  | 'SOURCE_UNREADABLE'
  | 'PACKAGE_JSON'
  | 'DEPENDENCIES_MISSING'
  | 'DEPENDENCY_SOURCE' // a dependency from git, a file or a URL
  | 'LOCKFILE_MISMATCH'
  | 'INTEGRITY_MISMATCH'
  | 'SECRET_IN_PACKAGE'
  | 'NPM_FAILED';

/** What was given is not a plugin, a name or a file of ours. The subclass is the family, `code` says which. */
export abstract class PluginError extends VaultError {
  abstract override readonly code: PluginErrorCode;
}

/** A name that somebody typed or published. Exit code 2 when typed. */
export class NameError extends PluginError {
  override readonly code: NameCode;
  constructor(code: NameCode, message: string, options: VaultErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}

/** A file of one of our formats that cannot be read, or a change to it that its rules forbid. */
export class FormatError extends PluginError {
  override readonly code: FormatCode;
  constructor(code: FormatCode, message: string, options: VaultErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}

/** An archive that we do not unpack. Exit code 3. */
export class ArchiveError extends PluginError {
  override readonly code: ArchiveCode;
  constructor(code: ArchiveCode, message: string, options: VaultErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}

/** Something that cannot be packed as it is. */
export class PackError extends PluginError {
  override readonly code: PackCode;
  constructor(code: PackCode, message: string, options: VaultErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}
