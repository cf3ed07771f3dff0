import { refusedFiles } from '../capabilities/extensions.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import type { PluginIndex } from '../formats/plugin-index.ts';
import type { PluginVersion } from '../names.ts';
import type { Context } from './context.ts';
import { HostPolicyError } from './errors.ts';
import { locate, signedManifest, type Versioned } from './locate.ts';
import type { PlacedRule } from './policy.ts';
import type { Session } from './session.ts';

/** The files of a version, by its signed manifest; `null` = too many versions were looked at already. */
export type FilesOf = (one: Versioned) => Promise<PluginManifest['files'] | null>;

/** A manifest may have 16 MB, and a plugin a thousand versions that a rule refuses. */
const maxLooks = 50;

/** For a judgement before anything is installed: reads each manifest once, verified as for an installation. */
export function filesByManifest(
  context: Context,
  session: Session,
  index: PluginIndex,
  signal: AbortSignal | undefined,
): FilesOf {
  const read = async (one: Versioned): Promise<PluginManifest['files']> => {
    const located = await locate(context, session, index, one, signal);
    return (await signedManifest(context, session, index, located, one.version, signal)).manifest.files;
  };
  const known = new Map<PluginVersion, Promise<PluginManifest['files']>>();
  return async (one) => {
    const before = known.get(one.version);
    if (before !== undefined) return before;
    if (known.size === maxLooks) return null;
    const reading = read(one);
    known.set(one.version, reading);
    return reading;
  };
}

/** What the first rule says that has no such files in a plugin, in words; `null` = every rule lets all of them through. */
export function refusedKinds(rules: readonly PlacedRule[], files: PluginManifest['files']): string | null {
  const paths = files.map(({ path }) => path);
  for (const { place, rule } of rules) {
    const refused = rule.files === null ? [] : refusedFiles(paths, rule.files);
    if (refused.length === 0) continue;
    const some = refused.slice(0, 3).join(', ');
    const more = refused.length > 3 ? ` and ${refused.length - 3} more` : '';
    const because = rule.reason === null ? '' : `: ${rule.reason}`;
    const kinds = refused.length === 1 ? 'a kind of file' : 'kinds of files';
    return `holds ${some}${more}, ${kinds} that ${place} refuses${because}`;
  }
  return null;
}

/** The same as what a host throws. `name`: with the version. */
export function kindsError(
  rules: readonly PlacedRule[],
  name: string,
  files: PluginManifest['files'],
): HostPolicyError | null {
  const why = refusedKinds(rules, files);
  return why === null ? null : kindError(name, why);
}

/** For choosing a version: a rule about files needs to know them, and what nobody looked at it refuses. */
export async function kindsObjection(
  placed: PlacedRule,
  name: string,
  filesOf: FilesOf,
  one: Versioned,
): Promise<HostPolicyError | null> {
  if (placed.rule.files === null) return null;
  const files = await filesOf(one);
  if (files !== null) return kindsError([placed], name, files);
  return kindError(
    name,
    `is refused by ${placed.place}: the files of ${maxLooks} newer versions were looked at`,
  );
}

function kindError(name: string, why: string): HostPolicyError {
  return new HostPolicyError('FILE_KIND', `${name} ${why}`, {
    hint: `ragv policy explain ${name.slice(0, name.indexOf('@'))}`,
  });
}
