import type { Context } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { duration, table } from '../text.ts';
import { openVault } from '../vault/vault.ts';

/** Every role: version, signers, threshold, time to expiry; then the next command. Exit code 4 once a role is expired. */
export async function vaultStatus(context: Context): Promise<number> {
  const { voice, signal } = context;
  const vault = await openVault(context);
  try {
    const status = await vault.repository.status({ signal });
    const left = (expires: Date): string => {
      const ms = expires.getTime() - status.now.getTime();
      return ms > 0 ? `expires in ${duration(ms)}` : `EXPIRED ${duration(ms)} ago`;
    };
    const rows = status.roles.map((role) => [
      role.role,
      `version ${role.version}`,
      `signed ${role.signedBy.length} of ${role.keyIds.length}, needs ${role.threshold}`,
      left(role.expires),
      role.next === 'none' ? '' : 'due',
    ]);
    const due = status.roles.filter((role) => role.next !== 'none').map((role) => role.role);
    const next = due.length === 0 ? null : `ragv refresh --vault ${vault.folder}`;
    voice.answer({ ...status, folder: vault.folder, nextCommand: next }, [
      ...table(rows),
      `root fingerprint: sha256:${status.firstRootFingerprint} (version 1)`,
      due.length === 0
        ? `nothing is due; clients would break in ${duration(status.earliestExpiry.getTime() - status.now.getTime())}`
        : `next: ${next}   (due: ${due.join(', ')})`,
    ]);
    return status.roles.some((role) => role.next === 'expired') ? exitCodes.expired[0] : 0;
  } finally {
    await vault.repository.close();
  }
}
