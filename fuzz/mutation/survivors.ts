import { isRecord, type Outcome } from '../lib/report.ts';

/** Mutants on a line that change nothing that anybody could see, and why. `most` = how many of them survive at most. */
interface Reason {
  readonly file: string;
  /** What the line holds. */
  readonly line: string;
  readonly most: number;
  readonly why: string;
}

const fast = 'a shorter way for what is common: the long way, taken instead, gives the same';
const words = 'the words of an error, or which role they name: tests assert codes';
const implied = 'a condition that another one of the same line, or the next step, implies';
const cost = 'what is kept or spared, not what comes out';

/** Read each of them again when its line changes: an entry that fits nothing any more fails a whole run. */
export const reasons: readonly Reason[] = [
  { file: 'json/canonical.ts', line: 'export function isCanonical', most: 1, why: fast },
  { file: 'json/canonical.ts', line: "if (typeof value !== 'object' || value === null) return true; // the reader", most: 5, why: fast },
  { file: 'json/canonical.ts', line: 'return value.every(isCanonical)', most: 2, why: fast },
  { file: 'json/canonical.ts', line: "let last = '';", most: 2, why: fast },
  { file: 'json/canonical.ts', line: 'const out = key < last', most: 7, why: `${fast}; a key equal to the one before cannot be, and what is signed has names that begin with letters` },
  { file: 'json/canonical.ts', line: 'if (out || member === undefined', most: 4, why: `${fast}; JSON.parse gives no member that is undefined, and what is signed has a _type` },
  { file: 'json/canonical.ts', line: 'return true;', most: 2, why: fast },
  { file: 'json/canonical.ts', line: 'const surrogate = ', most: 1, why: fast },
  { file: 'json/canonical.ts', line: 'function writeOrdered', most: 1, why: fast },
  { file: 'json/canonical.ts', line: 'if (!isOrdered(value)) return null', most: 1, why: fast },
  { file: 'json/canonical.ts', line: 'udfff]|', most: 2, why: `${fast} (what is not written so is written by write)` },
  { file: 'json/canonical.ts', line: "return text.includes('", most: 1, why: cost },
  { file: 'json/canonical.ts', line: 'function isOrdered', most: 1, why: fast },
  { file: 'json/canonical.ts', line: 'return Number.isSafeInteger(value);', most: 1, why: fast },
  { file: 'json/canonical.ts', line: "if (typeof value !== 'object' || value === null) return true;", most: 2, why: fast },
  { file: 'json/canonical.ts', line: 'return value.every(isOrdered)', most: 1, why: fast },
  { file: 'json/canonical.ts', line: 'if (isMap(value)) return false', most: 1, why: `${fast}; a map has no own keys, so it would be written as {} only if it were ordered` },
  { file: 'json/canonical.ts', line: 'if (key < last || member === undefined', most: 5, why: `${fast}; a member that is undefined JSON.stringify leaves out too` },
  { file: 'json/canonical.ts', line: 'keys.some((key) =>', most: 1, why: fast },
  { file: 'json/parse.ts', line: "const escapes = text.includes('\\\\')", most: 1, why: fast },
  { file: 'json/parse.ts', line: 'compact: !escapes && !spaced', most: 2, why: fast },
  { file: 'json/parse.ts', line: '{ cause }', most: 2, why: words },
  { file: 'json/parse.ts', line: 'let spaced = false', most: 1, why: fast },
  { file: 'json/parse.ts', line: 'at < text.length; at++', most: 1, why: 'behind the end stands NaN, which is no character' },
  { file: 'json/parse.ts', line: 'spaced = true', most: 3, why: fast },
  { file: 'json/parse.ts', line: 'return end < 0 ? text.length : end', most: 1, why: 'a string cannot end where the text begins' },
  { file: 'json/parse.ts', line: "if (end > 0 && !text.slice(start, end).includes('\\\\')) return end", most: 4, why: fast },
  { file: 'json/parse.ts', line: 'while (end > 0 && isEscaped', most: 2, why: 'a string that does not end JSON.parse refuses' },
  { file: 'json/parse.ts', line: 'if (end < 0) return text.length', most: 2, why: 'a string that does not end JSON.parse refuses' },
  { file: 'json/parse.ts', line: 'return (at - before) % 2 === 1', most: 1, why: 'a sum is odd where the difference is' },
  { file: 'json/parse.ts', line: 'value.isWellFormed()', most: 1, why: implied },
  { file: 'json/parse.ts', line: 'isNumberPart(text.charCodeAt(end))', most: 2, why: 'behind the end stands NaN, which is no part of a number' },
  { file: 'json/parse.ts', line: 'c === 0x2b || c === 0x2d', most: 2, why: 'a sign stands in a number only behind an E, with which it is refused' },
  { file: 'json/parse.ts', line: "if (typeof value !== 'object' || value === null) return 0", most: 1, why: 'null has no members to be counted' },
  { file: 'json/reader.ts', line: 'readonly #taken', most: 1, why: 'a member of that very name would have to come' },
  { file: 'json/reader.ts', line: 'const good = ', most: 4, why: implied },
  { file: 'json/reader.ts', line: 'value !== undefined && isJsonArray(value)', most: 1, why: implied },
  { file: 'keys/verify.ts', line: "key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails", most: 2, why: `${implied}: no other key has a curve of that name` },
  { file: 'keys/verify.ts', line: 'if (scheme === undefined || object === undefined', most: 3, why: `${implied}: a key whose scheme is unknown has no object` },
  { file: 'keys/verify.ts', line: 'if (key.public.length > keptLength)', most: 4, why: cost },
  { file: 'keys/verify.ts', line: 'if (known !== undefined) return known', most: 1, why: cost },
  { file: 'keys/verify.ts', line: 'parsed.size >= parsedMax', most: 5, why: cost },
  { file: 'keys/verify.ts', line: 'parsed.set(text, read)', most: 1, why: cost },
  { file: 'keys/verify.ts', line: "const [prefix = ''] = spkiPrefix", most: 2, why: 'every curve has its prefix, and for the others it is not looked at' },
  { file: 'keys/verify.ts', line: 'startsWith(`${prefix}04`)', most: 4, why: `${fast} (through JWK)` },
  { file: 'keys/verify.ts', line: "const [prefix = '', hexLength = 0]", most: 2, why: 'a scheme without a prefix has length 0, and no key is empty text in hex' },
  { file: 'keys/verify.ts', line: 'key.public.length === hexLength && ', most: 2, why: 'Buffer stops at what is no hex, and OpenSSL refuses a key cut short' },
  { file: 'metadata/delegations.ts', line: 'readRole(json, `', most: 1, why: words },
  { file: 'metadata/delegations.ts', line: 'binName(succinct, 2 ** bitLength - 1)', most: 1, why: 'the name of the bin after the last is as long, or longer and then too long already at one more character' },
  { file: 'metadata/envelope.ts', line: 'if (signed === undefined) throw', most: 2, why: `${implied}: what is absent is no object either` },
  { file: 'metadata/envelope.ts', line: 'function sliceSigned', most: 1, why: fast },
  { file: 'metadata/envelope.ts', line: "Object.keys(value).join() !== 'signatures,signed'", most: 3, why: fast },
  { file: 'metadata/envelope.ts', line: 'if (signed === undefined || !isCanonical(signed)) return null', most: 3, why: fast },
  { file: 'metadata/envelope.ts', line: 'if (key === undefined || fingerprint === null', most: 3, why: `${implied}: without a key there is no fingerprint, without that no signature verifies` },
  { file: 'metadata/fields.ts', line: 'const exact = ', most: 1, why: `${implied}: what is written back must be the text` },
  { file: 'metadata/members.ts', line: 'return Object.keys(this.#json)', most: 1, why: 'the filter tells the compiler what the constructor has checked' },
  { file: 'metadata/meta-files.ts', line: 'if (!isPlain(json[file]))', most: 1, why: fast },
  { file: 'metadata/meta-files.ts', line: 'function isPlain', most: 1, why: fast },
  { file: 'metadata/meta-files.ts', line: 'if (!isJsonObject(file)) return false', most: 1, why: fast },
  { file: 'metadata/meta-files.ts', line: "if (name !== 'version') return false", most: 3, why: fast },
  { file: 'metadata/meta-files.ts', line: "return typeof version === 'number'", most: 6, why: `${fast}; what is no number is no integer, and the reader of JSON has refused fractions` },
  { file: 'metadata/target-files.ts', line: 'if (!isPlain(files[path]))', most: 1, why: fast },
  { file: 'metadata/target-files.ts', line: 'function isPlain', most: 1, why: fast },
  { file: 'metadata/target-files.ts', line: "if (!isJsonObject(file) || !isJsonObject(file['hashes']))", most: 3, why: fast },
  { file: 'metadata/target-files.ts', line: "if (typeof length !== 'number'", most: 7, why: `${fast}; what is no number is no safe integer` },
  { file: 'metadata/target-files.ts', line: "if (name !== 'sha256') return false", most: 3, why: fast },
  { file: 'metadata/target-files.ts', line: "return isSha256(hashes['sha256'])", most: 1, why: fast },
  { file: 'metadata/plain-files.ts', line: 'sha256":"[0-9a-f]{64}', most: 12, why: fast },
  { file: 'metadata/plain-files.ts', line: 'const opening = ', most: 1, why: fast },
  { file: 'metadata/plain-files.ts', line: 'toSorted(([a], [b])', most: 1, why: 'no path is changed twice' },
  { file: 'metadata/plain-files.ts', line: 'text.includes(opening, at + 1)', most: 5, why: fast },
  { file: 'metadata/plain-files.ts', line: 'const start = at + opening.length', most: 1, why: fast },
  { file: 'metadata/plain-files.ts', line: 'if (text.charAt(end) !==', most: 3, why: fast },
  { file: 'metadata/plain-files.ts', line: "let last = '';", most: 1, why: fast },
  { file: 'metadata/plain-files.ts', line: 'do {', most: 1, why: fast },
  { file: 'metadata/plain-files.ts', line: 'if (!plainEntry.test(text)) break', most: 2, why: fast },
  { file: 'metadata/plain-files.ts', line: 'if (path <= last) break', most: 2, why: fast },
  { file: 'metadata/plain-files.ts', line: 'at = plainEntry.lastIndex + 1', most: 1, why: fast },
  { file: 'metadata/plain-files.ts', line: '=== comma', most: 3, why: fast },
  { file: 'metadata/plain-files.ts', line: 'return { starts, end', most: 1, why: fast },
  { file: 'metadata/plain-files.ts', line: 'return text.slice(start + 1', most: 2, why: fast },
  { file: 'metadata/write.ts', line: 'file.custom === undefined ? json', most: 1, why: 'a member that is undefined is not written' },
  { file: 'delegation.ts', line: 'role.pathHashPrefixes !== null) ? sha256(path)', most: 3, why: `${cost}; without prefixes the digest is not looked at` },
  { file: 'names.ts', line: 'raw.length * 3 > maxBytes', most: 2, why: fast },
  { file: 'names.ts', line: 'const plainPath = ', most: 5, why: fast },
  { file: 'names.ts', line: 'const plainRole = ', most: 1, why: fast },
  { file: 'names.ts', line: 'if (plainRole.test(raw))', most: 1, why: fast },
  { file: 'names.ts', line: 'if (raw.length > maxRoleBytes)', most: 3, why: `${implied}: encoded it is no shorter` },
  { file: 'names.ts', line: 'if (plainPath.test(raw))', most: 1, why: fast },
  { file: 'names.ts', line: "if (raw === '' || /(?:^|", most: 2, why: `${implied}: the expression matches empty text too` },
  { file: 'names.ts', line: 'raw.length * 3 > maxSegmentBytes', most: 2, why: fast },
  { file: 'keys/key.ts', line: 'if (keyval.rest().size > 0)', most: 2, why: 'an empty list of others is written as none' },
  { file: 'loaded-roles.ts', line: 'expected.hashes === null ? createHash', most: 1, why: `${cost}; where the hashes are known the digests are equal too` },
  { file: 'loaded-roles.ts', line: 'found?.delegators.delete(name)', most: 2, why: 'a role is put on the list more often than needed: forgetting it again changes nothing' },
  { file: 'trusted-metadata-set.ts', line: "this.#parse(", most: 5, why: words },
  { file: 'trusted-metadata-set.ts', line: 'this.#checkExpiry(', most: 6, why: words },
  { file: 'trusted-metadata-set.ts', line: 'if (options.trusted === true) checkBytes', most: 1, why: 'bytes that are not trusted were checked before' },
  { file: 'trusted-metadata-set.ts', line: 'if (delegations === null || role === null)', most: 1, why: `${implied}: without delegations there is no role` },
  { file: 'trusted-metadata-set.ts', line: 'throw new ExpiredMetadataError(', most: 1, why: words },
]; // prettier-ignore

interface Survivor {
  readonly file: string;
  readonly at: number;
  readonly source: string;
  readonly change: string;
}

function survivorsOf(report: unknown): { readonly all: readonly Survivor[]; readonly killed: number } {
  const all: Survivor[] = [];
  let killed = 0;
  const files = isRecord(report) && isRecord(report['files']) ? report['files'] : {};
  for (const [path, file] of Object.entries(files)) {
    if (!isRecord(file) || !Array.isArray(file['mutants'])) continue;
    const lines = String(file['source']).split('\n');
    for (const mutant of file['mutants'] as readonly unknown[]) {
      if (!isRecord(mutant) || !isRecord(mutant['location']) || !isRecord(mutant['location']['start']))
        continue;
      if (mutant['status'] === 'Killed' || mutant['status'] === 'Timeout') killed++;
      if (mutant['status'] !== 'Survived' && mutant['status'] !== 'NoCoverage') continue;
      const at = Number(mutant['location']['start']['line']);
      const change = `${String(mutant['mutatorName'])} -> ${String(mutant['replacement'])}`;
      const name = path.replace('packages/tuf/src/', '');
      all.push({ file: name, at, source: lines[at - 1] ?? '', change });
    }
  }
  return { all, killed };
}

/** Whether every survivor has its reason; with `all` files also whether every reason has its survivor. */
export function judge(report: unknown, whole: boolean): Outcome {
  const { all, killed } = survivorsOf(report);
  const used = new Map<Reason, number>();
  const faults: string[] = [];
  for (const { file, at, source, change } of all) {
    const fitting = reasons.filter((entry) => entry.file === file && source.includes(entry.line));
    const reason = fitting.toSorted((a, b) => b.line.length - a.line.length)[0]; // the most exact one
    const count = reason === undefined ? 0 : (used.get(reason) ?? 0) + 1;
    if (reason !== undefined) used.set(reason, count);
    if (reason === undefined || count > reason.most)
      faults.push(`SURVIVED without a reason: ${file}:${at} ${source.trim()}: ${change}`);
  }
  if (whole)
    for (const reason of reasons)
      if (!used.has(reason)) faults.push(`NO SURVIVOR any more: ${reason.file}: ${reason.line}`);
  const sum = `${killed} mutants killed, ${all.length} survived, ${faults.length} faults`;
  return { lines: [sum, ...faults], good: faults.length === 0 };
}
