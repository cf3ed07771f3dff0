/** The clients under test: what starts each on one repository, and what makes it cold. */
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Generated } from './generate.ts';
import type { Program } from './measure.ts';
import { program } from './packages.ts';
import { setUpNpmPeers, setUpPython } from './peers.ts';

/** `cold`: from a root file alone, refresh, look up and download. `warm`: refresh what an earlier run left. */
export type Kind = 'cold' | 'warm';

export interface Job {
  readonly repository: Generated;
  readonly url: string;
  /** Where clients keep their folders. */
  readonly work: string;
}

export interface Client {
  readonly name: string;
  start(job: Job, kind: Kind): Program;
}

/** How to start one: the arguments are those of every program in bench/programs that is a client. */
interface Start {
  readonly command: string;
  readonly before: readonly string[];
}

/** Ours, and each peer whose language is here; `missing` names those that are not. */
export function setUpClients(): { readonly clients: readonly Client[]; readonly missing: readonly string[] } {
  setUpNpmPeers();
  const node = (name: string): Start => ({ command: process.execPath, before: [program(name)] });
  const python = (requirements: string): Start | null => {
    const command = setUpPython(requirements);
    return command === null ? null : { command, before: [program('python_tuf.py')] };
  };
  const starts: Readonly<Record<string, Start | null>> = {
    ours: node('ours.mjs'),
    'python-tuf': python('requirements.txt'),
    'python-tuf 5.1': python('requirements-5.1.txt'),
    'tuf-js': node('tuf-js.mjs'),
  };
  const clients = Object.entries(starts).flatMap(([name, start]) =>
    start === null ? [] : [{ name, start: (job: Job, kind: Kind) => startOf(name, start, job, kind) }],
  );
  return { clients, missing: Object.keys(starts).filter((name) => starts[name] === null) };
}

function startOf(name: string, { command, before }: Start, job: Job, kind: Kind): Program {
  const { repository, url, work } = job;
  const dir = join(work, `${name.replace(' ', '-')}-${kind}`);
  const root = join(repository.folder, 'metadata', '1.root.json');
  const download = kind === 'cold' ? [repository.targetPath, join(dir, 'download.bin')] : [];
  const fresh = async (): Promise<void> => {
    await rm(dir, { recursive: true, force: true });
    await mkdir(dir, { recursive: true });
    await copyFile(root, join(dir, 'root.json')); // where python-tuf 5 and tuf-js look for it
  };
  return { name, command, args: [...before, url, dir, root, ...download], prepare: fresh };
}
