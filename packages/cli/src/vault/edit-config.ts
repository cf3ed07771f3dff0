import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { writeFileAtomic } from '@ragnos/disk';
import { CliError } from '../errors.ts';
import { configFile, parseConfig, readConfig, type VaultConfig } from './config.ts';

type Keys = VaultConfig['keys'];

/**
 * Enters keys into ragv.toml, or takes them out, and leaves every other line of the operator's as it is. What comes out is read
 * back before it is written: a file from which it cannot be done that way is refused, and stays.
 * @throws CliError BAD_CONFIG
 */
export async function changeKeys(folder: string, change: (keys: Keys) => Keys): Promise<void> {
  const path = join(folder, configFile);
  await readConfig(folder); // bounded, and a plain file
  const text = await readFile(path, 'utf8');
  await writeFileAtomic(path, Buffer.from(withKeys(path, text, change)), { mode: 0o644 });
}

/** Whether keys can be entered at all, before any is made. @throws CliError BAD_CONFIG */
export async function refuseUneditable(folder: string): Promise<void> {
  const path = join(folder, configFile);
  const probe = { role: 'x', uri: 'file2:x' };
  withKeys(path, await readFile(path, 'utf8'), (keys) => ({ ...keys, ['0'.repeat(64)]: probe }));
}

/** The text with other keys. @throws CliError BAD_CONFIG where it would say anything else than what is wanted */
export function withKeys(path: string, text: string, change: (keys: Keys) => Keys): string {
  const before = parseConfig(path, text);
  const wanted = { ...before, keys: change(before.keys) };
  const gone = Object.keys(before.keys).filter((id) => !isDeepStrictEqual(before.keys[id], wanted.keys[id]));
  const fresh = Object.entries(wanted.keys).filter(([id, key]) => !isDeepStrictEqual(key, before.keys[id]));
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const kept = withoutTables(text, new Set(gone));
  const ended = kept === '' || kept.endsWith('\n') ? kept : `${kept}${eol}`;
  const edited = ended + fresh.map((entry) => eol + tableOf(...entry, eol)).join('');
  try {
    if (isDeepStrictEqual(parseConfig(path, edited), wanted)) return edited;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
  }
  throw new CliError(
    'BAD_CONFIG',
    `${path}: its keys are not written as ragv writes them; it was left as it is`,
    {
      hint: 'give each key a table of its own, [keys.<id>], with one line each for role and uri',
    },
  );
}

function tableOf(keyId: string, { role, uri }: Keys[string], eol: string): string {
  return [`[keys.${keyId}]`, `role = ${JSON.stringify(role)}`, `uri = ${JSON.stringify(uri)}`, ''].join(eol);
}

/** Takes out the header and the two settings of each table, and one empty line; whatever else stands there is the operator's. */
function withoutTables(text: string, gone: ReadonlySet<string>): string {
  const kept: string[] = [];
  let inside = false;
  for (const line of text.split('\n')) {
    const header = /^\s*\[\s*(?:keys\s*\.\s*["']?([0-9a-f]{64})["']?\s*)?/.exec(line);
    if (header !== null) {
      inside = header[1] !== undefined && gone.has(header[1]);
      if (inside) {
        if (kept.at(-1)?.trim() === '') kept.pop();
        continue;
      }
    }
    if (!inside || !/^\s*(?:role|uri)\s*=/.test(line)) kept.push(line);
  }
  return kept.join('\n');
}
