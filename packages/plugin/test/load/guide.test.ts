/** docs/hosts.md is one program: it is examples/host/host.ts, it runs, and it prints what the guide says. */
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { textHash } from '@ragnos/plugin';
import { expect, test } from 'vitest';
import { tempFolder, World } from '../host/world.ts';
import { agreed, moduleFiles, publishModule } from './plugins.ts';

const repository = join(import.meta.dirname, '../../../..');
const guide = readFileSync(join(repository, 'docs/hosts.md'), 'utf8');
const blocks = [...guide.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, body = '']) => body);
const program = blocks.join('\n');

const hello = `export function greet({ name }) { if (name === '') throw new TypeError('whom?'); return \`hello, \${name}\`; }
export async function* count({ to }) { for (let n = 1; n <= to; n++) yield n; }
export async function* shout(_, { input, emit }) { for await (const word of input) { emit('word', word); yield word.toUpperCase(); } }
`;
const add = { name: 'add', description: 'adds', inputSchema: { type: 'object' } };
const adder = `import { createInterface } from 'node:readline';
const send = (message) => console.log(JSON.stringify({ jsonrpc: '2.0', ...message }));
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'initialize') send({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'adder', version: '1' } } });
  if (method === 'tools/list') send({ id, result: { tools: [${JSON.stringify(add)}, { name: 'other', inputSchema: { type: 'object' } }] } });
  if (method === 'tools/call') send({ id, result: { content: [{ type: 'text', text: String(params.arguments.a + params.arguments.b) }] } });
});
`;

test('the example is the guide, word for word', () =>
  expect(readFileSync(join(repository, 'examples/host/host.ts'), 'utf8')).toBe(program));

test('it runs, and prints what stands there', { timeout: 60_000 }, async () => {
  const world = await World.create();
  await publishModule(world, moduleFiles(hello), { plugin: 'hello', version: '1.0.1' });
  await publishModule(world, moduleFiles(adder), {
    plugin: 'adder',
    version: '1.0.0',
    kind: 'mcp',
    main: null,
    bin: 'index.js',
    capabilities: { tools: { add: textHash(add) } },
  });
  const host = await world.host();
  await host.install('acme/hello', agreed);
  await host.install('acme/adder', agreed);
  const folder = tempFolder();
  cpSync(join(repository, 'examples/host'), folder, { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@ragnos/source', join(folder, 'host.ts')],
    { cwd: folder, env: { RAGV_HOME: world.home, PATH: process.env['PATH'] } },
  );
  const told = [...program.matchAll(/\/\/ prints (.*)$/gm)].map(([, line = '']) => line);
  expect(stdout.replaceAll('@1.0.1', '@1.0.0').trimEnd().split('\n').toSorted()).toEqual(told.toSorted());
});
