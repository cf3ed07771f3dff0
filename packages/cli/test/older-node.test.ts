/** `ragv` by its full path is started with whatever Node a host has: the one beside it takes over, or the one that is needed is named. */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { parse } from 'acorn';
import { satisfies } from 'semver';
import { expect, onTestFinished, test } from 'vitest';
import { isNodeNewEnough } from '../src/needed-node.ts';
import { nodeBeside } from '../src/older-node.ts';
import { containing, json, listen, packagesFolder, tempFolder, write, type Said } from './ragv.ts';

const main = join(packagesFolder, 'cli', 'src', 'main.ts');
const beside = realpathSync(join(packagesFolder, '..', 'node_modules', '.bin', 'node'));

/** Starts the command as a Node 18 at `path` would: what it starts itself is as it is. */
function startOld(path: string, args: readonly string[]): ChildProcess {
  const pretend = write(
    join(tempFolder(), 'old.cjs'),
    `if (process.env.PRETEND !== undefined) {
       Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.8' } });
       require('node:module').registerHooks({
         load(url, context, next) {
           const loaded = next(url, context);
           if (!url.includes('/cli/src/')) return loaded;
           return { ...loaded, source: loaded.source + ';delete import.meta.dirname; delete import.meta.filename' };
         },
       });
       process.execPath = process.env.PRETEND;
       delete process.env.PRETEND;
     }`,
  );
  const flags = ['--conditions=@ragnos/source', '--require', pretend];
  const child = spawn(process.execPath, [...flags, main, ...args], {
    env: { HOME: tempFolder(), RAGV_HOME: join(tempFolder(), 'home'), PATH: '/usr/bin:/bin', PRETEND: path },
    stdio: 'pipe',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

test('the versions are those of package.json', () => {
  const text = readFileSync(join(packagesFolder, 'cli', 'package.json'), 'utf8');
  const range = /"node": "([^"]+)"/.exec(text)?.[1] ?? '';
  for (const version of [
    '18.0.0',
    '20.20.2',
    '22.22.0',
    '24.0.0',
    '24.14.9',
    '24.15.0',
    '24.21.0',
    '25.9.0',
    '26.0.0',
    '26.10.0',
    '28.1.0',
  ])
    expect([version, isNodeNewEnough(version)]).toEqual([version, satisfies(version, range)]);
});

test('the Node beside the package takes over, with its answers and exit codes', async () => {
  const said = await listen(startOld('/usr/bin/env', ['list']));
  expect(said).toMatchObject({ exit: 5, stdout: '' });
  expect(said.stderr).toMatch(/^error: no repository is trusted on this host \[NO_REPOSITORY\]\n/);
  const help = await listen(startOld('/usr/bin/env', ['list', '--help']));
  expect(help.exit).toBe(0);
  expect(help.stdout).toContain('ragv list');
});

test('what comes in, signals and the exit code pass through', async () => {
  const script = write(
    join(tempFolder(), 'script.mjs'),
    `import { text } from 'node:stream/consumers';
     if (process.env.PRETEND !== undefined) {
       process.execPath = process.env.PRETEND;
       delete process.env.PRETEND;
       const { run } = await import(${JSON.stringify(join(packagesFolder, 'cli/src/older-node.ts'))});
       process.exitCode = await run(['a b', '--c']);
     } else {
       const said = await text(process.stdin);
       process.once('SIGTERM', () => process.exit(7));
       setInterval(() => undefined, 1000);
       process.stdout.write(JSON.stringify([said, ...process.argv.slice(2)]));
     }`,
  );
  const child = spawn(process.execPath, ['--conditions=@ragnos/source', script], {
    env: { PRETEND: '/usr/bin/env' },
    stdio: 'pipe',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdout.once('data', () => child.kill('SIGTERM'));
  const said = await listen(child, 'hello');
  expect(said).toEqual({ exit: 7, stdout: '["hello","a b","--c"]', stderr: '' });
});

test('without one, the error says which is needed', async () => {
  const said = await listen(startOld(beside, ['run', 'acme/hello', '--', '--json']));
  expect(said).toEqual({
    exit: 1,
    stdout: '',
    stderr:
      `error: ragv needs Node 26 or later, or Node 24 from 24.15 on; this is Node 18.20.8, ${beside} [NODE_TOO_OLD]\n` +
      'hint: start it as <a newer node> <path of ragv> …, or put a newer node first in PATH\n',
  });
  const told = await listen(startOld(beside, ['list', '--json']));
  expect(json(told.stderr)).toMatchObject({ error: { code: 'NODE_TOO_OLD', exit: 1 } });
});

test('what an old Node reads before it hands over it can read', () => {
  const read = new Set<string>();
  const toRead = ['main.ts', 'older-node.ts', 'version.ts'];
  for (let name = toRead.pop(); name !== undefined; name = toRead.pop()) {
    if (read.has(name)) continue;
    read.add(name);
    const code = stripTypeScriptTypes(readFileSync(join(packagesFolder, 'cli/src', name), 'utf8'));
    const { body } = parse(code, { ecmaVersion: 2022, sourceType: 'module', allowHashBang: true });
    const from = body.flatMap((one) => (one.type === 'ImportDeclaration' ? [String(one.source.value)] : []));
    expect([name, from.filter((one) => !/^(?:node:[a-z_]+|\.\/[a-z-]+\.ts)$/.test(one))]).toEqual([name, []]);
    toRead.push(...from.filter((one) => one.startsWith('./')).map((one) => one.slice(2)));
  }
  expect(read).toContain('needed-node.ts');
});

test('it is looked for beside the package, installed or cloned, and nowhere else', () => {
  const folder = tempFolder();
  const node = realpathSync(write(join(folder, 'node_modules/node-x/bin/node'), '', 0o755));
  mkdirSync(join(folder, 'node_modules/.bin'));
  symlinkSync(node, join(folder, 'node_modules/.bin/node'));
  expect(nodeBeside(join(folder, 'node_modules/@ragnos/cli/dist'), beside)).toBe(node);
  expect(nodeBeside(join(folder, 'packages/cli/dist'), beside)).toBe(node);
  expect(nodeBeside(join(folder, 'packages/cli/dist'), node)).toBeNull();
  expect(nodeBeside(join(folder, 'a/b/packages/cli/dist'), beside)).toBeNull();
});

/** Runs `run` of older-node.ts, in a folder whose node_modules/.bin/node is `node`. */
async function withBeside(node: string, mode: number): Promise<Said> {
  const folder = tempFolder();
  const program = write(join(folder, 'node_modules/.bin/node'), node);
  chmodSync(program, mode);
  for (const name of ['older-node.ts', 'needed-node.ts', 'exit-codes.ts', 'print.ts'])
    write(
      join(folder, 'packages/cli/dist', name),
      readFileSync(join(packagesFolder, 'cli/src', name), 'utf8'),
    );
  const script = write(
    join(folder, 'script.mjs'),
    "const { run } = await import('./packages/cli/dist/older-node.ts'); process.exitCode = await run(['list']);",
  );
  const child = spawn(process.execPath, [script], { stdio: 'pipe' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return listen(child);
}

test('a script there is left alone: it may start the Node that runs, and so on without end', async () => {
  for (const first of ['#!/bin/sh', '# a text that execvp gives to a shell']) {
    const said = await withBeside(`${first}\nexec '${process.execPath}' -p 7\n`, 0o755);
    expect(said).toMatchObject({ exit: 1, stdout: '', stderr: containing('[NODE_TOO_OLD]') });
  }
});

test('one that cannot be started is as none', async () => {
  const said = await withBeside('\0 not to be executed', 0o644);
  expect(said).toMatchObject({ exit: 1, stdout: '', stderr: containing('[NODE_TOO_OLD]') });
});
