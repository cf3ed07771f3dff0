import {
  parseOrganisationPolicy,
  refusedKinds,
  rulesFor,
  type OrganisationPolicy,
  type PluginManifest,
} from '@ragnos/plugin';
import { DoorError, type Draft } from '@ragnos/repository';

export const organisationPolicyPath = 'policy/organisation.json';

/** What hosts follow; `null` = there is none. @throws FormatError for one that this build cannot read: it could forbid something */
export async function organisationPolicy(draft: Draft): Promise<OrganisationPolicy | null> {
  const bytes = await draft.read(organisationPolicyPath);
  return bytes === null ? null : parseOrganisationPolicy(bytes);
}

/**
 * Of the policy for hosts the door heeds what it says about kinds of files, since no host would take such a version. The
 * manifest's files are those of the archive: that was checked before.
 * @throws DoorError DOOR_FILES
 */
export function checkFiles(policy: OrganisationPolicy | null, manifest: PluginManifest): void {
  if (policy === null) return;
  const source = { from: organisationPolicyPath, signed: true, policy };
  const why = refusedKinds(rulesFor([source], manifest), manifest.files);
  if (why !== null)
    throw new DoorError('DOOR_FILES', manifest.artifact.name, why, {
      hint: 'pack it without them, or ask the holders of the policy keys: ragv policy set',
    });
}
