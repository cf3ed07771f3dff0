import path from 'node:path';

/** Whether `inner` is `outer` or lies in it. Both are absolute and real. */
export function isInside(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith(path.sep) ? outer : outer + path.sep);
}

/** Whether one is the other, or lies in it. */
export function overlaps(one: string, other: string): boolean {
  return isInside(one, other) || isInside(other, one);
}
