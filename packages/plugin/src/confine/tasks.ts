import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Places where root makes control groups for the number of processes: version 2, version 1. */
const roots = ['/sys/fs/cgroup', '/sys/fs/cgroup/pids'];
let serial = 0;

/**
 * Who stops a sandbox that forks faster than anybody looks: the kernel's RLIMIT_NPROC, which counts by user namespace but
 * does not hold for root; for root a control group; `watcher` = nobody but us, ten times a second.
 */
export function taskLimiter(): 'rlimit' | 'control group' | 'watcher' {
  if (process.getuid?.() !== 0) return 'rlimit';
  return groupRoot() === null ? 'watcher' : 'control group';
}

function groupRoot(): string | null {
  return roots.find((root) => existsSync(path.join(root, 'cgroup.procs')) && hasPids(root)) ?? null;
}

function hasPids(root: string): boolean {
  // Only the groups below a root have the file, so the first of version 2 that systemd made stands for all.
  return root.endsWith('pids') || existsSync(path.join(root, 'init.scope/pids.max'));
}

export interface TaskGroup {
  /** Goes before a command: it enters the group and becomes the command, or ends. */
  readonly enter: readonly string[];
  readonly remove: () => void;
}

/** A control group for one process and all that it will start; `null` where that cannot be had. */
export function makeTaskGroup(most: number): TaskGroup | null {
  const root = taskLimiter() === 'control group' ? groupRoot() : null;
  if (root === null) return null;
  if (serial === 0) sweep(root);
  const group = path.join(root, `ragv-${process.pid}-${++serial}`);
  const remove = (tries = 20): void => {
    try {
      rmdirSync(group);
    } catch {
      // Not empty until the last of its processes is gone.
      if (tries > 0 && existsSync(group)) setTimeout(() => remove(tries - 1), 50);
    }
  };
  try {
    mkdirSync(group);
    writeFileSync(path.join(group, 'pids.max'), String(most));
    // By itself and before anything else: whoever is put in from outside may have started others already.
    const enter = ['/bin/sh', '-c', 'echo $$ >"$0" && exec "$@"', path.join(group, 'cgroup.procs')];
    return { enter, remove: () => remove() };
  } catch {
    remove(0);
    return null; // a container that may not
  }
}

/** Groups of hosts that did not live to remove them: one with processes in it cannot be removed. */
function sweep(root: string): void {
  for (const name of readdirSync(root)) {
    if (!/^ragv-\d+-\d+$/.test(name) || existsSync(`/proc/${name.split('-')[1]}`)) continue;
    try {
      rmdirSync(path.join(root, name));
    } catch {
      // in use, or another process was quicker
    }
  }
}
