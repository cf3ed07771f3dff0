import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answering, cache, daemon, freePorts, must, stop, type Store } from '../lib/server.ts';

const requirements = join(import.meta.dirname, 'requirements.txt');
const folder = join(cache, 'moto');
const bin = join(folder, 'bin');

/** CloudFront. It accepts any signature, and makes two invalidations of one reference. */
export const moto: Store = {
  name: 'moto',
  async setUp() {
    const wanted = createHash('sha256')
      .update(await readFile(requirements))
      .digest('hex');
    const stamp = join(folder, 'stamp');
    if ((await readFile(stamp, 'utf8').catch(() => '')) === wanted) return;
    await mkdir(folder, { recursive: true });
    await must('python3', ['-m', 'venv', '--clear', folder], cache);
    // moto names far more than its server for CloudFront loads; what that takes is listed, and nothing else is fetched.
    await must(
      join(bin, 'python'),
      ['-m', 'pip', 'install', '--quiet', '--no-deps', '-r', requirements],
      folder,
    );
    await writeFile(stamp, wanted);
  },
  async start(at) {
    const [port = 0] = await freePorts(1);
    const args = ['-H', '127.0.0.1', '-p', String(port)];
    const server = await daemon(join(bin, 'moto_server'), args, { folder: at, name: 'moto' });
    try {
      await answering(`http://127.0.0.1:${port}/`, [server]);
    } catch (error) {
      await stop([server]);
      throw error;
    }
    return {
      env: {
        RAGV_TEST_CLOUDFRONT: `http://127.0.0.1:${port}`,
        AWS_ACCESS_KEY_ID: 'made-up',
        AWS_SECRET_ACCESS_KEY: 'made-up',
      },
      stop: () => stop([server]),
    };
  },
};
