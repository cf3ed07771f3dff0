import { writeSync } from 'node:fs';

const gone = new Set<number>();

/**
 * Synchronous, so that nothing is lost at exit. A reader that went away (`| head -1`) hears no more, and the work goes on:
 * whether it was done is for the exit code to say.
 */
export function print(descriptor: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length && !gone.has(descriptor);) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null;
      if (code === 'EPIPE' || code === 'EIO') gone.add(descriptor);
      else if (code === 'EAGAIN')
        pause(); // a full pipe: the reader is slow
      else throw error;
    }
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}
