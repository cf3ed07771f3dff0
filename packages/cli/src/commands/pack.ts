import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { vendorName, type VendorName } from '@ragnos/plugin';
import { makeFolders, writeFileAtomic } from '@ragnos/disk';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { bytes, count } from '../text.ts';
import { packSource } from '../vault/pack-options.ts';

export async function run(context: Context): Promise<undefined> {
  const { options } = context;
  const given = options.text('vendor');
  if (given === undefined)
    throw new CliError('USAGE', 'whose plugin is it?', { hint: 'give --vendor <name>' });
  const vendor = vendorName(given);
  const output = resolve(options.text('output') ?? '.');
  if (!context.dryRun) {
    makeFolders(output, 0o777);
    await packInto(output, vendor, context);
    return;
  }
  const work = await mkdtemp(join(tmpdir(), 'ragv-pack-'));
  try {
    await packInto(work, vendor, context);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return;
}

async function packInto(output: string, vendor: VendorName, context: Context): Promise<void> {
  const { voice, dryRun } = context;
  const packed = [];
  for (const source of context.args) {
    const made = await packSource(context, source, vendor, output);
    const { plugin, version } = made.manifest;
    const manifestFile = join(output, `${plugin}-${version}.manifest.json`);
    await writeFileAtomic(manifestFile, made.manifestBytes);
    for (const note of made.notes) voice.note(`${plugin}@${version}: ${note}`);
    const written = dryRun ? {} : { artifactFile: made.artifactFile, manifestFile };
    packed.push({ ...written, dryRun, manifest: made.manifest });
  }
  voice.answer(
    packed,
    packed.map(
      ({ artifactFile, manifest }) =>
        `${artifactFile ?? `would make ${manifest.artifact.name}`}  ${bytes(manifest.artifact.length)}, ${count(manifest.files.length, 'file')}, sha256:${manifest.artifact.sha256}`,
    ),
  );
}
