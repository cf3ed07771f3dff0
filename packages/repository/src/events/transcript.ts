import type { Signer } from '@ragnos/signing';
import {
  canonicalJson,
  isJsonArray,
  isJsonObject,
  keyFingerprint,
  keyId,
  metadataToBytes,
  parseJson,
  parseMetadata,
  Reader,
  UnsignedMetadataError,
  verifySignature,
  type JsonOutput,
  type Key,
  type KeyId,
  type Root,
} from '@ragnos/tuf';
import { keysIn } from '../root.ts';
import { sha256 } from '../signed.ts';
import type { CallOptions } from '../types.ts';
import { EventError } from './errors.ts';

/** Somebody who holds a root key. */
export interface Participant {
  readonly name: string;
  readonly keyId: KeyId;
  /** Hex sha256 of the SubjectPublicKeyInfo: what other tools compute of the same key. */
  readonly fingerprint: string;
  /** `absent`: only the public key was there, so nobody has shown that he can sign with it. */
  readonly part: 'signed' | 'absent';
  /** Whether the key stands in the new root, in the one before, or in both. */
  readonly serves: 'new' | 'old' | 'both';
}

/** What happened in a ceremony: signed by every key that took part, and of no use to any client. */
export interface Transcript {
  /** The sha256 of the file of root 1; that of the new root where it is the first. */
  readonly repository: string;
  readonly rootVersion: number;
  readonly rootSha256: string;
  /** `null`: the first root. */
  readonly previousSha256: string | null;
  readonly threshold: number;
  readonly participants: readonly Participant[];
  readonly started: string;
  readonly ended: string;
  /** `ragv 1.0.0`, the runtime, and what it signs with. */
  readonly tool: readonly string[];
  /** What was done, in order; `who` is empty for the tool itself. */
  readonly steps: readonly { readonly at: string; readonly what: string; readonly who: string }[];
  /** What the new root changes, in words. */
  readonly words: readonly string[];
}

/** No TUF type, so that a signature on a transcript can never be one on metadata. */
const type = 'ragnos-root-ceremony';
const maxLength = 2_000_000;

/** The file. @throws SigningError; EventError NOT_A_SIGNER for a key that did not take part */
export async function signTranscript(
  transcript: Transcript,
  signers: readonly Signer[],
  options: CallOptions = {},
): Promise<Uint8Array> {
  const message = bodyOf(transcript);
  const signatures = [];
  for (const signer of signers) {
    const own = keyFingerprint(signer.key);
    const participant = transcript.participants.find(({ fingerprint }) => fingerprint === own);
    if (participant === undefined)
      throw new EventError('NOT_A_SIGNER', `key ${signer.key.keyId} took no part in the ceremony`);
    const { sig } = await signer.sign(message, options);
    signatures.push({ keyId: participant.keyId, sig });
  }
  return metadataToBytes(message, signatures);
}

/**
 * Reads a transcript and holds it against the roots that it tells of: their keys have signed it, every one that took part.
 * @throws EventError EVENT_MALFORMED; UnsignedMetadataError where it tells of other files, or a signature is missing
 */
export function verifyTranscript(
  bytes: Uint8Array,
  roots: { readonly root: Uint8Array; readonly previous: Uint8Array | null },
): Transcript {
  const { transcript, message, signatures } = read(bytes);
  const root = parseMetadata(roots.root, 'root').signed;
  const previous = roots.previous === null ? null : parseMetadata(roots.previous, 'root').signed;
  const refuse = (why: string): never => {
    throw new UnsignedMetadataError(`the transcript of root ${transcript.rootVersion}: ${why}`);
  };
  if (sha256(roots.root) !== transcript.rootSha256) refuse('it tells of another root file');
  if (root.version !== transcript.rootVersion) refuse(`the file is root ${root.version}`);
  const before = roots.previous === null ? null : sha256(roots.previous);
  if (before !== transcript.previousSha256) refuse('it tells of another root before it');
  const known = [...keysIn(root, 'root'), ...(previous === null ? [] : keysIn(previous, 'root'))];
  for (const participant of transcript.participants) {
    const key = known.find((each) => keyFingerprint(each) === participant.fingerprint);
    if (key === undefined) return refuse(`the key of ${participant.name} is in none of the two roots`);
    const sig = signatures.get(participant.keyId);
    if (participant.part === 'absent') continue;
    if (sig === undefined || !verifySignature(key, sig, message))
      return refuse(`it is not signed by ${participant.name}, who took part`);
  }
  const part = new Set(transcript.participants.map(({ keyId }) => keyId));
  if ([...signatures.keys()].some((id) => !part.has(id))) refuse('somebody signed it who took no part');
  return transcript;
}

/** Who holds which key of the two roots. */
export function participantOf(
  name: string,
  key: Key,
  part: Participant['part'],
  root: Root,
  previous: Root | null,
): Participant {
  const fingerprint = keyFingerprint(key) ?? '';
  const stands = (of: Root | null): boolean =>
    of !== null && keysIn(of, 'root').some((each) => keyFingerprint(each) === fingerprint);
  const serves = stands(root) ? (stands(previous) ? 'both' : 'new') : 'old';
  return { name, keyId: key.keyId, fingerprint, part, serves };
}

function bodyOf(transcript: Transcript): Uint8Array {
  const { participants, steps, ...rest } = transcript;
  const plain = (line: string): string => line.replace(/\p{Cc}/gu, '?');
  const json: JsonOutput = {
    _type: type,
    ...rest,
    words: rest.words.map(plain),
    participants: participants.map(({ name, ...each }) => ({ ...each, name: plain(name) })),
    steps: steps.map(({ at, what, who }) => ({ at, what: plain(what), who: plain(who) })),
  };
  return canonicalJson(json);
}

interface Read {
  readonly transcript: Transcript;
  readonly message: Uint8Array;
  readonly signatures: ReadonlyMap<KeyId, string>;
}

function read(bytes: Uint8Array): Read {
  const what = 'transcript';
  const malformed = (why: string): never => {
    throw new EventError('EVENT_MALFORMED', `no transcript of a root ceremony: ${why}`);
  };
  if (bytes.length > maxLength) malformed(`${bytes.length} bytes`);
  const file = Reader.of(parseJson(bytes, what), what);
  const signed = file.object('signed');
  if (signed.string('_type') !== type) malformed('it says that it is something else');
  const text = (from: Reader, name: string): string => from.string(name);
  const objects = (name: string): readonly Reader[] =>
    signed.array(name).map((item, index) => Reader.of(item, `${what}.${name}[${index}]`));
  const transcript: Transcript = {
    repository: text(signed, 'repository'),
    rootVersion: signed.version('rootVersion'),
    rootSha256: text(signed, 'rootSha256'),
    previousSha256: signed.value('previousSha256') === null ? null : text(signed, 'previousSha256'),
    threshold: signed.integer('threshold', 1),
    participants: objects('participants').map((one) => ({
      name: text(one, 'name'),
      keyId: keyId(text(one, 'keyId')),
      fingerprint: text(one, 'fingerprint'),
      part: text(one, 'part') === 'absent' ? 'absent' : 'signed',
      serves: text(one, 'serves') === 'old' ? 'old' : text(one, 'serves') === 'both' ? 'both' : 'new',
    })),
    started: text(signed, 'started'),
    ended: text(signed, 'ended'),
    tool: signed.strings('tool'),
    steps: objects('steps').map((one) => ({
      at: text(one, 'at'),
      what: text(one, 'what'),
      who: text(one, 'who'),
    })),
    words: signed.strings('words'),
  };
  const message = bodyOf(transcript);
  const received = file.value('signed');
  // What is read is all that was signed.
  if (received === undefined || Buffer.compare(canonicalJson(received), message) !== 0)
    malformed('it holds more than a transcript does');
  const list = file.value('signatures');
  const signatures = new Map<KeyId, string>();
  for (const item of list !== undefined && isJsonArray(list) ? list : []) {
    const one = Reader.of(isJsonObject(item) ? item : {}, `${what}.signatures`);
    signatures.set(keyId(one.string('keyid')), one.string('sig'));
  }
  return { transcript, message, signatures };
}
