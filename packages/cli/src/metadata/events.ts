import { writeFileAtomic } from '@ragnos/disk';
import {
  eventFolder,
  eventToBytes,
  parseEvent,
  review,
  type EventFolder,
  type EventState,
  type Review,
  type SignerTrust,
  type SigningEvent,
} from '@ragnos/repository';
import { join } from 'node:path';
import { formatDate } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { readConfig } from '../vault/config.ts';
import { vaultFolder } from '../vault/vault.ts';
import { readWhole } from './files.ts';
import { expiryText } from './show-lines.ts';

/** An event that is named on the command line: a file that travels, or one of the vault's, by its id. */
export interface NamedEvent {
  readonly event: SigningEvent;
  readonly state: EventState;
  readonly file: string;
  /** Writes it back, at once or not at all. */
  replace(change: (event: SigningEvent) => Promise<SigningEvent>): Promise<SigningEvent>;
}

/** The events of the vault that the options name. @throws CliError NOT_A_VAULT */
export async function vaultEvents(context: Context): Promise<EventFolder> {
  const folder = vaultFolder(context);
  await readConfig(folder);
  return eventFolder(join(folder, 'staging'));
}

export function isEventFile(given: string): boolean {
  return given.endsWith('.json') || given.includes('/') || given.includes('\\');
}

export async function namedEvent(given: string, context: Context): Promise<NamedEvent> {
  if (isEventFile(given)) return eventInFile(given);
  const folder = await vaultEvents(context);
  const kept = await folder.load(given);
  return {
    ...kept,
    replace: async (change) => {
      const next = await folder.update(given, async (event) => ({
        event: await change(event),
        state: 'open',
      }));
      return next.event;
    },
  };
}

async function eventInFile(file: string): Promise<NamedEvent> {
  const event = parseEvent(await readWhole(file), file);
  return {
    event,
    state: 'open',
    file,
    async replace(change) {
      const next = await change(event);
      await writeFileAtomic(file, eventToBytes(next), { mode: 0o644 });
      return next;
    },
  };
}

/**
 * What this signer trusts, from elsewhere than the event: `--root`, `--fingerprint`, or the root that the vault was made
 * with. @throws CliError USAGE
 */
export async function signerTrust(given: string, context: Context): Promise<SignerTrust> {
  const { options } = context;
  const [root, fingerprint] = [options.text('root'), options.text('fingerprint')];
  if (root !== undefined && fingerprint !== undefined)
    throw new CliError('USAGE', 'give either --root or --fingerprint');
  if (root !== undefined) return { root: await readWhole(root) };
  if (fingerprint !== undefined) return { fingerprint };
  if (!isEventFile(given)) return { root: await readWhole(join(vaultFolder(context), '1.root.json')) };
  throw new CliError('USAGE', 'from which root is the event to be judged?', {
    hint: 'give --root <file>, the newest root that you trust, or --fingerprint <sha256>; never one that came with the event',
  });
}

export async function reviewed(named: NamedEvent, given: string, context: Context): Promise<Review> {
  return review(named.event, await signerTrust(given, context), new Date());
}

/** What nobody should sign without having read it. */
export function looks(seen: Review): readonly string[] {
  return [
    ...seen.roles.flatMap(({ name, warnings }) =>
      warnings.map((warning) => (warning.startsWith(`${name}: `) ? warning : `${name}: ${warning}`)),
    ),
    ...(seen.sameWords ? [] : ['the event describes itself in other words than these; believe these']),
  ];
}

/** The whole event for people: what it changes first, then who has signed and who may. */
export function eventLines(named: Pick<NamedEvent, 'event' | 'state'>, seen: Review): readonly string[] {
  return changeLines(named, seen, looks(seen));
}

/** As `eventLines`, with those `looks`: none where they are said as warnings. */
export function changeLines(
  { event, state }: Pick<NamedEvent, 'event' | 'state'>,
  seen: Review,
  said: readonly string[],
): readonly string[] {
  return [
    `${event.id}, round ${event.round}, ${state}${event.reason === '' ? '' : `: ${event.reason}`}`,
    `deadline: ${formatDate(event.deadline)}, ${expiryText(event.deadline)}`,
    ...seen.words,
    ...said.map((line) => `look: ${line}`),
    ...seen.roles.flatMap(({ name, after, sha256, needs, strangers }) => [
      `${name} version ${after.version} is signed as sha256:${sha256}`,
      ...needs.flatMap(({ by, role, signedBy, missing }) => [
        `  for ${by}: ${signedBy.length} of ${role.threshold}${missing === 0 ? ', complete' : `, ${missing} missing`}`,
        ...role.keyIds.map((id) => `    ${signedBy.includes(id) ? 'signed' : '      '}  ${id}`),
      ]),
      ...strangers.map((id) => `  counts for nothing: a signature of ${id}`),
    ]),
  ];
}

/** For `--json`: without keys and bytes, which are in the file. */
export function eventAnswer({ event, state, file }: Omit<NamedEvent, 'replace'>, seen: Review): object {
  return {
    id: event.id,
    round: event.round,
    state,
    file,
    reason: event.reason,
    created: event.created,
    deadline: event.deadline,
    overdue: seen.overdue,
    complete: seen.complete,
    trustedRoot: seen.root.version,
    sameWords: seen.sameWords,
    roles: seen.roles.map(({ name, after, sha256, differences, warnings, needs, strangers, complete }) => ({
      role: name,
      version: after.version,
      sha256,
      complete,
      differences,
      warnings,
      needs: needs.map(({ by, role, signedBy, missing }) => ({
        by,
        threshold: role.threshold,
        keyIds: role.keyIds,
        signedBy,
        missing,
      })),
      strangers,
    })),
  };
}

/** `--deadline <days>` from now, 14 unless said. @throws CliError USAGE */
export function deadlineOf(context: Context): Date {
  const text = context.options.text('deadline') ?? '14';
  const days = Number(text);
  if (!(days > 0 && days <= 365))
    throw new CliError('USAGE', `--deadline ${text} is no number of days up to 365`);
  return new Date(Math.floor(Date.now() / 1000 + days * 24 * 3600) * 1000);
}
