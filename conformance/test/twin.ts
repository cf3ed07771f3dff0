import { parseJson, Reader } from '@ragnos/tuf';
import { body, faultyServer, status } from '@ragnos/testkit';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';

import { main } from '../protocol.ts';
import { Repository } from './repository.ts';

/** The folders of one client, seen as the suite sees them. */
export class Folders {
  readonly metadata: string;
  readonly targets: string;
  readonly givenRoot: string;

  constructor(folder: string) {
    this.metadata = join(folder, 'metadata');
    this.targets = join(folder, 'targets');
    this.givenRoot = join(folder, 'initial_root.json');
  }

  /** Of a role (its name encoded), byte for byte; `null` = not trusted. */
  async file(role: string): Promise<Buffer | null> {
    return readFile(join(this.metadata, `${role}.json`)).catch(() => null);
  }

  async version(role: string): Promise<number | null> {
    const bytes = await this.file(role);
    return bytes === null
      ? null
      : Reader.of(parseJson(bytes, role), role).object('signed').integer('version', 1);
  }

  /** `role version` of all that is trusted, by name. */
  async trusted(): Promise<readonly string[]> {
    const names = (await readdir(this.metadata)).filter((name) => name.endsWith('.json')).toSorted();
    const roles = names.map((name) => name.slice(0, -'.json'.length));
    return Promise.all(roles.map(async (role) => `${role} ${await this.version(role)}`));
  }

  /** What the downloaded files hold, the one that was written first in front. */
  async downloaded(): Promise<readonly string[]> {
    const names = await readdir(this.targets).catch(() => []);
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.targets, name);
        return { text: await readFile(path, 'utf8'), at: (await stat(path, { bigint: true })).mtimeNs };
      }),
    );
    return files.toSorted((a, b) => (a.at < b.at ? -1 : 1)).map(({ text }) => text);
  }
}

/** A repository behind a server, and a client that is run command by command, in this process. */
export class Twin extends Folders {
  readonly repo = new Repository();
  readonly url: URL;
  /** What the client said, line by line. */
  readonly said: string[] = [];

  /** The codes of what was refused so far: each command that ends with 1 gives one, or `none`. */
  refused(): readonly string[] {
    return this.said.map((line) => / \[(\w+)\]$/.exec(line)?.[1] ?? 'none');
  }

  constructor(folder: string, url: URL) {
    super(folder);
    this.url = url;
  }

  async init(root: Uint8Array = this.repo.published.get('root')?.[0] ?? new Uint8Array()): Promise<number> {
    await writeFile(this.givenRoot, root);
    return this.#run(['--metadata-dir', this.metadata, 'init', this.givenRoot]);
  }

  refresh(now?: Date): Promise<number> {
    return this.#run([...this.refreshArgs(), 'refresh'], now);
  }

  download(...names: readonly string[]): Promise<number> {
    return this.#run(this.downloadArgs(...names));
  }

  refreshArgs(): readonly string[] {
    return ['--metadata-url', new URL('metadata', this.url).href, '--metadata-dir', this.metadata];
  }

  downloadArgs(...names: readonly string[]): readonly string[] {
    const targets = names.flatMap((name) => ['--target-name', name]);
    const from = ['--target-base-url', new URL('targets/', this.url).href];
    return [...this.refreshArgs(), ...targets, '--target-dir', this.targets, ...from, 'download'];
  }

  /** The process's clock is changed, as libfaketime does, and nothing is told about it. */
  async #run(args: readonly string[], now?: Date): Promise<number> {
    if (now !== undefined) vi.useFakeTimers({ toFake: ['Date'], now });
    try {
      return await main(args, (line) => this.said.push(line));
    } finally {
      vi.useRealTimers();
    }
  }
}

/** Gone with the test that asked for it. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ragnos-conformance-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A fresh repository, and a client that knows nothing yet. */
export async function newTwin(): Promise<Twin> {
  const folder = await temporaryFolder();
  const server = await faultyServer({
    otherwise: (request, response) => {
      const bytes = twin.repo.answer((request.url ?? '').slice(1));
      (bytes === null ? status(404) : body(bytes))(request, response);
    },
  });
  onTestFinished(() => server.close());
  const twin = new Twin(folder, server.url);
  return twin;
}

/** A fresh repository, and a client that trusts its first root. */
export async function initialised(): Promise<Twin> {
  const twin = await newTwin();
  if ((await twin.init()) !== 0) throw new Error(twin.said.join('\n'));
  return twin;
}
