import type { RequestId } from './json-rpc.ts';

/** What a client asked and its server has not answered. */
export class ClientRequests {
  readonly #asked = new Map<RequestId, { readonly method: string; readonly token: RequestId | null }>();
  readonly #tokens = new Set<RequestId>();

  get size(): number {
    return this.#asked.size;
  }

  has(id: RequestId): boolean {
    return this.#asked.has(id);
  }

  /** `token`: by which the server tells how far it is; `null`: nobody wants to hear of it. */
  begin(id: RequestId, method: string, token: RequestId | null): void {
    this.#asked.set(id, { method, token });
    if (token !== null) this.#tokens.add(token);
  }

  /** Its method; `null`: it is not under way. */
  end(id: RequestId): string | null {
    const asked = this.#asked.get(id);
    if (asked === undefined) return null;
    this.#asked.delete(id);
    if (asked.token !== null) this.#tokens.delete(asked.token);
    return asked.method;
  }

  /** Whether somebody wants to hear of one by this token. */
  tells(token: unknown): boolean {
    return (typeof token === 'string' || typeof token === 'number') && this.#tokens.has(token);
  }
}
