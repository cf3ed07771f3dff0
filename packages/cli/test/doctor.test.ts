/** `ragv doctor`: on a vault and on what is served, with clients that work, that fail and that are not there. */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { doctorRules, finding, type RuleId } from '@ragnos/repository';
import { createRepositoryServer } from '@ragnos/server';
import { fsStorage } from '@ragnos/storage';
import { faultyServer, status } from '@ragnos/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tryClients, type Trial } from '../src/doctor/clients.ts';
import { httpObserver, repositoryUrl } from '../src/doctor/http-observer.ts';
import { tryPython, tryTufJs } from '../src/doctor/peers.ts';
import { verdict } from '../src/doctor/verdict.ts';
import { json, listen, listWith, tempFolder, world, write } from './ragv.ts';

const here = world();
const { ragv, folder } = here;
const vault = join(folder, 'v');
let server: Awaited<ReturnType<typeof createRepositoryServer>>;
let url = '';

beforeAll(async () => {
  write(join(folder, 'password'), 'correct horse battery staple\n', 0o600);
  write(join(folder, 'readme.txt'), 'a readme');
  await ragv('init v --vendor acme --password-file password');
  await ragv('target add readme.txt --vault v --password-file password');
  server = await createRepositoryServer({ storage: fsStorage({ root: join(vault, 'public') }) });
  url = server.url;
}, 120_000);

afterAll(async () => {
  await server.close({ deadline: 50 });
});

const rules = (stdout: string): readonly unknown[] => {
  const said = json(stdout);
  const list = typeof said === 'object' && said !== null && 'findings' in said ? said.findings : [];
  return Array.isArray(list) ? list.map((one: { rule?: unknown }) => one.rule) : [];
};

describe('a vault in order', () => {
  test('has one warning, since one person made it; no error; our client reads it', async () => {
    const said = await ragv('doctor --vault v --no-peers --json');
    expect(said).toMatchObject({ exit: 0, stderr: '' });
    expect(json(said.stdout)).toMatchObject({
      where: vault,
      exit: 0,
      targets: 1,
      clients: [{ name: 'client-ours', version: null, failure: null }],
      findings: listWith({ rule: 'threshold-root', severity: 'warning' }),
    });
    const text = await ragv('doctor --vault v --no-peers');
    expect(text.stdout).toContain('warning: one signature can replace the root');
    expect(text.stdout).toMatch(/clients break in 23 h 59 min: timestamp expires/);
    expect(text.stdout).toMatch(/@ragnos\/client +reads it/);
    expect(text.stdout).toContain('0 errors, 1 warning');
  });

  test('--strict: 10 for the warning', async () => {
    expect((await ragv('doctor --vault v --no-peers --strict')).exit).toBe(10);
  });

  test('as served', async () => {
    const said = await ragv(`doctor ${url} --no-peers --root v/1.root.json --json`);
    expect(said).toMatchObject({ exit: 0, stderr: '' });
    expect(json(said.stdout)).toMatchObject({ where: url, clients: [{ failure: null }] });
  });

  test('no password is asked for, and nothing is changed', async () => {
    const before = readFileSync(join(vault, 'public', 'metadata', 'timestamp.json'));
    await ragv('doctor --vault v --no-peers');
    expect(readFileSync(join(vault, 'public', 'metadata', 'timestamp.json'))).toEqual(before);
  });

  test('another root than the one handed out is not looked below', async () => {
    const other = write(join(folder, 'other.root.json'), '{}');
    const said = await ragv(`doctor ${url} --no-peers --root ${other}`);
    expect(said.exit).toBe(3);
    expect(said.stdout).toContain('[ROOT_PIN_MISMATCH] [metadata-refused]');
  });
});

describe('what is wrong decides the exit code', () => {
  test('a key file that others can read: 7', async () => {
    chmodSync(join(vault, 'keys', 'timestamp.p8'), 0o644);
    const said = await ragv('doctor --vault v --no-peers --json');
    chmodSync(join(vault, 'keys', 'timestamp.p8'), 0o600);
    expect([said.exit, rules(said.stdout)[0]]).toEqual([7, 'private-key-mode']);
  });

  test('a key below the served folder: 7', async () => {
    const inside = join(vault, 'public', 'keys');
    renameSync(join(vault, 'keys'), inside);
    symlinkSync(inside, join(vault, 'keys'));
    const said = await ragv('doctor --vault v --no-peers --json');
    rmSync(join(vault, 'keys'));
    renameSync(inside, join(vault, 'keys'));
    expect(said.exit).toBe(7);
    expect(rules(said.stdout).filter((rule) => rule === 'private-key-served').length).toBeGreaterThan(1);
  });

  test('a key that is away is a warning, and of root a remark', async () => {
    for (const role of ['root', 'snapshot'])
      renameSync(join(vault, 'keys', `${role}.p8`), join(folder, `${role}.p8`));
    const said = await ragv('doctor --vault v --no-peers --json');
    for (const role of ['root', 'snapshot'])
      renameSync(join(folder, `${role}.p8`), join(vault, 'keys', `${role}.p8`));
    expect(said.exit).toBe(0);
    expect(json(said.stdout)).toMatchObject({
      findings: listWith(
        { rule: 'role-without-key', severity: 'warning' },
        { rule: 'role-without-key', severity: 'info' },
      ),
    });
  });

  test('a target that is gone: 3 since our client fails, and told by name', async () => {
    const targets = join(vault, 'public', 'targets');
    renameSync(targets, join(folder, 'targets'));
    const said = await ragv('doctor --vault v --no-peers --json');
    renameSync(join(folder, 'targets'), targets);
    expect(said.exit).toBe(3);
    expect(rules(said.stdout)).toEqual(expect.arrayContaining(['client-ours', 'target-missing']));
  });

  test('no server: 6; no repository there: 5; no address: 2; a folder that is no vault: 5', async () => {
    const empty = await faultyServer({ otherwise: status(404, { 'cache-control': 'no-store' }) });
    const there = await ragv(`doctor ${empty.url.href} --no-peers`);
    await empty.close();
    const gone = await ragv(`doctor ${empty.url.href} --no-peers`);
    expect([gone.exit, there.exit]).toEqual([6, 5]);
    expect(gone.stdout).toContain('does not answer');
    expect((await ragv('doctor ftp://plugins.example')).exit).toBe(2);
    expect((await ragv('doctor --compat nobody --vault v')).exit).toBe(2);
    expect((await ragv('doctor --vault nowhere')).exit).toBe(5);
  });

  test('the worst error counts, whatever stands first', () => {
    const of = (rule: RuleId, severity?: 'warning') => finding(rule, '', '', severity);
    expect(verdict([of('expired'), of('metadata-refused')], false)).toBe(3);
    expect(verdict([of('served-root-status'), of('expired')], false)).toBe(4);
    expect(verdict([of('orphans')], true)).toBe(0);
    expect(verdict([of('threshold-root')], false)).toBe(0);
    expect(verdict([of('threshold-root')], true)).toBe(10);
  });
});

describe('clients', () => {
  const root = (): Uint8Array => readFileSync(join(vault, '1.root.json'));
  const trial = (more: Partial<Trial> = {}): Trial => ({
    url: new URL(url),
    root: root(),
    samples: ['readme.txt'],
    allowHttp: false,
    signal: new AbortController().signal,
    ...more,
  });
  /** A program in python's place that says this, after it was asked whether tuf is there. */
  const python = (answer: string): string =>
    write(join(tempFolder(), 'python3'), `#!/bin/sh\n[ $# -eq 2 ] && exit 0\n${answer}\n`, 0o755);

  test('client-ours: what it does not find, and a server that breaks off, is told', async () => {
    const { findings } = await tryClients(trial({ samples: ['absent'] }), false);
    expect(findings).toMatchObject([
      { rule: 'client-ours', message: '@ragnos/client fails: it does not find absent' },
    ]);
    const broken = await faultyServer({ otherwise: status(500) });
    const other = await tryClients(trial({ url: broken.url }), false);
    await broken.close();
    expect(other.findings[0]?.message).toContain('[HTTP_STATUS]');
  });

  test('client-python-tuf: its answer, its failure, its crash, its absence', async () => {
    expect(await tryPython(trial(), python(`echo noise; echo '{"version": "7.0.1"}'`))).toEqual({
      name: 'client-python-tuf',
      version: '7.0.1',
      failure: null,
    });
    expect(await tryPython(trial(), python(`echo '{"version": "7", "error": "E: m"}'`))).toMatchObject({
      failure: 'E: m',
    });
    expect(await tryPython(trial(), python('echo Traceback >&2; exit 1'))).toMatchObject({
      failure: 'Traceback',
    });
    expect(await tryPython(trial(), join(folder, 'no-python'))).toBeNull();
  });

  test('client-tuf-js: resolved from where one stands', async () => {
    const stand = (source: string): string => {
      const place = tempFolder();
      mkdirSync(join(place, 'node_modules', 'tuf-js'), { recursive: true });
      write(join(place, 'node_modules', 'tuf-js', 'package.json'), '{"version":"6.0.2","main":"index.js"}');
      write(join(place, 'node_modules', 'tuf-js', 'index.js'), `exports.Updater = class { ${source} }`);
      return place;
    };
    const good = 'refresh() {} getTargetInfo(path) { return path } downloadTarget() {}';
    expect(await tryTufJs(trial(), stand(good))).toEqual({
      name: 'client-tuf-js',
      version: '6.0.2',
      failure: null,
    });
    expect(await tryTufJs(trial(), stand('refresh() { throw new TypeError("no") }'))).toMatchObject({
      failure: 'TypeError: no',
    });
    expect(await tryTufJs(trial(), stand('refresh() {} getTargetInfo() {}'))).toMatchObject({
      failure: 'Error: it does not find readme.txt',
    });
    expect(await tryTufJs(trial(), tempFolder())).toBeNull();
  });

  test('client-absent: said where a peer is not installed', async () => {
    const said = await ragv('doctor --vault v --json', { env: { PATH: tempFolder() } });
    expect(said.exit).toBe(0);
    expect(json(said.stdout)).toMatchObject({
      findings: listWith({
        rule: 'client-absent',
        severity: 'info',
        message: 'python-tuf and tuf-js: not installed, so not tried',
      }),
    });
  });

  test('every rule about clients is tried here', () => {
    expect(Object.keys(doctorRules).filter((rule) => rule.startsWith('client-'))).toEqual([
      'client-ours',
      'client-python-tuf',
      'client-tuf-js',
      'client-absent',
    ]);
  });
});

describe('asking a server', () => {
  const { signal } = new AbortController();

  test('redirects are answers, long bodies are cut, another origin is never asked', async () => {
    const wrong = await faultyServer();
    wrong.on('moved', status(302, { location: 'https://elsewhere.example/' }));
    wrong.on('long', (_request, response) => void response.end(Buffer.alloc(1_000_000)));
    const observer = httpObserver(wrong.url, signal);
    expect((await observer.ask('moved')).headers.get('location')).toBe('https://elsewhere.example/');
    expect((await observer.ask('long', { maxLength: 10 })).body.length).toBe(10);
    await expect(observer.ask('https://elsewhere.example/')).rejects.toThrow('another origin');
    await wrong.close();
  });

  test('addresses', () => {
    expect(repositoryUrl('https://a.example/b?c#d').href).toBe('https://a.example/b/');
    expect(() => repositoryUrl('plugins')).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

test('Ctrl-C ends it', async () => {
  const silent = await faultyServer({ otherwise: () => undefined });
  const child = here.start(['doctor', silent.url.href]);
  await once(child, 'spawn');
  const ended = listen(child);
  while (silent.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGTERM');
  expect((await ended).exit).toBe(130);
  await silent.close();
});

test('docs/doctor.md lists every rule', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'doctor.md'), 'utf8');
  const rows = Object.entries(doctorRules).map(
    ([rule, { severity, fault, what }]) =>
      `| \`${rule}\` | ${severity} | ${severity === 'error' ? fault : ''} | ${what} |`,
  );
  const words = (text: string): string => text.replaceAll(/ +/g, ' ');
  const table = page.split('\n').filter((line) => line.startsWith('| `'));
  expect(table.map(words)).toEqual(rows.map(words));
});
