import { createHash } from 'node:crypto';

const sha256 = (...parts: readonly Buffer[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest();

/** RFC 6962, section 2.1, word for word and slow. */
export function mth(leaves: readonly string[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return sha256();
  if (leaves.length === 1) return sha256(Buffer.of(0), Buffer.from(only));
  const k = largestPower(leaves.length);
  return sha256(Buffer.of(1), mth(leaves.slice(0, k)), mth(leaves.slice(k)));
}

/** 2.1.1 */
export function path(m: number, leaves: readonly string[]): readonly string[] {
  if (leaves.length <= 1) return [];
  const k = largestPower(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return m < k
    ? [...path(m, left), mth(right).toString('hex')]
    : [...path(m - k, right), mth(left).toString('hex')];
}

/** 2.1.2 */
export function proof(m: number, leaves: readonly string[], whole = true): readonly string[] {
  if (m === leaves.length) return whole ? [] : [mth(leaves).toString('hex')];
  const k = largestPower(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return m <= k
    ? [...proof(m, left, whole), mth(right).toString('hex')]
    : [...proof(m - k, right, false), mth(left).toString('hex')];
}

function largestPower(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
