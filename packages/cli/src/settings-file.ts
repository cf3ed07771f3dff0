import { readFile } from 'node:fs/promises';
import { isJsonObject, parseJson } from '@ragnos/tuf';
import { CliError } from './errors.ts';

/** `{ "folders": ["/data"], "level": 3 }`: what a bundle asks its person for. */
export async function readSettings(
  file: string | undefined,
): Promise<ReadonlyMap<string, readonly string[]> | undefined> {
  if (file === undefined) return undefined;
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new CliError('NO_SUCH_FILE', `${file} cannot be read`, { cause });
  });
  const json = parseJson(bytes, file);
  const values = isJsonObject(json) ? Object.entries(json) : [];
  return new Map(
    values.map(([name, value]) => {
      const list = Array.isArray(value) ? value : [value];
      const texts = list.flatMap((item) =>
        ['string', 'number', 'boolean'].includes(typeof item) ? [String(item)] : [],
      );
      if (texts.length !== list.length)
        throw new CliError(
          'USAGE',
          `${file}: ${name} is neither a text, a number, true or false, nor a list of them`,
        );
      return [name, texts] as const;
    }),
  );
}
