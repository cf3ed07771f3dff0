import type { PluginManifest } from '../formats/manifest.ts';
import type { PluginSpec } from '../names.ts';
import type { CallOptions } from './api.ts';
import { chooseVersion } from './choose.ts';
import type { Context } from './context.ts';
import { describeSource, locate } from './locate.ts';
import { openSession, readIndex } from './session.ts';

/**
 * The manifest of a published version, verified as for an installation, which it is not: a version that was taken back, or
 * is made for another Node, is described too if it is named exactly.
 */
export async function publishedManifest(
  context: Context,
  spec: PluginSpec,
  { signal }: CallOptions,
): Promise<PluginManifest> {
  const session = await openSession(context, signal);
  const index = await readIndex(context, session, spec, { remember: false, signal });
  const named = [...index.versions].find(([version]) => version === spec.wanted);
  const chosen =
    named === undefined
      ? await chooseVersion(index, spec.wanted, { revocations: session.revocations, prerelease: true })
      : { version: named[0], entry: named[1], exact: true };
  const located = await locate(context, session, index, chosen, signal);
  return (await describeSource(context, session, index, located, chosen.version, signal)).manifest;
}
