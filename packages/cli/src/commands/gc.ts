import { join } from 'node:path';
import { collect, eventFolder, type Amount, type AuditNote, type Collected } from '@ragnos/repository';
import { metadataToBytes } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { sha256 } from '../sha256.ts';
import { bytes, count, duration } from '../text.ts';
import { loadHolds } from '../vault/holds.ts';
import { readConfig } from '../vault/config.ts';
import { openVault, storeOf, vaultFolder, type Vault } from '../vault/vault.ts';

const hour = 3_600_000;
const usualHours = 24;
const shown = 3;

/** Says what nobody needs any more; with --apply it is deleted. `ragv gc hold …` is about what has to stay. */
export async function run(context: Context): Promise<undefined> {
  const { args, options, signal, voice } = context;
  if (args[0] === 'hold') return (await import('./gc-hold.ts')).hold(context);
  if (args.length > 0)
    throw new CliError('USAGE', `ragv gc ${args.join(' ')}: unknown`, {
      hint: 'ragv gc, or ragv gc hold add|remove|list',
    });
  const keepFor = hours(context, 'keep');
  const grace = hours(context, 'grace');
  const apply = options.flag('apply') && !context.dryRun;
  if (apply && grace < usualHours * hour)
    voice.warn(
      `a publish that has been under way for longer than ${duration(grace / 2)} may lose files; let none be`,
    );
  const vault = apply ? await openVault(context) : await forLooking(context);
  try {
    const staging = join(vault.folder, 'staging');
    voice.progress(`listing ${vault.storage.description}`, 0, null);
    const collected = await collect({
      storage: vault.storage,
      staging,
      keepFor,
      grace,
      holds: await loadHolds(vault, signal, { remembers: apply }),
      staged: () => stagedRoles(staging),
      apply,
      before: async (garbage) => vault.repository?.record(retentionNote(garbage), { signal }),
      signal,
    });
    voice.answer({ ...collected, keepHours: keepFor / hour, graceHours: grace / hour }, [
      ...lines(collected, vault.storage.description, grace),
      ...(options.flag('list') ? collected.garbage.map(({ key }) => `  ${key}`) : []),
    ]);
  } finally {
    await vault.repository?.close();
  }
  return;
}

/** Nothing is written to look: a vault on a disk that is read-only will do. */
async function forLooking(
  context: Context,
): Promise<Pick<Vault, 'folder' | 'storage'> & { readonly repository: null }> {
  const folder = vaultFolder(context);
  return { folder, storage: await storeOf(folder, await readConfig(folder)), repository: null };
}

/** What the log says before anything is deleted: how much, and a digest of the names, one a line in the order of their bytes. */
function retentionNote(garbage: Collected['garbage']): AuditNote {
  const names = garbage.map(({ key }) => Buffer.from(`${key}\n`)).toSorted((a, b) => Buffer.compare(a, b));
  const size = garbage.reduce((sum, file) => sum + file.size, 0);
  const subject = `deletes ${count(garbage.length, 'file')}, ${size} bytes; sha256 of the list ${sha256(Buffer.concat(names))}`;
  return { kind: 'retention', subject };
}

function hours({ options }: Context, name: string): number {
  const text = options.text(name) ?? String(usualHours);
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 24 * 365))
    throw new CliError('USAGE', `--${name} ${text} is no number of hours`);
  return value * hour;
}

/** What waits for signatures may name files that nothing else names. */
async function stagedRoles(staging: string): Promise<readonly Uint8Array[]> {
  const kept = await eventFolder(staging).list();
  return kept
    .filter(({ state }) => state === 'open')
    .flatMap(({ event }) => [
      ...event.roles.map(({ signed }) => metadataToBytes(signed, [])),
      ...event.base.map((role) => role.bytes),
    ]);
}

function lines(collected: Collected, where: string, grace: number): readonly string[] {
  const { all, garbage, young, held, spared, applied, oldest, remembered, knownFrom } = collected;
  const first = `${where}: ${amount(all)}`;
  if (oldest === null)
    return [
      first,
      'nothing can be deleted yet: it is not known which states clients may hold',
      remembered
        ? `where the head is now is remembered; run it again from ${knownFrom?.toISOString() ?? 'tomorrow'} on, best once a day`
        : 'this vault cannot be written, so nothing is remembered for the next run',
    ];
  const size = garbage.reduce((sum, file) => sum + file.size, 0);
  const verb = applied ? 'deleted' : 'would delete';
  return [
    first,
    `the oldest state that a client may still hold is snapshot version ${oldest}`,
    garbage.length === 0
      ? 'there is nothing that nobody needs'
      : `${verb} ${amount({ files: garbage.length - spared, bytes: size })} that nobody needs any more`,
    ...garbage.slice(0, applied ? 0 : shown).map(({ key }) => `  such as ${key}`),
    ...(young.files === 0
      ? []
      : [`${amount(young)} may belong to a publish under way: younger than ${duration(grace)}`]),
    ...(held.files === 0 ? [] : [`${amount(held)} that nobody needs are under a legal hold`]),
    ...(spared === 0 ? [] : [`${count(spared, 'file')} were left, since they were published again`]),
    ...(applied || garbage.length === 0 ? [] : ['next: ragv gc --apply']),
  ];
}

function amount({ files, bytes: length }: Amount): string {
  return `${count(files, 'file')} (${bytes(length)})`;
}
