import type { Lifetimes } from './layout.ts';
import { lifetimeOf } from './signed.ts';

/** From when on a role is re-signed: the timestamp when half its life is gone, all others in the last third of theirs. */
export function dueAt(lifetimes: Lifetimes, role: string, splits: string | null, expires: Date): Date {
  const life = lifetimeOf(lifetimes, role, splits) * 1000;
  if (role === 'timestamp') return new Date(expires.getTime() - life / 2);
  // A snapshot that is about to end would cut the life of the timestamps above it.
  const least =
    role === 'snapshot' ? Math.max(life / 3, Math.min(life, lifetimes.timestamp * 1000)) : life / 3;
  return new Date(expires.getTime() - least);
}
