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
  /** The roles that were accepted because this one delegates to them. */
  readonly delegated: Set<RoleName>;
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
    const known: Loaded = this.#roles.get(name) ?? {
      signed: metadata.signed,
      expected,
      digest,
      delegators: new Set(),
      delegated: new Set(),
    };
    if (known.digest !== digest)
      throw new BadVersionNumberError(`${name}: two contents under version ${expected.version}`); // mix and match
    this.#roles.set(name, known);
    known.delegators.add(delegator);
    this.#roles.get(delegator)?.delegated.add(name);
    return known.signed;
  }

  /** Forgets the roles of which `snapshot` says something new, and those that were trusted because of them. */
  keepOnly(snapshot: Snapshot): void {
    for (const [name, role] of this.#roles)
      if (!sameFile(role.expected, snapshot.meta.get(name))) this.#forget(name, role);
  }

  /** In time with what it forgets: one role may have delegated to 16,384 bins. */
  #forget(first: RoleName, role: Loaded): void {
    const pending: [RoleName, Loaded][] = [[first, role]];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const [name, { delegated }] = next;
      this.#roles.delete(name);
      for (const other of delegated) {
        const found = this.#roles.get(other);
        if (found?.delegators.delete(name) === true && found.delegators.size === 0)
          pending.push([other, found]);
      }
    }
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
