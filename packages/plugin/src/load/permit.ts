import { parseCapabilities, type Capabilities } from '../capabilities/capabilities.ts';
import { narrow } from '../capabilities/narrow.ts';
import type { Mode } from '../confine/grant.ts';
import { boundsFrom, type CapabilityBounds } from '../formats/given-bounds.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import type { Context } from '../host/context.ts';
import { HostFailureError } from '../host/errors.ts';
import { permitFor, type Withheld } from '../host/grants-permit.ts';

/** What the program that is the host agrees to for one start, beside what was agreed to at installation. */
export interface GivenGrant {
  /** Bounds on what is declared; absent = all of it. */
  readonly capabilities?: CapabilityBounds | undefined;
  /** What `$chosen` stands for: absolute paths. */
  readonly folders?: readonly string[] | undefined;
}

/** What a version may do on this host. */
export interface StartPermit {
  readonly capabilities: Capabilities;
  readonly folders: readonly string[];
  readonly leastMode: Mode;
  /** What it asks for and does not get, and who keeps it back. */
  readonly withheld: readonly Withheld[];
}

/**
 * Signed ∩ agreed to ∩ policy.
 * @throws NOT_ALLOWED, NOT_PINNED, FILE_KIND, CONSENT_REQUIRED; BAD_SPEC and BAD_FORMAT for what is given and cannot be meant
 */
export async function permitToStart(
  context: Context,
  manifest: PluginManifest,
  given: GivenGrant | undefined,
): Promise<StartPermit> {
  const asked = parseCapabilities(manifest.capabilities);
  for (const name of Object.keys(given ?? {}))
    if (name !== 'capabilities' && name !== 'folders')
      throw new HostFailureError(
        'BAD_SPEC',
        `grant: there is no ${JSON.stringify(name.slice(0, 50))} in it`,
        {
          hint: 'it has capabilities and folders: { capabilities: { "fs.read": [], … }, folders: [] }',
        },
      );
  const once =
    given === undefined
      ? undefined
      : {
          granted: narrow(asked, boundsFrom(given.capabilities ?? {}, 'grant.capabilities')),
          folders: given.folders ?? [],
        };
  return permitFor(context, manifest, once);
}
