import type { Explanation } from '@ragnos/client';

import { firstSeenOf } from '../formats/catalog.ts';
import type { PluginSpec } from '../names.ts';
import { pluginPath, pluginVersion } from '../names.ts';
import type { CallOptions } from './api.ts';
import type { PluginExplanation } from './reports.ts';
import { chooseVersion } from './choose.ts';
import type { Context } from './context.ts';
import { reasonOf } from './look.ts';
import { readSeen, unseen } from './seen.ts';
import { openSession, readIndex } from './session.ts';
import { heldFor } from './verify.ts';

/** Why a version is trusted: its index, manifest and artifact are targets of their own, each explained. */
export async function explain(
  context: Context,
  spec: PluginSpec,
  { signal }: CallOptions,
): Promise<PluginExplanation> {
  const session = await openSession(context, signal);
  const { revocations, updater } = session;
  const index = await readIndex(context, session, spec, { remember: false, signal });
  // What was taken back cannot be chosen, and is what somebody may want to have explained.
  const seen = await readSeen(context, session, spec, { remember: false, signal });
  const named = [...index.versions.keys()].find((version) => version === spec.wanted);
  const version =
    named ?? (await chooseVersion(index, spec.wanted, { revocations, prerelease: true })).version;
  const entry = index.versions.get(pluginVersion(version));
  const refused = entry === undefined ? null : unseen(seen, index, { version, entry });
  const { vendor, plugin } = index;
  const files = ['index.json', entry?.manifest.name, entry?.artifact.name].filter(
    (name) => name !== undefined,
  );
  const targets: Explanation[] = [];
  for (const file of files) targets.push(await updater.explain(pluginPath(vendor, plugin, file), { signal }));
  const revoked =
    entry === undefined
      ? null
      : reasonOf(revocations, { artifact: entry.artifact.sha256, manifest: entry.manifest.sha256 });
  return {
    repository: context.record.alias,
    vendor,
    plugin,
    version,
    yanked: entry?.yanked ?? null,
    revoked,
    firstSeen: entry === undefined || seen === null ? null : firstSeenOf(seen.digests, entry),
    refused: refused === null ? null : heldFor(refused),
    targets,
  };
}
