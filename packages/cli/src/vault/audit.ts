import { logHeadOf } from '@ragnos/repository';
import type { Storage } from '@ragnos/storage';
import { emptyHead, type LogHead, type LostLog } from '@ragnos/tlog';
import { logRestarts } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { openVault } from './vault.ts';

export interface Audit {
  readonly storage: Storage;
  /** As the verified timestamp of this vault's repository carries it. */
  readonly head: LogHead;
  /** The logs that the root of this repository has given up. */
  readonly lost: readonly LostLog[];
  readonly close: () => Promise<void>;
}

export async function auditOf(context: Context): Promise<Audit> {
  const vault = await openVault(context);
  const close = (): Promise<void> => vault.repository.close();
  try {
    const timestamp = await vault.repository.timestamp({ signal: context.signal });
    const lost = logRestarts((await vault.repository.root({ signal: context.signal })).signed);
    return { storage: vault.storage, head: logHeadOf(timestamp) ?? emptyHead, lost, close };
  } catch (error) {
    await close();
    throw error;
  }
}
