import { AuditLog, headOfLines, sameTree } from '@ragnos/tlog';
import type { Context } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { auditOf, exportedLines } from '../vault/audit.ts';

/** Writes nothing before export and store together lead to the head that the timestamp signs. */
export async function run(context: Context): Promise<number> {
  const { voice, signal, args, dryRun } = context;
  const [file = ''] = args;
  const exported = await exportedLines(file, signal);
  const { storage, head, lost, close } = await auditOf(context);
  try {
    const log = new AuditLog(storage);
    const lines = (): AsyncIterable<string> => log.continued(head, exported(), { signal });
    const found = await headOfLines(lines());
    if (!sameTree(found, head)) {
      voice.answer({ ok: false, restored: false, dryRun, head, found }, [
        `${file}, with what the store still has, makes ${found.size} entries with root ${found.root}`,
        `signed are ${head.size} with ${head.root}: nothing was written`,
      ]);
      voice.note(
        'a newer export, or the folder log/ of a backup or a mirror, has the rest; if there is none: ragv log restart',
      );
      return exitCodes.untrusted[0];
    }
    const known = { since: head, lost }; // what was lost before this log began is not what is looked for
    const before = await log.verify(head, known, { signal });
    if (!dryRun && !before.ok) await log.restore(head, lines, { signal });
    const after = dryRun ? before : await log.verify(head, known, { signal });
    voice.answer({ ok: after.ok, restored: !dryRun && !before.ok, dryRun, head, findings: before.findings }, [
      ...before.findings.map(({ code, message }) => `${code}: ${message}`),
      before.ok
        ? `nothing was missing: ${head.size} entries, root ${head.root}`
        : `${dryRun ? 'could be put back' : 'the log is whole again'}: ${head.size} entries, root ${head.root}`,
    ]);
    return after.ok || dryRun ? exitCodes.ok[0] : exitCodes.untrusted[0];
  } finally {
    await close();
  }
}
