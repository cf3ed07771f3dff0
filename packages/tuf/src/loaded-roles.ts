import { createHash } from 'node:crypto';
import { BadVersionNumberError } from './errors.ts';
import type { Metadata } from './metadata/envelope.ts';
import type { MetaFile, Snapshot, Targets } from './model.ts';
import type { RoleName } from './names.ts';

interface Loaded {
  readonly signed: Targets;
  /** What the snapshot said of it. */
  readonly expected: MetaFile;
  /** Of the signed part; null where `expected` has hashes, which say the same. */
  readonly digest: string | null;
  readonly delegators: Set<RoleName>;
}

/**
 * The targets roles that were accepted, and for which delegators: being trusted by one says nothing about another
 * (TOB-SIGSTORE-14). Under one snapshot a role has one content, whoever delegates to it, so what it delegates in its
 * turn does not depend on the way that led there.
 */
export class LoadedRoles {
  readonly #roles = new Map<RoleName, Loaded>();

  /** The role as `delegator` trusts it. */
  get(name: RoleName, delegator: RoleName): Targets | null {
    const loaded = this.#roles.get(name);
    return loaded?.delegators.has(delegator) === true ? loaded.signed : null;
  }

  /** The role, if any delegator trusts it: then it may delegate. */
  delegator(name: RoleName): Targets | null {
    return this.#roles.get(name)?.signed ?? null;
  }

  /** @throws BadVersionNumberError if the role is here with other content, which a snapshot without hashes permits */
  accept(name: RoleName, delegator: RoleName, metadata: Metadata<'targets'>, expected: MetaFile): Targets {
    const digest =
      expected.hashes === null ? createHash('sha256').update(metadata.signedBytes).digest('hex') : null;
    const known = this.#roles.get(name);
    if (known === undefined) {
      this.#roles.set(name, { signed: metadata.signed, expected, digest, delegators: new Set([delegator]) });
      return metadata.signed;
    }
    if (known.digest !== digest)
      throw new BadVersionNumberError(`${name}: two contents under version ${expected.version}`); // mix and match
    known.delegators.add(delegator);
    return known.signed;
  }

  /** Forgets the roles of which `snapshot` says something new, and those that were trusted because of them. */
  keepOnly(snapshot: Snapshot): void {
    for (const [name, { expected }] of this.#roles)
      if (!sameFile(expected, snapshot.meta.get(name))) this.#forget(name);
  }

  #forget(name: RoleName): void {
    this.#roles.delete(name);
    for (const [other, { delegators }] of this.#roles)
      if (delegators.delete(name) && delegators.size === 0) this.#forget(other);
  }
}

/** Whether two announcements are of the same file. */
export function sameFile(a: MetaFile, b: MetaFile | undefined): boolean {
  if (b === undefined || a.version !== b.version || a.length !== b.length) return false;
  if (a.hashes === null || b.hashes === null) return a.hashes === b.hashes;
  const others = b.hashes;
  return (
    a.hashes.size === others.size && [...a.hashes].every(([name, digest]) => others.get(name) === digest)
  );
}
