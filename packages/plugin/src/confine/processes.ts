import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ConfineFailureError } from './errors.ts';
import { memoryFolder } from './private-copy.ts';

/**
 * Where bubblewrap writes which process is the first inside (`--info-fd`): a file without a name, which takes it even when
 * nobody is left to read.
 */
export class Report {
  readonly fd: number;

  /** @throws ConfineFailureError `START_FAILED` there is no place for it */
  constructor() {
    const folder = memoryFolder() ?? tmpdir();
    const file = path.join(folder, `ragv-report-${randomUUID()}`);
    try {
      this.fd = openSync(file, 'wx+', 0o600);
      unlinkSync(file);
    } catch (cause) {
      throw new ConfineFailureError('START_FAILED', `no file can be made in ${folder}`, {
        cause,
        hint: 'let TMPDIR name a folder with room in it',
      });
    }
  }

  /** As this process counts. `null`: not written yet. */
  first(): number | null {
    const buffer = Buffer.alloc(4096);
    const said = buffer.toString('latin1', 0, readSync(this.fd, buffer, 0, buffer.length, 0));
    const pid = Number(/"child-pid": (\d+)/.exec(said)?.[1]);
    return pid > 1 ? pid : null;
  }

  close(): void {
    closeSync(this.fd);
  }
}

/**
 * All processes of one plugin, which are ended as one: a group, and with `report` a sandbox. Its first process leaves the
 * group, and dies with bubblewrap only from when it has asked the kernel for that, which is not when bubblewrap is started
 * (its issue 633): who kills or dies before would leave a sandbox behind that nobody holds.
 */
export class Processes {
  readonly #child: ChildProcess;
  readonly #report: Report | null;
  /** The numbers may be somebody else's now. */
  #over = false;

  constructor(child: ChildProcess, report: Report | null) {
    this.#child = child;
    this.#report = report;
    child.once('exit', () => this.#end());
    child.once('error', () => {
      if (child.pid === undefined) this.#end(); // it was never started
    });
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
    if (first !== null) killed(first);
  }

  /**
   * To be asked when something runs inside. Settles when the kernel ends all of it with this process, however that ends: the
   * first process inside has done all it does by itself, and sleeps until the others end.
   */
  async held(): Promise<void> {
    while (!this.#over && this.#report !== null && !isAsleep(this.#report.first())) await wait(1);
  }

  #end(): void {
    if (this.#over) return;
    this.kill(); // what is left of them
    this.#over = true;
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

function isAsleep(pid: number | null): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.startsWith('S', stat.lastIndexOf(')') + 2);
  } catch {
    return true; // gone, and whoever waits for it hears of that
  }
}
