import { AuditLog, alerts, lostWords, type IndexedEntry, type LogEntry } from '@ragnos/tlog';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { table } from '../text.ts';
import { auditOf } from '../vault/audit.ts';

/** The last entries, the newest first, with what is unusual about them, and the refusals that no commit has taken in yet. */
export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal } = context;
  const last = Number(options.text('last') ?? '20');
  if (!Number.isInteger(last) || last < 1)
    throw new CliError('USAGE', `--last ${options.text('last')} is no number of entries`);
  const { storage, head, lost, close } = await auditOf(context);
  try {
    const log = new AuditLog(storage);
    const history = Math.max(0, head.size - Math.max(last, historyLength));
    const known: IndexedEntry[] = [];
    for await (const item of log.entries(head, { from: history }, { signal })) known.push(item);
    const entries = known.slice(-last).toReversed();
    const pending = await log.pending(undefined, { signal });
    const unusual = alerts(known, undefined, entries.at(-1)?.index ?? 0);
    voice.answer({ head, entries, pending, alerts: unusual }, [
      ...table(entries.map(({ index, entry }) => [String(index), ...cells(entry)])),
      ...table(pending.map((entry) => ['waits', ...cells(entry)])),
    ]);
    for (const one of lost) voice.warn(`the log was ${lostWords(one)}`);
    for (const { message } of unusual) voice.warn(message);
    if (head.size === 0) voice.note('nothing is in the log yet');
  } finally {
    await close();
  }
  return;
}

/** Entries that are looked at to know what is usual. */
const historyLength = 5000;

function cells(entry: LogEntry): readonly string[] {
  const { time, kind, actor, host, roles, targets, code, subject, message } = entry;
  const what = [
    subject,
    code,
    message,
    targets === undefined || targets.count === 0
      ? undefined
      : `${targets.some[0]?.path ?? ''}${targets.count > 1 ? ` and ${targets.count - 1} more` : ''}`,
    roles?.some.map((role) => `${role.name} ${role.after?.version ?? 'removed'}`).join(', '),
  ];
  return [
    time.toISOString(),
    kind,
    `${actor.name}@${host}`,
    what.filter((text) => text !== undefined && text !== '').join('; '),
  ];
}
