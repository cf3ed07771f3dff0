import { makeFolders, writeFileAtomic } from '@ragnos/disk';
import { participantOf, signTranscript, type Participant, type Transcript } from '@ragnos/repository';
import { parseMetadata } from '@ragnos/tuf';
import { dirname } from 'node:path';
import type { Context } from '../command.ts';
import { version } from '../version.ts';
import type { KeyHolder } from './participants.ts';
import { sha256 } from '../sha256.ts';

/** Keeps the minutes of a ceremony. */
export class Minutes {
  readonly #started = now();
  readonly #steps: { readonly at: string; readonly what: string; readonly who: string }[] = [];

  /** `who` is empty for the tool itself. */
  note(what: string, who = ''): void {
    this.#steps.push({ at: now(), what, who });
  }

  transcript(rest: Omit<Transcript, 'started' | 'ended' | 'steps' | 'tool'>): Transcript {
    const tool = [`ragv ${version()}`, `node ${process.version}`, `openssl ${process.versions.openssl}`];
    return { ...rest, tool, started: this.#started, ended: now(), steps: this.#steps };
  }
}

function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

export interface Roots {
  readonly root: Uint8Array;
  readonly previous: Uint8Array | null;
  /** sha256 of the file of root 1. */
  readonly first: string;
}

export interface Finished {
  readonly file: string;
  readonly sha256: string;
  readonly participants: readonly Participant[];
}

/** Has everybody who took part sign the transcript, and writes it to `file`; its digest is for the audit log. */
export async function finish(
  minutes: Minutes,
  { root, previous, first }: Roots,
  holders: readonly KeyHolder[],
  words: readonly string[],
  file: string,
  context: Context,
): Promise<Finished> {
  const signed = parseMetadata(root, 'root').signed;
  const before = previous === null ? null : parseMetadata(previous, 'root').signed;
  const participants = holders.map(({ name, key, signer }) =>
    participantOf(name, key, signer === null ? 'absent' : 'signed', signed, before),
  );
  const transcript = minutes.transcript({
    repository: first,
    rootVersion: signed.version,
    rootSha256: sha256(root),
    previousSha256: previous === null ? null : sha256(previous),
    threshold: signed.roles.get('root')?.threshold ?? 0,
    participants,
    words,
  });
  const signers = holders.map(({ signer }) => signer).filter((signer) => signer !== null);
  const bytes = await signTranscript(transcript, signers, { signal: context.signal });
  makeFolders(dirname(file), 0o755);
  await writeFileAtomic(file, bytes, { mode: 0o644 });
  return { file, sha256: sha256(bytes), participants };
}
