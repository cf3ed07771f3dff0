/** So many are kept one by one: then they become one. */
const most = 1024;

/**
 * Bytes that come in pieces and are wanted as one. However small the pieces are, what is kept is not much more than their
 * bytes: a buffer for each would be two hundred times that.
 */
export class Pieces {
  #joined: Uint8Array[] = [];
  #last: Uint8Array[] = [];
  #length = 0;

  /** Of all together. */
  get length(): number {
    return this.#length;
  }

  push(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#length += piece.length;
    if (this.#last.push(piece) < most) return;
    this.#joined.push(Buffer.concat(this.#last));
    this.#last = [];
  }

  /** All of it; nothing stays. A single piece is itself, and no copy. */
  take(): Buffer {
    const all = [...this.#joined, ...this.#last];
    this.#joined = [];
    this.#last = [];
    this.#length = 0;
    const [only] = all;
    return all.length === 1 && Buffer.isBuffer(only) ? only : Buffer.concat(all);
  }
}
