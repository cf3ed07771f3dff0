import { readFile } from 'node:fs/promises';
import { isJsonObject, parseJson, VaultError, type JsonObject } from '@ragnos/tuf';
import { CliError } from './errors.ts';

/**
 * The object in a JSON file that was named on the command line: what is wrong with it is whoever wrote it there to mend, and says
 * nothing of a repository. A pipe will do, so that a secret need not be on the disk.
 * @throws CliError NO_SUCH_FILE, USAGE with `hint`
 */
export async function readJsonObject(file: string, hint: string): Promise<JsonObject> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new CliError('NO_SUCH_FILE', `${file} cannot be read`, { cause });
  });
  try {
    const json = parseJson(bytes, file);
    if (isJsonObject(json)) return json;
  } catch (cause) {
    if (!(cause instanceof VaultError)) throw cause;
    throw new CliError('USAGE', cause.message, { cause, hint });
  }
  throw new CliError('USAGE', `${file} holds no object`, { hint });
}
