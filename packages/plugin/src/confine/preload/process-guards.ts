import { denied, refuse, refuseAll, replace } from './denied.ts';
import { call, deleteProperty, get, globals, named, nodeProcess } from './primordials.ts';
import type { Setup } from './setup.ts';

/** Members of `process` and globals that reach other processes, Node's inside, or tell about the host. */
export function guardProcess(setup: Setup): void {
  const inside = [
    'binding',
    '_linkedBinding',
    '_debugProcess',
    '_debugEnd',
    'execve',
    'initgroups',
    'setgroups',
  ];
  refuseAll(nodeProcess, inside, 'other', 'process.');
  replace(nodeProcess.report, 'getReport', refuse('other', 'process.report'));
  replace(nodeProcess.report, 'writeReport', refuse('other', 'process.report'));
  // Anything without a broker behind it: Node 24 has no permission for the network.
  deleteProperty(globals, 'WebSocket');
  deleteProperty(globals, 'EventSource');
  if (setup.osLayer) return; // its own processes are all it can see
  guardKill('kill');
  guardKill('_kill');
}

function guardKill(name: string): void {
  // Asked now: what a plugin writes into `process.pid` later is its own business.
  const own = nodeProcess.pid;
  const original: unknown = get(nodeProcess, name);
  if (typeof original !== 'function') return;
  replace(nodeProcess, name, (pid: unknown, signal: unknown): unknown => {
    if (pid !== own)
      throw denied('other', `a signal to process ${typeof pid === 'number' ? pid : named(pid)}`);
    return call(original, nodeProcess, [own, signal]);
  });
}
