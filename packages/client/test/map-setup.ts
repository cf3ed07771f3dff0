import type { Fetcher, MultiRepository, OpenMapOptions } from '@ragnos/client';
import { DownloadNotFoundError, openMap } from '@ragnos/client';
import type { Fault } from '@ragnos/testkit';
import { faultyFetcher, RepositorySimulator } from '@ragnos/testkit';
import { join } from 'node:path';

import { bytes, start, temporary } from './setup.ts';

export interface MappingJson {
  readonly paths: readonly string[];
  readonly repositories: readonly string[];
  readonly threshold: number;
  readonly terminating: boolean;
}

/** Repositories `a`, `b`, `c` at `https://<name>.example/`, each with a root of its own, and clients behind a map. */
export class World {
  readonly dir = join(temporary(), 'map');
  readonly sims = new Map(['a', 'b', 'c'].map((name) => [name, new RepositorySimulator({ now: start })]));
  /** Hosts asked, in order, each run of one host once. */
  readonly hosts: string[] = [];
  now = start;

  sim(name: string): RepositorySimulator {
    const sim = this.sims.get(name);
    if (sim === undefined) throw new Error(`no repository ${name}`);
    return sim;
  }

  /** The same target, by what each repository says of it: `{ a: 'one', b: 'two' }`. */
  lists(path: string, contents: Readonly<Record<string, string>>): void {
    for (const [name, content] of Object.entries(contents)) {
      this.sim(name).addTarget(path, content, 'targets', { by: name });
      this.sim(name).publish();
    }
  }

  fetcher(faults: readonly Fault[] = []): Fetcher {
    const network: Fetcher = {
      fetch: (url, options) => {
        const name = url.hostname.split('.').at(-2) ?? '';
        if (this.hosts.at(-1) !== url.hostname) this.hosts.push(url.hostname);
        const sim = this.sims.get(name);
        if (sim === undefined) throw new DownloadNotFoundError(`${url.href}: no such host`);
        return sim.fetch(new URL(url.pathname.slice(1), sim.baseUrl), options);
      },
    };
    return faultyFetcher(network, faults);
  }

  map(mapping: readonly MappingJson[], urls: Readonly<Record<string, readonly string[]>> = {}): Uint8Array {
    const repositories = { a: ['https://a.example/'], b: ['https://b.example/'], c: ['https://c.example/'] };
    return bytes(JSON.stringify({ repositories: { ...repositories, ...urls }, mapping }));
  }

  open(
    mapping: readonly MappingJson[],
    options: Partial<OpenMapOptions> & { readonly faults?: readonly Fault[] } = {},
  ): Promise<MultiRepository> {
    const { faults = [], ...rest } = options;
    return openMap({
      map: this.map(mapping),
      dir: this.dir,
      roots: new Map([...this.sims].map(([name, sim]) => [name, sim.firstRoot])),
      fetcher: this.fetcher(faults),
      now: () => this.now,
      ...rest,
    });
  }
}

export function mapping(
  threshold: number,
  repositories: string,
  paths = '*',
  terminating: 'terminating' | 'not terminating' = 'not terminating',
): MappingJson {
  return {
    paths: paths.split(' '),
    repositories: repositories.split(' '),
    threshold,
    terminating: terminating === 'terminating',
  };
}
