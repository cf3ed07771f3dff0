import { Forge } from './forge.ts';

/** One bad repository. Each is good but for what `spoil` does to it. */
export interface Input {
  /** Its name in the table. */
  readonly id: string;
  /** What is wrong, for people. */
  readonly what: string;
  /** Our code, or `accepted` where we read tolerantly: then `tolerant` says why. */
  readonly ours: string;
  readonly tolerant?: string;
  /** For clients that take long by nature, or not to wait long for those that hang. Default 20 s. */
  readonly limitMs?: number;
  /** Clients have accepted the good repository before: for what only a client with a memory can notice. */
  readonly remembered?: boolean;
  /** What is published before the clients' first visit. */
  readonly before?: (forge: Forge) => void;
  readonly spoil: (forge: Forge) => void;
  /** Paths to download beside `good.txt` and `vendor/tool.txt`; what a client must find there, if it finds anything. */
  readonly paths?: readonly string[];
  /** Instead of the two. */
  readonly only?: readonly string[];
}

/** As served: what a client with a memory sees first, and the bad one. */
export interface Spoiled {
  readonly good: ReadonlyMap<string, Uint8Array> | null;
  readonly bad: ReadonlyMap<string, Uint8Array>;
  readonly goodContents: ReadonlyMap<string, Uint8Array>;
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

const usual = ['good.txt', 'vendor/tool.txt'];

export function generate({ before, spoil, remembered, paths = [], only = usual }: Input): Spoiled {
  const forge = new Forge();
  before?.(forge);
  const contentsOf = (names: readonly string[]): ReadonlyMap<string, Uint8Array> =>
    new Map(names.map((path) => [path, forge.content.get(path) ?? new Uint8Array()]));
  const goodContents = contentsOf(usual);
  const good = remembered === true ? forge.files() : null;
  spoil(forge);
  return { good, goodContents, bad: forge.files(), contents: contentsOf([...only, ...paths]) };
}
