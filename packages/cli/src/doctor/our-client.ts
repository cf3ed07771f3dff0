import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Updater } from '@ragnos/client';
import type { Trial, TriedClient } from './clients.ts';

const maxLength = 1_000_000;

/** A host that begins with the first root, in a folder of its own that is thrown away. */
export async function tryOurs({ url, root, samples, signal, allowHttp }: Trial): Promise<TriedClient> {
  const dir = await mkdtemp(join(tmpdir(), 'ragv-doctor-'));
  try {
    const updater = await Updater.open({ dir: join(dir, 'metadata'), baseUrl: url, root, signal, allowHttp });
    await updater.refresh({ signal });
    for (const path of samples) {
      const info = await updater.find(path, { signal });
      if (info === null) return { name: 'client-ours', version: null, failure: `it does not find ${path}` };
      await updater.read(info, { maxLength, signal });
    }
    return { name: 'client-ours', version: null, failure: null };
  } catch (error) {
    signal.throwIfAborted();
    const code = error instanceof Error && 'code' in error ? ` [${String(error.code)}]` : '';
    const message = error instanceof Error ? error.message : String(error);
    return { name: 'client-ours', version: null, failure: `${message}${code}` };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
