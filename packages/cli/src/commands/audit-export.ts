import { AuditLog, lostWords } from '@ragnos/tlog';
import type { Context } from '../command.ts';
import { auditOf } from '../vault/audit.ts';

/** The log as JSON lines, byte for byte what was hashed: `ragv log verify --file` judges the file. */
export async function run(context: Context): Promise<undefined> {
  const { voice, signal } = context;
  const { storage, head, lost, close } = await auditOf(context);
  try {
    for await (const { line } of new AuditLog(storage).lines(head, {}, { signal })) voice.text(`${line}\n`);
    voice.note(`${head.size} entries, root ${head.root}`);
    for (const one of lost) voice.note(lostWords(one));
  } finally {
    await close();
  }
  return;
}
