import { join } from 'node:path';
import { nodeFileSystem, writeFileAtomic } from '@ragnos/disk';
import { parse, TomlError } from 'smol-toml';
import { compatClients } from '@ragnos/repository';
import * as v from 'valibot';
import { CliError } from '../errors.ts';

const days = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(3650));

const schema = v.strictObject({
  format: v.literal(1),
  vendor: v.string(),
  store: v.optional(v.pipe(v.string(), v.minLength(1))),
  compat: v.optional(v.array(v.picklist(compatClients))),
  purge: v.optional(
    v.union([
      v.strictObject({ cloudfront: v.string(), prefix: v.optional(v.string()) }),
      v.strictObject({
        url: v.string(),
        method: v.optional(v.string()),
        header: v.optional(v.strictObject({ name: v.string(), env: v.string() })),
        body: v.optional(v.string()),
      }),
    ]),
  ),
  lifetimes: v.strictObject({ root: days, targets: days, snapshot: days, timestamp: days, delegated: days }),
  keys: v.record(
    v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
    v.strictObject({ role: v.string(), uri: v.string() }),
  ),
});

/** `ragv.toml`: the operator's settings. Who may sign what is in the metadata; here is only where the keys are. */
export type VaultConfig = v.InferOutput<typeof schema>;

export const configFile = 'ragv.toml';
/** Bytes; a thousand keys have a fifth of this. */
const maxLength = 1_000_000;

/** @throws CliError `NOT_A_VAULT` where there is none, `BAD_CONFIG` naming what is wrong in it */
export async function readConfig(folder: string): Promise<VaultConfig> {
  const path = join(folder, configFile);
  const bytes = await nodeFileSystem.read(path, maxLength).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError('BAD_CONFIG', `${path} cannot be read: ${reason}`, {
      cause,
      hint: `it is a plain file of at most ${maxLength} bytes that you may read`,
    });
  });
  if (bytes === null)
    throw new CliError('NOT_A_VAULT', `${folder} is no vault: there is no ${configFile} in it`, {
      hint: 'name the folder with --vault, or make one with: ragv init ./vault',
    });
  return parseConfig(path, new TextDecoder().decode(bytes));
}

/** @throws CliError `BAD_CONFIG` naming what is wrong in it */
export function parseConfig(path: string, text: string): VaultConfig {
  return check(path, parseToml(path, text));
}

function parseToml(path: string, text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    throw new CliError('BAD_CONFIG', `${path}: line ${cause.line}: ${cause.message.split('\n')[0]}`, {
      cause,
    });
  }
}

function check(path: string, data: unknown): VaultConfig {
  const result = v.safeParse(schema, data);
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new CliError('BAD_CONFIG', `${path}: ${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`, {
    hint: 'a setting is misspelt, missing or of the wrong type',
  });
}

/** Of a new vault; later only `changeKeys` writes into the file, which is the operator's then. */
export async function writeConfig(folder: string, config: VaultConfig): Promise<void> {
  await writeFileAtomic(join(folder, configFile), Buffer.from(configText(config)), { mode: 0o644 });
}

function configText(config: VaultConfig): string {
  const { lifetimes } = config;
  const keys = Object.entries(config.keys).map(
    ([id, key]) => `[keys.${id}]\nrole = ${JSON.stringify(key.role)}\nuri = ${JSON.stringify(key.uri)}\n`,
  );
  return `# The operator's settings of this repository. Who may sign what is in the signed metadata;
# this file only says where the keys are. Written by ragv.
format = 1
# Whose plugins \`ragv publish\` publishes unless --vendor says otherwise.
vendor = ${JSON.stringify(config.vendor)}
${storeText(config.store)}
# Clients of other makes that have to read the repository: ${compatClients.join(', ')}. Publishing refuses what one of them cannot read.
compat = ${JSON.stringify(config.compat ?? [])}
${purgeText(config.purge)}
# Days from signing to expiry. \`ragv status\` shows what is due.
[lifetimes]
root = ${lifetimes.root}
targets = ${lifetimes.targets}
snapshot = ${lifetimes.snapshot}
timestamp = ${lifetimes.timestamp}
delegated = ${lifetimes.delegated}

# Where the private keys are, by key id.
${keys.join('\n')}`;
}

function storeText(store: string | undefined): string {
  const about = `
# Where the published files are; without it, the folder public/ beside this file. See docs/storage.md.`;
  return `${about}\n${store === undefined ? '# store = "s3://bucket/prefix?region=eu-central-1"' : `store = ${JSON.stringify(store)}`}\n`;
}

/** In one line, so that it stays where it is however it is written. */
function purgeText(purge: VaultConfig['purge']): string {
  const about = `
# A CDN that keeps timestamp.json although it says no-store is told to forget it after each commit: docs/storage.md.`;
  return `${about}\n${purge === undefined ? '# purge = { cloudfront = "E1A2B3C4D5E6F7" }' : `purge = ${inline(purge)}`}\n`;
}

type Inline = Readonly<Record<string, string | undefined | Readonly<Record<string, string>>>>;

function inline(value: Inline): string {
  const members = Object.entries(value).flatMap(([name, item]) =>
    item === undefined ? [] : [`${name} = ${typeof item === 'string' ? JSON.stringify(item) : inline(item)}`],
  );
  return `{ ${members.join(', ')} }`;
}
