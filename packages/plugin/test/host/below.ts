/** What runs below a process, and moments that a seed decides: for tests that kill. Linux only, but for the dice. */
import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

/** Processes and threads may end while they are looked at. */
function orNothing<T>(look: () => readonly T[]): readonly T[] {
  try {
    return look();
  } catch {
    return [];
  }
}

/** Children, theirs, and so on; without the host's own shell that ends them with it. */
export function processesBelow(pid: number): readonly number[] {
  const direct = orNothing(() => readdirSync(`/proc/${pid}/task`)).flatMap((task) =>
    orNothing(() =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
    ),
  );
  const others = direct.filter((child) => !names(child, 'ragv-lifeline'));
  return others.flatMap((child) => [child, ...processesBelow(child)]);
}

/** Those that have this among their arguments: also of one whose parent is gone. */
export function processesNaming(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => names(pid, text));
}

function names(pid: number, text: string): boolean {
  return orNothing(() => [readFileSync(`/proc/${pid}/cmdline`, 'utf8')])
    .join()
    .includes(text);
}

export function isGone(pid: number): boolean {
  return orNothing(() => [readFileSync(`/proc/${pid}/stat`, 'latin1')]).every((stat) =>
    stat.includes(') Z '),
  );
}

/** Numbers in [0, 1): others each time, and those of a failed run again with its seed, which is in the test's name. */
export function dice(): { readonly seed: number; readonly roll: () => number } {
  const seed = Number(process.env['RAGV_SEED'] ?? randomInt(1, 2 ** 31 - 1));
  let state = seed;
  return { seed, roll: () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647 };
}
