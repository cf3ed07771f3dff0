import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { vendorName, type Packed } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { bytes, count } from '../text.ts';
import { packSource } from '../vault/pack-options.ts';
import { doorSettings } from '../door/settings.ts';
import { addVersions, atTheDoor } from '../vault/publish-plugins.ts';
import { sayBeforePublish } from '../vault/before-publish.ts';
import { openVault } from '../vault/vault.ts';
import { requireVendor } from '../vendor/vault-vendors.ts';

/** All sources go out in one publish: hosts see all of them or none. */
export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal } = context;
  const vault = await openVault(context);
  const vendor = vendorName(options.text('vendor') ?? vault.config.vendor);
  const work = await mkdtemp(join(tmpdir(), 'ragv-publish-'));
  try {
    await requireVendor(vault, vendor, signal);
    const packed: Packed[] = [];
    for (const source of context.args) packed.push(await packSource(context, source, vendor, work));
    if (!context.dryRun) await keepLockfiles(work);
    for (const { manifest, notes } of packed)
      for (const note of notes) voice.note(`${manifest.plugin}@${manifest.version}: ${shown(note, work)}`);
    if (!context.dryRun) await sayBeforePublish(vault, context);
    voice.progress('publishing', 0, null);
    const change = atTheDoor(vendor, addVersions(vendor, packed), doorSettings(signal));
    const result = context.dryRun ? null : await vault.repository.publish(change, { signal });
    if (context.dryRun) await vault.repository.inspect(async (draft) => change(draft), { signal });
    voice.answer(
      {
        published: packed.map(summary),
        dryRun: context.dryRun,
        changed: result?.changed ?? false,
        timestamp: result?.version ?? null,
      },
      packed.map(({ manifest }) => {
        const verb = context.dryRun
          ? 'would publish'
          : result?.changed === false
            ? 'was published already:'
            : 'published';
        return `${verb} ${vendor}/${manifest.plugin}@${manifest.version}  ${bytes(manifest.artifact.length)}, ${count(manifest.files.length, 'file')}`;
      }),
    );
    if (result?.changed === true) voice.note(`hosts see it from timestamp version ${result.version} on`);
  } finally {
    await vault.repository.close();
    await rm(work, { recursive: true, force: true });
  }
  return;
}

/** Lockfiles that packing wrote for review are put where the person works. */
async function keepLockfiles(work: string): Promise<void> {
  for (const name of await readdir(work))
    if (name.endsWith('.package-lock.json')) await copyFile(join(work, name), resolve(name));
}

function shown(note: string, work: string): string {
  return note.replaceAll(`${work}/`, '');
}

function summary({ manifest }: Packed): object {
  const { vendor, plugin, version, artifact, files, treeHash, bundled } = manifest;
  return { vendor, plugin, version, artifact, files: files.length, treeHash, bundled: bundled.length };
}
