import { readFileSync } from 'node:fs';

/** A signal for the plugin itself: bubblewrap, which stands around it, passes none on. `false` = it is gone. */
export function signalPlugin(outermost: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(innermost(outermost), signal);
  } catch {
    return false;
  }
}

function innermost(pid: number): number {
  let at = pid;
  try {
    for (let depth = 0; depth < 4 && readFileSync(`/proc/${at}/comm`, 'latin1').trim() === 'bwrap'; depth++) {
      const [child] = readFileSync(`/proc/${at}/task/${at}/children`, 'latin1').split(' ');
      if (child === undefined || child === '') break;
      at = Number(child);
    }
  } catch {
    return at; // no /proc here, or gone while we looked
  }
  return at;
}
