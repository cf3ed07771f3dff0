/** The clients under test: what starts each on one repository, and what makes it cold. */
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MissingManagerError, peers } from '../../interop/lib/peer.ts';
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

/** How to start one, and what its program is told after that. */
interface Start {
  readonly command: string;
  readonly before: readonly string[];
  readonly args: (job: Job, dir: string, kind: Kind) => readonly string[];
}

/** Ours, and each peer whose language is here; `missing` names those that are not. */
export async function setUpClients(): Promise<{
  readonly clients: readonly Client[];
  readonly missing: readonly string[];
}> {
  setUpNpmPeers();
  const starts: Readonly<Record<string, Start | null>> = {
    ours: node('ours.mjs'),
    'go-tuf': await compiled('go-tuf'),
    tough: await compiled('tough'),
    'python-tuf': python('requirements.txt'),
    'python-tuf 5.1': python('requirements-5.1.txt'),
    'tuf-js': node('tuf-js.mjs'),
  };
  const clients = Object.entries(starts).flatMap(([name, start]) =>
    start === null ? [] : [{ name, start: (job: Job, kind: Kind) => startOf(name, start, job, kind) }],
  );
  return { clients, missing: Object.keys(starts).filter((name) => starts[name] === null) };
}

function node(name: string): Start {
  return { command: process.execPath, before: [program(name)], args: likeOurs };
}

function python(requirements: string): Start | null {
  const command = setUpPython(requirements);
  return command === null ? null : { command, before: [program('python_tuf.py')], args: likeOurs };
}

/** The programs of interop/, in the peers' own languages (interop/README.md: `read`). */
async function compiled(name: 'go-tuf' | 'tough'): Promise<Start | null> {
  const peer = peers.find((one) => one.name === name);
  try {
    console.error(`setting up ${name} …`);
    const found = await peer?.setUp();
    return found === undefined ? null : { ...found, args: likeInterop };
  } catch (error) {
    if (error instanceof MissingManagerError) return null;
    throw error;
  }
}

function likeOurs({ repository, url }: Job, dir: string, kind: Kind): readonly string[] {
  const download = kind === 'cold' ? [repository.targetPath, join(dir, 'download.bin')] : [];
  return [url, dir, rootOf(repository), ...download];
}

function likeInterop({ repository, url }: Job, dir: string, kind: Kind): readonly string[] {
  const paths = join(dir, kind === 'cold' ? 'paths' : 'no-paths');
  return ['read', rootOf(repository), `${url}/metadata/`, `${url}/targets/`, dir, paths];
}

function rootOf({ folder }: Generated): string {
  return join(folder, 'metadata', '1.root.json');
}

function startOf(name: string, { command, before, args }: Start, job: Job, kind: Kind): Program {
  const { repository, work } = job;
  const dir = join(work, `${name.replace(' ', '-')}-${kind}`);
  const fresh = async (): Promise<void> => {
    await rm(dir, { recursive: true, force: true });
    await mkdir(dir, { recursive: true });
    await copyFile(rootOf(repository), join(dir, 'root.json')); // where python-tuf 5 and tuf-js look for it
    await writeFile(join(dir, 'paths'), `${repository.targetPath}\n`);
    await writeFile(join(dir, 'no-paths'), '');
  };
  return {
    name,
    command,
    args: [...before, ...args(job, dir, kind)],
    prepare: fresh,
    mayFail: name !== 'ours',
  };
}
