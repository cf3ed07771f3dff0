import { writeSync } from 'node:fs';

/** Synchronous, so that nothing is lost at exit; a reader that went away (EPIPE) ends us in silence. */
export function print(descriptor: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null;
      if (code === 'EPIPE') process.exit(0);
      if (code !== 'EAGAIN') throw error; // a full pipe: the reader is slow, try again
    }
  }
}
