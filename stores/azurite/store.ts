import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { answering, cache, daemon, freePorts, must, stop, type Store } from '../lib/server.ts';

const version = '3.35.0';
const folder = join(cache, `azurite-${version}`);
const program = join(folder, 'node_modules/azurite/dist/src/blob/main.js');

/** Azure's blobs by Microsoft's own emulator. Its dependencies have install scripts, which are not run. */
export const azurite: Store = {
  name: 'azurite',
  async setUp() {
    if (existsSync(program)) return;
    await mkdir(folder, { recursive: true });
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--no-package-lock'];
    await must('npm', ['install', '--prefix', folder, ...quiet, `azurite@${version}`], folder);
  },
  async start(at) {
    const [port = 0] = await freePorts(1);
    const account = 'ragvtest';
    const key = randomBytes(64).toString('base64');
    const args = ['--blobHost', '127.0.0.1', '--blobPort', String(port)];
    const lax = ['--silent', '--disableTelemetry', '--skipApiVersionCheck', '--inMemoryPersistence'];
    const env = { AZURITE_ACCOUNTS: `${account}:${key}` };
    const server = await daemon(process.execPath, [program, ...args, ...lax], {
      folder: at,
      name: 'azurite',
      env,
    });
    try {
      await answering(`http://127.0.0.1:${port}/`, [server]);
    } catch (error) {
      await stop([server]);
      throw error;
    }
    return {
      env: {
        RAGV_TEST_AZURE: `http://127.0.0.1:${port}/${account}`,
        RAGV_TEST_AZURE_ACCOUNT: account,
        RAGV_TEST_STORE: `azure://${account}/NAME/vault?endpoint=http://127.0.0.1:${port}/${account}`,
        AZURE_STORAGE_KEY: key,
      },
      stop: () => stop([server]),
    };
  },
};
