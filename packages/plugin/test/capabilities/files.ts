import { inspectFiles, type Inspection, type InspectOptions } from '@ragnos/plugin';

/** Looks at a plugin that is given as texts. */
export async function inspect(
  files: Readonly<Record<string, string | Uint8Array>>,
  options: InspectOptions = {},
): Promise<Inspection> {
  const bodies = new Map(
    Object.entries(files).map(([path, body]) => [path, typeof body === 'string' ? Buffer.from(body) : body]),
  );
  return inspectFiles(
    [...bodies].map(([path, body]) => ({ path, size: body.length })),
    (path) => bodies.get(path) ?? new Uint8Array(),
    options,
  );
}

/** `fs.read $home/.ssh`, `exec ?`: what was found, in short. */
export function short({ used }: Inspection): readonly string[] {
  return used.map(({ capability, value }) => `${capability}${value === '' ? '' : ` ${value ?? '?'}`}`);
}

/** What one program uses. */
export async function usesOf(code: string, path = 'lib/index.js'): Promise<readonly string[]> {
  return short(await inspect({ [path]: code }));
}
