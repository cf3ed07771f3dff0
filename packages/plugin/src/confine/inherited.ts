import { openSync, readdirSync, readFileSync } from 'node:fs';

let found: readonly number[] | undefined;
let nothing: number | undefined;

/**
 * For `spawn`, what stands for the descriptors from `from` on: nothing for those that whoever started this process left open
 * for its children, which Node closes only as far as they follow each other. What a native addon of the host opens later without
 * O_CLOEXEC is not found.
 */
export function inheritedAfter(from: number): readonly (number | 'ignore')[] {
  found ??= inherited();
  const last = Math.max(from - 1, ...found);
  return Array.from({ length: last + 1 - from }, (_, at) =>
    found?.includes(from + at) === true ? (nothing ??= openSync('/dev/null', 'r')) : 'ignore',
  );
}

function inherited(): readonly number[] {
  try {
    return readdirSync('/proc/self/fd')
      .map(Number)
      .filter((fd) => fd > 2 && !closesOnExec(fd));
  } catch {
    return []; // no /proc
  }
}

function closesOnExec(fd: number): boolean {
  try {
    const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '0';
    return (Number.parseInt(flags, 8) & 0o2_000_000) !== 0;
  } catch {
    return true; // closed meanwhile
  }
}
