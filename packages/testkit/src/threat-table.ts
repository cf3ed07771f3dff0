import { existsSync, readFileSync } from 'node:fs';

/** By section and threat, the tests that show it: `repository/x` is packages/repository/test/x.test.ts; behind `#`, words in it. */
export type ThreatTable = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** For `test.each`: each threat under its section, and its tests. */
export function threatLines(
  table: ThreatTable,
): readonly (readonly [threat: string, tests: readonly string[]])[] {
  return Object.entries(table).flatMap(([section, threats]) =>
    Object.entries(threats).map(([threat, tests]) => [`${section}: ${threat}`, tests] as const),
  );
}

/** What is wrong with the tests of one threat: none, a file that is not there, one without an assertion or without the words. */
export function threatFaults(tests: readonly string[]): readonly string[] {
  return tests.length === 0 ? ['no test'] : tests.flatMap(faultsOf);
}

const packages = new URL('../../', import.meta.url);

function faultsOf(named: string): readonly string[] {
  const [file = '', words = ''] = named.split('#');
  const [room = '', ...rest] = file.split('/');
  const path = new URL(`${room}/test/${rest.join('/')}.test.ts`, packages);
  if (!existsSync(path)) return [`${file}: not there`];
  const text = readFileSync(path, 'utf8');
  return [
    ...(/\bexpect\(/.test(text) ? [] : [`${file}: asserts nothing`]),
    ...(text.includes(words) ? [] : [`${file} does not say “${words}”`]),
  ];
}
