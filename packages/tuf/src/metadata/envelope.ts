import { MalformedMetadataError, UnsignedMetadataError } from '../errors.ts';
import { canonicalJson, isCanonical } from '../json/canonical.ts';
import { decode, parseText } from '../json/parse.ts';
import { Reader } from '../json/reader.ts';
import { isJsonObject, type JsonOutput, type JsonValue } from '../json/value.ts';
import type { Key } from '../keys/key.ts';
import { keyFingerprint, verifySignature } from '../keys/verify.ts';
import { defaultLimits, type Limits } from '../limits.ts';
import type { RoleKeys, SignedByType, SignedType } from '../model.ts';
import { keyId, type KeyId } from '../names.ts';
import { cutFiles, depthOfFiles, type PlainFiles } from './plain-files.ts';
import { readSigned } from './read.ts';

/** 4.2. `sig` is kept as received: whether it is hex at all shows when it is verified. */
export interface Signature {
  readonly keyId: KeyId;
  readonly sig: string;
}

/** A metadata file that was read, not yet believed: `verifyThreshold` decides that. */
export interface Metadata<T extends SignedType = SignedType> {
  readonly signed: SignedByType[T];
  readonly signatures: readonly Signature[];
  /** The canonical form of the signed part as received, members unknown to us and all: what was signed. */
  readonly signedBytes: Uint8Array;
}

/**
 * Reads a metadata file of type `type`; `what` names it in errors.
 * @throws MalformedMetadataError, LimitExceededError
 */
export function parseMetadata<T extends SignedType>(
  bytes: Uint8Array,
  type: T,
  limits: Limits = defaultLimits,
  what: string = type,
): Metadata<T> {
  const text = decode(bytes, what);
  const cut = type === 'targets' && limits.maxJsonDepth >= depthOfFiles ? cutFiles(text) : null;
  if (cut !== null) {
    const { value, compact } = parseText(cut.rest, bytes.length, what, limits, cut.members);
    const signedBytes = compact ? sliceSigned(bytes, value) : null;
    if (signedBytes !== null) return readMetadata(value, signedBytes, type, limits, what, cut.files);
  }
  const { value, compact } = parseText(text, bytes.length, what, limits);
  return readMetadata(value, compact ? sliceSigned(bytes, value) : null, type, limits, what);
}

/** `signedBytes`: null where they have to be written anew. `files`: those that were cut out of `value`. */
function readMetadata<T extends SignedType>(
  value: JsonValue,
  signedBytes: Uint8Array | null,
  type: T,
  limits: Limits,
  what: string,
  files: PlainFiles | null = null,
): Metadata<T> {
  const reader = Reader.of(value, what);
  const signed = reader.value('signed');
  if (signed === undefined) throw new MalformedMetadataError(`${what}: nothing is signed`);
  return {
    signed: readSigned(signed, type, limits, what, files),
    signatures: readSignatures(reader.array('signatures'), what, limits),
    signedBytes: signedBytes ?? canonicalJson(signed),
  };
}

/**
 * The signed part where it stands in `bytes`, the compact text of `value`, if it is canonical there and all that follows
 * the signatures, as whoever writes canonical files has it; else null. Writing it anew would give the same bytes.
 */
function sliceSigned(bytes: Uint8Array, value: JsonValue): Uint8Array | null {
  if (!isJsonObject(value) || Object.keys(value).join() !== 'signatures,signed') return null;
  const { signatures, signed } = value;
  if (signed === undefined || !isCanonical(signed)) return null;
  const before = Buffer.from(`{"signatures":${JSON.stringify(signatures)},"signed":`);
  return before.equals(bytes.subarray(0, before.length)) ? bytes.subarray(before.length, -1) : null;
}

/** At most `maxSignatures` are looked at (CVE-2020-6173); one key id twice is refused (CVE-2020-6174). */
function readSignatures(json: readonly JsonValue[], what: string, limits: Limits): readonly Signature[] {
  const signatures = json.slice(0, limits.maxSignatures).map((item, index) => {
    const reader = Reader.of(item, `${what}.signatures[${index}]`);
    return { keyId: keyId(reader.string('keyid')), sig: reader.string('sig') };
  });
  if (new Set(signatures.map((signature) => signature.keyId)).size !== signatures.length)
    throw new MalformedMetadataError(`${what}.signatures: a key id stands twice`);
  return signatures;
}

/**
 * The file: the signed part and who signed it. It is canonical but for control characters, which canonical JSON leaves
 * as they are (the line ends of a PEM, for one) and which JSON demands to be escaped.
 */
export function metadataToBytes(signedBytes: Uint8Array, signatures: readonly Signature[]): Uint8Array {
  const list: JsonOutput = signatures.map(({ keyId: keyid, sig }) => ({ keyid, sig }));
  const encoder = new TextEncoder();
  const parts = [
    encoder.encode('{"signatures":'),
    escaped(canonicalJson(list)),
    encoder.encode(',"signed":'),
    escaped(signedBytes),
    encoder.encode('}'),
  ];
  const file = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

/** As a rule there is nothing to escape. */
function escaped(canonical: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(canonical);
  if (text.search(controls) < 0) return canonical;
  return new TextEncoder().encode(text.replace(controls, (c) => JSON.stringify(c).slice(1, -1)));
}

/** What JSON escapes, as against canonical JSON. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const controls = /[\0-\x1f]/g;

/**
 * Passes only if `role.threshold` distinct public keys of the role have signed. Keys are counted by their material:
 * one key under two ids counts once (CVE-2020-15093). A bad extra signature spoils nothing.
 *
 * @throws UnsignedMetadataError, which counts the good signatures for `what`
 */
export function verifyThreshold(
  metadata: Pick<Metadata, 'signatures' | 'signedBytes'>,
  role: RoleKeys,
  keys: ReadonlyMap<KeyId, Key>,
  what: string,
): void {
  const good = new Set<string>();
  for (const { keyId: id, sig } of metadata.signatures) {
    const key = role.keyIds.includes(id) ? keys.get(id) : undefined;
    const fingerprint = key === undefined ? null : keyFingerprint(key);
    if (key === undefined || fingerprint === null || good.has(fingerprint)) continue;
    if (verifySignature(key, sig, metadata.signedBytes)) good.add(fingerprint);
  }
  if (good.size < role.threshold)
    throw new UnsignedMetadataError(
      `${what}: signed by ${good.size} of the ${role.threshold} keys that it needs`,
    );
}
