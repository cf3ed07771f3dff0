import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { FormatError, filePath, parseManifest, serializeManifest, type PluginManifest } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { variablesOf, type Setting } from '../../src/formats/launch.ts';
import { launchOf } from '../../src/host/launch.ts';
import { asObject, manifest, withMember } from './samples.ts';

const schema: unknown = JSON.parse(
  await readFile(new URL('../../../../docs/reference/plugin-manifest.schema.json', import.meta.url), 'utf8'),
);
const validate = new Ajv2020({ strict: true, strictRequired: false }).compile(asObject(schema));
const accepts = (bytes: Uint8Array): boolean => validate(JSON.parse(new TextDecoder().decode(bytes)));

const setting: Setting = {
  type: 'string',
  title: 'T',
  required: false,
  sensitive: false,
  multiple: false,
  default: null,
};
const launch: NonNullable<PluginManifest['entry']['launch']> = {
  args: [
    '--home=${HOME}${/}x',
    '${user_config.folders}',
    '--key=${user_config.missing}',
    '--level=${user_config.level}',
    '$HOME',
  ],
  env: new Map([
    ['TOKEN', '${user_config.token}'],
    ['DATA', '${__dirname}/data'],
    ['ALL', '${user_config.folders}'],
  ]),
  settings: new Map([
    [
      'folders',
      { ...setting, type: 'directory', multiple: true, default: ['${HOME}/Desktop', '${DOCUMENTS}'] },
    ],
    ['missing', setting],
    ['level', { ...setting, type: 'number', default: ['3'] }],
    ['token', { ...setting, required: true, sensitive: true }],
  ]),
};
const bundle = manifest({
  source: { type: 'mcpb', name: 'hello@1.2.0', integrity: null },
  entry: {
    main: null,
    bin: new Map([['hello', filePath('bin.js')]]),
    launch,
    offers: new Map([['tools', ['greet', 'wave']]]),
  },
  runtime: 'node',
});

test('is written and read back the same, and the schema agrees', () => {
  const bytes = serializeManifest(bundle);
  expect(parseManifest(bytes)).toEqual(bundle);
  expect(accepts(bytes)).toBe(true);
});

test('a manifest without it says nothing of it', () =>
  expect(new TextDecoder().decode(serializeManifest(manifest()))).not.toMatch(/launch|offers|runtime/));

const refused: Readonly<Record<string, readonly [path: readonly (string | number)[], value: unknown]>> = {
  'runtime of its own': [['runtime'], 'perl'],
  'argument of two lines': [['entry', 'launch', 'args', 0], 'a\nb'],
  'no arguments': [['entry', 'launch', 'args'], undefined],
  'variable with a blank': [['entry', 'launch', 'env', 'A B'], 'x'],
  'setting of no type': [['entry', 'launch', 'settings', 'level', 'type'], 'secret'],
  'setting that may be required': [['entry', 'launch', 'settings', 'level', 'required'], 'perhaps'],
  'setting with a slash': [['entry', 'launch', 'settings', 'a/b'], setting],
  'default that is no list': [['entry', 'launch', 'settings', 'level', 'default'], '3'],
  'offer in upper case': [['entry', 'offers', 'Tools'], []],
  'offer with an escape': [['entry', 'offers', 'tools', 0], '\u001b[2J'],
};
describe('is refused by reader and schema', () => {
  test.each(Object.entries(refused))('%s', (_name, [path, value]) => {
    const bytes = withMember(serializeManifest(bundle), path, value);
    expect(() => parseManifest(bytes)).toThrow(FormatError);
    expect(accepts(bytes)).toBe(false);
  });
  test.each(['${PATH}', '${user_config.other}', '${user_config}', '${}'])('by the reader: %s', (text) => {
    const bytes = withMember(serializeManifest(bundle), ['entry', 'launch', 'args', 0], text);
    expect(() => parseManifest(bytes)).toThrow(expect.objectContaining({ code: 'BAD_FORMAT' }));
  });
});

describe('what an entry is started with', () => {
  const granted = new Map([['TOKEN', 'secret']]);
  const given = { variables: granted, folders: ['/home/ada'] };
  const options = { given, home: '/home/ada' };
  test('is arguments and variables filled in; a setting that is not set is left out', () => {
    const { args, env } = launchOf(bundle, '/plugins/hello', options);
    expect(args).toEqual([
      '--home=/home/ada/x',
      '/home/ada/Desktop',
      '/home/ada/Documents',
      '--level=3',
      '$HOME',
    ]);
    expect([...env]).toEqual([
      ['TOKEN', 'secret'],
      ['DATA', '/plugins/hello/data'],
      ['ALL', '/home/ada/Desktop,/home/ada/Documents'],
    ]);
  });
  test('takes values as they are given, also such as look like variables', () => {
    const settings = new Map([['folders', ['${HOME}', '/b c']]]);
    expect(launchOf(bundle, '/p', { ...options, settings }).args).toContain('${HOME}');
  });
  test.each([
    [
      'is not granted',
      new Map(),
      'it was not granted the environment variable TOKEN: ragv install acme/hello',
    ],
    ['is granted and not set', new Map([['TOKEN', null]]), 'set the environment variable TOKEN, or ragv run'],
  ])('is refused without a setting that is required, whose variable %s', (_name, variables, hint) =>
    expect(() => launchOf(bundle, '/p', { home: '/h', given: { variables, folders: [] } })).toThrow(
      expect.objectContaining({
        code: 'SETTING_MISSING',
        hint: expect.stringContaining(hint) as unknown,
      }),
    ),
  );
  test('leaves out the folders of a default that nobody named', () =>
    expect(launchOf(bundle, '/p', { ...options, given: { ...given, folders: [] } }).args).toEqual([
      '--home=/home/ada/x',
      '--level=3',
      '$HOME',
    ]));
  test.each([
    [['/home/ada/Desktop'], ['/home/ada/Desktop']], // only one of the two defaults: what was named, instead
    [['/srv'], ['/srv']],
    [
      ['/srv', '/opt'],
      ['/srv', '/opt'],
    ],
    [['/home/ada-else'], ['/home/ada-else']],
  ])('takes the folders that were named, %j, for its one setting of folders', (folders, args) =>
    expect(launchOf(bundle, '/p', { ...options, given: { ...given, folders } }).args.slice(1, -2)).toEqual(
      args,
    ),
  );
  test('is refused with a setting that there is none of, and with several values for one', () => {
    for (const settings of [new Map([['other', ['x']]]), new Map([['level', ['1', '2']]])])
      expect(() => launchOf(bundle, '/p', { ...options, settings })).toThrow(
        expect.objectContaining({ code: 'NO_SUCH_COMMAND' }),
      );
  });
  test('is none where another program starts the plugin', () =>
    expect(() => launchOf({ ...bundle, runtime: 'none', kind: 'vscode' }, '/p', options)).toThrow(
      expect.objectContaining({ code: 'NO_SUCH_COMMAND' }),
    ));
});

test('a text that only begins variables takes no longer to read for it', () => {
  const began = performance.now();
  expect(variablesOf(`\${a}${'${'.repeat(100_000)}`)).toEqual(['a']);
  expect(variablesOf('${${b} }')).toEqual(['${b']);
  expect(performance.now() - began).toBeLessThan(2_000);
});
