import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pack, vendorName } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { bytes, count } from '../text.ts';
import { packOptions } from '../vault/pack-options.ts';

export async function run(context: Context): Promise<undefined> {
  const { voice, options } = context;
  const given = options.text('vendor');
  if (given === undefined)
    throw new CliError('USAGE', 'whose plugin is it?', { hint: 'give --vendor <name>' });
  const output = resolve(options.text('output') ?? '.');
  await mkdir(output, { recursive: true });
  const packed = [];
  for (const source of context.args) {
    const made = await pack(source, packOptions(context, vendorName(given), output));
    const { plugin, version } = made.manifest;
    const manifestFile = join(output, `${plugin}-${version}.manifest.json`);
    await writeFile(manifestFile, made.manifestBytes);
    for (const note of made.notes) voice.note(`${plugin}@${version}: ${note}`);
    packed.push({ artifactFile: made.artifactFile, manifestFile, manifest: made.manifest });
  }
  voice.answer(
    packed,
    packed.map(
      ({ artifactFile, manifest }) =>
        `${artifactFile}  ${bytes(manifest.artifact.length)}, ${count(manifest.files.length, 'file')}, sha256:${manifest.artifact.sha256}`,
    ),
  );
  return;
}
