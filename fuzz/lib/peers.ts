import { Updater, type Fetcher, defineFetcher, DownloadNotFoundError } from '@ragnos/client';
import { VaultError } from '@ragnos/tuf';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { target, type Files, type World } from '../../packages/tuf/test/fuzz/base.ts';
import type { Python } from './python.ts';
import { isRecord, listOf } from './report.ts';

/** What one implementation makes of the second state of a repository, having seen the first. */
export interface Answer {
  readonly accepted: boolean;
  readonly target: string | null;
  readonly error: string;
  /** An error that it did not mean to give. */
  readonly crash: boolean;
}

/** A host that has accepted `world.before` meets each of `mutants`. */
export type Peer = (world: World, mutants: readonly Files[]) => Promise<readonly Answer[]>;

const base = 'https://repository.example/';

/** In memory where the system has such a place: a thousand hosts write a hundred thousand files. */
const temporary = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

async function within<T>(act: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(temporary, 'ragv-fuzz-'));
  try {
    return await act(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function fetcherOf(files: Files): Fetcher {
  return defineFetcher({
    open: async (url, { offset }) => {
      const bytes = files.get(url.href.slice(base.length));
      if (bytes === undefined) throw new DownloadNotFoundError(`${url.href}: not found`);
      return (async function* () {
        yield bytes.subarray(offset);
      })();
    },
  });
}

/** A folder that `prepare` has filled once, copied for each mutant. */
async function eachFrom(
  mutants: readonly Files[],
  prepare: (folder: string) => Promise<void>,
  judge: (folder: string, files: Files) => Promise<Answer>,
): Promise<readonly Answer[]> {
  return within(async (prepared) => {
    await prepare(prepared);
    const answers: Answer[] = [];
    for (const files of mutants)
      answers.push(
        await within((folder) => {
          cpSync(prepared, folder, { recursive: true });
          return judge(folder, files);
        }),
      );
    return answers;
  });
}

/** Our client, disk and all. */
export const ours: Peer = (world, mutants) => {
  const open = (dir: string, files: Files): Promise<Updater> =>
    Updater.open({ dir, baseUrl: base, root: world.firstRoot, fetcher: fetcherOf(files) });
  return eachFrom(
    mutants,
    async (dir) => {
      const updater = await open(dir, world.before);
      await updater.refresh();
      await updater.find(target);
    },
    async (dir, files) => {
      try {
        const updater = await open(dir, files);
        await updater.refresh();
        const info = await updater.find(target);
        const found = info === null ? null : (info.hashes.get('sha256') ?? 'another hash');
        return { accepted: true, target: found, error: '', crash: false };
      } catch (error) {
        if (!(error instanceof VaultError)) throw error;
        return { accepted: false, target: null, error: `${error.code} ${error.message}`, crash: false };
      }
    },
  );
};

/** python-tuf in its own process. */
export function pythonTuf(python: Python): Peer {
  const encode = (files: Files): Record<string, string> =>
    Object.fromEntries([...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]));
  return async (world, mutants) => {
    const before = encode(world.before);
    const root = Buffer.from(world.firstRoot).toString('base64');
    const request = { do: 'judge', root, target, before, mutants: mutants.map(encode) };
    return listOf(await python.ask(request)).map(read);
  };
}

function read(answer: unknown): Answer {
  if (!isRecord(answer)) throw new Error('no answer');
  const { accepted, target: found, error, crash } = answer;
  return {
    accepted: accepted === true,
    target: typeof found === 'string' ? found : null,
    error: typeof error === 'string' ? error : '',
    crash: crash === true,
  };
}

interface TufJsUpdater {
  refresh(): Promise<void>;
  getTargetInfo(path: string): Promise<{ readonly hashes: Readonly<Record<string, string>> } | undefined>;
}
interface TufJs {
  readonly Updater: new (options: object) => TufJsUpdater;
  readonly BaseFetcher: new () => object;
}

/** tuf-js in this process: its own types are CommonJS, so what we use of it is said here. */
export function tufJs(): Peer {
  const require = createRequire(import.meta.url);
  const { Updater: TheirUpdater, BaseFetcher } = require('tuf-js') as TufJs;
  const errors = require('tuf-js/dist/error') as Readonly<Record<string, new (...words: unknown[]) => Error>>;
  const { DownloadHTTPError } = errors;
  if (DownloadHTTPError === undefined) throw new Error('tuf-js has no DownloadHTTPError');
  const HttpError = DownloadHTTPError;
  const meant = Object.values(errors);
  class Served extends BaseFetcher {
    readonly #files: Files;
    constructor(files: Files) {
      super();
      this.#files = files;
    }
    fetch(url: string): Promise<ReadableStream<Uint8Array>> {
      const bytes = this.#files.get(url.slice(base.length));
      if (bytes === undefined) return Promise.reject(new HttpError('not found', 404));
      const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
        if (bytes.length > 0) controller.enqueue(bytes);
        controller.close();
      };
      return Promise.resolve(new ReadableStream({ start }));
    }
  }
  const open = (metadataDir: string, files: Files): TufJsUpdater =>
    new TheirUpdater({
      metadataDir,
      metadataBaseUrl: `${base}metadata`,
      fetcher: new Served(files),
    });
  return (world, mutants) =>
    eachFrom(
      mutants,
      async (folder) => {
        writeFileSync(join(folder, 'root.json'), world.firstRoot);
        const updater = open(folder, world.before);
        await updater.refresh();
        await updater.getTargetInfo(target);
      },
      async (folder, files) => {
        try {
          const updater = open(folder, files);
          await updater.refresh();
          const info = await updater.getTargetInfo(target);
          const found = info === undefined ? null : (info.hashes['sha256'] ?? 'another hash');
          return { accepted: true, target: found, error: '', crash: false };
        } catch (error) {
          const crash = !meant.some((kind) => error instanceof kind);
          return { accepted: false, target: null, error: String(error).slice(0, 300), crash };
        }
      },
    );
}
