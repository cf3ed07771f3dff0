import { join, resolve } from 'node:path';
import { makeFolders, writeFileAtomic } from '@ragnos/disk';
import { filePath } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { hostFor } from '../host.ts';
import { bytes as size } from '../text.ts';

export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal, dryRun } = context;
  const host = await hostFor(context);
  const { manifest, bytes } = await host.artifact(context.args[0] ?? '', { signal });
  const { originalName, sha256 } = manifest.artifact;
  const folder = resolve(options.text('output') ?? '.');
  const file = join(folder, filePath(originalName.replaceAll('/', '-')));
  if (!dryRun) {
    makeFolders(folder, 0o777);
    await writeFileAtomic(file, bytes, { ifAbsent: true, signal }); // whole or not at all, never over a file that is there, nor through a link
  }
  voice.answer({ file, sha256, dryRun }, [
    `${dryRun ? 'would write ' : ''}${file}  ${size(bytes.length)}, sha256:${sha256}`,
  ]);
  return;
}
