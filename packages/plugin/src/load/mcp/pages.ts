import { Cursors } from './cursors.ts';
import { page, resources } from './passing.ts';

type Members = Readonly<Record<string, unknown>>;

const noAddress = 'what passes is written as RFC 3986 says, and is not too long';

/** The pages of what a server lists, of which only what is known passes. */
export class Pages {
  readonly #cursors = new Cursors();
  readonly #left: (count: number, what: string) => void;

  /** `left` hears how much of a page does not pass; signed texts are judged by others. */
  constructor(left: (count: number, what: string) => void) {
    this.#left = left;
  }

  /** The server's cursor for one of ours; `null`: none that we gave. */
  find(ours: unknown): string | null {
    return this.#cursors.find(ours);
  }

  /** Of a `result` those `items`, and where the next ones begin. */
  of(name: string, items: readonly unknown[], { nextCursor: theirs }: Members): Members {
    const ours = this.#cursors.hide(theirs);
    if (ours === null && theirs !== undefined && theirs !== null)
      this.#left(1, `cursors of ${name} does not pass: it is too long, or no text`);
    return page(name, items, ours);
  }

  resources(name: 'resources' | 'resourceTemplates', result: Members): Members {
    const { [name]: list } = result;
    const passed = resources(list, name === 'resources' ? 'uri' : 'uriTemplate');
    const count = Array.isArray(list) ? list.length - passed.length : 0;
    if (count > 0) this.#left(count, `${name} do not pass, by their address: ${noAddress}`);
    return this.of(name, passed, result);
  }

  /** A resource that was to be told of, and is not. */
  updated(): void {
    this.#left(1, `resources does not pass, by its address: ${noAddress}`);
  }
}
