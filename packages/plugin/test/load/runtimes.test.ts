/** Python and programs, packed from a folder with ragv.json: installed and confined as everything is, in the sandbox alone. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { mkdtempSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  ConsentRequiredError,
  pack,
  vendorName,
  withServerTexts,
  type InstallOptions,
  type Vault,
} from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { sandboxed } from '../confine/support.ts';
import { codeOf, tempFolder, World } from '../host/world.ts';
import { agreed, vaultOf } from './plugins.ts';

const minute = { timeout: 90_000 };
const here = `${process.platform}-${process.arch}`;

const pythonServer = `import json, os, sys
from lib import tools
def send(message): print(json.dumps({'jsonrpc': '2.0', **message}), flush=True)
for line in sys.stdin:
    message = json.loads(line)
    id, method = message.get('id'), message['method']
    if method == 'initialize':
        send({'id': id, 'result': {'protocolVersion': '2025-06-18', 'capabilities': {'tools': {}}, 'serverInfo': {'name': 's', 'version': '1'}}})
    elif method == 'tools/list':
        send({'id': id, 'result': {'tools': [{'name': 'look', 'description': 'looks', 'inputSchema': {'type': 'object'}}]}})
    elif method == 'tools/call':
        send({'id': id, 'result': {'content': [{'type': 'text', 'text': tools.look()}]}})
    elif id is not None:
        send({'id': id, 'result': {}})
`;
const pythonTools = `import os, socket
def look():
    try: socket.create_connection(('127.0.0.1', 1), 1); reached = 'yes'
    except OSError as error: reached = type(error).__name__
    return f"{os.path.exists('/etc/passwd')} {sorted(os.listdir(os.environ['RAGV_PLUGIN_ROOT']))} {reached}"
`;
/** A server of a few lines for sh alone: what it prints is JSON without a parser. */
const shellServer = `#!/bin/sh
while read -r line; do
  id=\${line#*'"id":'}; id=\${id%%[,\\}]*}
  case $line in
    *'"initialize"'*) result='{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}' ;;
    *'"tools/list"'*) result='{"tools":[{"name":"ask","description":"asks","inputSchema":{"type":"object"}}]}' ;;
    *'"tools/call"'*) if [ -e /etc/passwd ]; then t=seen; else t=hidden; fi; result='{"content":[{"type":"text","text":"'$t'"}]}' ;;
    *) continue ;;
  esac
  echo '{"jsonrpc":"2.0","id":'$id',"result":'$result'}'
done
`;

type Files = Readonly<Record<string, string | Uint8Array | object>>;

/** A folder of an author's, packed and published. */
async function published(files: Files, target?: string): Promise<World> {
  const source = mkdtempSync(join(tempFolder(), 'source-'));
  for (const [name, content] of Object.entries({
    'package.json': { name: 'tool', version: '1.0.0' },
    ...files,
  })) {
    await mkdir(dirname(join(source, name)), { recursive: true });
    const isRaw = typeof content === 'string' || content instanceof Uint8Array;
    await writeFile(join(source, name), isRaw ? content : JSON.stringify(content));
  }
  const options = { vendor: vendorName('acme'), output: tempFolder(), target };
  const packed = await withServerTexts(await pack(source, options));
  const world = await World.create();
  world.publishBuilt({ ...packed, archive: readFileSync(packed.artifactFile) });
  return world;
}

async function installed(files: Files, grant: InstallOptions = agreed, target?: string): Promise<World> {
  const world = await published(files, target);
  await (await world.host()).install('acme/tool', grant);
  return world;
}

async function called(vault: Vault, tool: string): Promise<string> {
  const transport = vault.mcp('acme/tool');
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  expect(transport.about).toMatchObject({ mode: 'sandbox', withheld: [] });
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual([tool]);
  const { content } = await client.callTool({ name: tool, arguments: {} });
  await client.close();
  return JSON.stringify(content);
}

const python = {
  'ragv.json': { kind: 'mcp', runtime: 'python', entry: { bin: { tool: 'main.py' } } },
  'main.py': pythonServer,
  'lib/tools.py': pythonTools,
};
const shell = {
  'ragv.json': { kind: 'mcp', runtime: 'executable', entry: { bin: { tool: 'bin/server' } } },
  'bin/server': shellServer,
};

describe.runIf(sandboxed)('an MCP server', minute, () => {
  test('in Python: the client sees what was signed, the server nothing of the host', async () => {
    const said = await called(await vaultOf(await installed(python)), 'look');
    expect(said).toContain("False ['lib', 'main.py', 'package.json', 'ragv.json'] ");
    expect(said).not.toContain(' yes');
  });

  test('that is a program', async () => {
    expect(await called(await vaultOf(await installed(shell)), 'ask')).toContain('hidden');
  });

  test.each(Object.entries({ python, shell }))(
    '%s is nothing that mode process can hold',
    async (_name, files) => {
      const world = await installed(files);
      const vault = await vaultOf(world, { mode: 'process' });
      const client = new Client({ name: 'test', version: '1' });
      expect(await codeOf(client.connect(vault.mcp('acme/tool')))).toBe('MODE_UNSUITABLE');
      expect(await codeOf((await world.host()).run('acme/tool', [], { mode: 'process' }))).toBe(
        'MODE_UNSUITABLE',
      );
      expect(await codeOf(vault.load('acme/tool'))).toBe('NO_ENTRY');
    },
  );

  test('what is asked says that nobody read its code', async () => {
    const world = await published(python);
    const error: unknown = await (await world.host()).install('acme/tool').catch((thrown: unknown) => thrown);
    if (!(error instanceof ConsentRequiredError)) throw error;
    const words =
      'is started by Python: its code is not inspected, and only the operating system’s sandbox holds it';
    expect(error.request.changes).toEqual([words]);
    expect(error.message).toContain(`agreed to: it ${words}; offers the tool: look`);
  });
});

describe.runIf(sandboxed && process.platform === 'linux')('a program that was built', minute, () => {
  const files = {
    'ragv.json': { runtime: 'executable', entry: { bin: { tool: 'bin/echo' } } },
    'bin/echo': readFileSync('/bin/echo'),
  };

  test('runs with its arguments', async () => {
    const host = await (await installed(files, agreed, here)).host();
    expect(await host.run('acme/tool', ['a', 'b c'])).toMatchObject({ exitCode: 0, stdout: 'a b c\n' });
  });

  test('is not started without the one thing that it is', async () => {
    const world = await installed(files, { grant: { granted: [], by: 'flag' } }, here);
    const host = await world.host();
    expect(await codeOf(host.run('acme/tool', ['a']))).toBe('NOT_ALLOWED');
    expect(await host.run('acme/tool', ['a'], { grant: {} })).toMatchObject({ stdout: 'a\n' });
  });

  test('is not installed on another system', async () => {
    const other = process.arch === 'x64' ? 'linux-arm64' : 'linux-x64';
    const world = await published(files, other);
    expect(await codeOf((await world.host()).install('acme/tool', agreed))).toBe('PLATFORM');
  });
});
