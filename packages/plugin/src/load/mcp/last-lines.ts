import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { readLines } from '../lines.ts';

const most = 5;
const limits = { maxBytes: 200, perSecond: 1000 };
/** What a process that ended has written may still be on its way. */
const patienceMs = 300;

/** The last lines of a stream that is read to its end, each as far as it is of use, without the `secrets` that it was given. */
export function lastLines(stream: Readable, secrets: readonly string[]): () => Promise<readonly string[]> {
  const lines: string[] = [];
  const ended = new Promise<void>((resolve) => {
    stream.once('end', resolve);
    stream.once('close', resolve);
  });
  const hidden = secrets.filter((text) => text.length >= 4).toSorted((a, b) => b.length - a.length);
  readLines(stream, limits, (line) => {
    if (line.trim() === '') return;
    lines.push(hidden.reduce((text, secret) => text.replaceAll(secret, '***'), line));
    if (lines.length > most) lines.shift();
  });
  return async () => {
    await Promise.race([ended, delay(patienceMs, undefined, { ref: false })]);
    return lines;
  };
}
