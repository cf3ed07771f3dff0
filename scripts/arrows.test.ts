import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import config from '../oxlint.config.ts';
import { rooms } from './arrows.ts';

const names = Object.keys(rooms);
const root = path.join(import.meta.dirname, '..');

type Case = { readonly file: string; readonly code: string; readonly refused: boolean };
const cases = new Map<string, Case>();
function add(file: string, code: string, refused: boolean) {
  cases.set(`${file}: ${code} is ${refused ? 'refused' : 'allowed'}`, { file, code, refused });
}

for (const from of names) {
  for (const to of names) {
    const refused = rooms[from]?.may.includes(to) !== true;
    add(`packages/${from}/src/x.ts`, `import { a } from '@ragnos/${to}';`, refused);
    add(`packages/${from}/src/x.ts`, `export const a = import('@ragnos/${to}');`, refused);
    add(`packages/${from}/src/x.ts`, `export type { a } from '@ragnos/${to}';`, refused);
    add(`packages/${from}/src/x.ts`, `import { a } from '@ragnos/${to}/src/x.ts';`, true);
    add(`packages/${from}/src/deep/x.ts`, `import { a } from '../../../${to}/src/y.ts';`, true);
    add(`packages/${from}/test/x.test.ts`, `import { a } from '@ragnos/${to}';`, false);
    add(`packages/${from}/test/x.test.ts`, `import { a } from '../../${to}/src/y.ts';`, true);
  }
  const closed = rooms[from]?.outside !== undefined;
  for (const [code, refused] of [
    [`import { a } from './y.ts';`, false],
    [`import { a } from './${from}/y.ts';`, false],
    [`import { a } from '../y.ts';`, false],
    [`import { hash } from 'node:crypto';`, false],
    [`import fs from 'node:fs/promises';`, from === 'tuf'],
    [`import fs from 'fs';`, closed],
    [`import { a } from 'third-party';`, closed],
    [`import { a } from 'third-party/part';`, closed],
    [`import { a } from '@third/party';`, closed],
    [`import { stdout } from 'node:process';`, true],
  ] as const)
    add(`packages/${from}/src/deep/x.ts`, code, refused);
}

let folder = '';
const hits = new Set<string>();

/** One run of oxlint over all snippets, each a file of its own: a start per snippet would cost minutes. */
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrows-'));
  await writeFile(path.join(folder, '.oxlintrc.json'), JSON.stringify(config));
  let serial = 0;
  const where = new Map<string, string>();
  for (const [title, { file, code }] of cases) {
    const unique = file.replace('x.', `x${serial++}.`);
    where.set(unique, title);
    await mkdir(path.dirname(path.join(folder, unique)), { recursive: true });
    await writeFile(path.join(folder, unique), `${code}\n`);
  }
  const oxlint = path.join(root, 'node_modules/oxlint/bin/oxlint');
  const run = promisify(execFile)(process.execPath, [oxlint, '--format=unix'], {
    cwd: folder,
    maxBuffer: 1 << 28,
  });
  const output = await run.catch((failed: unknown) => failed as { stdout: string }); // findings make it exit 1
  for (const line of output.stdout.split('\n')) {
    const file = line.slice(0, line.indexOf(':')).replaceAll('\\', '/');
    if (line.includes('no-restricted-imports')) hits.add(where.get(file) ?? `unknown file ${file}`);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(names)('imports of %s are refused or allowed as the table says', (name) => {
  const own = [...cases].filter(([, { file }]) => file.startsWith(`packages/${name}/`));
  expect(own.length).toBeGreaterThan(names.length);
  expect(own.filter(([title, { refused }]) => hits.has(title) !== refused).map(([title]) => title)).toEqual(
    [],
  );
});

test('the lint reported nothing but the snippets', () => {
  expect([...hits].filter((title) => !cases.has(title))).toEqual([]);
});
