/**
 * Hostile files as large as our limits let them be. Each case makes its files, then returns what is to be measured; it runs in
 * a process of its own: `node bounds-cases.ts <name>` prints what it took.
 */
import {
  canonicalJson,
  defaultLimits,
  keyToJson,
  newKey,
  parseMetadata,
  roleName,
  rolesForTarget,
  targetPath,
  TrustedMetadataSet,
  VaultError,
  verifyThreshold,
  type JsonOutput,
  type Key,
} from '@ragnos/tuf';
import { createPublicKey } from 'node:crypto';
import { mlDsa, type Signer } from '../packages/tuf/test/signer.ts';
import {
  delegations,
  digest,
  envelope,
  newKeys,
  now,
  repository,
  rootJson,
  targetsJson,
} from '../packages/tuf/test/world.ts';

type Measured = () => unknown;

export interface HostileCase {
  readonly what: string;
  /** Seconds of CPU and MB at the peak that it may take on a machine like that of the table. */
  readonly cpu: number;
  readonly memory: number;
  readonly make: () => Measured;
}

const targetsMax = defaultLimits.targetsMaxLength;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A targets role of `targetsMax` bytes, filled up by `member` of an unknown field. */
function filled(open: string, item: string, close: string): Uint8Array {
  const head = JSON.stringify({ signatures: [], signed: targetsJson() }).slice(0, -2);
  const count = Math.floor((targetsMax - head.length - open.length - close.length - 20) / item.length);
  return bytes(`${head},"x":${open}${item.repeat(count)}${close}}}`);
}
const parse = (file: Uint8Array) => () => parseMetadata(file, 'targets');

/** 64 signatures, each by another key of the role. */
function signedBy64(
  make: (index: number) => { readonly key: Key; readonly sig: (message: Uint8Array) => string },
): Measured {
  const signed = targetsJson({ targets: {} });
  const message = canonicalJson(signed);
  const made = Array.from({ length: 64 }, (_, index) => make(index));
  const keys = new Map(made.map(({ key }) => [key.keyId, key]));
  const signatures = made.map(({ key, sig }) => ({ keyid: key.keyId, sig: sig(message) }));
  const file = envelope(signed, [], signatures);
  const role = { keyIds: [...keys.keys()], threshold: 64, unrecognized: new Map() };
  return () => verifyThreshold(parseMetadata(file, 'targets'), role, keys, 'role');
}

/** A key of others' making: it signs nothing, but costs as much to try. */
function rsaKey(bits: number, exponent: string, index: number) {
  const modulus = Buffer.alloc(bits / 8, 0xc5);
  modulus.writeUInt16BE(0xc000 + index, 2);
  const object = createPublicKey({
    key: { kty: 'RSA', n: modulus.toString('base64url'), e: exponent },
    format: 'jwk',
  });
  const key = newKey('rsa', 'rsassa-pss-sha256', object.export({ type: 'spki', format: 'pem' }));
  return { key, sig: () => '45'.repeat(bits / 8) };
}

function roleWith(paths: readonly string[]) {
  const one = {
    name: roleName('vendor'),
    keyIds: [],
    threshold: 1,
    terminating: false,
    paths,
    pathHashPrefixes: null,
    unrecognized: new Map(),
  };
  return { keys: new Map(), roles: [one], succinctRoles: null, unrecognized: new Map() };
}
const slow = (count: number): string[] => Array.from({ length: count }, () => `*${'a'.repeat(127)}b`);
const path = targetPath('a'.repeat(255));

function ed(signers: readonly Signer[]): JsonOutput {
  return Object.fromEntries(signers.map(({ key }) => [key.keyId, keyToJson(key)]));
}

export const cases: Readonly<Record<string, HostileCase>> = {
  nothing: { what: 'Node and the trust core, nothing read', cpu: 0.1, memory: 150, make: () => () => null },
  'good 5 MB': {
    what: 'for comparison: a good role of 5 MB, 37,000 targets',
    cpu: 1,
    memory: 300,
    make: () => {
      const targets = Object.fromEntries(Array.from({ length: 37_000 }, (_, index) => [`vendors/v/f${index}`, { length: 3, hashes: { sha256: digest } }]));
      return parse(envelope(targetsJson({ targets }), []));
    },
  },
  '100 MB': { what: '100 MB where 5 MB are read: refused unread', cpu: 0.1, memory: 300, make: () => { const set = new TrustedMetadataSet(repository().root, { now }); const file = new Uint8Array(100_000_000); return () => set.updateTimestamp(file); } },
  'depth bomb': { what: '5 MB of opening brackets', cpu: 0.5, memory: 250, make: () => parse(bytes('['.repeat(targetsMax))) },
  'members': { what: '5 MB of members of a field that nobody knows: 455,000', cpu: 3, memory: 500, make: () => { let at = 0; const items = filled('{', '"aaaaaaa":0,', '"z":0}'); return parse(bytes(new TextDecoder().decode(items).replaceAll('"aaaaaaa"', () => `"${String(at++).padStart(7, 'k')}"`))); } },
  'one key again and again': { what: '5 MB of one member, 1.2 million times', cpu: 2, memory: 400, make: () => parse(filled('{', '"":0,', '"":0}')) },
  arrays: { what: '5 MB of empty arrays', cpu: 2, memory: 500, make: () => parse(filled('[', '[],', '0]')) },
  escapes: { what: '5 MB of strings of backslashes and quotes', cpu: 3, memory: 500, make: () => parse(filled('[', '"\\\\\\"\\\\",', '0]')) },
  surrogates: { what: '5 MB of one string of escaped surrogate pairs', cpu: 1, memory: 400, make: () => parse(filled('"', '\\ud83d\\ude00', '"')) },
  'names beyond the BMP': { what: '5 MB of names that are sorted by code point', cpu: 6, memory: 700, make: () => { let at = 0; return parse(bytes(new TextDecoder().decode(filled('{', '"\u{1f600}aaaaaa":0,', '"z":0}')).replaceAll('aaaaaa', () => String(at++).padStart(6, '0')))).bind(null); } },
  roles: { what: '5 MB of delegations: 32,000 roles', cpu: 1.5, memory: 400, make: () => { const one = newKeys().targets; const given = delegations({}); const roles = Array.from({ length: 32_000 }, (_, index) => ({ name: `r${index}`, keyids: [one[0]?.key.keyId ?? ''], threshold: 1, terminating: false, paths: [`v/${index}/*`] })); const file = envelope(targetsJson({ delegations: { ...given, keys: ed(one), roles } }), []); return () => { const { delegations: found } = parseMetadata(file, 'targets').signed; return found === null ? null : rolesForTarget(found, targetPath('v/7/x')); }; } },
  patterns: { what: '37,000 patterns that match slowly, one role: given up', cpu: 0.5, memory: 200, make: () => { const role = roleWith(slow(37_000)); return () => rolesForTarget(role, path); } },
  '33 roles of patterns': { what: 'a look-up through 33 roles, each just below that bound', cpu: 6, memory: 250, make: () => { const role = roleWith(slow(580)); return () => { for (let visited = 0; visited < 33; visited++) rolesForTarget(role, path); }; } },
  'RSA 16,384': { what: '64 signatures by RSA keys of 16,384 bits', cpu: 1, memory: 200, make: () => signedBy64((index) => rsaKey(16_384, 'AQAB', index)) },
  'RSA exponents': { what: '64 signatures by RSA-3072 keys with an exponent of 3,071 bits', cpu: 3, memory: 200, make: () => signedBy64((index) => rsaKey(3_072, Buffer.alloc(384, 0x7f).toString('base64url'), index)) },
  'ML-DSA': { what: '64 signatures by ML-DSA-87 keys', cpu: 1, memory: 200, make: () => signedBy64(() => { const signer = mlDsa('ml-dsa-87'); return { key: signer.key, sig: signer.sign }; }) },
  roots: { what: '256 roots of 430 kB, the most that one refresh follows', cpu: 30, memory: 700, make: () => { const keys = newKeys(); const padding = Array.from({ length: 9_000 }, (_, index) => `member number ${index} that fills up the root to the last byte`); const at = (version: number) => envelope(rootJson(keys, { version, padding: padding.slice(0, 7_000) }), keys.root); const files = [1, 2].map(at); return () => { let set = new TrustedMetadataSet(files[0] ?? new Uint8Array(), { now }); for (let count = 0; count < 256; count++) { set = new TrustedMetadataSet(files[0] ?? new Uint8Array(), { now }); set.updateRoot(files[1] ?? new Uint8Array()); } return set; }; } },
}; // prettier-ignore

const asked = process.argv[2];
const found = asked === undefined ? undefined : cases[asked];
if (found !== undefined && process.argv[1]?.endsWith('bounds-cases.ts') === true) {
  const run = found.make();
  const before = process.cpuUsage();
  const started = performance.now();
  let code = 'accepted';
  try {
    run();
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    code = error.code;
  }
  const wall = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const memory = process.resourceUsage().maxRSS / 1024;
  process.send?.({ code, wall, cpu: (user + system) / 1e6, memory });
}
