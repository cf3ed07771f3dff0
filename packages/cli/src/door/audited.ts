import { DoorError } from '@ragnos/repository';
import type { Context } from '../command.ts';
import type { Vault } from '../vault/vault.ts';

/**
 * What is refused before the door has a draft to judge it on is an entry of the log too, like every refusal. `look` changes
 * nothing; a dry run leaves no entry.
 */
export async function audited<T>(
  { repository }: Vault,
  { dryRun, signal }: Pick<Context, 'dryRun' | 'signal'>,
  look: () => T | Promise<T>,
): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof DoorError) || dryRun) throw error;
    const refuse = (): never => {
      throw error;
    };
    await repository.publish(refuse, { signal });
    throw error;
  }
}
