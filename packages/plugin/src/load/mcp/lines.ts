import type { Readable, Writable } from 'node:stream';

/** One line of a server or a client. */
export const mcpLineBytes = 16 * 1024 * 1024;

/**
 * Reads messages, one a line, none longer than `maxBytes`; stops with `onBad` at a line that is longer or no JSON. What is
 * not written yet on the other side stops the reading.
 */
export function readMessages(
  stream: Readable,
  maxBytes: number,
  on: { readonly message: (value: unknown) => void; readonly bad: (why: string) => void },
): void {
  let kept: Buffer[] = [];
  let size = 0;
  let over = false;
  const bad = (why: string): void => {
    over = true;
    stream.pause();
    on.bad(why);
  };
  stream.on('data', (piece: Buffer) => {
    for (let at = 0; at < piece.length;) {
      if (over) return; // a message of this piece has ended it
      const end = piece.indexOf(10, at);
      const part = piece.subarray(at, end < 0 ? piece.length : end);
      size += part.length;
      if (size > maxBytes) return bad(`a line of more than ${maxBytes} bytes`);
      kept.push(part);
      if (end < 0) return;
      at = end + 1;
      const line = (kept.length === 1 ? part : Buffer.concat(kept)).toString('utf8').trim();
      kept = [];
      size = 0;
      if (line === '') continue;
      let value: unknown;
      try {
        value = JSON.parse(line);
      } catch {
        return bad(`a line that is not JSON: ${line.slice(0, 60)}`);
      }
      on.message(value);
    }
  });
}

/** Writes messages; while much waits, `source` is not read. */
export function messageWriter(stream: Writable, source: Readable): (message: object) => void {
  stream.on('drain', () => source.resume());
  return (message) => {
    if (stream.destroyed || stream.writableEnded) return;
    if (!stream.write(`${JSON.stringify(message)}\n`)) source.pause();
  };
}
