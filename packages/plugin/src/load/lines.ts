import type { Readable } from 'node:stream';
import { Throttle } from './rate.ts';

/**
 * Hands out a stream's lines, cut at `maxBytes`, with no control characters; whoever writes more of them per second than
 * `perSecond` waits.
 */
export function readLines(
  stream: Readable,
  limits: { readonly maxBytes: number; readonly perSecond: number },
  onLine: (line: string) => void,
): void {
  let kept: Buffer[] = [];
  let size = 0;
  const throttle = new Throttle(
    limits.perSecond,
    () => stream.pause(),
    () => stream.resume(),
  );
  const flush = (): void => {
    if (size === 0) return;
    const text = Buffer.concat(kept).toString('utf8');
    kept = [];
    size = 0;
    throttle.count();
    onLine(text.replace(/[\p{Cc}\p{Cf}]/gu, ' ').trimEnd());
  };
  stream.on('data', (piece: Buffer) => {
    for (let at = 0; at < piece.length;) {
      const end = piece.indexOf(10, at);
      const stop = Math.min(end < 0 ? piece.length : end, at + limits.maxBytes - size);
      if (stop > at) kept.push(piece.subarray(at, stop));
      size += stop - at;
      at = stop === end ? stop + 1 : stop;
      if (stop === end || size >= limits.maxBytes) flush();
    }
  });
  stream.on('end', flush);
  stream.on('error', () => throttle.stop());
  stream.on('close', () => throttle.stop());
  stream.resume();
}
