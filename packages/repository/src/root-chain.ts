import { read, type Storage } from '@ragnos/storage';
import { defaultLimits, TrustedMetadataSet, type Root } from '@ragnos/tuf';
import { PublishError } from './errors.ts';
import type { Loaded } from './head.ts';
import { metadataKey } from './keys.ts';
import type { Seen } from './seen.ts';
import { rootRole, sha256 } from './signed.ts';
import type { CallOptions } from './types.ts';

export interface FormerRoot {
  readonly root: Root;
  /** When the next one appeared in the store. */
  readonly until: Date;
}

/** The roots of a repository from version 1 on, each verified by the one before. It only grows, and reads none twice. */
export class RootChain {
  readonly #storage: Storage;
  readonly #roots: Root[] = [];
  readonly #former: FormerRoot[] = [];
  #firstRoot: string;
  #newest: Loaded<Root> | null = null;
  #previous: Loaded<Root> | null = null;

  /** `firstRoot`: sha256 of version 1; without it what was seen before counts, or what is found. */
  constructor(storage: Storage, firstRoot: string | undefined) {
    this.#storage = storage;
    this.#firstRoot = firstRoot ?? '';
  }

  /** sha256 of version 1; empty before it was read. */
  get firstRoot(): string {
    return this.#firstRoot;
  }

  get newest(): Loaded<Root> | null {
    return this.#newest;
  }

  /** The one before the newest. */
  get previous(): Loaded<Root> | null {
    return this.#previous;
  }

  /** All but the newest, the oldest first. */
  get former(): readonly FormerRoot[] {
    return this.#former;
  }

  version(version: number): Root | undefined {
    return this.#roots[version - 1];
  }

  /** Up to the newest root in the store. @throws PublishError NO_REPOSITORY, STORE_WENT_BACK; what the trust core refuses */
  async follow(seen: Seen | null, options: CallOptions): Promise<Loaded<Root>> {
    let root = this.#newest;
    for (let version = root === null ? 1 : root.signed.version + 1; ; version++) {
      const key = metadataKey(rootRole, version);
      const found = await read(this.#storage, key, { maxLength: defaultLimits.rootMaxLength, ...options });
      if (found === null && root !== null) return root;
      if (found === null) throw seen === null ? noRepository(this.#storage) : lost(this.#storage, key, seen);
      if (root === null) this.#pin(found.bytes, seen);
      const set = trusting(root?.bytes ?? found.bytes);
      if (root !== null) {
        set.updateRoot(found.bytes);
        this.#former.push({ root: root.signed, until: found.info.modified });
      }
      this.#previous = root;
      root = { signed: set.root, bytes: found.bytes };
      this.#newest = root;
      this.#roots.push(set.root);
    }
  }

  #pin(first: Uint8Array, seen: Seen | null): void {
    const fingerprint = sha256(first);
    const expected = this.#firstRoot === '' ? (seen?.firstRoot ?? fingerprint) : this.#firstRoot;
    if (fingerprint !== expected)
      throw new PublishError(
        'STORE_WENT_BACK',
        `${this.#storage.description} starts from another root than before`,
        { hint: 'nothing was signed; somebody changed the store, or this is another repository' },
      );
    this.#firstRoot = fingerprint;
  }
}

/** What expired is what has to be signed anew, so nothing expires here. */
export function trusting(root: Uint8Array): TrustedMetadataSet {
  return new TrustedMetadataSet(root, { now: new Date(0), expiry: 'ignore' });
}

/** For a file without which there is no head, of a repository of which something was seen. */
export function lost({ description }: Storage, key: string, seen: Seen | null): PublishError {
  return new PublishError(
    seen === null ? 'NO_REPOSITORY' : 'STORE_WENT_BACK',
    `${description} has lost ${key}`,
    {
      hint: 'nothing was signed; a repository without its head is never taken for an empty one: restore the file',
    },
  );
}

function noRepository({ description }: Storage): PublishError {
  return new PublishError('NO_REPOSITORY', `there is no repository in ${description}`, {
    hint: 'make one first, or check the address',
  });
}
