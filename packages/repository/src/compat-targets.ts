import { StorageError } from '@ragnos/storage';
import { isJsonArray, isJsonObject, type JsonValue, type TargetFile, type TargetPath } from '@ragnos/tuf';
import type { CompatIssue } from './compat-check.ts';
import { clientFacts } from './compat-facts.ts';
import { matchesWithoutDots } from './compat-patterns.ts';
import type { Client, MemberOrder } from './compat.ts';
import { aliasKey } from './keys.ts';

export interface ListedTargets {
  readonly role: string;
  /** All that the role lists. */
  readonly targets: ReadonlyMap<TargetPath, TargetFile>;
  /** Those to be looked at. */
  readonly added: readonly TargetPath[];
  /** The patterns of every delegation on the way to the role, those of bins left out. */
  readonly patterns: readonly (readonly string[])[];
}

/** Targets that a client does not find, or whose role it could not verify. */
export function* targetIssues(compat: readonly Client[], listed: ListedTargets): Generator<CompatIssue> {
  const { role, added, targets } = listed;
  if (added.length === 0) return;
  for (const client of compat) {
    const issue = (rule: CompatIssue['rule'], message: string, hint: string): CompatIssue => ({
      client,
      rule,
      role,
      message,
      hint,
    });
    for (const path of added) {
      const place = placeProblem(client, path, targets.get(path), listed.patterns);
      if (place !== null) yield issue('PATH', place, 'publish it under another name');
      const text = textProblem(client, path, targets.get(path));
      if (text !== null) yield issue('TEXT', text, 'leave it out of `custom`, or write it otherwise');
    }
    const pair = orderConflict([...targets.keys()], clientFacts[client].memberOrder.value);
    if (pair !== null)
      yield issue(
        'TEXT',
        `it lists ${quoted(pair[0])} and ${quoted(pair[1])}, which ${client} sorts the other way round`,
        'publish it under a name of letters, digits, `.`, `_` and `-`',
      );
  }
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 120));
}

function placeProblem(
  client: Client,
  path: TargetPath,
  file: TargetFile | undefined,
  patterns: ListedTargets['patterns'],
): string | null {
  const { aliases, wildcardsSkipDots } = clientFacts[client];
  if (wildcardsSkipDots.value && !patterns.every((list) => matchesWithoutDots(list, path)))
    return `${quoted(path)} has a segment that begins with a dot, which no wildcard stands for`;
  const digest = file?.hashes.get('sha256');
  if (!aliases.value || digest === undefined) return null;
  try {
    aliasKey(path, digest);
    return null;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    return `${quoted(path)} cannot be stored under the hash and the whole path (${error.message})`;
  }
}

function textProblem(client: Client, path: string, file: TargetFile | undefined): string | null {
  const { composedText, customObject, memberOrder } = clientFacts[client];
  const custom = file?.custom;
  const filled = isJsonObject(custom) && Object.keys(custom).length > 0;
  if (customObject.value && custom !== undefined && !filled)
    return `${quoted(path)} has a \`custom\` that is no object, or an empty one`;
  for (const value of [path, custom ?? null, ...(file?.unrecognized.values() ?? [])])
    for (const part of parts(value)) {
      const texts = typeof part === 'string' ? [part] : part;
      const decomposed = texts.find((text) => text.normalize('NFC') !== text);
      if (composedText.value && decomposed !== undefined)
        return `${quoted(path)} carries ${quoted(decomposed)}, which is not in Unicode normalisation form C`;
      const pair = typeof part === 'string' ? null : orderConflict(part, memberOrder.value);
      if (pair !== null)
        return `${quoted(path)} carries members ${quoted(pair[0])} and ${quoted(pair[1])}, which ${client} sorts the other way round`;
    }
  return null;
}

/** Every text in `value`, and the names of each object's members. */
function* parts(value: JsonValue): Generator<string | readonly string[]> {
  if (typeof value === 'string') yield value;
  else if (isJsonArray(value)) for (const item of value) yield* parts(item);
  else if (isJsonObject(value)) {
    yield Object.keys(value);
    for (const member of Object.values(value)) yield* parts(member);
  }
}

const byCodePoint = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const byUnit = (a: string, b: string): number => (a < b ? -1 : 1);
const escaped = (key: string): string => `${key.replaceAll(/[\\"]/g, String.raw`\$&`)}"`;

/** Two members that stand in another order than that of canonical JSON; `null`: all stand alike. */
function orderConflict(keys: readonly string[], order: MemberOrder): readonly [string, string] | null {
  if (order === 'code points') return null;
  const odd = order === 'UTF-16 units' ? /[\ud800-\udfff]/ : /[\0-"\\]/; // without one of these, both orders are the same
  if (!keys.some((key) => odd.test(key))) return null;
  const right = keys.toSorted(byCodePoint);
  const theirs =
    order === 'UTF-16 units'
      ? keys.toSorted(byUnit)
      : keys.toSorted((a, b) => byCodePoint(escaped(a), escaped(b)));
  const index = right.findIndex((key, at) => key !== theirs[at]);
  return index < 0 ? null : [right[index] ?? '', theirs[index] ?? ''];
}
