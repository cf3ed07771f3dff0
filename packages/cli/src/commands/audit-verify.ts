import { AuditLog, headFromJson, headOfLines, sameHead, type LogHead } from '@ragnos/tlog';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { auditOf } from '../vault/audit.ts';

/** Computes the whole log again, up to the head that the signed timestamp carries. */
export async function run(context: Context): Promise<number> {
  const { voice, options, signal } = context;
  const { storage, head, close } = await auditOf(context);
  try {
    const file = options.text('file');
    if (file !== undefined) {
      const found = await headOfLines(createInterface({ input: createReadStream(file, { signal }) }));
      const ok = sameHead(found, head);
      voice.answer({ ok, file, head, found }, [
        ok
          ? `${file} is the whole log: ${head.size} entries, root ${head.root}`
          : `${file} is not the log: ${found.size} entries with root ${found.root}; signed are ${head.size} with ${head.root}`,
      ]);
      return ok ? 0 : exitCodes.untrusted[0];
    }
    const report = await new AuditLog(storage).verify(
      head,
      { since: sinceOf(options.text('since')) },
      { signal },
    );
    voice.answer(report, [
      ...report.findings.map(({ code, message }) => `${code}: ${message}`),
      report.ok
        ? `the log is whole: ${report.verified} entries, root ${head.root}`
        : `${report.verified} entries were verified before the first that is not what was signed`,
    ]);
    return report.ok ? 0 : exitCodes.untrusted[0];
  } finally {
    await close();
  }
}

/** `<size>:<root>`, as written down at an earlier time. */
function sinceOf(text: string | undefined): LogHead | undefined {
  if (text === undefined) return undefined;
  const [size, root] = text.split(':');
  try {
    return headFromJson({ size: Number(size), root });
  } catch (cause) {
    throw new CliError('USAGE', `--since ${text}: expected <size>:<root>`, {
      cause,
      hint: 'ragv log show --json has both',
    });
  }
}
