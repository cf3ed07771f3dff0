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
  const kill = process.kill.bind(process);
  replace(process, 'kill', (pid: number, signal?: NodeJS.Signals | number) => {
    if (pid !== process.pid) throw denied('other', `a signal to process ${pid}`);
    return kill(pid, signal);
  });
  replace(process, '_kill', refuse('other', 'process._kill'));
}
