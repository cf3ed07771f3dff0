import { read, type Storage } from '@ragnos/storage';
import { AuditLog, LogError, lostWords, type LogErrorCode, type LogHead } from '@ragnos/tlog';
import { defaultLimits, logRestarts, parseMetadata, type LogRestart } from '@ragnos/tuf';
import { logHeadOf } from '../audit.ts';
import { timestampKey } from '../keys.ts';
import type { CheckedHead } from './head.ts';
import { finding, type Finding } from './rules.ts';

/** Up to here the whole log is computed again; beyond it, without `full`, what the next commit builds on. */
const smallLog = 2048;

/** The audit log up to the head that the timestamp signs: without it nobody can publish. */
export async function logRules(
  storage: Storage,
  head: CheckedHead,
  { full, signal }: { readonly full: boolean; readonly signal: AbortSignal | undefined },
): Promise<readonly Finding[]> {
  const told = restartFindings(head);
  const wrong = await firstWrong(storage, head, full, signal);
  if (wrong === null) return told;
  // What an old head needs is removed in time: then this is no fault, and the next look will tell.
  const again = await read(storage, timestampKey, {
    maxLength: 16 * defaultLimits.timestampMaxLength,
    signal,
  });
  const version = again === null ? null : parseMetadata(again.bytes, 'timestamp').signed.version;
  if (version !== head.timestamp.signed.version) return told;
  const missing = wrong.code === 'LOG_MISSING';
  return [
    ...told,
    finding(
      missing ? 'log-missing' : 'log-altered',
      `${wrong.code}: ${wrong.message}; nothing can be published on top of it`,
      'ragv log restore <export.jsonl> puts it back from an export or a copy; without any: ragv log restart --reason <text>',
    ),
  ];
}

/** For ever: what was lost stays lost. */
function restartFindings(head: CheckedHead): readonly Finding[] {
  const lost = logRestarts(head.root.signed);
  return lost.map((one, at) => {
    const done = at < restartsOf(head);
    return finding(
      'log-restarted',
      done
        ? `the audit log was ${lostWords(one)}`
        : `root gives the audit log of ${one.size} entries up: ${one.reason}`,
      done
        ? 'keep an export, so that it does not happen again: ragv log export'
        : 'ragv log restart, or any publish, begins the new one',
    );
  });
}

function restartsOf({ timestamp }: CheckedHead): number {
  try {
    return logHeadOf(timestamp.signed)?.restarts ?? 0;
  } catch (error) {
    if (error instanceof LogError) return 0;
    throw error;
  }
}

interface Wrong {
  readonly code: LogErrorCode;
  readonly message: string;
}

async function firstWrong(
  storage: Storage,
  head: CheckedHead,
  full: boolean,
  signal: AbortSignal | undefined,
): Promise<Wrong | null> {
  try {
    const signed = logHeadOf(head.timestamp.signed);
    if (signed === null) return null;
    return await wrongIn(new AuditLog(storage), signed, logRestarts(head.root.signed), full, signal);
  } catch (error) {
    if (error instanceof LogError) return error;
    throw error;
  }
}

async function wrongIn(
  log: AuditLog,
  signed: LogHead,
  lost: readonly LogRestart[],
  full: boolean,
  signal: AbortSignal | undefined,
): Promise<Wrong | null> {
  if (full || signed.size <= smallLog) {
    const { findings } = await log.verify(signed, { lost }, { signal });
    return findings.find(({ code }) => code !== 'LOG_RESTARTED') ?? null;
  }
  for await (const entry of log.lines(signed, { from: signed.size - smallLog }, { signal })) void entry;
  return null;
}
