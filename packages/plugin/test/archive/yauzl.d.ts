/** What the tests use of it; its own package has no types. */
declare module 'yauzl' {
  import type { Readable } from 'node:stream';

  export interface Entry {
    readonly fileName: string;
  }
  export interface ZipFile {
    on(event: 'entry', listener: (entry: Entry) => void): void;
    on(event: 'error', listener: (error: Error) => void): void;
    on(event: 'end', listener: () => void): void;
    readEntry(): void;
    openReadStream(entry: Entry, done: (error: Error | null, stream: Readable | undefined) => void): void;
  }
  export function fromBuffer(
    bytes: Buffer,
    options: { readonly lazyEntries: boolean },
    done: (error: Error | null, zip: ZipFile | undefined) => void,
  ): void;
}
