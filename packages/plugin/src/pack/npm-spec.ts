import { PackError } from '../errors.ts';
import { loadRanges } from '../formats/versions.ts';

const name = /^(?:@[A-Za-z0-9_][\w.-]*\/)?[A-Za-z0-9_][\w.-]*$/;

/**
 * Reads `name`, `name@version`, `name@range`, `name@tag`. npm reads much more into a specifier (a folder, a tarball, git,
 * a URL), and a name that begins with a dash would be a flag: what passes here is the registry's and nothing else.
 *
 * @throws PackError `SOURCE_UNREADABLE`
 */
export async function npmSpec(spec: string): Promise<string> {
  const at = spec.indexOf('@', 1);
  const packageName = at < 0 ? spec : spec.slice(0, at);
  const wanted = at < 0 ? 'latest' : spec.slice(at + 1);
  const isTag = /^[A-Za-z][\w-]*$/.test(wanted);
  const good =
    spec.length <= 300 &&
    name.test(packageName) &&
    !/\.(?:tgz|tar|tar\.gz)$/i.test(packageName) &&
    (isTag || (/^[\w.^~<>=|*+ -]+$/.test(wanted) && (await loadRanges()).isRange(wanted)));
  if (!good)
    throw new PackError('SOURCE_UNREADABLE', `npm:${spec.slice(0, 120)}: expected npm:name@version`, {
      hint: 'only packages of the registry can be named; give a .tgz file for anything else',
    });
  return `${packageName}@${wanted}`;
}
