import { closeSync, constants, openSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { ConfineFailureError } from './errors.ts';

/** Of Linux, which Node does not name. */
const unnamed = constants.O_RDWR | constants.O_DIRECTORY | 0o20_000_000;

/**
 * Where bubblewrap writes which process is the first inside (`--info-fd`): a file that never had a name, which takes it even
 * when nobody is left to read.
 */
export class Report {
  readonly fd: number;

  /** @throws ConfineFailureError `START_FAILED` there is no place for it */
  constructor() {
    this.fd = openFirst(['/dev/shm', tmpdir()]);
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

function openFirst(folders: readonly string[]): number {
  let cause: unknown;
  for (const folder of folders)
    try {
      return openSync(folder, unnamed, 0o600);
    } catch (error) {
      cause = error;
    }
  throw new ConfineFailureError(
    'START_FAILED',
    `no file without a name can be made in ${folders.join(' or ')}`,
    {
      cause,
      hint: 'let TMPDIR name a folder on a disk with room in it',
    },
  );
}
