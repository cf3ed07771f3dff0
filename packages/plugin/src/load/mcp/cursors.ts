/** So many are known at a time: of a client that reads no list to its end the oldest are forgotten. */
const mostCursors = 1_000;
const longest = 4_096;

/** Where the next page of a list begins, by numbers of ours: what a server calls it is text that nobody signed. */
export class Cursors {
  readonly #known = new Map<string, string>();
  #next = 1;

  /** Ours for the server's; `null`: it has none that could be. */
  hide(theirs: unknown): string | null {
    if (typeof theirs !== 'string' || theirs.length > longest) return null;
    const ours = String(this.#next++);
    this.#known.set(ours, theirs);
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostCursors && oldest !== undefined) this.#known.delete(oldest);
    return ours;
  }

  /** The server's for one of ours; `null`: none that we gave. */
  find(ours: unknown): string | null {
    return typeof ours === 'string' ? (this.#known.get(ours) ?? null) : null;
  }
}
