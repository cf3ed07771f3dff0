import { finding, type Finding } from '@ragnos/repository';
import { tryOurs } from './our-client.ts';
import { tryPython, tryTufJs } from './peers.ts';

/** What a client is tried on. */
export interface Trial {
  readonly url: URL;
  /** The first root, as trust begins. */
  readonly root: Uint8Array;
  /** Small targets to download. */
  readonly samples: readonly string[];
  readonly allowHttp: boolean;
  readonly signal: AbortSignal;
}

export interface TriedClient {
  readonly name: 'client-ours' | 'client-python-tuf' | 'client-tuf-js';
  readonly version: string | null;
  /** `null`: it refreshed, and downloaded every sample. */
  readonly failure: string | null;
}

export interface TriedClients {
  readonly clients: readonly TriedClient[];
  readonly findings: readonly Finding[];
}

const titles = {
  'client-ours': '@ragnos/client',
  'client-python-tuf': 'python-tuf',
  'client-tuf-js': 'tuf-js',
} as const;

/** Loads the repository with every client that is here. `peers`: others than ours, which are programs of their own. */
export async function tryClients(trial: Trial, peers: boolean): Promise<TriedClients> {
  const clients: TriedClient[] = [await tryOurs(trial)];
  const absent: string[] = [];
  if (peers) {
    const tried = [
      ['python-tuf', await tryPython(trial)],
      ['tuf-js', await tryTufJs(trial)],
    ] as const;
    for (const [name, client] of tried) {
      if (client === null) absent.push(name);
      else clients.push(client);
    }
  }
  const findings = clients
    .filter(({ failure }) => failure !== null)
    .map(({ name, failure }) =>
      finding(
        name,
        `${titles[name]} fails: ${failure ?? ''}`,
        'see the other findings; its users are cut off',
      ),
    );
  if (absent.length > 0)
    findings.push(
      finding(
        'client-absent',
        `${absent.join(' and ')}: not installed, so not tried`,
        'pip install tuf; npm install tuf-js in the folder where you stand',
      ),
    );
  return { clients, findings };
}

export function clientTitle({ name, version }: TriedClient): string {
  return version === null ? titles[name] : `${titles[name]} ${version}`;
}
