import { CliError } from './errors.ts';
import { readJsonObject } from './json-file.ts';

const hint = 'such as { "folders": ["/data"], "level": 3 }, with the names that the bundle asks for';

/** What a bundle asks its person for, by name; a setting may have several values. @throws CliError NO_SUCH_FILE, USAGE */
export async function readSettings(
  file: string | undefined,
): Promise<ReadonlyMap<string, readonly string[]> | undefined> {
  if (file === undefined) return undefined;
  return new Map(
    Object.entries(await readJsonObject(file, hint)).map(([name, value]) => {
      const list = Array.isArray(value) ? value : [value];
      const texts = list.flatMap((item) =>
        ['string', 'number', 'boolean'].includes(typeof item) ? [String(item)] : [],
      );
      if (texts.length !== list.length)
        throw new CliError(
          'USAGE',
          `${file}: ${name} is neither a text, a number, true or false, nor a list of them`,
          { hint },
        );
      return [name, texts] as const;
    }),
  );
}
