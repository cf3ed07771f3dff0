/**
 * `npm run pack -- <folder>`: every package as it is published, as one archive each in `folder`; any project installs them from
 * there. Nothing is fetched and nothing is published.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stagePackages } from './stage.ts';

const [given, ...rest] = process.argv.slice(2);
if (given === undefined || rest.length > 0) {
  console.error('usage: npm run pack -- <folder>');
  process.exit(2);
}
const folder = path.resolve(given);
await mkdir(folder, { recursive: true });
const staging = await mkdtemp(path.join(tmpdir(), 'ragv-pack-'));
try {
  const staged = await stagePackages(staging);
  execFileSync(
    'npm',
    ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder, ...staged.values()],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  console.log(`${staged.size} packages are in ${folder}\nnext, in your project: npm install ${given}/*.tgz`);
} finally {
  await rm(staging, { recursive: true, force: true });
}
