/** ragv.json says what starts a plugin that is no JavaScript: what could not start is refused, what nobody read is said. */
import { readFile, writeFile } from 'node:fs/promises';
import { checkPlugin, parseManifest, readArchive, writeArchive, type Packed } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { contents, world } from './world.ts';

const { pack, folder, path } = world();
const json = { name: 'tool', version: '1.0.0' };
const python = { runtime: 'python', entry: { bin: { tool: 'main.py' } } };
const program = { runtime: 'executable', entry: { bin: { tool: 'bin/tool' } } };
const notInspected = (runtime: string): string =>
  `code of this runtime (${runtime}) is not inspected: whatever it uses, it gets what is declared and nothing else`;
/** The beginning of an ELF file, as bytes that are written as text. */
const elf = '\u007fELF\u0002\u0001\u0001\u0000';

describe('Python', () => {
  const files = { 'package.json': json, 'ragv.json': python, 'main.py': 'import os; os.system("id")\n' };

  test('its commands and nothing to import; what it uses is not told, and that is said', async () => {
    const { manifest, manifestBytes, notes } = await pack(await folder({ ...files, 'index.js': 'eval(x)' }));
    expect(manifest).toMatchObject({ kind: 'node', runtime: 'python', target: 'any', capabilities: {} });
    expect(manifest.entry).toEqual({ main: null, bin: new Map([['tool', 'main.py']]) });
    expect(parseManifest(manifestBytes)).toEqual(manifest);
    expect(notes).toEqual([
      notInspected('python'),
      '1 program is reached by nothing that is started, and not declared for: makes code from text',
    ]);
  });

  test('a server by its keywords, its command from package.json', async () => {
    const packageJson = { ...json, keywords: ['mcp'], bin: { tool: './main.py' } };
    const source = { ...files, 'package.json': packageJson, 'ragv.json': { runtime: 'python' } };
    const { manifest } = await pack(await folder(source));
    expect(manifest).toMatchObject({ kind: 'mcp', runtime: 'python' });
    expect([...manifest.entry.bin]).toEqual([['tool', 'main.py']]);
  });

  test('in a folder for Claude: what Claude would start there is inspected all the same', async () => {
    const claude = { '.claude-plugin/plugin.json': json, 'hook.js': `require('child_process').exec(x)` };
    const { manifest } = await pack(await folder({ ...files, ...claude }));
    expect(manifest).toMatchObject({ kind: 'node', runtime: 'python', capabilities: { exec: ['sh'] } });
  });

  test('bytecode beside its sources stays out, modules beside them do not', async () => {
    const cache = { '__pycache__/main.cpython-311.pyc': 'x', 'lib/__pycache__/a.cpython-311.pyc': 'x' };
    const packed = await pack(await folder({ ...files, ...cache, 'lib/a.py': 'x = 1\n' }));
    expect([...(await contents(packed)).keys()].toSorted()).toEqual([
      'lib/a.py',
      'main.py',
      'package.json',
      'ragv.json',
    ]);
  });

  test('a native module in it is declared where nobody stated anything, else refused in words', async () => {
    const native = { ...files, 'lib/fast.so': elf };
    expect((await pack(await folder(native))).manifest.capabilities).toEqual({ native: true });
    const stated = { ...native, 'ragv.json': { ...python, capabilities: { 'fs.read': ['$project'] } } };
    await expect(pack(await folder(stated))).rejects.toMatchObject({
      code: 'CAPABILITY_UNDECLARED',
      message: 'lib/fast.so: an ELF file loads native code, and native does not declare it',
      hint: 'if it is meant, add to "capabilities" in ragv.json: {"native":true}',
    });
  });
});

describe('a program', () => {
  const script = '#!/bin/sh\nlet let = eval(\n';
  const files = { 'package.json': json, 'ragv.json': program, 'bin/tool': script };

  test('is native code in whatever language, may be executed, and is not read as JavaScript', async () => {
    const packed = await pack(await folder(files));
    const { manifest, notes } = packed;
    expect(manifest).toMatchObject({ runtime: 'executable', target: 'any', capabilities: { native: true } });
    expect((await contents(packed)).get('bin/tool')).toBe(`755 ${script}`);
    expect(notes).toEqual(['declares what its code uses: loads native code', notInspected('executable')]);
  });

  test('whose author states capabilities without native is refused', async () => {
    const stated = { ...files, 'ragv.json': { ...program, capabilities: {} } };
    await expect(pack(await folder(stated))).rejects.toMatchObject({
      code: 'CAPABILITY_UNDECLARED',
      message: 'bin/tool: a program that the system starts loads native code, and native does not declare it',
    });
  });

  test('and at the door and the host, where the manifest says less than its files', async () => {
    const packed = await pack(await folder(files));
    const read = await reader(packed);
    expect((await checkPlugin(packed.manifest, read)).findings).toEqual([]);
    const forged = { ...packed.manifest, capabilities: {} };
    expect((await checkPlugin(forged, read)).findings).toMatchObject([
      { code: 'UNDECLARED_CAPABILITY', file: 'bin/tool' },
    ]);
  });

  test('that is built is for the system that is named', async () => {
    const source = await folder({ ...files, 'bin/tool': elf });
    await expect(pack(source)).rejects.toMatchObject({
      code: 'BAD_TARGET_SYSTEM',
      message: 'bin/tool is an ELF file, and nothing says for which system',
    });
    const packed = await pack(source, { target: 'linux-x64' });
    expect(packed.manifest).toMatchObject({ target: 'linux-x64', capabilities: { native: true } });
    await expect(pack(source, { target: 'amiga' })).rejects.toMatchObject({ code: 'BAD_TARGET_SYSTEM' });
  });

  test('that env would look for is told of', async () => {
    const { notes } = await pack(await folder({ ...files, 'bin/tool': '#!/usr/bin/env bash\n' }));
    expect(notes[0]).toMatch(/^bin\/tool begins with env, which finds no program in a sandbox/);
  });

  test('in an archive has the mark of one', async () => {
    const entries = Object.entries(files).map(([name, body]) => ({
      path: `package/${name}`,
      mode: 0o644 as const,
      body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    }));
    const archive = path('tool.tgz');
    await writeFile(archive, await writeArchive(entries));
    await expect(pack(archive)).rejects.toMatchObject({
      code: 'RAGV_JSON',
      message: 'ragv.json: bin/tool is not marked as a program in the archive',
    });
  });
});

describe('a command of package.json that is not JavaScript, and no runtime', () => {
  const files = (path: string, body: string, more: object = {}) => ({
    'package.json': { ...json, bin: { tool: path }, ...more },
    [path]: body,
  });
  const bodies: Readonly<Record<string, readonly [path: string, body: string, runtime: string]>> = {
    'Python by its ending': ['main.py', 'print(1)\n', 'python'],
    'Python by its first line': ['bin/tool', '#!/usr/bin/env python3\n', 'python'],
    'a script by its ending': ['tool.sh', 'echo 1\n', 'executable'],
    'a script by its first line': ['bin/tool', '#!/bin/bash -e\n', 'executable'],
    'a script for env': ['bin/tool', '#!/usr/bin/env -S A=1 perl -w\n', 'executable'],
    'ELF, whatever its name': ['bin/tool.js', elf, 'executable'],
  };
  test.each(Object.entries(bodies))(
    '%s: refused, with what ragv.json has to say',
    async (_name, [path, body, runtime]) => {
      const lines = JSON.stringify({ runtime, entry: { bin: { tool: path } } });
      const source = files(path, body);
      await expect(pack(await folder(source))).rejects.toMatchObject({
        code: 'RAGV_JSON',
        message: expect.stringContaining(`${path}, which tool starts, is `) as unknown,
        hint: `add to ragv.json (docs/runtimes.md): ${lines}`,
      });
    },
  );

  test('with those lines it is packed', async () => {
    const lines = '{"runtime":"python","entry":{"bin":{"tool":"main.py"}}}';
    const { manifest } = await pack(await folder({ ...files('main.py', ''), 'ragv.json': lines }));
    expect(manifest).toMatchObject({ runtime: 'python', entry: { bin: new Map([['tool', 'main.py']]) } });
  });

  const fine: Readonly<Record<string, readonly [path: string, body: string]>> = {
    'without an ending': ['bin/tool', 'console.log(1)\n'],
    'of Node': ['bin/tool', '#!/usr/bin/env -S node --no-warnings\n'],
    'of another that runs JavaScript': ['bin/tool', '#!/usr/bin/env bun\n'],
    'that sh hands to Node': ['bin/tool', '#!/bin/sh\n":" //# ; exec /usr/bin/env node "$0" "$@"\n'],
    'whose first line Node passes over': ['tool.js', '#!/bin/sh\n'],
  };
  test.each(Object.entries(fine))('%s it is JavaScript', async (_name, [path, body]) => {
    expect((await pack(await folder(files(path, body)))).manifest.entry.bin.get('tool')).toBe(path);
  });

  test('beside one for Node: it is a plugin of its own', async () => {
    const both = files('main.py', '', { bin: { tool: 'main.py', other: 'other.js' } });
    await expect(pack(await folder({ ...both, 'other.js': '' }))).rejects.toMatchObject({
      hint: expect.stringMatching(/"bin":\{"tool":"main\.py"\}\}\}; what another runtime starts/) as unknown,
    });
  });

  test('in an archive of somebody else’s: told, as long as anything else starts', async () => {
    const made = async (more: object, body = 'module.exports = 1;\n'): Promise<string> => {
      const all = { ...files('main.py', 'print(1)\n', more), 'lib.js': body };
      const entries = Object.entries(all).map(([name, content]) => ({
        path: `package/${name}`,
        mode: 0o644 as const,
        body: Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)),
      }));
      const archive = path('other.tgz');
      await writeFile(archive, await writeArchive(entries));
      return archive;
    };
    expect((await pack(await made({ main: 'lib.js' }))).notes).toContain(
      'main.py, which tool starts, is Python, not JavaScript: hosts cannot start it',
    );
    await expect(pack(await made({}))).rejects.toMatchObject({ code: 'RAGV_JSON' });
  });
});

test('what npm leaves out of the package is not left out in silence', async () => {
  const packageJson = { ...json, files: ['main.py'] };
  const files = { 'package.json': packageJson, 'ragv.json': python, 'main.py': '' };
  await expect(pack(await folder(files))).rejects.toMatchObject({
    code: 'RAGV_JSON',
    hint: 'add it to "files" in package.json, or take it out of .npmignore',
  });
});

const refused: Readonly<
  Record<string, readonly [files: Readonly<Record<string, string | object>>, says: RegExp]>
> = {
  'a runtime without a command': [{ 'ragv.json': { runtime: 'python' } }, /nothing says what is started/],
  'a command that is not in the folder': [
    { 'ragv.json': python },
    /the entry main\.py is no file of the plugin/,
  ],
  'a module of Python to import': [
    { 'ragv.json': { runtime: 'python', entry: { main: 'main.py' } }, 'main.py': '' },
    /entry\.main: expected absent/,
  ],
  'a runtime that we do not know': [{ 'ragv.json': { runtime: 'ruby' } }, /one of node, python, executable/],
  'a program that is a text': [
    { 'ragv.json': program, 'bin/tool': 'echo hello\n' },
    /no program that a sandbox/,
  ],
  'a script without its interpreter’s path': [
    { 'ragv.json': program, 'bin/tool': '#!sh\n' },
    /no program that/,
  ],
  'an empty program': [{ 'ragv.json': program, 'bin/tool': '' }, /no program that/],
  'a program of Windows': [
    { 'ragv.json': program, 'bin/tool': `MZ${'\0'.repeat(58)}@\0\0\0PE\0\0` },
    /no program that a sandbox can start/,
  ],
};
test.each(Object.entries(refused))('refused: %s', async (_name, [files, says]) =>
  expect(pack(await folder({ 'package.json': json, ...files }))).rejects.toMatchObject({
    code: 'RAGV_JSON',
    message: expect.stringMatching(says) as unknown,
    hint: expect.stringMatching(/./) as unknown,
  }),
);

async function reader(packed: Packed): Promise<(name: string) => Uint8Array> {
  const entries = readArchive(await readFile(packed.artifactFile));
  const bodies = new Map(entries.map((entry) => [entry.path.slice('package/'.length), entry.body]));
  return (name) => bodies.get(name) ?? new Uint8Array();
}
