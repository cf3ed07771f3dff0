import { realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConfineRefusedError } from './errors.ts';
import type { ConfineOptions } from './api.ts';
import { isInside, overlaps } from './inside.ts';
import { sandboxRoot } from './launch.ts';

/** Variables by which a program is told to run other code, or to look elsewhere for its own. */
const loaders =
  /^(?:NODE_.*|LD_.*|DYLD_.*|PYTHON.*|PERL.*|RUBY.*|BASH_ENV|ENV|IFS|SHELLOPTS|OPENSSL_CONF|OPENSSL_MODULES|GCONV_PATH|SSLKEYLOGFILE)$/;

/** Mounted or made by us inside a sandbox: nothing of the host can take their place. */
const ours = ['/proc', '/dev', '/sys', '/ragv', sandboxRoot];

/**
 * The host has resolved the grant; this is the second pair of eyes, on what would undo the confinement.
 * @throws ConfineRefusedError `GRANT_IMPOSSIBLE`, `MODE_UNSUITABLE`
 */
export function checkGrant(options: ConfineOptions): void {
  const { grant, mode, runtime, folder, entry, files } = options;
  const impossible = (message: string): never => {
    throw new ConfineRefusedError('GRANT_IMPOSSIBLE', message);
  };
  if (!path.isAbsolute(folder)) impossible(`the tree ${folder} is not an absolute path`);
  if (!files.has(entry)) impossible(`the entry ${entry} is not among the verified files`);
  for (const place of [...grant.read, ...grant.write, ...grant.exec]) {
    if (!path.isAbsolute(place) || path.normalize(place) !== place)
      impossible(`${place} is not an absolute real path`);
    const denied = (options.deny ?? []).find((kept) => overlaps(kept, place));
    if (denied !== undefined) impossible(`${place} would open ${denied}, which belongs to the host`);
  }
  if (mode === 'trusted') return;
  for (const place of [...grant.read, ...grant.write])
    if (place === '/' || ours.some((one) => place === one || place.startsWith(`${one}/`)))
      impossible(`${place} cannot be granted to a confined plugin`);
  const copies = realpathSync(tmpdir()); // or in /dev/shm, which is ours
  for (const place of grant.write) {
    if (isInside(copies, place))
      throw new ConfineRefusedError(
        'GRANT_IMPOSSIBLE',
        `${place} would let it write in ${copies}, where the files are from which plugins run`,
        { hint: `grant a folder in ${place}` },
      );
    if (overlaps(place, folder)) impossible(`${place} would let it write its own tree`);
  }
  for (const [name, value] of grant.env) {
    if (loaders.test(name)) impossible(`the variable ${name} changes what code runs`);
    if (!/^[A-Za-z_]\w*$/.test(name) || value.includes('\0'))
      impossible(`${JSON.stringify(name)} is no variable`);
  }
  if (mode === 'compute') checkCompute(options);
  if (runtime !== 'node' && mode !== 'sandbox')
    throw new ConfineRefusedError(
      'MODE_UNSUITABLE',
      `nothing but the operating system can confine ${runtime}`,
      {
        hint: 'mode sandbox',
      },
    );
  if (runtime !== 'node' && options.runner !== undefined)
    throw new ConfineRefusedError(
      'MODE_UNSUITABLE',
      `a plugin in ${runtime} has standard input and output, no runner`,
    );
}

function checkCompute({ grant, runtime }: ConfineOptions): void {
  const { read, write, connect, exec, env } = grant;
  const asked = read.length + write.length + connect.length + exec.length + env.size;
  if (asked > 0 || grant.native || grant.worker || runtime !== 'node')
    throw new ConfineRefusedError(
      'MODE_UNSUITABLE',
      'mode compute grants nothing but processor time and memory',
      {
        hint: 'mode sandbox or process',
      },
    );
}
