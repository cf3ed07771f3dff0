import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { generateSigner, openSigner, type Signer } from '@ragnos/signing';
import type { Key } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { keyType } from '../key-type.ts';
import { askLine } from '../prompt.ts';
import { passwordFor } from '../vault/passwords.ts';
import { readPublicKey } from '../vendor/keys.ts';
import { isTerminal } from '../voice.ts';
import { namedUri } from './open-keys.ts';

/** Somebody at the table, or somebody who sent a public key. */
export interface KeyHolder {
  readonly name: string;
  readonly key: Key;
  /** `null`: only the public key is here. */
  readonly signer: Signer | null;
  /** The key was made in this ceremony. */
  readonly fresh: boolean;
}

/** Who will hold a root key, and how many of them have to sign. */
export interface Table {
  /** `<name>=file2:<path>`, or `<name>=<file>.pub`. */
  readonly given: readonly string[];
  readonly threshold: number;
}

/** From `--keys` and `--threshold`, or from a person. @throws CliError USAGE */
export async function readTable(context: Context): Promise<Table> {
  const { options, voice, signal } = context;
  let given = options.list('keys');
  let threshold = options.text('threshold');
  if (given.length === 0 && isTerminal()) {
    voice.note('Everybody who will hold a root key sits here, with a medium of his own to keep it on.');
    const people = Number(await askLine('How many root keys? [5] ', '5', signal));
    if (!(people >= 1 && people <= 32)) throw new CliError('USAGE', 'from 1 to 32 keys');
    const list: string[] = [];
    for (let index = 1; index <= people; index++) {
      const name = await askLine(`Name of key holder ${index}: `, `holder${index}`, signal);
      const path = await askLine(
        `Where is, or will be, the key of ${name}? [${name}.p8] `,
        `${name}.p8`,
        signal,
      );
      list.push(`${name}=file2:${path}`);
    }
    given = list;
    const most = String(Math.floor(people / 2) + 1);
    threshold ??= await askLine(`How many of them have to sign? [${most}] `, most, signal);
  }
  if (given.length === 0 || threshold === undefined)
    throw new CliError('USAGE', 'who takes part, and how many of them have to sign?', {
      hint: 'give --keys <name>=file2:<path> …, and --threshold <n>; on a terminal both are asked for',
    });
  const needed = Number(threshold);
  if (!Number.isInteger(needed) || needed < 1 || needed > given.length)
    throw new CliError('USAGE', `--threshold ${threshold} with ${given.length} keys`);
  return { given, threshold: needed };
}

/** One after the other: a key file that is there is opened, one that is not is made. */
export async function takeSeats(given: readonly string[], context: Context): Promise<readonly KeyHolder[]> {
  const names = new Set<string>();
  const holders: KeyHolder[] = [];
  for (const one of given) {
    const holder = await takeSeat(one, context);
    if (names.has(holder.name)) throw new CliError('USAGE', `two key holders are called ${holder.name}`);
    names.add(holder.name);
    holders.push(holder);
    const { name, key, fresh, signer } = holder;
    const how =
      signer === null
        ? 'is not here; of the public key alone nobody knows who holds it'
        : fresh
          ? 'has a new key'
          : 'has a key';
    context.voice.note(`${name} ${how}: ${key.keyId}`);
  }
  return holders;
}

async function takeSeat(given: string, context: Context): Promise<KeyHolder> {
  const { options, signal } = context;
  const [, absent, file = ''] = /^([A-Za-z0-9][A-Za-z0-9._-]{0,60})=([^:]+\.pub)$/.exec(given) ?? [];
  if (absent !== undefined)
    return { name: absent, key: await readPublicKey(file), signer: null, fresh: false };
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,60}=/.test(given))
    throw new CliError('USAGE', `whose key is ${JSON.stringify(given)}?`, {
      hint: 'write <name>=file2:<path>',
    });
  const { name, uri } = namedUri(given, '');
  const path = /^file2:(.+)$/.exec(uri)?.[1];
  const password = passwordFor(name, context);
  if (path === undefined || existsSync(path)) {
    const signer = await openSigner(uri, { password, signal });
    return { name, key: signer.key, signer, fresh: false };
  }
  if (!existsSync(dirname(path)))
    throw new CliError('USAGE', `${name}: there is no folder ${dirname(path)} for a new key`, {
      hint: `is the medium mounted? A folder on it is made by hand. Whoever is away takes part by a public key: ${name}=<file>.pub`,
    });
  const type = keyType(options.text('key-type'));
  const signer = await generateSigner({ path, type, password, signal });
  return { name, key: signer.key, signer, fresh: true };
}
