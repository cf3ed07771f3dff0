import { denied, refuse, replace } from './denied.ts';
import type { Setup } from './setup.ts';

/** Members of `process` and globals that reach other processes, Node's inside, or tell about the host. */
export function guardProcess(setup: Setup): void {
  for (const name of [
    'binding',
    '_linkedBinding',
    '_debugProcess',
    '_debugEnd',
    'execve',
    'initgroups',
    'setgroups',
  ])
    replace(process, name, refuse('other', `process.${name}`));
  replace(process.report, 'getReport', refuse('other', 'process.report'));
  replace(process.report, 'writeReport', refuse('other', 'process.report'));
  // Anything without a broker behind it: Node 24 has no permission for the network.
  for (const name of ['WebSocket', 'EventSource']) Reflect.deleteProperty(globalThis, name);
  if (setup.osLayer) return; // its own processes are all it can see
  // Asked now: what a plugin writes into `process.pid` later is its own business.
  const own = process.pid;
  for (const name of ['kill', '_kill']) {
    const original: unknown = Reflect.get(process, name);
    if (typeof original !== 'function') continue;
    replace(process, name, (pid: unknown, ...rest: readonly unknown[]): unknown => {
      if (pid !== own) throw denied('other', `a signal to process ${String(pid)}`);
      const result: unknown = Reflect.apply(original, process, [own, ...rest]);
      return result;
    });
  }
}
