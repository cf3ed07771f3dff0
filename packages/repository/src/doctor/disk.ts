import { finding, type Finding } from './rules.ts';
import { number } from './words.ts';

/** A folder of the operator into which a publish writes. */
export interface DiskPlace {
  readonly path: string;
  /** `readOnly`: the whole file system is. */
  readonly writable: 'yes' | 'no' | 'readOnly';
  /** Bytes left for this user; `null`: nobody says. */
  readonly free: number | null;
}

const megabyte = 1_000_000;
const full = 8 * megabyte;
const nearlyFull = 256 * megabyte;

/** Pure: whoever calls it has asked the disk. */
export function* diskRules(places: readonly DiskPlace[]): Generator<Finding> {
  for (const { path, writable, free } of places) {
    if (writable === 'readOnly')
      yield finding(
        'disk',
        `${path} is on a disk that is mounted read-only`,
        'mount it read-write: mount, dmesg',
      );
    else if (writable === 'no')
      yield finding('disk', `${path} cannot be written by this user`, `ls -ld ${path}`, 'warning');
    if (free === null || free >= nearlyFull) continue;
    const message = `${number(Math.floor(free / megabyte))} MB are left on the disk of ${path}`;
    yield finding(
      'disk',
      message,
      'make room; ragv gc removes what nobody needs',
      free < full ? 'error' : 'warning',
    );
  }
}
