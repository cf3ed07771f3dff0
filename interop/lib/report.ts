import { differences } from '../differences.ts';
import { inputs } from '../inputs/index.ts';
import { served } from '../repositories/index.ts';
import type { ClientName, Matrix } from './bad-inputs.ts';
import { cell } from './outcome.ts';
import { peers, scenarios, type PeerName, type Scenario } from './peer.ts';
import type { ServedTable } from './read-ours.ts';

export interface Results {
  readonly versions: ReadonlyMap<PeerName, string>;
  readonly served: ServedTable;
  readonly written: ReadonlyMap<PeerName, ReadonlyMap<Scenario, string>>;
  readonly matrix: Matrix;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

/** Same sentence, several inputs: one line. */
function explanations(peer: PeerName): readonly string[] {
  const grouped = Map.groupBy(differences.get(peer) ?? [], ([, why]) => why);
  return [...grouped].map(([why, entries]) => `- ${entries.map(([id]) => `*${id}*`).join(', ')}: ${why}`);
}

const what: Readonly<Record<Scenario, string>> = {
  flat: 'targets in the top-level role, one of them empty, one in a folder',
  keys: 'every key type it can make, root 2 of 3, targets 3 of 3',
  delegations:
    'two delegated roles, one of them terminating and with a role below it; names with a space and a slash',
  rotated: 'five rotations of root and other keys',
  'hash-prefixes': '16 bins by hash prefix',
  succinct: '16 succinct bins',
};

/** docs/interop.md. */
export function report({ versions, served: read, written, matrix }: Results): string {
  const names = peers.map(({ name }) => name);
  const titled = names.map((name) => `${name} ${versions.get(name) ?? ''}`);
  const rows = (id: string): readonly string[] => {
    const row = matrix.get(id);
    return (['ours', ...names] satisfies readonly ClientName[]).map((name) => {
      const outcome = row?.get(name);
      return outcome === undefined ? '' : cell(outcome);
    });
  };
  const cannot = served.flatMap(({ name, cannot = {} }) => {
    const grouped = Map.groupBy(Object.entries(cannot), ([, why]) => why);
    return [...grouped].map(
      ([why, list]) => `- *${name}*, ${list.map(([peer]) => peer).join(', ')}: ${why}.`,
    );
  });
  const all = [...inputs.values()].flat();
  const lines = [
    '# Interoperability with the other implementations of TUF',
    '',
    'Written by `npm run test:peers -- --write-docs`, which runs each implementation with the version that its lockfile pins;',
    'the programs are in `interop/`. Every cell was executed.',
    '',
    '## They read what we publish',
    '',
    'Published with `@ragnos/repository` and `compat` set for the clients that read it, every target downloaded and compared',
    'byte by byte. Where a cell says no, publishing for that client is refused (`NOT_COMPATIBLE`), and the client was given what',
    'is published without: the error is its own. What cannot be refused, because it comes with time, is marked with †.',
    '',
    ...table(
      ['repository', ...titled],
      served.map((item) => [
        `${item.name}${item.notRefused === true ? ' †' : ''}: ${item.what}`,
        ...names.map((name) => read.get(item.name)?.get(name) ?? ''),
      ]),
    ),
    '',
    ...cannot,
    '',
    '## We read what they write',
    '',
    'Written with each library and keys of its own, read and compared by `@ragnos/client`. – : it cannot write that.',
    '',
    ...table(
      ['repository', ...titled],
      scenarios.map((name) => [
        `${name}: ${what[name]}`,
        ...names.map((peer) => written.get(peer)?.get(name) ?? ''),
      ]),
    ),
    '',
    '## What is refused',
    '',
    `${all.length} inputs, each made once and given to every client. A cell names the error, or our code; **accepted** means that`,
    'every target was downloaded with the right content. `errorString` and `RuntimeError` are what a library throws that has',
    'no class for the error. Time is limited to 20 s (10 s for the pattern).',
    '',
  ];
  for (const [aim, list] of inputs)
    lines.push(
      `### ${aim}`,
      '',
      ...table(
        ['input', 'ours', ...titled],
        list.map(({ id, what: text }) => [`*${id}*: ${text}`, ...rows(id)]),
      ),
      '',
    );
  lines.push('### What we accept', '');
  for (const { id, tolerant } of all) if (tolerant !== undefined) lines.push(`- *${id}*: ${tolerant}.`);
  lines.push('', '## Every difference', '');
  for (const [index, name] of names.entries())
    lines.push(`### ${titled[index]}`, '', ...explanations(name), '');
  return `${lines.join('\n').trimEnd()}\n`;
}
