import type { Signed, Unrecognized } from './model.ts';

/** A member unknown to other clients: which repository this is, whatever becomes of its keys and its address. */
const member = 'x-ragnos-repository';

/**
 * 64 hex digits that every root of one repository carries; `null` where it has none, as those of other tools. What somebody
 * signs for one repository names it likewise, so that it is worth nothing in another.
 */
export function repositoryId({ unrecognized }: Pick<Signed, 'unrecognized'>): string | null {
  const value = unrecognized.get(member);
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? value : null;
}

/** The unknown members of something signed with `id` among them. */
export function withRepositoryId(unrecognized: Unrecognized, id: string): Unrecognized {
  return new Map([...unrecognized, [member, id]]);
}
