import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { logHeadOf } from '@ragnos/repository';
import type { Storage } from '@ragnos/storage';
import { emptyHead, type LogHead, type LostLog } from '@ragnos/tlog';
import { logRestarts } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { openVault } from './vault.ts';

export interface Audit {
  readonly storage: Storage;
  /** As the verified timestamp of this vault's repository carries it. */
  readonly head: LogHead;
  /** The logs before this one, the first first; not this one, which root may have given up already. */
  readonly lost: readonly LostLog[];
  readonly close: () => Promise<void>;
}

export async function auditOf(context: Context): Promise<Audit> {
  const vault = await openVault(context);
  const close = (): Promise<void> => vault.repository.close();
  try {
    const timestamp = await vault.repository.timestamp({ signal: context.signal });
    const head = logHeadOf(timestamp) ?? emptyHead;
    const { signed } = await vault.repository.root({ signal: context.signal });
    const lost = logRestarts(signed).slice(0, head.restarts ?? 0);
    return { storage: vault.storage, head, lost, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The lines of an export that is named on the command line, from the first on as often as asked. @throws CliError NO_SUCH_FILE */
export async function exportedLines(file: string, signal: AbortSignal): Promise<() => AsyncIterable<string>> {
  await access(file).catch((cause: unknown) => {
    throw new CliError('NO_SUCH_FILE', `${file} cannot be read`, { cause, hint: 'ragv log export wrote it' });
  });
  return () => createInterface({ input: createReadStream(file, { signal }) });
}
