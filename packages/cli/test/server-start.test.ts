/** A server that needs something to start: its author gives it, once, and what nobody could ask it refuses the package. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { parseManifest } from '@ragnos/plugin';
import { beforeAll, describe, expect, test } from 'vitest';
import { containing, world, write } from './ragv.ts';

const { folder, ragv } = world();
const minute = { timeout: 120_000 };
const token = 'ghp_0123456789abcdef';

/** Answers as a server does, once `ready` is true; else it says why it ends. */
const server = (ready: string, tools = '[{ name: "ask", description: "asks" }]'): string => `
if (!(${ready})) {
  console.error('starting\\nGH_TOKEN is missing or wrong: ' + process.env.GH_TOKEN + '\\u001b[2J');
  process.exit(3);
}
process.stdin.on('data', (chunk) => { for (const line of String(chunk).split('\\n').filter(Boolean)) {
  const { id, method } = JSON.parse(line);
  const result = method === 'initialize' ? { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } } : { tools: ${tools} };
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
} });
`;

function source(name: string, code: string, ragvJson: object = {}): void {
  write(
    join(folder, name, 'package.json'),
    JSON.stringify({ name, version: '1.0.0', type: 'module', bin: 'server.js', keywords: ['mcp'] }),
  );
  write(join(folder, name, 'server.js'), code);
  write(join(folder, name, 'ragv.json'), JSON.stringify(ragvJson));
}

function tools(name: string): readonly string[] {
  const bytes = readFileSync(join(folder, `${name}-1.0.0.manifest.json`));
  const { texts } = parseManifest(bytes);
  expect(bytes.toString()).not.toContain(token);
  return [...(texts?.tools.keys() ?? [])];
}

beforeAll(() => {
  source('gated', server(`process.env.GH_TOKEN === '${token.slice(0, 4)}' + '${token.slice(4)}'`));
  source('argued', server(`process.argv[2] === '--ready'`));
  source('empty', server('true', '[]'));
  source('stated', server('false'), {
    capabilities: { env: ['GH_TOKEN'], tools: { ask: 'a'.repeat(64) } },
  });
  const bundle = {
    manifest_version: '0.3',
    name: 'asking',
    version: '1.0.0',
    description: 'asks',
    server: {
      type: 'node',
      entry_point: 'server.mjs',
      mcp_config: {
        command: 'node',
        args: ['${__dirname}/server.mjs'],
        env: { GH_TOKEN: '${user_config.key}' },
      },
    },
    user_config: { key: { type: 'string', title: 'Key', sensitive: true, required: true } },
  };
  const files = {
    'manifest.json': JSON.stringify(bundle),
    'server.mjs': server(`process.env.GH_TOKEN === '${token}'`),
  };
  const bytes = zipSync(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])),
  );
  writeFileSync(join(folder, 'asking.mcpb'), bytes);
});

describe('is refused', () => {
  test('a server that ends, with its last lines; what it was given is not among them', minute, async () => {
    const said = await ragv('pack gated --vendor acme');
    expect(said).toMatchObject({
      exit: 10,
      stdout: '',
      stderr: containing('its last lines: starting | GH_TOKEN is missing or wrong: undefined'),
    });
    expect(said.stderr).toContain('[NO_TEXTS]');
    expect(said.stderr).toContain('--env NAME, --settings <file>, --arg <text>');
    expect(said.stderr).not.toContain('\u001b[2J');
    const wrong = 'ghp_wrong-but-secret';
    const given = await ragv('pack gated --vendor acme --env GH_TOKEN', { env: { GH_TOKEN: wrong } });
    expect(given).toMatchObject({ exit: 10, stderr: containing('missing or wrong: ***') });
    expect(given.stderr).not.toContain(wrong);
  });

  test('a server that offers nothing', minute, async () => {
    expect(await ragv('pack empty --vendor acme')).toMatchObject({
      exit: 10,
      stderr: containing('could not be asked of it: it offers neither [NO_TEXTS]'),
    });
  });

  test('a variable that is not there, or that it does not declare', minute, async () => {
    for (const [name, hint] of [
      ['GH_TOKEN', 'there is no such variable'],
      ['GH_TOKEN=x', 'GH_TOKEN=… ragv'],
      ['PATH', 'add to "capabilities" in ragv.json: {"env":["PATH"]}'],
    ] as const)
      expect(await ragv(`pack gated --vendor acme --env ${name}`)).toMatchObject({
        exit: 2,
        stderr: containing(hint),
      });
  });
});

describe('is packed', () => {
  test('with a variable of the author’s, whose value stands nowhere', minute, async () => {
    const said = await ragv('pack gated --vendor acme --env GH_TOKEN', { env: { GH_TOKEN: token } });
    expect(said).toMatchObject({ exit: 0, stderr: containing('1 tool and 0 prompts are signed') });
    expect(tools('gated')).toEqual(['ask']);
  });

  test('with arguments', minute, async () => {
    expect(await ragv('pack argued --vendor acme')).toMatchObject({ exit: 10 });
    expect(await ragv('pack argued --vendor acme --arg --ready')).toMatchObject({ exit: 0 });
    expect(tools('argued')).toEqual(['ask']);
  });

  test('a bundle, with its settings', minute, async () => {
    const none = await ragv('pack asking.mcpb --vendor acme');
    expect(none).toMatchObject({ exit: 10, stderr: containing('[NO_TEXTS]') });
    write(join(folder, 'settings.json'), JSON.stringify({ key: token }));
    const said = await ragv('pack asking.mcpb --vendor acme --settings settings.json');
    expect(said).toMatchObject({ exit: 0 });
    expect(tools('asking')).toEqual(['ask']);
  });

  test('without its tools, where its author says so, or states them', minute, async () => {
    expect(await ragv('pack gated --vendor acme --allow-no-tools')).toMatchObject({
      exit: 0,
      stderr: containing('hosts will let none of its tools and prompts pass'),
    });
    expect(await ragv('pack stated --vendor acme')).toMatchObject({ exit: 0 });
  });
});
