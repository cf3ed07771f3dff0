/** docs/hosts.md is one program: it is examples/host/host.ts, it runs, and it prints what the guide says. */
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { textHash } from '@ragnos/plugin';
import type { JsonObject } from '@ragnos/tuf';
import { expect, test } from 'vitest';
import { installAsking } from '../../../../examples/host/consent.ts';
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

test(
  'how it asks for consent is the example, and does what the guide says',
  { timeout: 60_000 },
  async () => {
    const [, body] = /^```ts consent\.ts\n([\s\S]*?)^```$/m.exec(guide) ?? [];
    expect(readFileSync(join(repository, 'examples/host/consent.ts'), 'utf8')).toBe(body);
    const world = await World.create();
    const publish = async (version: string, capabilities: JsonObject): Promise<void> =>
      publishModule(world, moduleFiles(hello), { plugin: 'asks', version, capabilities });
    await publish('1.0.0', { 'net.connect': ['*:*'], env: ['COLOUR'] });
    const host = await world.host();
    const asked: string[] = [];
    const answers = (yes: boolean) => async (question: string) => {
      asked.push(question);
      return Promise.resolve(yes);
    };
    expect(await installAsking(host, 'acme/asks', answers(false))).toBeNull();
    expect(await host.list()).toEqual([]);
    expect(asked).toEqual([
      'acme/asks@1.0.0\n! it connects to any public host, any port\n  it sees the environment variable COLOUR',
    ]);
    const meanwhile = async (): Promise<boolean> => {
      await publish('1.1.0', { exec: ['*'] });
      return true;
    };
    await expect(installAsking(host, 'acme/asks', meanwhile)).rejects.toMatchObject({
      code: 'CONSENT_REQUIRED',
      request: { version: '1.1.0' },
    });
    expect(await installAsking(host, 'acme/asks', answers(true))).toMatchObject({
      version: '1.1.0',
      changed: true,
    });
    await publish('1.2.0', { exec: ['*'], env: ['COLOUR'] });
    const [held] = await host.update('acme/asks');
    expect(held).toMatchObject({ changed: false, request: { version: '1.2.0' } });
    const to = held?.request?.manifest;
    const taken = await host.update('acme/asks', { grant: { granted: { exec: ['git'] }, to, by: 'host' } });
    expect(taken).toMatchObject([{ changed: true, version: '1.2.0' }]);
    expect(await host.grants('acme/asks')).toMatchObject([
      { permit: { capabilities: { exec: ['git'], env: [] } } },
    ]);
  },
);
