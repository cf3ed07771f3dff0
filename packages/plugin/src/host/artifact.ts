import type { PluginManifest } from '../formats/manifest.ts';
import { refuseRevoked } from './change.ts';
import { readContent } from './content.ts';
import type { Context } from './context.ts';
import { HostUntrustedError } from './errors.ts';
import { verifyEvidence } from './evidence.ts';
import { permitFor } from './grants-permit.ts';
import type { Pointer } from './pointer.ts';
import { checkArchive } from './unpack.ts';

/** The published file of an installed plugin, for a program that installs such files itself. */
export interface VerifiedArtifact {
  readonly manifest: PluginManifest;
  /** What the signed metadata vouches for, and what every file of the manifest was found in. */
  readonly bytes: Uint8Array;
}

/**
 * Verifies chain and archive as an installation does. What would not be started here is handed to no other program, which starts
 * it unconfined. @throws ARCHIVE_MISMATCH, REVOKED, and what `verifyEvidence` and `permitFor` throw
 */
export async function installedArtifact(
  context: Context,
  pointer: Pointer,
  signal: AbortSignal | undefined,
): Promise<VerifiedArtifact> {
  const name = `${pointer.vendor}/${pointer.plugin}@${pointer.version}`;
  await refuseRevoked(context, pointer);
  const manifest = await verifyEvidence(context, pointer, pointer);
  await permitFor(context, manifest);
  const bytes = await readContent(context, manifest.artifact.sha256);
  if (bytes === null)
    throw new HostUntrustedError(
      'ARCHIVE_MISMATCH',
      `${name}: its published file is not kept here any more`,
      {
        hint: `ragv install ${name} fetches it anew`,
      },
    );
  await checkArchive(bytes, manifest, context.limits, signal);
  return { manifest, bytes };
}
