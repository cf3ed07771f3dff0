import { checkPlugin, type FindingCode, type PluginManifest } from '@ragnos/plugin';
import { DoorError } from '@ragnos/repository';

/**
 * What packing did on the author's machine, again on the bytes: used ⊆ declared, prompts ⊆ signed, and the hard lints.
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
  throw new DoorError('DOOR_CAPABILITIES', manifest.artifact.name, `${at}: ${first.what}${more}`, {
    hint: hintFor(first.code, toDeclare ?? ''),
  });
}

function hintFor(code: FindingCode, toDeclare: string): string {
  switch (code) {
    case 'UNDECLARED_CAPABILITY':
      return `if it is meant, declare it and pack again: ${toDeclare}`;
    case 'PROMPT_NOT_SIGNED':
      return 'ragv pack lists the prompts of such a folder, with what they say: pack it again';
    default:
      return 'nobody can review what nobody sees: write it as an escape';
  }
}
