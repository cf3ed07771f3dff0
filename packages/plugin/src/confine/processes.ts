import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ConfineFailureError } from './errors.ts';
import { hold, release } from './lifeline.ts';
import type { Report } from './report.ts';

/**
 * All processes of one plugin, which are ended as one: a group, and with `report` a sandbox. Its first process leaves the
 * group, and dies with bubblewrap only from when it has asked the kernel for that, which is not when bubblewrap is started
 * (its issue 633): who kills or dies before would leave a sandbox behind that nobody holds.
 */
export class Processes {
  readonly #child: ChildProcess;
  readonly #report: Report | null;
  /** Told to the lifeline. */
  #held: readonly number[] = [];
  /** When the first process of the sandbox began: its number may be another's now. */
  #born: string | null = null;
  #over = false;

  constructor(child: ChildProcess, report: Report | null) {
    this.#child = child;
    this.#report = report;
    child.once('exit', () => this.#end());
  }

  /**
   * Bubblewrap first: it lets the first process inside go on, out of the group, only after it has written the report. So either
   * the report names that process here, or it dies in the group.
   */
  kill(): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#over) return;
    if (!killed(-pid)) this.#child.kill('SIGKILL');
    const first = this.#report?.first() ?? null;
    if (first !== null && (this.#born === null || this.#born === birthOf(first))) killed(first);
  }

  /** To be asked when something runs inside. Settles when all of it ends with this process, however that ends. @throws ConfineFailureError */
  async hold(): Promise<void> {
    const { pid } = this.#child;
    if (pid === undefined || this.#over) return; // whoever waits for it hears of that
    const first = this.#report?.first() ?? null;
    if (this.#report !== null && first === null)
      throw new ConfineFailureError('START_FAILED', 'bubblewrap does not say what it has started');
    this.#born = first === null ? null : birthOf(first);
    this.#held = first === null ? [-pid] : [-pid, first];
    await hold(this.#held);
  }

  #end(): void {
    this.kill(); // what is left of them
    this.#over = true;
    release(this.#held);
    this.#report?.close();
  }
}

/** Whether there was somebody to kill. */
function killed(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

/** In ticks since the system's start; `null`: it is gone, or there is no /proc. */
function birthOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[22 - 3] ?? null; // as in proc(5)
  } catch {
    return null;
  }
}
