import type { RequestId } from './json-rpc.ts';

interface Asked {
  readonly method: string;
  readonly token: RequestId | null;
}

/** So many that were called off are known at a time: then the oldest are forgotten. */
const mostCancelled = 10_000;

/** What a client asked and its server has not answered. */
export class ClientRequests {
  readonly #asked = new Map<RequestId, Asked>();
  readonly #cancelled = new Map<RequestId, Asked>();
  readonly #tokens = new Set<RequestId>();

  /** Of those that somebody waits for. */
  get size(): number {
    return this.#asked.size;
  }

  has(id: RequestId): boolean {
    return this.#asked.has(id) || this.#cancelled.has(id);
  }

  /** `token`: by which the server tells how far it is; `null`: nobody wants to hear of it. */
  begin(id: RequestId, method: string, token: RequestId | null): void {
    this.#asked.set(id, { method, token });
    if (token !== null) this.#tokens.add(token);
  }

  /** Nobody waits for it any more. A server should not answer it, and may have done so already: it is known for a while. */
  cancel(id: unknown): void {
    if (typeof id !== 'string' && typeof id !== 'number') return;
    const asked = this.#take(id);
    if (asked === null) return;
    this.#cancelled.set(id, asked);
    const [oldest] = this.#cancelled.keys();
    if (this.#cancelled.size > mostCancelled && oldest !== undefined) this.#cancelled.delete(oldest);
  }

  /** Its method; `null`: it was not asked, or is answered. */
  end(id: RequestId): string | null {
    const asked = this.#take(id) ?? this.#cancelled.get(id) ?? null;
    this.#cancelled.delete(id);
    return asked?.method ?? null;
  }

  #take(id: RequestId): Asked | null {
    const asked = this.#asked.get(id);
    if (asked === undefined) return null;
    this.#asked.delete(id);
    if (asked.token !== null) this.#tokens.delete(asked.token);
    return asked;
  }

  /** Whether somebody wants to hear of one by this token. */
  tells(token: unknown): boolean {
    return (typeof token === 'string' || typeof token === 'number') && this.#tokens.has(token);
  }
}
