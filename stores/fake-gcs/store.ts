import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { answering, cache, daemon, freePorts, must, stop, type Store } from '../lib/server.ts';

const version = 'v1.55.1';
const folder = join(cache, `fake-gcs-server-${version}`);
const program = join(folder, 'fake-gcs-server');

/** Google's storage by the emulator that most projects use. It asks for no credentials. */
export const fakeGcs: Store = {
  name: 'fake-gcs-server',
  async setUp() {
    if (existsSync(program)) return;
    await mkdir(folder, { recursive: true });
    const source = `github.com/fsouza/fake-gcs-server@${version}`;
    await must('go', ['install', source], folder, { GOBIN: folder });
  },
  async start(at) {
    const [port = 0] = await freePorts(1);
    const args = ['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port), '-backend', 'memory'];
    const server = await daemon(program, [...args, '-public-host', `127.0.0.1:${port}`], {
      folder: at,
      name: 'fake-gcs',
    });
    try {
      await answering(`http://127.0.0.1:${port}/storage/v1/b?project=x`, [server]);
    } catch (error) {
      await stop([server]);
      throw error;
    }
    return {
      env: {
        RAGV_TEST_GCS: `http://127.0.0.1:${port}`,
        RAGV_TEST_STORE: `gcs://NAME/vault?endpoint=http://127.0.0.1:${port}`,
        GOOGLE_CLOUD_PROJECT: 'ragv-test',
        GOOGLE_OAUTH_ACCESS_TOKEN: 'made-up',
      },
      stop: () => stop([server]),
    };
  },
};
