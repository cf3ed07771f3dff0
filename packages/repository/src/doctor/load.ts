import {
  binName,
  checkRootPin,
  defaultLimits,
  roleName,
  rootFingerprint,
  TrustedMetadataSet,
  VaultError,
  type Delegations,
  type Limits,
  type RoleName,
  type Root,
  type SuccinctRoles,
} from '@ragnos/tuf';
import { isSplit } from '../bins.ts';
import { metadataKey, timestampKey } from '../keys.ts';
import { inParallel } from '../put.ts';
import { delegatedNames, rootRole, targetsRole } from '../signed.ts';
import type { Files } from './files.ts';
import type { CheckedFile, CheckedHead, CheckedRole } from './head.ts';
import { finding, type Finding } from './rules.ts';

export interface LoadOptions {
  /** Roles of one delegator that are looked at, evenly taken. */
  readonly sample: number;
  /** The sha256 of the first root, where somebody knows it. */
  readonly firstRoot?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Loaded {
  /** `null`: there is nothing that could be looked at. */
  readonly head: CheckedHead | null;
  /** sha256 of `1.root.json`. */
  readonly firstRoot: string | null;
  readonly findings: readonly Finding[];
}

/** Wider than any client's: what is too large is to be told as that, not as unreadable. */
const wide: Limits = {
  ...defaultLimits,
  rootMaxLength: 4 * defaultLimits.rootMaxLength,
  timestampMaxLength: 16 * defaultLimits.timestampMaxLength,
  snapshotMaxLength: 8 * defaultLimits.snapshotMaxLength,
  targetsMaxLength: 8 * defaultLimits.targetsMaxLength,
};
const maxRoots = 10_000;

/** Loads a repository as a client does, from its first root on, but for expiry; what is wrong is told and gone around. */
export async function loadRepository(files: Files, options: LoadOptions): Promise<Loaded> {
  const findings: Finding[] = [];
  const loading = new Loading(files, options, findings);
  const firstKey = metadataKey(rootRole, 1);
  const first = await loading.read(firstKey, wide.rootMaxLength);
  if (first === null) return { head: null, firstRoot: null, findings };
  const firstRoot = rootFingerprint(first);
  const started = loading.attempt(firstKey, () => {
    if (options.firstRoot !== undefined) checkRootPin(first, options.firstRoot);
    return new TrustedMetadataSet(first, { now: new Date(0), expiry: 'ignore', limits: wide });
  });
  if (started === null) return { head: null, firstRoot, findings };
  const root = await loading.followRoots(started, first);
  const head = await loading.below(started, root);
  return { head, firstRoot, findings };
}

interface Wanted {
  readonly name: RoleName;
  readonly delegator: RoleName;
  readonly splits: RoleName | null;
}

class Loading {
  readonly #files: Files;
  readonly #options: LoadOptions;
  readonly #findings: Finding[];
  #complete = true;

  constructor(files: Files, options: LoadOptions, findings: Finding[]) {
    this.#files = files;
    this.#options = options;
    this.#findings = findings;
  }

  /** `null`: it is not there, or cannot be read; that is told. */
  async read(key: string, maxLength: number): Promise<Uint8Array | null> {
    let why = 'is not there';
    try {
      const bytes = await this.#files.read(key, maxLength);
      if (bytes !== null) return bytes;
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      why = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    }
    this.#findings.push(
      finding(
        'metadata-missing',
        `${key} ${why}`,
        'restore it from a backup or a mirror; clients fail on it',
      ),
    );
    return null;
  }

  /** `null`: it does not verify; that is told. */
  attempt<T>(key: string, verify: () => T): T | null {
    try {
      return verify();
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      this.#findings.push(
        finding(
          'metadata-refused',
          `${key} is refused: ${error.message} [${error.code}]`,
          'restore it from a backup or a mirror; if nothing was changed by mistake, somebody changed it',
        ),
      );
      return null;
    }
  }

  /** To the newest root. What answers a probe in another way than "not there" is for the rules of the server. */
  async followRoots(set: TrustedMetadataSet, first: Uint8Array): Promise<CheckedFile<Root>> {
    let newest: CheckedFile<Root> = { signed: set.root, bytes: first };
    for (let version = 2; version <= maxRoots; version++) {
      const key = metadataKey(rootRole, version);
      const bytes = await this.#files.read(key, wide.rootMaxLength).catch(() => null);
      this.#options.signal?.throwIfAborted();
      if (bytes === null || isPage(bytes)) break;
      const signed = this.attempt(key, () => set.updateRoot(bytes));
      if (signed === null) break;
      newest = { signed, bytes };
    }
    return newest;
  }

  async below(set: TrustedMetadataSet, root: CheckedFile<Root>): Promise<CheckedHead | null> {
    const bytes = await this.read(timestampKey, wide.timestampMaxLength);
    if (bytes === null || this.attempt(timestampKey, () => set.updateTimestamp(bytes)) === null) return null;
    const { timestamp } = set;
    if (timestamp === null) return null;
    const key = metadataKey(roleName('snapshot'), timestamp.snapshot.version);
    const snapshotBytes = await this.read(key, wide.snapshotMaxLength);
    if (snapshotBytes === null) return null;
    const snapshot = this.attempt(key, () => set.updateSnapshot(snapshotBytes));
    if (snapshot === null) return null;
    const roles = await this.#roles(set);
    return {
      root,
      timestamp: { signed: timestamp, bytes },
      snapshot: { signed: snapshot, bytes: snapshotBytes },
      roles,
      complete: this.#complete,
    };
  }

  async #roles(set: TrustedMetadataSet): Promise<readonly CheckedRole[]> {
    const roles: CheckedRole[] = [];
    const seen = new Set<string>([targetsRole]);
    let level: readonly Wanted[] = [{ name: targetsRole, delegator: rootRole, splits: null }];
    let left = 0;
    while (level.length > 0) {
      const loaded = new Map<string, CheckedRole>();
      await inParallel(level, async (wanted) => {
        const role = await this.#role(set, wanted);
        if (role !== null) loaded.set(wanted.name, role);
      });
      const next: Wanted[] = [];
      for (const wanted of level) {
        const role = loaded.get(wanted.name);
        if (role === undefined) continue;
        roles.push(role);
        const { delegations } = role.signed;
        const { names, total } = sampled(delegations, this.#options.sample);
        left += total - names.length;
        const splits = isSplit(delegations) ? role.name : null;
        for (const name of names) {
          if (seen.has(name)) continue;
          seen.add(name);
          next.push({ name, delegator: role.name, splits });
        }
      }
      level = next;
    }
    if (left > 0) {
      this.#complete = false;
      this.#findings.push(
        finding(
          'sampled',
          `${roles.length} roles were looked at, and ${left} were not`,
          'ragv doctor --full',
        ),
      );
    }
    return roles;
  }

  async #role(set: TrustedMetadataSet, { name, delegator, splits }: Wanted): Promise<CheckedRole | null> {
    const expected = set.snapshot?.meta.get(name);
    if (expected === undefined) return null; // told by `role-unlisted`
    const key = metadataKey(name, expected.version);
    const bytes = await this.read(key, wide.targetsMaxLength);
    if (bytes === null) return null;
    const signed = this.attempt(key, () => set.updateDelegatedTargets(bytes, name, delegator));
    return signed === null ? null : { name, delegator, splits, signed, bytes };
  }
}

/** A page where JSON was asked for is the server's fault, not the repository's. */
function isPage(bytes: Uint8Array): boolean {
  return !/^\s*\{/.test(Buffer.from(bytes.subarray(0, 64)).toString('latin1'));
}

/** At most `most` of the names that are delegated to, evenly taken; never all names of billions of bins. */
function sampled(
  delegations: Delegations | null,
  most: number,
): { readonly names: readonly RoleName[]; readonly total: number } {
  const succinct = delegations?.succinctRoles ?? null;
  const total = succinct === null ? (delegations?.roles?.length ?? 0) : 2 ** succinct.bitLength;
  if (total <= most) return { names: delegatedNames(delegations), total };
  const at = (index: number): number => Math.floor((index * total) / most);
  const list = Array.from({ length: most }, (_, index) => nameAt(delegations, succinct, at(index)));
  return { names: list.filter((name) => name !== undefined), total };
}

function nameAt(
  delegations: Delegations | null,
  succinct: SuccinctRoles | null,
  index: number,
): RoleName | undefined {
  return succinct === null ? delegations?.roles?.[index]?.name : binName(succinct, index);
}
