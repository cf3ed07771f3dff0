import { existsSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { nothingGranted, type Mode } from '../../src/confine/grant.ts';
import {
  ask,
  errors,
  grant,
  limited,
  node24,
  runner,
  sandboxed,
  start,
  temporary,
  text,
  tree,
} from './support.ts';

const modes: readonly Mode[] = ['trusted', 'process', 'sandbox', 'compute'];
const layered: ReadonlySet<Mode> = new Set(['sandbox', 'compute']);

for (const mode of modes)
  describe.skipIf(layered.has(mode) && !sandboxed)(`mode ${mode}`, () => {
    const nodes = new Map<string, string | undefined>([
      ['this Node', process.execPath],
      ['Node 24', node24],
    ]);
    for (const [version, node = ''] of nodes)
      test.skipIf(node === '')(
        `${version}: a module with its imports answers over the channel, bytes included`,
        async () => {
          const plugin = await start({
            ...tree({
              'main.mjs': `import { twice } from './lib/twice.cjs'; import data from './data.json' with { type: 'json' };
            export const call = ({ x }) => twice(x) + data.plus;`,
              'lib/twice.cjs':
                'const { factor } = require("./factor.js"); exports.twice = (x) => x * factor;',
              'lib/factor.js': 'exports.factor = 2;',
              'data.json': '{"plus":1}',
            }),
            mode,
            node,
            runner,
          });
          expect(await ask(plugin, { x: 20 })).toEqual({ value: 41 });
          expect(await ask(plugin, { x: 1 }, Buffer.from([1, 2, 3]))).toEqual(Buffer.from([1, 2, 3]));
          expect((await plugin.stop()).error).toMatchObject({ code: 'PLUGIN_STOPPED' });
          expect(errors.get(plugin) ?? '').toBe('');
        },
      );

    test('a CommonJS program has standard input and output, arguments, and an empty environment', async () => {
      const plugin = await start({
        ...tree({
          'main.cjs': `if (require.main !== module) throw new Error('not main');
            process.stdin.on('data', (data) => process.stdout.write(JSON.stringify([String(data), process.argv.slice(2), process.env.SECRET, process.env.GIVEN])));`,
        }),
        mode,
        args: ['a', 'b c'],
        grant: mode === 'compute' ? nothingGranted : grant({ env: new Map([['GIVEN', 'yes']]) }),
      });
      plugin.stdin.end('hello');
      expect(JSON.parse(await text(plugin.stdout))).toEqual([
        'hello',
        ['a', 'b c'],
        null,
        mode === 'compute' ? null : 'yes',
      ]);
      expect(await plugin.exited).toEqual({ code: 0, signal: null, error: null });
    });

    test('a file that changed, came or is a link after it was verified is never executed', async () => {
      const { folder, files } = tree({
        'main.mjs': 'export const call = async (name) => (await import(name)).default;',
        'changed.mjs': 'export default "signed";',
        'changed.cjs': 'module.exports = "signed";',
        'good.mjs': 'export default "signed";',
      });
      writeFileSync(path.join(folder, 'changed.mjs'), 'export default "changed";');
      writeFileSync(path.join(folder, 'changed.cjs'), 'module.exports = "changed";');
      writeFileSync(path.join(folder, 'added.mjs'), 'export default "added";');
      symlinkSync('added.mjs', path.join(folder, 'link.mjs'));
      const plugin = await start({ folder, files, mode, runner, privateCopy: false });
      expect(await ask(plugin, './good.mjs')).toEqual({ value: 'signed' });
      for (const name of ['changed.mjs', 'changed.cjs', 'added.mjs', 'link.mjs'])
        expect(await ask(plugin, `./${name}`)).toMatchObject({ code: 'ERR_ACCESS_DENIED' });
      await plugin.stop({ graceMs: 0 });
    });

    test('names that an address writes in another way', async () => {
      const odd = ['a b.mjs', '100%.mjs', 'a#b?.mjs', 'é漢.mjs', '%41.mjs', 'c d.cjs', '%2e.cjs'];
      const plugin = await start({
        ...tree({
          'main.mjs': `import { pathToFileURL, fileURLToPath } from 'node:url'; import { createRequire } from 'node:module';
            const file = (name) => fileURLToPath(new URL('.', import.meta.url)) + name;
            export const call = async (name) => name.endsWith('.cjs') ? createRequire(import.meta.url)(file(name)) : (await import(pathToFileURL(file(name)).href)).default;`,
          ...Object.fromEntries(
            odd.map((name) => [
              name,
              name.endsWith('.cjs')
                ? `module.exports = ${JSON.stringify(name)}`
                : `export default ${JSON.stringify(name)}`,
            ]),
          ),
        }),
        mode,
        runner,
      });
      for (const name of odd) expect(await ask(plugin, name)).toEqual({ value: name });
      await plugin.stop({ graceMs: 0 });
    });

    test('an entry that changed does not start', async () => {
      const { folder, files } = tree({ 'main.mjs': 'export const call = () => 1;' });
      writeFileSync(path.join(folder, 'main.mjs'), 'process.stdout.write("changed")');
      const plugin = await start({ folder, files, mode, privateCopy: false });
      expect(await text(plugin.stdout)).toBe('');
      expect((await plugin.exited).error).toMatchObject({ code: 'PLUGIN_CRASHED' });
    });
  });

describe('what cannot be confined is not started', () => {
  const plugin = tree({ 'main.mjs': '' });
  const vault = temporary();
  const cases: Readonly<Record<string, readonly [string, Parameters<typeof start>[0]]>> = {
    'Python in mode process': ['MODE_UNSUITABLE', { ...plugin, runtime: 'python' }],
    'a program in mode process': ['MODE_UNSUITABLE', { ...plugin, runtime: 'executable' }],
    'a runner for Python': ['MODE_UNSUITABLE', { ...plugin, runtime: 'python', mode: 'sandbox', runner }],
    'a grant in mode compute': [
      'MODE_UNSUITABLE',
      { ...plugin, mode: 'compute', grant: grant({ read: [vault] }) },
    ],
    'a relative path': ['GRANT_IMPOSSIBLE', { ...plugin, grant: grant({ read: ['a'] }) }],
    'a path with dots': ['GRANT_IMPOSSIBLE', { ...plugin, grant: grant({ read: ['/a/../b'] }) }],
    'the root folder': ['GRANT_IMPOSSIBLE', { ...plugin, grant: grant({ read: ['/'] }) }],
    '/proc': ['GRANT_IMPOSSIBLE', { ...plugin, grant: grant({ read: ['/proc/1'] }) }],
    'its own tree, to write': ['GRANT_IMPOSSIBLE', { ...plugin, grant: grant({ write: [plugin.folder] }) }],
    'the folder above its tree': [
      'GRANT_IMPOSSIBLE',
      { ...plugin, grant: grant({ write: [path.dirname(plugin.folder)] }) },
    ],
    "the vault's home": ['GRANT_IMPOSSIBLE', { ...plugin, deny: [vault], grant: grant({ read: [vault] }) }],
    "a folder in the vault's home": [
      'GRANT_IMPOSSIBLE',
      { ...plugin, deny: [vault], grant: grant({ read: [`${vault}/x`] }) },
    ],
    "what holds the vault's home": [
      'GRANT_IMPOSSIBLE',
      { ...plugin, deny: [vault], grant: grant({ read: [path.dirname(vault)] }) },
    ],
    'a path with a star': ['GRANT_IMPOSSIBLE', { ...plugin, grant: grant({ read: [`${vault}/*`] }) }],
    NODE_OPTIONS: ['GRANT_IMPOSSIBLE', { ...plugin, grant: grant({ env: new Map([['NODE_OPTIONS', '']]) }) }],
    LD_PRELOAD: ['GRANT_IMPOSSIBLE', { ...plugin, grant: grant({ env: new Map([['LD_PRELOAD', '']]) }) }],
    'an entry that nobody verified': ['GRANT_IMPOSSIBLE', { ...plugin, entry: 'other.mjs' }],
    'a Node that is none': ['START_FAILED', { ...plugin, node: '/bin/false' }],
    'a Node that is not there': ['START_FAILED', { ...plugin, node: '/nowhere/node' }],
  };
  for (const [name, [code, options]] of Object.entries(cases))
    test(`not started: ${name}`, async () => expect(start(options)).rejects.toMatchObject({ code }));

  test('a start that was called off', async () => {
    await expect(start({ ...plugin, signal: AbortSignal.abort() })).rejects.toThrow('abort');
  });
});

describe('ends', () => {
  test('a plugin that throws is a crash, with its code', async () => {
    const plugin = await start(tree({ 'main.mjs': 'process.exit(7)' }));
    expect(await plugin.exited).toMatchObject({ code: 7, error: { code: 'PLUGIN_CRASHED' } });
  });

  test('kill -9 of the plugin is a crash, by its signal', async () => {
    const plugin = await start(tree({ 'main.mjs': 'setInterval(() => 1, 1000)' }));
    process.kill(-plugin.pid, 'SIGKILL');
    expect(await plugin.exited).toMatchObject({ signal: 'SIGKILL', error: { code: 'PLUGIN_CRASHED' } });
  });

  test('one that does not want to end is ended', async () => {
    const plugin = await start({
      ...tree({
        'main.mjs': 'process.on("SIGTERM", () => 1); setInterval(() => 1, 1000); process.stdout.write("up")',
      }),
      limits: { graceMs: 100 },
    });
    await new Promise((resolve) => plugin.stdout.once('data', resolve));
    expect(await plugin.stop()).toMatchObject({ signal: 'SIGKILL', error: { code: 'PLUGIN_STOPPED' } });
  });

  for (const mode of ['process', 'sandbox'] as const)
    test.skipIf(mode === 'sandbox' && !sandboxed)(
      `${mode}: one that is asked to end may still say goodbye`,
      async () => {
        const polite = `process.on('SIGTERM', () => process.stdout.write('goodbye', () => process.exit(0)));
        setInterval(() => 1, 1000); process.stdout.write('up ');`;
        const plugin = await start({ ...tree({ 'main.mjs': polite }), mode });
        await new Promise((resolve) => plugin.stdout.once('readable', resolve));
        const said = text(plugin.stdout);
        expect(await plugin.stop()).toMatchObject({ code: 0, error: { code: 'PLUGIN_STOPPED' } });
        expect(await said).toBe('up goodbye');
      },
    );

  test('an abort ends it', async () => {
    const abort = new AbortController();
    const plugin = await start({
      ...tree({ 'main.mjs': 'setInterval(() => 1, 1000)' }),
      signal: abort.signal,
    });
    abort.abort();
    expect((await plugin.exited).error).toMatchObject({ code: 'PLUGIN_STOPPED' });
  });
});

describe('grants', () => {
  const read = `import fs from 'node:fs'; export const call = ({ read, write }) => write ? fs.writeFileSync(write, 'x') : fs.readFileSync(read, 'utf8');`;
  for (const mode of ['process', 'sandbox'] as const)
    test.skipIf(mode === 'sandbox' && !sandboxed)(
      `${mode}: folders to read and to write, and no others`,
      async () => {
        const [readable, writable, other] = [temporary(), temporary(), temporary()];
        for (const folder of [readable, other]) writeFileSync(path.join(folder, 'a'), 'text');
        const plugin = await start({
          ...tree({ 'main.mjs': read }),
          mode,
          runner,
          grant: grant({ read: [readable], write: [writable] }),
        });
        expect(await ask(plugin, { read: `${readable}/a` })).toEqual({ value: 'text' });
        expect(await ask(plugin, { write: `${readable}/b` })).toHaveProperty('failed');
        expect(await ask(plugin, { write: `${writable}/b` })).not.toHaveProperty('failed');
        expect(await ask(plugin, { read: `${writable}/b` })).toEqual({ value: 'x' });
        expect(await ask(plugin, { read: `${other}/a` })).toHaveProperty('failed');
      },
    );

  test('eval where it is granted', async () => {
    const made = tree({
      'main.mjs': `import vm from 'node:vm'; export const call = (code) => [eval(code), vm.runInThisContext(code)];`,
    });
    const without = await start({ ...made, runner });
    expect(await ask(without, '1+1')).toHaveProperty('failed');
    const granted = await start({ ...made, runner, grant: grant({ eval: true }) });
    expect(await ask(granted, '1+1')).toEqual({ value: [2, 2] });
  });

  for (const mode of ['process', 'sandbox'] as const)
    test.skipIf(mode === 'sandbox' && !sandboxed)(
      `${mode}: programs by their names, and no shell`,
      async () => {
        const plugin = await start({
          ...tree({
            'main.mjs': `import { execFile, spawn, spawnSync } from 'node:child_process'; import { promisify } from 'node:util'; import { text } from 'node:stream/consumers';
              export const call = async ({ file, args, shell, how }) => how === 'spawn' ? text(spawn(file, args, { env: { A: 'b' } }).stdout) : how === 'promise' ? (await promisify(execFile)(file, args, { encoding: 'utf8', env: {} })).stdout : String(spawnSync(file, args, { shell }).stdout);`,
          }),
          mode,
          runner,
          grant: grant({ exec: ['/usr/bin/env'] }),
        });
        expect(await ask(plugin, { file: 'env', args: ['--version'] })).toHaveProperty('value');
        expect(
          JSON.stringify(await ask(plugin, { file: '/usr/bin/env', args: ['C=d'], how: 'spawn' })),
        ).toMatch(/A=b.*C=d/);
        expect(JSON.stringify(await ask(plugin, { file: 'env', args: ['C=d'], how: 'promise' }))).toMatch(
          /^."value":".*C=d/,
        );
        for (const how of ['spawn', 'promise'])
          expect(await ask(plugin, { file: '/bin/sh', args: [], how })).toMatchObject({
            code: 'ERR_ACCESS_DENIED',
          });
        expect(await ask(plugin, { file: '/bin/sh', args: ['-c', 'echo hi'] })).toMatchObject({
          code: 'ERR_ACCESS_DENIED',
        });
        expect(await ask(plugin, { file: 'env', args: [], shell: true })).toMatchObject({
          code: 'ERR_ACCESS_DENIED',
        });
      },
    );

  test('threads have the same rules', async () => {
    const folder = temporary();
    writeFileSync(path.join(folder, 'a'), 'text');
    const plugin = await start({
      ...tree({
        'main.mjs': `import { Worker } from 'node:worker_threads';
          export const call = (data) => new Promise((resolve, reject) => new Worker(new URL('./thread.mjs', import.meta.url), { workerData: data, execArgv: [] }).once('message', resolve).once('error', reject));`,
        'thread.mjs': `import { parentPort, workerData } from 'node:worker_threads'; import fs from 'node:fs';
          const tries = await Promise.all([async () => fs.readFileSync(workerData, 'utf8'), async () => eval('1'), async () => (await import('data:text/javascript,export default 1')).default, async () => (await fetch('http://127.0.0.1:1')).status, async () => process.kill(1, 0)].map(async (one) => { try { return String(await one()); } catch { return 'refused'; } }));
          parentPort.postMessage(tries);`,
      }),
      runner,
      grant: { ...limited({ memoryBytes: 512 * 1024 * 1024 }), worker: true },
    });
    expect(await ask(plugin, path.join(folder, 'a'))).toEqual({ value: Array(5).fill('refused') });
  });

  test('what was refused is told and counted', async () => {
    const told: string[] = [];
    const plugin = await start({
      ...tree({
        'main.mjs': `export const call = async () => { for (let i = 0; i < 300; i++) await import('data:text/javascript,' + i).catch(() => 1); }`,
      }),
      runner,
      onDenied: ({ capability }) => told.push(capability),
    });
    await ask(plugin, null);
    expect(plugin.usage().denied).toBe(300);
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThanOrEqual(150); // fifty a second
    expect(new Set(told)).toEqual(new Set(['code']));
  });
});

describe.skipIf(!sandboxed)('other runtimes, in the sandbox', () => {
  test('Python has its tree, its stdio and nothing of the host', async () => {
    const plugin = await start({
      ...tree({
        'main.py':
          'import sys, os, helper\nprint(helper.x, sys.argv[1:], os.path.exists("/etc/passwd"), len(os.listdir("/plugin")), sys.stdin.read())',
        'helper.py': 'x = 5',
      }),
      mode: 'sandbox',
      runtime: 'python',
      args: ['a'],
    });
    plugin.stdin.end('in');
    expect(await text(plugin.stdout)).toBe("5 ['a'] False 2 in\n");
    expect((await plugin.exited).error).toBeNull();
  });

  test('it runs from a private copy: a change of the tree afterwards changes nothing', async () => {
    const made = tree({
      'main.py': 'import sys\nsys.stdin.read()\nimport late\nprint(late.x)',
      'late.py': 'x = "signed"',
    });
    const plugin = await start({ ...made, mode: 'sandbox', runtime: 'python' });
    writeFileSync(path.join(made.folder, 'late.py'), 'x = "changed"');
    rmSync(path.join(made.folder, 'main.py'));
    plugin.stdin.end();
    expect(await text(plugin.stdout)).toBe('signed\n');
  });

  test('and is not started if the tree is not the verified one', async () => {
    const made = tree({ 'main.py': 'print(1)' });
    writeFileSync(path.join(made.folder, 'main.py'), 'print(2)');
    await expect(start({ ...made, mode: 'sandbox', runtime: 'python' })).rejects.toMatchObject({
      code: 'GRANT_IMPOSSIBLE',
    });
  });

  test('a program with the programs it was granted', async () => {
    const made = tree({ 'run.sh': '#!/bin/sh\nread line\necho "$line $0"\nls /\n' });
    const plugin = await start({
      ...made,
      mode: 'sandbox',
      runtime: 'executable',
      grant: grant({ exec: ['/bin/sh'] }),
    });
    plugin.stdin.end('hello\n');
    expect(await text(plugin.stdout)).toBe('hello /plugin/run.sh\n'); // there is no ls
  });
});

describe('what a plugin reads as data', () => {
  const files = {
    'main.mjs': `import fs from 'node:fs'; const at = (name) => new URL(name, import.meta.url);
      const read = (name) => { try { return fs.readFileSync(at(name), 'utf8'); } catch (error) { return error.code; } };
      export const call = async () => [read('data.txt'), read('added.txt'), (await import('./late.mjs')).default, fs.readdirSync(at('.')).length];`,
    'data.txt': 'signed',
    'late.mjs': 'export default "signed";',
  };
  const change = (folder: string): void => {
    writeFileSync(path.join(folder, 'data.txt'), 'changed');
    writeFileSync(path.join(folder, 'added.txt'), 'changed');
    rmSync(path.join(folder, 'late.mjs'));
  };
  test.skipIf(!sandboxed)('sandbox: is what was verified, whatever becomes of the tree', async () => {
    const made = tree(files);
    const plugin = await start({ ...made, mode: 'sandbox', runner });
    change(made.folder);
    expect(await ask(plugin, null)).toEqual({ value: ['signed', 'ENOENT', 'signed', 3] });
  });

  test.skipIf(!sandboxed)(
    'a program without a runner finds its copy as well, and nothing is left of it',
    async () => {
      const made = tree({
        'main.cjs': 'process.stdout.write(require("fs").readFileSync(__dirname + "/data.txt"))',
        'data.txt': 'signed',
      });
      const before = copies();
      const plugin = await start({ ...made, mode: 'sandbox' });
      expect(await text(plugin.stdout)).toBe('signed');
      await plugin.exited;
      expect(copies().filter((one) => !before.includes(one))).toEqual([]);
    },
  );

  test.skipIf(!sandboxed)('a tree that is not the verified one does not start', async () => {
    const made = tree(files);
    writeFileSync(path.join(made.folder, 'data.txt'), 'changed');
    await expect(start({ ...made, mode: 'sandbox', runner })).rejects.toMatchObject({
      code: 'GRANT_IMPOSSIBLE',
    });
  });

  const open = {
    'mode process': { mode: 'process' },
    'a larger tree in a sandbox': { mode: 'sandbox', limits: { copyBytes: 10 } },
  } as const;
  for (const [name, options] of Object.entries(open))
    test.skipIf(!sandboxed)(`${name}: is what the disk has, as the page says`, async () => {
      const made = tree(files);
      const plugin = await start({ ...made, ...options, runner });
      writeFileSync(path.join(made.folder, 'data.txt'), 'changed');
      expect(await ask(plugin, null)).toEqual({ value: ['changed', 'ENOENT', 'signed', 3] });
    });
});

function copies(): readonly string[] {
  return [tmpdir(), '/dev/shm'].flatMap((folder) =>
    readdirSync(folder).filter((name) => name.startsWith(`ragv-copy-${process.pid}-`)),
  );
}

describe('while the tree is compared', () => {
  for (const mode of ['process', 'sandbox'] as const)
    describe.skipIf(mode === 'sandbox' && !sandboxed)(`mode ${mode}`, () => {
      test(`the process is there and runs nothing of the plugin`, async () => {
        const said: string[] = [];
        const folder = temporary();
        const mark = path.join(folder, 'ran');
        const plugin = await start({
          ...tree({
            'main.mjs': `import fs from 'node:fs'; fs.writeFileSync(${JSON.stringify(mark)}, 'ran'); export const call = () => 1;`,
          }),
          mode,
          runner,
          grant: grant({ write: [folder] }),
          verify: async () => {
            await new Promise((resolve) => setTimeout(resolve, 700)); // longer than a start takes
            said.push(existsSync(mark) ? 'ran' : 'waits');
          },
        });
        said.push('up');
        expect(await ask(plugin, null)).toEqual({ value: 1 });
        expect(said).toEqual(['waits', 'up']);
        expect(existsSync(mark)).toBe(true);
      });

      test(`what the comparison throws is thrown, and nothing ran or is left`, async () => {
        const folder = temporary();
        const mark = path.join(folder, 'ran');
        const refused = new Error('not as signed');
        const started = start({
          ...tree({
            'main.cjs': `require('fs').writeFileSync(${JSON.stringify(mark)}, 'ran'); setInterval(() => {}, 1000);`,
          }),
          mode,
          grant: grant({ write: [folder] }),
          verify: async () => Promise.reject(refused),
        });
        await expect(started).rejects.toBe(refused);
        expect(existsSync(mark)).toBe(false);
      });
    });

  test.skipIf(!sandboxed)('what we cannot hold back is not started before', async () => {
    const refused = new Error('not as signed');
    const made = tree({ main: '#!/bin/sh\n' });
    const options = { ...made, mode: 'sandbox', runtime: 'executable' } as const;
    await expect(start({ ...options, verify: async () => Promise.reject(refused) })).rejects.toBe(refused);
  });
});

test('ten thousand files are told in one piece, however small messages may be', async () => {
  const { folder, files } = tree({ 'main.mjs': 'export const call = (x) => x + 1;' });
  const name = (n: number): string => `lib/a/folder/of/some/length/module-${n}.js`;
  const digest = 'a'.repeat(64);
  const many = new Map([...files, ...Array.from({ length: 10_000 }, (_, n) => [name(n), digest] as const)]);
  const plugin = await start({
    folder,
    files: many,
    entry: 'main.mjs',
    runner,
    limits: { messageBytes: 1024 },
  });
  expect(await ask(plugin, 1)).toEqual({ value: 2 });
});
