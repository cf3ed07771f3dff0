/**
 * Canonical JSON of ours, of securesystemslib and of tuf-js, on the same texts. They give the same bytes, or the text has a
 * feature that `differences` explains for that peer; and every explanation must have been needed.
 */
import { canonicalJson, parseJson, VaultError } from '@ragnos/tuf';
import * as fc from 'fast-check';
import { createRequire } from 'node:module';
import type { Python } from './lib/python.ts';
import { isRecord, listOf, type Outcome } from './lib/report.ts';

type Feature =
  'float' | 'beyond 2^53' | 'minus zero' | 'lone surrogate' | 'duplicate key' | 'order of surrogates';
type Peer = 'securesystemslib' | 'tuf-js';

/** Why a peer may answer otherwise than we do, by what the text holds. What is not here must be the same. */
const differences: Readonly<Record<Peer, Readonly<Partial<Record<Feature, string>>>>> = {
  securesystemslib: {
    'beyond 2^53': 'we refuse what JavaScript cannot hold; Python writes it exactly',
    'minus zero': 'we refuse -0, which is no integer to JavaScript; Python reads 0',
    'duplicate key': 'we refuse; Python takes the last',
  },
  'tuf-js': {
    float: 'we refuse; tuf-js writes 1.0 and 1e2 as integers',
    'beyond 2^53': 'we refuse; tuf-js writes the nearest double',
    'minus zero': 'we refuse; tuf-js writes 0',
    'lone surrogate': 'we refuse; tuf-js signs U+FFFD in its place',
    'duplicate key': 'we refuse; tuf-js takes the last',
    'order of surrogates': 'we sort by code point, as securesystemslib does; tuf-js by UTF-16 unit',
  },
};

type Node =
  | { readonly kind: 'leaf'; readonly text: string; readonly feature: Feature | null }
  | { readonly kind: 'string'; readonly value: string; readonly text: string }
  | { readonly kind: 'array'; readonly items: readonly Node[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [name: string, value: Node])[] };

const strings = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    '10',
    '9',
    '',
    '\uff5e',
    '\u{1f600}',
    'é',
    'e\u0301',
    '\u007f',
    '"\\',
  ),
  { weight: 1, arbitrary: fc.constantFrom('\ud800', 'x\udfff', '\ude00\ud83d') },
);
const leaf = (text: string, feature: Feature | null): Node => ({ kind: 'leaf', text, feature });
/** Plain, or with everything escaped: both are the same string. */
const string = fc.tuple(strings, fc.boolean()).map(([value, escaped]): Node => {
  const units = Array.from({ length: value.length }, (_, at) => value.charCodeAt(at));
  const text = `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`;
  return { kind: 'string', value, text: escaped ? text : JSON.stringify(value) };
});
const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    { weight: 3, arbitrary: string },
    { weight: 3, arbitrary: fc.maxSafeInteger().map((n) => leaf(String(n || 0), null)) },
    { weight: 3, arbitrary: fc.constantFrom('true', 'false', 'null').map((text) => leaf(text, null)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('1.0', '1e2', '-0.5', '1E-3', '2.5e0').map((text) => leaf(text, 'float')),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('9007199254740993', '-9007199254740992', '123456789012345678901234567890')
        .map((text) => leaf(text, 'beyond 2^53')),
    },
    { weight: 1, arbitrary: fc.constant(leaf('-0', 'minus zero')) },
    {
      weight: 5,
      arbitrary: fc.array(tie('node'), { maxLength: 4 }).map((items): Node => ({ kind: 'array', items })),
    },
    {
      weight: 8,
      arbitrary: fc
        .array(fc.tuple(strings, tie('node')), { maxLength: 4 })
        .map((members): Node => ({ kind: 'object', members })),
    },
  ),
}));

function textOf(value: Node, space: string): string {
  switch (value.kind) {
    case 'leaf':
    case 'string':
      return value.text;
    case 'array':
      return `[${space}${value.items.map((item) => textOf(item, space)).join(`${space},`)}]`;
    case 'object':
      return `{${value.members.map(([name, item]) => `${space}${JSON.stringify(name)}:${space}${textOf(item, space)}`).join(',')}${space}}`;
  }
}

/** What the text holds, told from what it was made of, not by reading it. */
function featuresOf(value: Node, found = new Set<Feature>()): ReadonlySet<Feature> {
  if (value.kind === 'leaf' && value.feature !== null) found.add(value.feature);
  if (value.kind === 'string' && !value.value.isWellFormed()) found.add('lone surrogate');
  if (value.kind === 'array') for (const item of value.items) featuresOf(item, found);
  if (value.kind === 'object') {
    const names = value.members.map(([name]) => name);
    if (new Set(names).size < names.length) found.add('duplicate key');
    if (names.some((name) => !name.isWellFormed())) found.add('lone surrogate');
    const points = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    if (points.join('\0') !== names.toSorted().join('\0')) found.add('order of surrogates');
    for (const [, item] of value.members) featuresOf(item, found);
  }
  return found;
}

/** Hex of the bytes, or null where it is refused. */
function ours(text: string): string | null {
  try {
    return Buffer.from(canonicalJson(parseJson(Buffer.from(text), 'text'))).toString('hex');
  } catch (error) {
    if (error instanceof VaultError) return null;
    throw error;
  }
}

function tufJs(): (text: string) => string | null {
  const module: unknown = createRequire(import.meta.url)('@tufjs/canonical-json');
  const canonicalize = isRecord(module) ? module['canonicalize'] : undefined;
  if (typeof canonicalize !== 'function') throw new Error('@tufjs/canonical-json has no canonicalize');
  return (text) => {
    try {
      const written: unknown = Reflect.apply(canonicalize, undefined, [JSON.parse(text)]);
      return Buffer.from(String(written), 'utf8').toString('hex');
    } catch {
      return null;
    }
  };
}

async function securesystemslib(
  python: Python,
  texts: readonly string[],
): Promise<readonly (string | null)[]> {
  const answers = listOf(await python.ask({ do: 'canonical', texts }));
  return answers.map((answer) =>
    isRecord(answer) && typeof answer['hex'] === 'string' ? answer['hex'] : null,
  );
}

export async function canonical(
  python: Python | null,
  npm: boolean,
  { long, seed }: { readonly long: boolean; readonly seed: number },
): Promise<Outcome> {
  const rounds = long ? 200 : 4;
  const size = 2_500;
  const explained = new Map<string, number>();
  const faults: string[] = [];
  let [same, compared] = [0, 0];
  const peers: [Peer, (texts: readonly string[]) => Promise<readonly (string | null)[]>][] = [];
  if (python !== null) peers.push(['securesystemslib', (texts) => securesystemslib(python, texts)]);
  if (npm) peers.push(['tuf-js', (texts) => Promise.resolve(texts.map(tufJs()))]);
  for (let round = 0; round < rounds; round++) {
    const nodes = fc.sample(node, { numRuns: size, seed: seed + round });
    const texts = nodes.map((value, index) => textOf(value, index % 2 === 0 ? '' : ' \n'));
    const mine = texts.map(ours);
    for (const [peer, ask] of peers) {
      const theirs = await ask(texts);
      for (const [index, value] of nodes.entries()) {
        compared++;
        if (theirs[index] === mine[index]) {
          same++;
          continue;
        }
        const reasons = [...featuresOf(value)].filter((feature) => differences[peer][feature] !== undefined);
        for (const reason of reasons) {
          const key = `${peer}: ${reason}`;
          explained.set(key, (explained.get(key) ?? 0) + 1);
        }
        if (reasons.length === 0)
          faults.push(
            `UNEXPLAINED ${peer} ${theirs[index]} ours ${mine[index]} ${JSON.stringify(texts[index])}`,
          );
      }
    }
  }
  const listed = peers.flatMap(([peer]) =>
    Object.entries(differences[peer]).map(([feature, why]) => [`${peer}: ${feature}`, why] as const),
  );
  for (const [key] of listed) if (!explained.has(key)) faults.push(`NEVER SEEN: ${key}`);
  return {
    lines: [
      `canonical: ${compared} comparisons, ${same} the same, ${compared - same} different, ${faults.length} faults`,
      ...listed.map(([key, why]) => `  ${String(explained.get(key) ?? 0).padStart(7)}  ${key}: ${why}`),
      ...faults.slice(0, 20),
    ],
    good: faults.length === 0,
  };
}
