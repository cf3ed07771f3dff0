import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseJson, Reader } from '@ragnos/tuf';
import { compared, type Contents } from './job.ts';
import type { Outcome } from './outcome.ts';
import type { PeerName, Program } from './peer.ts';

export interface SessionJob {
  /** What the client keeps; the same folder again is a client that was here before. */
  readonly out: string;
  readonly contents: Contents;
}

/** One process that refreshes, looks up and downloads as often as it is told to. */
export interface Sessions {
  run(job: SessionJob): Promise<Outcome>;
  close(): Promise<void>;
}

/** Ours is one of them here: a program of its own, so that it shares nothing with who publishes. */
export const ourProgram: Program = {
  command: process.execPath,
  before: ['--conditions=@ragnos/source', join(import.meta.dirname, '..', 'ours', 'peer.ts')],
};

/** Those whose programs know `sessions`. */
export const ableToRepeat: readonly PeerName[] = ['python-tuf', 'tuf-js'];

/** `url`: `metadata/` and `targets/` lie below it. */
export function startSessions(
  { command, before }: Program,
  root: string,
  url: string,
  limitMs = 30_000,
): Sessions {
  const child = spawn(command, [...before, 'sessions', root, `${url}metadata/`, `${url}targets/`], {
    stdio: 'pipe',
  });
  child.stderr.pipe(process.stderr, { end: false }); // not shared: a test run waits for whoever holds its own
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.on('error', () => undefined); // the answer that does not come says it
  return {
    async run({ out, contents }) {
      const targets = join(out, 'targets');
      await rm(targets, { recursive: true, force: true });
      await mkdir(targets, { recursive: true });
      await writeFile(join(out, 'paths'), [...contents.keys()].map((path) => `${path}\n`).join(''));
      let hangs = false;
      const timer = setTimeout(() => {
        hangs = true;
        child.kill('SIGKILL');
      }, limitMs);
      child.stdin.write(`${out}\n`);
      const line = await lines.next();
      clearTimeout(timer);
      if (line.done === true)
        return {
          kind: hangs ? 'hangs' : 'crashes',
          message: `the program ended (${String(child.exitCode)})`,
        };
      const answer = Reader.of(parseJson(Buffer.from(line.value), 'answer'), 'answer');
      if (!answer.has('error')) return compared({ kind: 'accepted' }, { out, contents });
      return { kind: 'refused', error: answer.string('error'), message: answer.string('message') };
    },
    async close() {
      child.stdin.end();
      await exited;
    },
  };
}
