import { VaultError, type VaultErrorOptions } from '@ragnos/tuf';

/** Closed: what reading a plugin's files and packing one can be refused for. Installing has its own in host/errors.ts. */
export type PluginErrorCode = NameCode | FormatCode | ArchiveCode | PackCode;

/** Why a file name is not one that every file system reads alike. One code for each case of THREATS.md. */
export type FileNameCode =
  | 'PATH_NOT_RELATIVE' // absolute, or empty
  | 'PATH_TRAVERSAL' // `..`, `.`, an empty segment
  | 'PATH_BACKSLASH'
  | 'PATH_COLON' // a drive letter, or a stream of an NTFS file
  | 'PATH_CHARACTER' // control and invisible characters, and what Windows forbids
  | 'PATH_RESERVED_NAME' // a device of Windows
  | 'PATH_TRAILING_DOT' // a dot or space at the end, which Windows drops
  | 'PATH_TOO_LONG';

export type NameCode =
  | 'BAD_NAME' // a vendor, plugin or version name, or a spec
  | FileNameCode;

export type FormatCode =
  | 'BAD_FORMAT' // a manifest, index, catalog or revocation list is not what it should be
  | 'VERSION_EXISTS' // a version's digests never change
  | 'NO_SUCH_VERSION_IN_INDEX';

export type ArchiveCode =
  | 'ARCHIVE_MALFORMED' // not gzip, not tar, a field that cannot be read
  | 'ARCHIVE_CHECKSUM'
  | 'ARCHIVE_TRUNCATED'
  | 'ARCHIVE_TRAILING_DATA' // after the end mark or the gzip member; a second member
  | 'ARCHIVE_NAME_ENCODING' // a name that is not UTF-8
  | FileNameCode
  | 'ARCHIVE_DUPLICATE'
  | 'ARCHIVE_TWINS' // two names that are one where case or compatibility forms do not count
  | 'ARCHIVE_FILE_AND_FOLDER' // a name that is a file and also a folder
  | 'ARCHIVE_SYMLINK'
  | 'ARCHIVE_HARD_LINK'
  | 'ARCHIVE_DEVICE'
  | 'ARCHIVE_FIFO'
  | 'ARCHIVE_SPECIAL_MODE' // setuid, setgid, sticky
  | 'ARCHIVE_SPARSE'
  | 'ARCHIVE_GNU_EXTENSION' // long names and links
  | 'ARCHIVE_PAX' // a pax header that says more than a path and a size
  | 'ARCHIVE_ENTRY_TYPE' // anything else that is not a file or folder
  | 'ARCHIVE_SIZE' // a folder with content, a size that cannot be
  | 'ARCHIVE_TOO_LARGE'
  | 'ARCHIVE_FILE_TOO_LARGE'
  | 'ARCHIVE_TOO_MANY_ENTRIES'
  | 'ARCHIVE_BOMB' // too much out of too little
  // Only a zip can be these.
  | 'ARCHIVE_ENCRYPTED'
  | 'ARCHIVE_METHOD' // compressed by something else than deflate
  | 'ARCHIVE_ZIP64'
  | 'ARCHIVE_MULTI_DISK'
  | 'ARCHIVE_END_RECORD' // more than one record could be its end
  | 'ARCHIVE_HEADERS_DIFFER' // two headers of one file
  | 'ARCHIVE_OVERLAP' // one byte in two files
  | 'ARCHIVE_HIDDEN_DATA' // a byte in no file
  | 'ARCHIVE_EXTRA_FIELD'; // one that could change what or where a file is

export type PackCode =
  | 'SOURCE_UNREADABLE'
  | 'SOURCE_LINK' // a link in the folder that is packed
  | 'NO_SUCH_PACKAGE'
  | 'PACKAGE_JSON'
  | 'RAGV_JSON'
  | 'VENDOR_MISSING' // named neither by the caller nor by ragv.json
  | 'VENDOR_MISMATCH' // ragv.json names another
  | 'DEPENDENCIES_MISSING'
  | 'DEPENDENCY_SOURCE' // a dependency from git, a file or a URL
  | 'DEPENDENCY_CHANGED' // npm left something else on the disk than files
  | 'BAD_TARGET_SYSTEM'
  | 'LOCKFILE_MISMATCH'
  | 'INTEGRITY_MISMATCH'
  | 'SECRET_IN_PACKAGE'
  | 'CAPABILITY_UNDECLARED' // the code uses what ragv.json does not ask for
  | 'HIDDEN_CHARACTERS' // invisible where they have no use
  | 'PACKAGE_MANIFEST' // of a bundle, an extension or a wheel: unreadable, or it contradicts itself
  | 'PACKAGE_UNSUPPORTED' // it asks for what a closed plugin cannot have
  | 'PLUGIN_NAME' // its own name is none that we publish
  | 'PLUGIN_VERSION'
  | 'WHEEL_RECORD' // its files are not those that its RECORD lists
  | 'NPM_MISSING'
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
