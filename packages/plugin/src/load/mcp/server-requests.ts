import type { RequestId } from './json-rpc.ts';

/** What a server asked of its client and was not answered, by numbers of ours: an id may be a text, and nobody signed it. */
export class ServerRequests {
  readonly #theirs = new Map<number, RequestId>();
  readonly #ours = new Map<RequestId, number>();
  #next = 1;

  get size(): number {
    return this.#theirs.size;
  }

  /** Our number for a request that begins; `null`: this id is under way. */
  begin(theirs: RequestId): number | null {
    if (this.#ours.has(theirs)) return null;
    const ours = this.#next++;
    this.#theirs.set(ours, theirs);
    this.#ours.set(theirs, ours);
    return ours;
  }

  /** Our number for one that is under way. */
  find(theirs: unknown): number | null {
    return typeof theirs === 'string' || typeof theirs === 'number' ? (this.#ours.get(theirs) ?? null) : null;
  }

  /** The server's id for one that is answered, or called off; `null`: there is none. */
  end(ours: RequestId | null): RequestId | null {
    const theirs = typeof ours === 'number' ? this.#theirs.get(ours) : undefined;
    if (typeof ours !== 'number' || theirs === undefined) return null;
    this.#theirs.delete(ours);
    this.#ours.delete(theirs);
    return theirs;
  }
}
