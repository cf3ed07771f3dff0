import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { world } from './world.ts';

const { pack, folder, path, fakeNpm } = world();

test('what npx hands on of the .npmrc of the project does not count, what the operator set does', async () => {
  const seen = path('seen');
  await fakeNpm(`case "$*" in *config*) env > '${seen}'; echo '{}';; *) exit 1;; esac`);
  const project = await folder({
    'package.json': { name: 'hello', version: '1.0.0' },
    '.npmrc': 'registry=http://evil.example/\nscript-shell = /evil\nomit[]=dev\n; cafile=/no\n',
  });
  Object.assign(process.env, {
    npm_config_local_prefix: project,
    npm_config_registry: 'http://evil.example/',
    npm_config_script_shell: '/evil',
    npm_config_omit: 'dev',
    npm_config_cafile: '/operator.pem',
  });
  await expect(pack(project)).rejects.toMatchObject({ code: 'NPM_FAILED' });
  const names = (await readFile(seen, 'utf8')).split('\n').map((line) => line.split('=')[0]);
  expect(names).toContain('npm_config_cafile');
  for (const name of ['npm_config_registry', 'npm_config_script_shell', 'npm_config_omit'])
    expect(names).not.toContain(name);
});
