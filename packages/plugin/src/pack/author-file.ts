import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FileToPack } from '../archive/tar-writer.ts';
import { FormatError, PackError } from '../errors.ts';
import { noAuthorFile, parseAuthorFile, type AuthorFile } from '../formats/author.ts';
import type { Source } from './source.ts';

/**
 * ragv.json of what is packed. One that lies in the folder and is not packed is no statement that could be left out in
 * silence: its plugin would ask for something else, or be something else, than its author wrote.
 * @throws PackError `RAGV_JSON`
 */
export function readAuthor({ folder }: Pick<Source, 'folder'>, own: readonly FileToPack[]): AuthorFile {
  const file = own.find((item) => item.path === 'ragv.json');
  if (file === undefined && folder !== null && existsSync(join(folder, 'ragv.json')))
    throw new PackError('RAGV_JSON', `ragv.json lies in ${folder}, and npm leaves it out of the package`, {
      hint: 'add it to "files" in package.json, or take it out of .npmignore',
    });
  if (file === undefined) return noAuthorFile;
  try {
    return parseAuthorFile(file.body);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new PackError('RAGV_JSON', cause.message, {
      cause,
      ...(cause.hint === undefined ? {} : { hint: cause.hint }),
    });
  }
}
