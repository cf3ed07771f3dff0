import type { Readable } from 'node:stream';

import { Pieces } from '../confine/preload/pieces.ts';
import { plain } from './plain.ts';
import { Throttle } from '../confine/throttle.ts';

/**
 * Hands out a stream's lines, cut at `maxBytes`, with no control characters; whoever writes more of them per second than
 * `perSecond` waits.
 */
export function readLines(
  stream: Readable,
  limits: { readonly maxBytes: number; readonly perSecond: number },
  onLine: (line: string) => void,
): void {
  const line = new Pieces();
  const throttle = new Throttle(
    limits.perSecond,
    () => stream.pause(),
    () => stream.resume(),
  );
  const flush = (): void => {
    if (line.length === 0) return;
    throttle.count();
    onLine(plain(line.take().toString('utf8')).trimEnd());
  };
  stream.on('data', (piece: Buffer) => {
    for (let at = 0; at < piece.length;) {
      const end = piece.indexOf(10, at);
      const stop = Math.min(end < 0 ? piece.length : end, at + limits.maxBytes - line.length);
      line.push(piece.subarray(at, stop));
      at = stop === end ? stop + 1 : stop;
      if (stop === end || line.length >= limits.maxBytes) flush();
    }
  });
  stream.on('end', flush);
  stream.on('error', () => throttle.stop());
  stream.on('close', () => throttle.stop());
  stream.resume();
}
