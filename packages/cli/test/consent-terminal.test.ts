/** What `ragv install` and `ragv update` ask at a terminal, on a real one: only a yes that was finished is a yes. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConsentRequest } from '@ragnos/plugin';
import { beforeAll, describe, expect, test } from 'vitest';
import { requestLines } from '../src/consent.ts';
import { helloPlugin, world, write } from './ragv.ts';
import { keys, onTerminal, type Step, type Typed } from './terminal.ts';

const here = world({ RAGV_KEY_PASSWORD: 'correct horse battery' });
const { folder, ragv } = here;
const minute = { timeout: 180_000 };
const question = 'Do you agree? [y/N] ';
const which = 'Which folder may it use?';

function plugin(name: string, version: string, capabilities: object, more: object = {}): string {
  const path = helloPlugin(join(folder, `${name}-${version}`), version);
  const json = { name, version, description: 'greets', type: 'module', bin: 'bin.js', ...more };
  write(join(path, 'package.json'), JSON.stringify(json));
  write(join(path, 'ragv.json'), JSON.stringify({ capabilities }));
  return path;
}

async function ok(line: string): Promise<void> {
  const said = await ragv(line);
  if (said.exit !== 0) throw new Error(`${line}: ${said.stderr}`);
}

async function publish(...folders: readonly string[]): Promise<void> {
  await ok(`publish ${folders.join(' ')} --vault v --allow-no-tools`);
}

const many = Array.from({ length: 500 }, (_, index) => `QUIET_${index}`);
const tools = Object.fromEntries(
  Array.from({ length: 900 }, (_, index) => [`tool ${index} ${'x'.repeat(100)}`, 'a'.repeat(64)]),
);
const grave = { exec: ['sh'], 'fs.read': ['/'], native: true };
const disguised = 'send\u2028  asks for nothing more';

beforeAll(async () => {
  await ok('init v --vendor acme');
  await publish(
    plugin('hello', '1.0.0', { env: ['SOME_TOKEN'], 'net.connect': ['api.example.com:443'] }),
    plugin('files', '1.0.0', { 'fs.write': ['$chosen'] }),
    plugin('long', '1.0.0', { ...grave, env: many, tools }),
    plugin('less', '1.0.0', {}),
  );
  await ok('trust init v/public --root v/1.root.json --single-signer');
}, 240_000);

const install = async (name: string, ...steps: readonly Step[]): Promise<Typed> =>
  onTerminal(folder, ['install', `acme/${name}`], steps);

/** What is installed, and what anybody agreed to: every file of it. */
function state(): readonly string[] {
  const repositories = join(folder, 'home', 'home-v1', 'repositories');
  const [name = ''] = readdirSync(repositories);
  return ['plugins', 'grants', 'content'].flatMap((part) => {
    const at = join(repositories, name, part);
    if (!existsSync(at)) return [];
    return readdirSync(at, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(
        ({ parentPath, name: file }) =>
          `${parentPath}/${file} ${readFileSync(join(parentPath, file), 'utf8')}`,
      );
  });
}

describe('install', () => {
  const refusals: Readonly<
    Record<string, readonly [steps: readonly Step[], exit: number | null, says: string]>
  > = {
    no: [[[question, `n${keys.enter}`]], 10, '[CONSENT_REQUIRED]'],
    'nothing but Enter': [[[question, keys.enter]], 10, '[CONSENT_REQUIRED]'],
    'a word that begins like yes': [[[question, `yesterday${keys.enter}`]], 10, '[CONSENT_REQUIRED]'],
    'a yes that was taken back': [[[question, `y${keys.backspace}${keys.enter}`]], 10, '[CONSENT_REQUIRED]'],
    'a yes in another language': [[[question, `ja${keys.enter}`]], 10, '[CONSENT_REQUIRED]'],
    'a question mark, where nothing is left out': [[[question, `?${keys.enter}`]], 10, '[CONSENT_REQUIRED]'],
    'keys of the terminal': [
      [[question, `${keys.escape}[A${keys.escape}[Cn${keys.enter}`]],
      10,
      '[CONSENT_REQUIRED]',
    ],
    'Ctrl-C': [[[question, keys.interrupt]], 130, 'nothing was left half-done'],
    'half a yes, then Ctrl-C': [
      [
        [question, 'y'],
        ['y', keys.interrupt],
      ],
      130,
      'nothing was left half-done',
    ],
    'Ctrl-D, which ends the input': [[[question, keys.end]], 7, '[CONFIRMATION_REQUIRED]'],
  };
  for (const [name, [steps, exit, says]] of Object.entries(refusals))
    test(`${name}: nothing is installed or agreed to`, minute, async () => {
      const before = state();
      const typed = await install('hello', ...steps);
      expect(typed).toMatchObject({ missed: null, exit, signal: null });
      expect(typed.said).toContain(says);
      expect(state()).toEqual(before);
    });

  test.for([
    ['the terminal is closed', [[question, null]]],
    [
      'half a yes, then the terminal is closed',
      [
        [question, 'y'],
        ['y', null],
      ],
    ],
  ] as const satisfies readonly (readonly [string, readonly Step[]])[])(
    '%s: it ends, and nothing is installed or agreed to',
    minute,
    async ([, steps]) => {
      const before = state();
      const typed = await install('hello', ...steps);
      expect(typed.missed).toBe(null);
      expect(typed.exit).not.toBe(0);
      expect(state()).toEqual(before);
    },
  );

  test('what it asks for is said before, the gravest first', minute, async () => {
    const { said } = await install('hello', [question, keys.enter]);
    const lines = said.split(/\r\n?|\n/);
    const at = lines.findIndex((line) => line.endsWith('acme/hello@1.0.0 asks for:'));
    expect(at).toBeGreaterThanOrEqual(0);
    expect(lines.slice(at + 1, at + 3)).toEqual([
      '  sees the environment variable SOME_TOKEN  (think twice)',
      '  connects to api.example.com, port 443',
    ]);
    expect(lines[at + 3]).toContain(question.trim());
  });

  test.for([
    ['y', 'hello'],
    ['Yes', 'hello'],
  ] as const)('%s: it is installed, and who agreed is kept', minute, async ([yes, name]) => {
    const typed = await install(name, [question, `${yes}${keys.enter}`]);
    expect(typed).toMatchObject({ missed: null, exit: 0 });
    expect(typed.said).toContain(`installed acme/${name}@1.0.0`);
    expect((await ragv(`grant list acme/${name}`)).stdout).toMatch(/agreed to by \S+ \(terminal\)/);
    expect(await ragv(`uninstall acme/${name}`)).toMatchObject({ exit: 0 });
  });

  test('what asks for nothing is not asked about', minute, async () => {
    const typed = await install('less');
    expect(typed).toMatchObject({ missed: null, exit: 0 });
    expect(typed.said).not.toContain('agree');
    expect(await ragv('uninstall acme/less')).toMatchObject({ exit: 0 });
  });

  test('with --quiet or --json nobody is asked, terminal or not', minute, async () => {
    for (const flag of ['--quiet', '--json']) {
      const typed = await onTerminal(folder, ['install', 'acme/hello', flag], []);
      expect(typed).toMatchObject({ missed: null, exit: 10 });
      expect(typed.said).not.toContain('agree? ');
    }
  });
});

describe('the folder that it may use', () => {
  test.for([
    ['Ctrl-C instead of a folder', keys.interrupt, 130],
    ['a folder that is none', `./nowhere${keys.enter}`, 2],
    ['the end of the input', keys.end, 7],
  ] as const)('%s: nothing is installed or agreed to', minute, async ([, typed, exit]) => {
    const before = state();
    const steps: readonly Step[] = [
      [question, `y${keys.enter}`],
      [which, typed],
    ];
    expect(await install('files', ...steps)).toMatchObject({ missed: null, exit });
    expect(state()).toEqual(before);
  });

  test('one that is there', minute, async () => {
    mkdirSync(join(folder, 'notes'), { recursive: true });
    const steps: readonly Step[] = [
      [question, `y${keys.enter}`],
      [which, `./notes${keys.enter}`],
    ];
    expect(await install('files', ...steps)).toMatchObject({ missed: null, exit: 0 });
    expect((await ragv('grant list acme/files')).stdout).toMatch(/chosen folder: .*\/notes\n/);
    expect(await ragv('uninstall acme/files')).toMatchObject({ exit: 0 });
  });
});

describe('a plugin that would rather not be understood', () => {
  const asked = 'Do you agree? [y/N, ? shows all] ';

  test('asks for a thousand things: the grave ones are seen, and the rest is counted', minute, async () => {
    const { said, ...typed } = await install('long', [asked, keys.enter]);
    expect(typed).toMatchObject({ missed: null, exit: 10 });
    const shown = said.slice(0, said.indexOf(asked));
    expect(shown.split('\n').length).toBeLessThan(24); // of a terminal of 24 lines
    for (const words of [
      'loads native code',
      'every file of this machine',
      'starts sh, which can start anything',
    ])
      expect(shown).toContain(words);
    expect(shown).toMatch(/… and \d+ more\r?\n/);
    expect(said).not.toContain('QUIET_499');
  });

  test('whoever wants to see all of it does, and is asked again', minute, async () => {
    const { said, ...typed } = await install('long', [asked, `?${keys.enter}`], [question, `n${keys.enter}`]);
    expect(typed).toMatchObject({ missed: null, exit: 10 });
    expect(said).toContain('QUIET_499');
    expect(said).toContain('tool 899 ');
  });

  test('a name that breaks the line does not get into the repository', minute, async () => {
    const source = plugin('sly', '1.0.0', { tools: { [disguised]: 'a'.repeat(64) } });
    const said = await ragv(`publish ${source} --vault v`);
    expect(said).toMatchObject({ exit: 2 });
    expect(said.stderr).toContain('names of one line and 1 to 200 visible characters');
    expect(said.stderr).not.toContain('\u2028');
  });

  test('twenty harmless settings do not hide a grave capability, nor does what it is started with', () => {
    const request: ConsentRequest = {
      repository: 'r',
      vendor: 'acme',
      plugin: 'x',
      version: '1.1.0',
      previous: '1.0.0',
      manifest: 'a'.repeat(64),
      asks: [],
      narrower: [],
      texts: [],
      weaker: [],
      choosesFolders: false,
      wider: [
        {
          capability: 'net.connect',
          value: '*:*',
          severity: 'high',
          text: 'connects to any public host, any port',
        },
        ...many.map(
          (value) =>
            ({
              capability: 'env',
              value,
              severity: 'low',
              text: `sees the environment variable ${value}`,
            }) as const,
        ),
      ],
      changes: Array.from(
        { length: 20 },
        (_, n) => `has the setting colour${n}: string "${'Colour'.repeat(50)}"`,
      ),
    };
    const lines = requestLines(request);
    expect(lines[1]).toBe('  + connects to any public host, any port  (think twice)');
    expect(
      lines.filter((line) => /^ {2}! .*… \(\d+ characters\) {2}\(think twice\)$/.test(line)),
    ).toHaveLength(20);
    expect(lines.slice(22)).toEqual([
      ...many.slice(0, 4).map((name) => `  + sees the environment variable ${name}`),
      '  … and 496 more',
    ]);
    expect(requestLines(request, 'all')).toHaveLength(1 + 21 + 500);
  });

  test.for([
    ['control characters', 'odd', 'greets\u001b[2J\u001b[1;1H\rasks for nothing'],
    ['a text that turns round', 'strange', 'greets \u202egnihton rof sksa'],
  ] as const)(
    '%s in its description do not get into the repository, or not to the terminal',
    minute,
    async ([, name, text]) => {
      const source = plugin(name, '1.0.0', { env: ['A'] }, { description: text });
      const published = await ragv(`publish ${source} --vault v`);
      expect(published.exit).toBe(0);
      for (const args of [
        ['install', `acme/${name}`],
        ['search', name],
      ]) {
        const { said } = await onTerminal(
          folder,
          args,
          args[0] === 'install' ? [[question, keys.enter]] : [],
        );
        expect(said).not.toContain('\u001b[2J');
        expect(said).not.toContain('\u202e');
      }
    },
  );
});

describe('update', () => {
  const update = async (...steps: readonly Step[]): Promise<Typed> => onTerminal(folder, ['update'], steps);

  test(
    'what is new is shown and asked for: no keeps the old one, yes takes exactly this',
    minute,
    async () => {
      expect(await ragv('install acme/less')).toMatchObject({ exit: 0 });
      await publish(plugin('less', '1.1.0', { exec: ['git'] }, { keywords: ['mcp'] }));
      for (const [answer, exit] of [
        [`n${keys.enter}`, 10],
        [keys.interrupt, 130],
      ] as const) {
        const before = state();
        const typed = await update([question, answer]);
        expect(typed).toMatchObject({ missed: null, exit });
        expect(typed.said).toContain('acme/less@1.1.0, unlike 1.0.0:');
        expect(typed.said).toContain('  + starts the program git');
        expect(typed.said).toContain(
          '  ! is a server for AI hosts (MCP) now, and was a plugin of programs on Node before  (think twice)',
        );
        expect(state()).toEqual(before);
      }
      expect((await ragv('diff acme/less')).stdout).toContain('! is a server for AI hosts (MCP) now');
      const typed = await update([question, `y${keys.enter}`]);
      expect(typed).toMatchObject({ missed: null, exit: 0 });
      expect(typed.said).toContain('installed acme/less@1.1.0 (was 1.0.0)');
      expect((await ragv('grant list acme/less')).stdout).toContain('(terminal)');
    },
  );
});
