import { checkPlugin, type PluginManifest } from '@ragnos/plugin';
import { DoorError } from '@ragnos/repository';

/**
 * What packing did on the author's machine, again on the bytes: used ⊆ declared, and the hard lints.
 * @throws DoorError DOOR_CAPABILITIES, with file and line
 */
export async function checkCapabilities(
  manifest: PluginManifest,
  files: readonly { readonly path: string; readonly body: Uint8Array }[],
  signal?: AbortSignal,
): Promise<void> {
  const bodies = new Map(files.map(({ path, body }) => [path, body]));
  const { findings, toDeclare } = await checkPlugin(
    manifest,
    (path) => bodies.get(path) ?? new Uint8Array(),
    { signal },
  );
  const [first] = findings;
  if (first === undefined) return;
  const at = first.line === 0 ? first.file : `${first.file}:${first.line}`;
  const more = findings.length === 1 ? '' : `; and ${findings.length - 1} more`;
  const declare = `if it is meant, declare it and pack again: ${toDeclare ?? ''}`;
  throw new DoorError('DOOR_CAPABILITIES', manifest.artifact.name, `${at}: ${first.what}${more}`, {
    hint:
      first.code === 'UNDECLARED_CAPABILITY'
        ? declare
        : 'nobody can review what nobody sees: write it as an escape',
  });
}
