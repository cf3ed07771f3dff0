import { readdirSync, readFileSync } from 'node:fs';
import { ConfineRefusedError, type ConfineError } from './errors.ts';
import type { GrantLimits } from './grant.ts';
import type { ConfineLimits } from './limits.ts';

export interface Load {
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
  readonly tasks: number;
}

const pageBytes = 4096;
const ticksPerSecond = 100; // USER_HZ, which is 100 wherever Node runs
const refillSeconds = 600;
const slowest = 10;

/**
 * Looks at a process and all below it until it is stopped, and tells `exceeded` once. Looks more seldom where there is
 * little to see. Only where there is /proc.
 */
export function watch(
  pid: number,
  grant: GrantLimits,
  limits: ConfineLimits,
  exceeded: (error: ConfineError) => void,
): { readonly last: () => Load; readonly stop: () => void } {
  let last: Load = { memoryBytes: 0, cpuSeconds: 0, tasks: 0 };
  let bucket = 0;
  let at = performance.now();
  let pace = 1;
  const look = (): void => {
    const now = performance.now();
    const load = loadOf(pid, limits.tasks);
    if (load === null) return next();
    const used = Math.max(0, load.cpuSeconds - last.cpuSeconds);
    bucket = Math.max(0, bucket + used - ((now - at) / 1000) * (grant.cpuSeconds / refillSeconds));
    at = now;
    const calm =
      load.memoryBytes < grant.memoryBytes / 2 && load.tasks <= Math.max(32, last.tasks) && used === 0;
    pace = calm ? Math.min(slowest, pace + 1) : 1;
    last = load;
    const error = judge(load, bucket, grant, limits);
    if (error === null) next();
    else exceeded(error);
  };
  const next = (): void => void (timer = setTimeout(look, limits.watchEveryMs * pace).unref());
  let timer = setTimeout(look, limits.watchEveryMs).unref();
  return { last: () => last, stop: () => clearTimeout(timer) };
}

function judge(load: Load, bucket: number, grant: GrantLimits, limits: ConfineLimits): ConfineError | null {
  const megabytes = (bytes: number): string => `${Math.round(bytes / (1024 * 1024))} MB`;
  if (load.memoryBytes > grant.memoryBytes)
    return new ConfineRefusedError(
      'MEMORY_LIMIT',
      `uses ${megabytes(load.memoryBytes)} of memory, where ${megabytes(grant.memoryBytes)} are granted`,
    );
  if (bucket > grant.cpuSeconds)
    return new ConfineRefusedError('CPU_LIMIT', `has used up its ${grant.cpuSeconds} s of processor time`);
  if (load.tasks > limits.tasks)
    return new ConfineRefusedError(
      'PROCESS_LIMIT',
      `runs ${load.tasks} processes and threads, ${limits.tasks} are the most`,
    );
  return null;
}

/** Counts no further than `enough` tasks. `null`: it is gone, or there is no /proc here. */
function loadOf(pid: number, enough: number): Load | null {
  const sum = { memoryBytes: 0, cpuSeconds: 0, tasks: 0 };
  const seen = new Set<number>();
  const waiting = [pid];
  for (let one = waiting.pop(); one !== undefined && sum.tasks <= enough; one = waiting.pop()) {
    if (seen.has(one)) continue;
    try {
      const stat = readFileSync(`/proc/${one}/stat`, 'latin1');
      const fields = stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number);
      const field = (number: number): number => fields[number - 3] ?? 0; // as in proc(5)
      seen.add(one);
      sum.cpuSeconds += (field(14) + field(15) + field(16) + field(17)) / ticksPerSecond;
      sum.memoryBytes += field(24) * pageBytes;
      sum.tasks += field(20);
      for (const task of readdirSync(`/proc/${one}/task`)) {
        const children = readFileSync(`/proc/${one}/task/${task}/children`, 'latin1');
        waiting.push(...children.split(' ').filter(Boolean).map(Number));
      }
    } catch {
      // gone while we looked
    }
  }
  return seen.has(pid) ? sum : null;
}
