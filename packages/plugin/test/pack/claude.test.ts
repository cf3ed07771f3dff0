// A plugin folder for Claude: packed whole, and what it starts is said.
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { contents, world } from './world.ts';

const { pack, folder, fakeNpm } = world();
const plugin = { name: 'reviewer', version: '1.0.0', description: 'reviews', keywords: ['review'] };
const files = {
  '.claude-plugin/plugin.json': plugin,
  'commands/review.md': '# review',
  'agents/critic.md': '# critic',
  'skills/style/SKILL.md': '# style',
  'scripts/check.sh': '#!/bin/sh\nexit 0\n',
};
const hooks = {
  hooks: {
    PreToolUse: [
      { matcher: 'Bash', hooks: [{ type: 'command', command: '${CLAUDE_PLUGIN_ROOT}/scripts/check.sh' }] },
    ],
  },
};
const servers = {
  mcpServers: {
    files: { command: 'node', args: ['${CLAUDE_PLUGIN_ROOT}/server.js'], env: { KEY: '${API_KEY}' } },
    web: { command: 'npx', args: ['-y', 'some-server'] },
    remote: {
      type: 'http',
      url: 'https://mcp.example.com/mcp',
      headers: { Authorization: 'Bearer ${TOKEN}' },
    },
  },
};

test('without hooks and servers it asks for nothing; npm is not started', async () => {
  await fakeNpm('exit 1');
  const at = await folder(files);
  await mkdir(`${at}/.git`);
  await writeFile(`${at}/.git/config`, 'x');
  await chmod(`${at}/scripts/check.sh`, 0o600);
  const packed = await pack(at);
  expect(packed.manifest).toMatchObject({
    plugin: 'reviewer',
    version: '1.0.0',
    description: 'reviews',
    artifact: { name: 'reviewer-1.0.0.tgz', mediaType: 'application/gzip' },
    source: { type: 'folder' },
    kind: 'claude',
    runtime: 'none',
    capabilities: {},
    entry: { main: null },
  });
  expect(packed.manifest.entry.offers).toEqual(
    new Map([
      ['agents', ['critic']],
      ['commands', ['review']],
      ['skills', ['style']],
    ]),
  );
  const inside = await contents(packed);
  expect([...inside.keys()]).toEqual(Object.keys(files).toSorted());
  expect(inside.get('scripts/check.sh')).toMatch(/^755 /); // by what is in it, not by this disk
  expect((await pack(at)).manifest.artifact.sha256).toBe(packed.manifest.artifact.sha256);
});

test('hooks run in a shell: any program; servers by their programs, addresses and variables', async () => {
  const withServers = await pack(await folder({ ...files, '.mcp.json': servers }));
  expect(withServers.manifest.capabilities).toEqual({
    exec: ['node', 'npx'],
    'net.connect': ['mcp.example.com:443'],
    env: ['API_KEY', 'TOKEN'],
  });
  expect(withServers.notes).toEqual([
    'its server fetches code that nobody signed when it starts: web: npx -y some-server',
  ]);
  const withHooks = await pack(await folder({ ...files, 'hooks/hooks.json': hooks }));
  expect(withHooks.manifest.capabilities).toEqual({ exec: ['*'] });
  expect(withHooks.manifest.entry.offers?.get('hooks')).toEqual([
    'PreToolUse Bash: ${CLAUDE_PLUGIN_ROOT}/scripts/check.sh',
  ]);
  expect(withHooks.notes[0]).toMatch(/^its hook runs in a shell/);
});

test('ragv.json can ask for more, and cannot hide what is started', async () => {
  const own = { capabilities: { exec: ['git'], 'fs.read': ['$project'] } };
  const { manifest } = await pack(await folder({ ...files, '.mcp.json': servers, 'ragv.json': own }));
  expect(manifest.capabilities).toMatchObject({ exec: ['git', 'node', 'npx'], 'fs.read': ['$project'] });
});

test('hooks and servers in the manifest itself, or in a file that it names', async () => {
  const json = { ...plugin, hooks: './own/hooks.json', mcpServers: servers.mcpServers };
  const { manifest } = await pack(
    await folder({ ...files, '.claude-plugin/plugin.json': json, 'own/hooks.json': hooks }),
  );
  expect(manifest.capabilities['exec']).toEqual(['*']);
  expect(manifest.entry.offers?.get('servers')).toHaveLength(3);
});

test('what is started otherwise is another line, wherever it differs', async () => {
  const line = async (args: readonly string[], env: object): Promise<readonly string[] | undefined> => {
    const mcpServers = { one: { command: 'node', args, env } };
    const { manifest } = await pack(await folder({ ...files, '.mcp.json': { mcpServers } }));
    return manifest.entry.offers?.get('servers');
  };
  const long = 'a'.repeat(2000);
  expect(await line(['server.js'], { LEVEL: '3' })).toEqual(['one: LEVEL=3 node server.js']);
  const found = [
    await line([`${long}b`], {}),
    await line([`${long}c`], {}),
    await line([], { X: `${long}b` }),
  ];
  expect(new Set(found.map(String)).size).toBe(3);
});

const refused: Readonly<
  Record<string, readonly [code: string, files: Readonly<Record<string, string | object>>]>
> = {
  'no version': ['PACKAGE_MANIFEST', { '.claude-plugin/plugin.json': { name: 'x' } }],
  'no name': ['PACKAGE_JSON', { '.claude-plugin/plugin.json': { version: '1.0.0' } }],
  'a manifest that is none': ['PACKAGE_MANIFEST', { '.claude-plugin/plugin.json': '[' }],
  'hooks that are none': ['PACKAGE_MANIFEST', { 'hooks/hooks.json': '"x"' }],
  'hooks in a file that is not there': [
    'PACKAGE_MANIFEST',
    { '.claude-plugin/plugin.json': { ...plugin, hooks: '../hooks.json' } },
  ],
  'a secret': ['SECRET_IN_PACKAGE', { '.env': 'KEY=x' }],
};
describe('is refused', () => {
  test.each(Object.entries(refused))('%s', async (_name, [code, change]) =>
    expect(pack(await folder({ ...files, ...change }))).rejects.toMatchObject({ code }),
  );
  test('a link', async () => {
    const at = await folder(files);
    await symlink('/etc/passwd', `${at}/commands/x.md`);
    await expect(pack(at)).rejects.toMatchObject({ code: 'SOURCE_LINK' });
  });
});
