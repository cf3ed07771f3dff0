import type { MissingModule } from '../inspection.ts';
import type { Surely } from './loads.ts';

/** More than anybody mends at once. */
const most = 2000;

/**
 * What programs ask for that is not there. It is sure to fail only where a chain of loads leads to it, from what is started, each
 * of which is made at once: a file that is loaded later, or tried, may never be.
 */
export class MissingModules {
  readonly #starts: readonly string[];
  /** What a file loads at once. */
  readonly #always = new Map<string, string[]>();
  readonly #found: (Omit<MissingModule, 'surely'> & { readonly always: boolean })[] = [];

  constructor(starts: Iterable<string>) {
    this.#starts = [...starts];
  }

  loads(from: string, path: string, surely: Surely): void {
    if (surely !== 'always') return;
    const known = this.#always.get(from);
    if (known === undefined) this.#always.set(from, [path]);
    else known.push(path);
  }

  add(
    file: string,
    specifier: string,
    { line, surely }: { readonly line: number; readonly surely: Surely },
  ): void {
    if (surely === 'tried' || this.#found.length >= most) return;
    const what = `loads ${JSON.stringify(specifier.slice(0, 100))}`;
    this.#found.push({ file, line, what, specifier, always: surely === 'always' });
  }

  list(): readonly MissingModule[] {
    if (this.#found.length === 0) return [];
    const sure = new Set(this.#starts);
    for (const path of sure) for (const next of this.#always.get(path) ?? []) sure.add(next); // a Set hands out what is added
    return this.#found
      .map(({ always, ...one }) => ({ ...one, surely: always && sure.has(one.file) }))
      .toSorted((a, b) => Number(b.surely) - Number(a.surely));
  }
}
