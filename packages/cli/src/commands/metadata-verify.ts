import { ExpiredMetadataError, UnsignedMetadataError } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { keySetsOf, readMetadataFile, roleOf } from '../metadata/files.ts';
import { expiryText } from '../metadata/show-lines.ts';
import { countLines, countSignatures } from '../metadata/signatures.ts';

/** Signatures, threshold and expiry of one file; what it says of other files is not looked at. */
export async function run(context: Context): Promise<undefined> {
  const { voice, options } = context;
  const file = await readMetadataFile(context.args[0] ?? '');
  const role = roleOf(file, context);
  const { signed } = file.metadata;
  const sets = await keySetsOf(file, context);
  if (sets === null)
    throw new CliError('USAGE', `whose signatures does ${role} need?`, {
      hint: 'give --root <file> for a top-level role, --delegator <file> for a delegated one',
    });
  const counts = sets.map((set) => countSignatures(file.metadata, set));
  const missing = counts.find((one) => one.missing > 0);
  const expired = signed.expires.getTime() <= Date.now();
  voice.answer({ role, version: signed.version, expires: signed.expires, expired, counts }, [
    `${role} version ${signed.version}, ${expiryText(signed.expires)}`,
    ...countLines(counts),
  ]);
  if (signed.type === 'root' && options.text('root') === undefined)
    voice.warn('a root that is judged by its own keys alone proves nothing: give --root <the one before>');
  if (missing !== undefined)
    throw new UnsignedMetadataError(
      `${role} version ${signed.version}: signed by ${missing.good} of the ${missing.threshold} keys that ${missing.by} asks for`,
    );
  if (expired)
    throw new ExpiredMetadataError(
      `${role} version ${signed.version} expired at ${signed.expires.toISOString()}`,
    );
  return;
}
