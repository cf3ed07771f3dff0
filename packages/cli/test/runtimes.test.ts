/** A Python server and a program of an author's folder, over the real command: said, asked for, run, and held by the sandbox. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { containing, json, packagesFolder, world, write } from './ragv.ts';
import { keys, onTerminal } from './terminal.ts';

const here = world({ RAGV_KEY_PASSWORD: 'correct horse battery' });
const { folder, ragv } = here;
const minute = { timeout: 120_000 };
const words =
  'is started by Python: its code is not inspected, and only the operating system’s sandbox holds it';

const server = `import json, sys
def send(id, result): print(json.dumps({'jsonrpc': '2.0', 'id': id, 'result': result}), flush=True)
for line in sys.stdin:
    message = json.loads(line)
    id, method = message.get('id'), message['method']
    if method == 'initialize': send(id, {'protocolVersion': '2025-06-18', 'capabilities': {'tools': {}}, 'serverInfo': {'name': 's', 'version': '1'}})
    if method == 'tools/list': send(id, {'tools': [{'name': 'count', 'description': 'counts', 'inputSchema': {'type': 'object'}}]})
    if method == 'tools/call': send(id, {'content': [{'type': 'text', 'text': str(len(message['params']['arguments']['text'].split()))}]})
`;

function source(name: string, more: object): string {
  write(join(folder, name, 'package.json'), JSON.stringify({ name, version: '1.0.0' }));
  write(join(folder, name, 'ragv.json'), JSON.stringify(more));
  return name;
}

beforeAll(async () => {
  source('words', { kind: 'mcp', runtime: 'python', entry: { bin: { words: 'main.py' } } });
  write(join(folder, 'words', 'main.py'), server);
  source('echo', { runtime: 'executable', entry: { bin: { echo: 'bin/echo' } } });
  mkdirSync(join(folder, 'echo', 'bin'));
  copyFileSync('/bin/echo', join(folder, 'echo', 'bin', 'echo'));
  source('greet', { runtime: 'executable', entry: { bin: { greet: 'greet.sh' } }, capabilities: {} });
  write(join(folder, 'greet', 'greet.sh'), '#!/bin/sh\necho "hello, $1"\nexit 7\n');
  for (const line of [
    'init v --vendor acme',
    'publish words --vault v',
    'trust init v/public --root v/1.root.json --single-signer',
  ]) {
    const said = await ragv(line);
    if (said.exit !== 0) throw new Error(`${line}: ${said.stderr}`);
  }
}, 120_000);

describe('the author', () => {
  test('is told that nobody reads the code', minute, async () => {
    expect(await ragv('pack words --vendor acme --dry-run')).toMatchObject({
      exit: 0,
      stderr: containing(
        'words@1.0.0: code of this runtime (python) is not inspected: whatever it uses, it gets',
      ),
    });
  });

  test('states that a program is native code, in the words of the hint', minute, async () => {
    const said = await ragv('publish greet --vault v');
    expect(said).toMatchObject({
      exit: 10,
      stderr: containing('greet.sh: a program that the system starts'),
    });
    expect(said.stderr).toContain('add to "capabilities" in ragv.json: {"native":true}');
    const entry = { bin: { greet: 'greet.sh' } };
    source('greet', { runtime: 'executable', entry, capabilities: { native: true } });
    expect(await ragv('publish greet --vault v')).toMatchObject({ exit: 0 });
  });

  test('names the system of what was built', minute, async () => {
    expect(await ragv('publish echo --vault v')).toMatchObject({
      exit: 2,
      stderr: containing('--target linux-x64'),
    });
    const target = `${process.platform}-${process.arch}`;
    expect(await ragv(`publish echo --vault v --target ${target}`)).toMatchObject({ exit: 0 });
  });
});

describe('the host', () => {
  test('asks in words, without a terminal and at one', minute, async () => {
    const refused = await ragv('install acme/words');
    expect(refused).toMatchObject({ exit: 10, stderr: containing(`it ${words}; offers the tool: count`) });
    const typed = await onTerminal(folder, ['install', 'acme/words'], [['agree? [y/N', keys.enter]]);
    expect(typed).toMatchObject({ missed: null, exit: 10 });
    const lines = typed.said.split(/\r\n?|\n/);
    const at = lines.findIndex((line) => line.endsWith('acme/words@1.0.0 asks for:'));
    expect(lines.slice(at + 1, at + 3)).toEqual([`  ! ${words}  (think twice)`, '  offers the tool: count']);
  });

  test('runs a Python server for any MCP client', minute, async () => {
    expect(await ragv('install acme/words --grant all')).toMatchObject({ exit: 0 });
    const main = join(packagesFolder, 'cli', 'src', 'main.ts');
    const client = new Client({ name: 'test', version: '1' });
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: ['--conditions=@ragnos/source', main, 'run', 'acme/words'],
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, RAGV_HOME: join(folder, 'home') },
      cwd: folder,
      stderr: 'pipe',
    });
    await client.connect(transport);
    try {
      expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['count']);
      const said = await client.callTool({ name: 'count', arguments: { text: 'one two three' } });
      expect(said.content).toEqual([{ type: 'text', text: '3' }]);
    } finally {
      await client.close();
    }
  });

  test('runs programs with their arguments, and ends with their exit code', minute, async () => {
    expect(await ragv('install acme/greet acme/echo --grant all')).toMatchObject({ exit: 0 });
    expect(await ragv('run acme/greet Ada')).toMatchObject({ exit: 7, stdout: 'hello, Ada\n' });
    expect(await ragv('run acme/echo one two')).toMatchObject({ exit: 0, stdout: 'one two\n' });
    const listed = json((await ragv('list --json')).stdout);
    expect(JSON.stringify(listed)).toContain('"plugin":"greet"');
  });

  test.each(['words', 'greet'])('%s does not run in mode process', minute, async (name) => {
    expect(await ragv(`run --mode process acme/${name}`)).toMatchObject({
      exit: 10,
      stdout: '',
      stderr: containing('[MODE_UNSUITABLE]\nhint: mode sandbox'),
    });
  });

  test('does not start a program that was granted nothing', minute, async () => {
    expect(await ragv('install acme/greet --grant none')).toMatchObject({ exit: 0 });
    expect(await ragv('run acme/greet')).toMatchObject({
      exit: 10,
      stderr: containing('acme/greet@1.0.0 is native code, which it was not granted [NOT_ALLOWED]'),
    });
  });
});
