import { hostname } from 'node:os';
import { logHeadOf } from '@ragnos/repository';
import {
  alerts,
  AuditLog,
  emptyHead,
  lostWords,
  type Alert,
  type IndexedEntry,
  type LogHead,
} from '@ragnos/tlog';
import type { Context } from '../command.ts';
import type { Vault } from '../vault/vault.ts';
import type { SendAlert } from './alert.ts';

/** That the log was begun anew is told with its first entry, which is read once. */
function restarts(entries: readonly IndexedEntry[]): readonly Pick<Alert, 'message' | 'time'>[] {
  return entries.flatMap(({ index, entry: { lost, time } }) =>
    index === 0 && lost !== undefined ? [{ message: `the audit log was ${lostWords(lost)}`, time }] : [],
  );
}

/** Entries that are looked at to know what is usual. */
const history = 5000;

/**
 * Looks at what was written into the audit log since the last call, the first call at nothing: a key that signs on a machine where
 * it never did, a signer that no entry made valid, unusual frequency. Resolves whatever is wrong with the log: `ragv log verify`
 * is there to say that.
 */
export function logWatcher(
  { voice, signal }: Context,
  send: SendAlert | null,
): (vault: Vault) => Promise<void> {
  let seen: LogHead | null = null;
  const look = async ({ storage, repository, folder }: Vault): Promise<void> => {
    const head = logHeadOf(await repository.timestamp({ signal })) ?? emptyHead;
    const before: LogHead = seen ?? head;
    seen = head;
    const isNew = (head.restarts ?? 0) > (before.restarts ?? 0);
    const from = isNew ? 0 : before.size;
    if (head.size <= from) return;
    const entries: IndexedEntry[] = [];
    const range = { from: Math.max(0, Math.min(from, head.size - history)) };
    for await (const item of new AuditLog(storage).entries(head, range, { signal })) entries.push(item);
    for (const { message, time } of [
      ...(isNew ? restarts(entries) : []),
      ...alerts(entries, undefined, from),
    ]) {
      voice.warn(message);
      const failure = await send?.(
        {
          format: 'ragnos-alert/1',
          at: time.toISOString(),
          kind: 'trouble',
          trouble: 'unusual',
          text: message,
          roles: [],
          breaks: null,
          code: null,
          vault: folder,
          host: hostname(),
        },
        signal,
      );
      if (failure !== null && failure !== undefined) voice.warn(`the alert was not delivered: ${failure}`);
    }
  };
  return async (vault) =>
    look(vault).catch((error: unknown) => {
      if (signal.aborted) return;
      voice.warn(
        `the audit log was not looked at: ${error instanceof Error ? error.message : String(error)}`,
      );
    });
}
