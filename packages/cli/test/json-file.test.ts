/** Files of JSON that are named on the command line: what is wrong with them is said, and is nobody's attack. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSettings } from '../src/settings-file.ts';
import { matching, tempFolder, world, write } from './ragv.ts';

const wrong = {
  'no JSON': ['{ "folders": ', 'USAGE'],
  'a list': ['[{ "folders": "/data" }]', 'USAGE'],
  'a text': ['"/data"', 'USAGE'],
  null: ['null', 'USAGE'],
  'an object in a setting': ['{ "folders": [{}] }', 'USAGE'],
} as const;

test.for(Object.entries(wrong))(
  'settings with %s are refused, and not taken for none',
  async ([, [text, code]]) => {
    const file = write(join(tempFolder(), 'settings.json'), text);
    await expect(readSettings(file)).rejects.toMatchObject({ code, hint: matching(/^such as/) });
  },
);

test('settings', async () => {
  const folder = tempFolder();
  const file = write(join(folder, 'settings.json'), '{ "folders": ["/a", "/b"], "level": 3, "fast": true }');
  expect(await readSettings(file)).toEqual(
    new Map([
      ['folders', ['/a', '/b']],
      ['level', ['3']],
      ['fast', ['true']],
    ]),
  );
  expect(await readSettings(undefined)).toBeUndefined();
  await expect(readSettings(folder)).rejects.toMatchObject({ code: 'NO_SUCH_FILE' });
});

test('a file of capabilities', async () => {
  const here = world();
  write(join(here.folder, 'broken.json'), '{ "env": [');
  write(join(here.folder, 'list.json'), '["env"]');
  mkdirSync(join(here.folder, 'folder'));
  const grant = (file: string) => here.ragv(`install acme/hello --grant ${file}`);
  for (const file of ['broken.json', 'list.json', 'nothing.json'])
    expect(await grant(file)).toMatchObject({ exit: 2, stderr: matching(/\[USAGE\]\nhint: --grant all/) });
  expect(await grant('folder')).toMatchObject({ exit: 5, stderr: matching(/\[NO_SUCH_FILE\]/) });
});
