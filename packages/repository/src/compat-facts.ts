import type { BinsStyle, Client, ClientBudgets, ClientFacts, KeyForm } from './compat.ts';

const pem: readonly KeyForm[] = ['pem'];
const hex: readonly KeyForm[] = ['hex'];
const both: readonly KeyForm[] = ['pem', 'hex'];

/** What python-tuf set as its defaults, and others took over. */
const common: ClientBudgets = {
  root: 512_000,
  timestamp: 16_384,
  snapshot: 2_000_000,
  targets: 5_000_000,
  rootUpdates: 256,
  visits: 32,
  entries: null,
  roles: null,
};

/** The one table of what each client can be served. Every refusal is tried with the client itself: see interop/. */
export const clientFacts: Readonly<Record<Client, ClientFacts>> = {
  'python-tuf': {
    version: '7.0.1',
    keys: {
      value: new Map([
        ['ed25519 ed25519', hex],
        ['ecdsa ecdsa-sha2-nistp256', pem],
        ['ecdsa ecdsa-sha2-nistp384', pem],
        ['ecdsa-sha2-nistp256 ecdsa-sha2-nistp256', pem],
        ['ecdsa-sha2-nistp384 ecdsa-sha2-nistp384', pem],
        ['rsa rsassa-pss-sha256', pem],
        ['ml-dsa ml-dsa-44/1', pem],
        ['ml-dsa ml-dsa-65/1', pem],
        ['ml-dsa ml-dsa-87/1', pem],
      ]),
      source:
        'securesystemslib 1.6.0, signer/__init__.py and signer/_key.py; ML-DSA with cryptography 48 or newer',
    },
    rsaMaxBits: { value: 16_384, source: 'OpenSSL, OPENSSL_RSA_MAX_MODULUS_BITS' },
    computedKeyIds: { value: false, source: 'securesystemslib 1.6.0, signer/_key.py' },
    bins: { value: ['succinct', 'prefixes'], source: 'docs/interop.md, "succinct bins", "hash-prefix bins"' },
    aliases: { value: false, source: 'tuf/ngclient/updater.py' },
    everyRole: { value: false, source: 'tuf/ngclient/updater.py' },
    wildcardsCrossSlashes: { value: false, source: 'tuf/api/_payload.py' },
    wildcardsSkipDots: { value: false, source: 'docs/interop.md, "names: hidden"' },
    badRoleNames: { value: null, source: 'docs/interop.md, "roles: numbers", "roles: constructor"' },
    memberOrder: { value: 'code points', source: 'securesystemslib 1.6.0, formats.py' },
    composedText: { value: false, source: 'docs/interop.md, "custom: decomposed text"' },
    customObject: { value: false, source: 'docs/interop.md, "custom: text"' },
    snapshotMaxLength: { value: common.snapshot, source: 'tuf/ngclient/config.py' },
    budgets: { value: common, source: 'tuf/ngclient/config.py' },
  },
  'tuf-js': {
    version: '6.0.2',
    keys: {
      value: new Map([
        ['ed25519 ed25519', both],
        ['ecdsa ecdsa-sha2-nistp256', both],
        ['ecdsa ecdsa-sha2-nistp384', both],
        ['ecdsa-sha2-nistp256 ecdsa-sha2-nistp256', both],
        ['ecdsa-sha2-nistp384 ecdsa-sha2-nistp384', both],
        ['rsa rsassa-pss-sha256', pem],
      ]),
      source: '@tufjs/models 5.0.2, dist/utils/key.js; docs/interop.md, "keys: ML-DSA"',
    },
    rsaMaxBits: { value: 16_384, source: 'OpenSSL, OPENSSL_RSA_MAX_MODULUS_BITS' },
    computedKeyIds: { value: false, source: '@tufjs/models 5.0.2, dist/key.js' },
    bins: { value: ['succinct', 'prefixes'], source: 'docs/interop.md, "succinct bins", "hash-prefix bins"' },
    aliases: { value: false, source: 'dist/updater.js' },
    everyRole: { value: false, source: 'dist/updater.js' },
    wildcardsCrossSlashes: { value: false, source: '@tufjs/models 5.0.2, dist/role.js' },
    wildcardsSkipDots: { value: true, source: 'minimatch without `dot`; docs/interop.md, "names: hidden"' },
    badRoleNames: {
      value:
        /^(?:\d+|constructor|toString|toLocaleString|valueOf|hasOwnProperty|isPrototypeOf|propertyIsEnumerable|__\w+__)$/,
      source: 'it keeps roles in a plain object; docs/interop.md, "roles: numbers", "roles: constructor"',
    },
    memberOrder: { value: 'UTF-16 units', source: 'docs/interop.md, "names: beyond U+FFFF"' },
    composedText: { value: false, source: 'docs/interop.md, "custom: decomposed text"' },
    customObject: { value: false, source: 'docs/interop.md, "custom: text"' },
    snapshotMaxLength: { value: common.snapshot, source: 'dist/config.js' },
    budgets: {
      value: { ...common, entries: 1000, roles: 1024 },
      source: 'dist/config.js; measured: 64 ms a look-up at 1,000 targets, growing with their square',
    },
  },
  'go-tuf': {
    version: '2.4.2',
    keys: {
      value: new Map([
        ['ed25519 ed25519', hex],
        ['ecdsa ecdsa-sha2-nistp256', pem],
        ['ecdsa ecdsa-sha2-nistp384', pem],
        ['ecdsa-sha2-nistp256 ecdsa-sha2-nistp256', pem],
        ['rsa rsassa-pss-sha256', pem],
      ]),
      source: 'metadata/keys.go, ToPublicKey; docs/interop.md, "keys: ML-DSA"',
    },
    rsaMaxBits: { value: 16_384, source: 'no bound in crypto/rsa; ours' },
    computedKeyIds: { value: false, source: 'metadata/metadata.go, VerifyDelegate' },
    bins: {
      value: ['succinct'],
      source:
        'metadata/metadata.go, IsDelegatedPath: prefixes are compared with base64; docs/interop.md, "hash-prefix bins"',
    },
    aliases: { value: false, source: 'metadata/updater/updater.go' },
    everyRole: { value: false, source: 'metadata/updater/updater.go' },
    wildcardsCrossSlashes: { value: false, source: 'metadata/metadata.go, isTargetInPathPattern' },
    wildcardsSkipDots: { value: false, source: 'docs/interop.md, "names: hidden"' },
    badRoleNames: { value: null, source: 'docs/interop.md, "roles: numbers", "roles: constructor"' },
    memberOrder: { value: 'code points', source: 'docs/interop.md, "names: beyond U+FFFF"' },
    composedText: { value: false, source: 'docs/interop.md, "custom: decomposed text"' },
    customObject: { value: false, source: 'docs/interop.md, "custom: text"' },
    snapshotMaxLength: { value: common.snapshot, source: 'metadata/config/config.go' },
    budgets: { value: common, source: 'metadata/config/config.go' },
  },
  tough: {
    version: '0.24.0',
    keys: {
      value: new Map([
        ['ed25519 ed25519', hex],
        ['ecdsa ecdsa-sha2-nistp256', both],
        ['ecdsa-sha2-nistp256 ecdsa-sha2-nistp256', both],
        ['rsa rsassa-pss-sha256', pem],
      ]),
      source: 'src/schema/key.rs; docs/interop.md, "keys: ECDSA P-384", "keys: ML-DSA"',
    },
    rsaMaxBits: {
      value: 8192,
      source: 'src/schema/key.rs: RSA_PSS_2048_8192_SHA256; measured with 9,216 bits',
    },
    computedKeyIds: { value: true, source: 'src/schema/de.rs, deserialize_keys' },
    bins: { value: ['prefixes'], source: 'src/schema/mod.rs, PathSet; docs/interop.md, "succinct bins"' },
    aliases: {
      value: true,
      source: 'src/cache.rs, target_digest_and_filename; docs/interop.md, "folders without alias paths"',
    },
    everyRole: { value: true, source: 'src/lib.rs, load_delegations; docs/interop.md, "lapsed vendor"' },
    wildcardsCrossSlashes: {
      value: true,
      source: 'src/schema/mod.rs: globset without literal_separator; docs/interop.md, "patterns: shadow"',
    },
    wildcardsSkipDots: { value: false, source: 'docs/interop.md, "names: hidden"' },
    badRoleNames: { value: null, source: 'docs/interop.md, "roles: numbers", "roles: constructor"' },
    memberOrder: {
      value: 'bytes with the closing quote',
      source: 'olpc-cjson 0.1.4, src/lib.rs; docs/interop.md, "names: prefix and space"',
    },
    composedText: {
      value: true,
      source: 'olpc-cjson 0.1.4, src/lib.rs; docs/interop.md, "custom: decomposed text"',
    },
    customObject: {
      value: true,
      source: 'src/schema/mod.rs, Target; docs/interop.md, "custom: text", "custom: empty"',
    },
    snapshotMaxLength: {
      value: 1_048_576,
      source:
        'src/lib.rs, Limits::default; where timestamp gives a length that one counts, but 8,192 roles (1.5 MB) were not read in 5 minutes',
    },
    budgets: {
      value: {
        root: 1_048_576,
        timestamp: 1_048_576,
        snapshot: 1_048_576,
        targets: 10_485_760,
        rootUpdates: 1024,
        visits: null,
        entries: null,
        roles: null,
      },
      source: 'src/lib.rs, Limits::default',
    },
  },
};

/** The bins that all of them find targets in, the smaller first; empty where no style serves all. */
export function binStyles(compat: readonly Client[]): readonly BinsStyle[] {
  const all: readonly BinsStyle[] = ['succinct', 'prefixes'];
  return all.filter((style) => compat.every((client) => clientFacts[client].bins.value.includes(style)));
}
