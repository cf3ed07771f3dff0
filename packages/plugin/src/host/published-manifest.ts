import type { PluginManifest } from '../formats/manifest.ts';
import type { PluginSpec } from '../names.ts';
import type { CallOptions } from './api.ts';
import { chooseVersion } from './choose.ts';
import { fetchContent } from './content.ts';
import type { Context } from './context.ts';
import { describeSource, locate, type Source } from './locate.ts';
import { openSession, readIndex, type Session } from './session.ts';
import { checkArchive, type VerifiedFile } from './unpack.ts';

/** A published version, each file as the signed manifest has it. */
export interface PublishedFiles {
  readonly manifest: PluginManifest;
  readonly files: readonly VerifiedFile[];
}

/**
 * The manifest of a published version, verified as for an installation, which it is not: a version that was taken back, or
 * is made for another Node, is described too if it is named exactly.
 */
export async function publishedManifest(
  context: Context,
  spec: PluginSpec,
  options: CallOptions,
): Promise<PluginManifest> {
  return (await described(context, spec, options)).manifest;
}

/** The same, with its files: nothing is unpacked, inspected or kept on purpose. The lock is held. @throws ARCHIVE_MISMATCH */
export async function publishedFiles(
  context: Context,
  spec: PluginSpec,
  options: CallOptions,
): Promise<PublishedFiles> {
  const { signal } = options;
  const { session, artifact, manifest } = await described(context, spec, options);
  const plugin = `${manifest.vendor}/${manifest.plugin}@${manifest.version}`;
  const { bytes } = await fetchContent(context, session, artifact, { plugin, signal });
  return { manifest, files: await checkArchive(bytes, manifest, context.limits, signal) };
}

async function described(
  context: Context,
  spec: PluginSpec,
  { signal }: CallOptions,
): Promise<Source & { readonly session: Session }> {
  const session = await openSession(context, signal);
  const index = await readIndex(context, session, spec, { remember: false, signal });
  const named = [...index.versions].find(([version]) => version === spec.wanted);
  const chosen =
    named === undefined
      ? await chooseVersion(index, spec.wanted, { revocations: session.revocations, prerelease: true })
      : { version: named[0], entry: named[1], exact: true };
  const located = await locate(context, session, index, chosen, signal);
  return { session, ...(await describeSource(context, session, index, located, chosen.version, signal)) };
}
