import { writeFileAtomic } from '@ragnos/disk';
import { parseEvent, type AppliedEvent, type EventState, type SigningEvent } from '@ragnos/repository';
import { join } from 'node:path';
import type { Context } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { eventAnswer, eventLines, isEventFile, vaultEvents } from '../metadata/events.ts';
import { readWhole } from '../metadata/files.ts';
import { openVault, type Vault } from '../vault/vault.ts';

/** Publishes what was signed. Where the repository has moved on, the event is opened anew and waits for signatures again. */
export async function run(context: Context): Promise<number> {
  const given = context.args[0] ?? '';
  const file = isEventFile(given) ? parseEvent(await readWhole(given), given) : null;
  const vault = await openVault(context, { damaged: true });
  try {
    return await applyKept(file ?? given, vault, context);
  } finally {
    await vault.repository.close();
  }
}

/** An event of this vault by its id, or a copy of one, or one that was made elsewhere. `transcript`: the sha256 of a ceremony's. */
export async function applyKept(
  given: string | SigningEvent,
  vault: Vault,
  context: Context,
  transcript?: string,
): Promise<number> {
  const { voice, signal } = context;
  const folder = await vaultEvents(context);
  const id = typeof given === 'string' ? given : given.id;
  if (typeof given !== 'string' && !(await folder.list()).some(({ event }) => event.id === id))
    await folder.create(given, { signal });
  if (context.dryRun) {
    const { event } = typeof given === 'string' ? await folder.load(id) : { event: given };
    const seen = await vault.repository.reviewEvent(event, { signal });
    voice.answer({ ...eventAnswer({ event, state: 'open', file: '' }, seen), dryRun: true }, [
      seen.complete ? `would apply ${id}` : `${id} lacks signatures`,
    ]);
    return seen.complete ? exitCodes.ok[0] : exitCodes.pending[0];
  }
  let result: AppliedEvent | null = null;
  const kept = await folder.update(
    id,
    async (own) => {
      const event = typeof given === 'string' ? own : given;
      const applied = await vault.repository.applyEvent(event, { transcript, signal });
      result = applied;
      if (applied.outcome === 'reopened') return { event: applied.event, state: 'open' };
      const state: EventState = applied.outcome;
      return { event, state };
    },
    { signal },
  );
  return told(result, kept.event, kept.file, vault, context);
}

async function told(
  result: AppliedEvent | null,
  event: SigningEvent,
  file: string,
  vault: Vault,
  { voice, signal }: Context,
): Promise<number> {
  if (result === null) return exitCodes.failure[0];
  if (result.outcome === 'applied') {
    const versions = event.roles.map(({ name }) => name).join(', ');
    voice.answer(
      {
        id: event.id,
        outcome: 'applied',
        rootVersion: result.rootVersion,
        reset: result.reset,
        logLost: result.logLost,
        publish: result.publish,
      },
      [
        `applied ${event.id}: ${versions} ${event.roles.length === 1 ? 'is' : 'are'} published`,
        ...(result.rootVersion === null ? [] : [`root version ${result.rootVersion} is in force`]),
        ...(result.reset === null
          ? []
          : [
              `timestamp and snapshot have low versions again (${result.reset}); hosts follow, whatever they saw`,
            ]),
        ...(result.logLost
          ? [
              'the audit log is lost, so nothing can be published yet: ragv log restore <export.jsonl> puts it back, ragv log restart --reason <text> gives it up',
            ]
          : []),
      ],
    );
    if (result.rootVersion !== null) await keepNewest(vault, signal);
    return exitCodes.ok[0];
  }
  if (result.outcome === 'superseded') {
    voice.answer({ id: event.id, outcome: 'superseded', why: result.why }, [
      `${event.id} is superseded: ${result.why}, and the repository has all of it`,
    ]);
    return exitCodes.conflict[0];
  }
  const seen = await vault.repository.reviewEvent(event, { signal });
  voice.answer(
    { ...eventAnswer({ event, state: 'open', file }, seen), outcome: 'reopened', why: result.why },
    [
      `the repository has moved on (${result.why}): nothing was published`,
      'the event is opened anew, and every signature on it is gone:',
      ...eventLines({ event, state: 'open' }, seen),
    ],
  );
  return exitCodes.pending[0];
}

/** `root.json` beside `1.root.json`: what a host that begins now starts from. */
async function keepNewest(vault: Vault, signal: AbortSignal): Promise<void> {
  await writeFileAtomic(join(vault.folder, 'root.json'), (await vault.repository.root({ signal })).bytes);
}
