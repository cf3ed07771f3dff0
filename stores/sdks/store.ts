import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cache, must, type Store } from '../lib/server.ts';

const packages = [
  '@aws-sdk/credential-provider-node@3.972.97',
  'google-auth-library@11.3.4',
  '@azure/identity@4.14.1',
];
const folder = join(cache, 'sdks');

/** No server: the providers' own packages, which the drivers load where the environment has no credentials. */
export const sdks: Store = {
  name: 'sdks',
  async setUp() {
    if (existsSync(join(folder, 'node_modules/@azure/identity'))) return;
    await mkdir(folder, { recursive: true });
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--no-package-lock'];
    await must('npm', ['install', '--prefix', folder, ...quiet, ...packages], folder);
  },
  start: () => Promise.resolve({ env: { RAGV_TEST_SDKS: folder }, stop: () => Promise.resolve() }),
};
