import { AuditLog, headFromJson, headOfLines, lostWords, sameTree, type LogHead } from '@ragnos/tlog';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { auditOf, exportedLines } from '../vault/audit.ts';

/**
 * Computes the whole log again, up to the head that the signed timestamp carries. A log that was lost and begun anew is told every
 * time; it is exit code 10 unless `--since` names a head of the log that is there now.
 */
export async function run(context: Context): Promise<number> {
  const { voice, options, signal } = context;
  const file = options.text('file');
  const exported = file === undefined ? null : await exportedLines(file, signal);
  const { storage, head, lost, close } = await auditOf(context);
  try {
    if (exported !== null) {
      const found = await headOfLines(exported());
      const gone = lost.find((one) => sameTree(one, found));
      if (gone !== undefined) {
        voice.answer({ ok: true, file, head, found, lost: gone }, [
          `${file} is the whole log that was lost: ${lostWords(gone)}`,
        ]);
        return 0;
      }
      const ok = sameTree(found, head);
      voice.answer({ ok, file, head, found }, [
        ok
          ? `${file} is the whole log: ${head.size} entries, root ${head.root}`
          : `${file} is not the log: ${found.size} entries with root ${found.root}; signed are ${head.size} with ${head.root}`,
      ]);
      return ok ? 0 : exitCodes.untrusted[0];
    }
    const report = await new AuditLog(storage).verify(
      head,
      { since: sinceOf(options.text('since')), lost },
      { signal },
    );
    const wrong = report.findings.filter(({ code }) => code !== 'LOG_RESTARTED');
    voice.answer(report, [
      ...report.lost.map((one) => `LOG_RESTARTED: ${lostWords(one)}`),
      ...wrong.map(({ code, message }) => `${code}: ${message}`),
      wrong.length === 0
        ? `the log is whole: ${report.verified} entries, root ${head.root}`
        : `${report.verified} entries were verified before the first that is not what was signed`,
    ]);
    if (wrong.length > 0) return exitCodes.untrusted[0];
    if (report.ok) return exitCodes.ok[0];
    voice.note(
      `once you know of it: ragv log verify --since ${head.size}:${head.root}:${head.restarts ?? 0}`,
    );
    return exitCodes.refused[0];
  } finally {
    await close();
  }
}

/** `<size>:<root>`, as written down at an earlier time; `:<n>` after it for the log that was begun after n lost ones. */
function sinceOf(text: string | undefined): LogHead | undefined {
  if (text === undefined) return undefined;
  const [size, root, restarts = '0'] = text.split(':');
  try {
    return headFromJson({ size: Number(size), root, restarts: Number(restarts) });
  } catch (cause) {
    throw new CliError('USAGE', `--since ${text}: expected <size>:<root>[:<restarts>]`, {
      cause,
      hint: 'ragv log show --json has both',
    });
  }
}
