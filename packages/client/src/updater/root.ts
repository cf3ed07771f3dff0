import {
  metadataFileName,
  parseMetadata,
  RepositoryError,
  RootPinMismatchError,
  TrustedMetadataSet,
} from '@ragnos/tuf';
import { createHash } from 'node:crypto';

import { DownloadNotFoundError, LocalRootLostError, NoTrustedRootError, OfflineError } from '../errors.ts';
import type { Context } from './context.ts';
import type { StartedFrom } from './notes.ts';
import { startedFromFromBytes, startedFromToBytes } from './notes.ts';
import { fetchBytes, verifyFetched } from './remote.ts';

/** A trusted set that stands on the newest root, and that root's bytes. */
export interface RootResult {
  readonly trusted: TrustedMetadataSet;
  readonly bytes: Uint8Array;
}

/** Remembers what it was asked: one load asks several times about the same bytes. */
function identifier(context: Context): (bytes: Uint8Array) => StartedFrom {
  const identified = new Map<Uint8Array, StartedFrom>();
  return (bytes) => {
    const known = identified.get(bytes);
    if (known !== undefined) return known;
    const { signed, signedBytes } = parseMetadata(bytes, 'root', context.limits);
    const found = { version: signed.version, sha256: createHash('sha256').update(signedBytes).digest('hex') };
    identified.set(bytes, found);
    return found;
  };
}

function mismatch(version: number): RootPinMismatchError {
  return new RootPinMismatchError(`root ${version} is not the one that this folder's trust leads to`, {
    hint: 'another repository, or a forged root: use another folder for another repository',
  });
}

/** The oldest root kept here that is whole; with it every later one is verified again. */
async function firstLocal(context: Context, versions: readonly number[]): Promise<Uint8Array | null> {
  for (const version of versions)
    for (const bytes of await context.store.root(version))
      try {
        const { root } = new TrustedMetadataSet(bytes, context);
        if (root.version === version) return bytes;
      } catch (error) {
        if (!(error instanceof RepositoryError)) throw error; // damaged: the next one will do
      }
  return null;
}

async function startedFrom(context: Context): Promise<StartedFrom | null> {
  for (const bytes of await context.store.startedFrom()) {
    const note = startedFromFromBytes(bytes);
    if (note !== null) return note;
  }
  return null;
}

/**
 * 5.2 and 5.3: from the root that trust began with to the newest one, link by link. Local roots are links like those
 * that are fetched: each is verified against the one before, damaged ones are fetched again. The root that the caller
 * gives and the one that the folder started from must both lie on the chain.
 *
 * With `as far as known` a chain that cannot be followed to its end yet is no error: that is for who cannot ask.
 *
 * @throws NoTrustedRootError, RootPinMismatchError, LocalRootLostError
 */
export async function loadRoot(
  context: Context,
  chain: 'whole' | 'as far as known' = 'whole',
): Promise<RootResult> {
  const { store, bootstrap, limits, offline } = context;
  const identify = identifier(context);
  const versions = await store.rootVersions();
  const local = await firstLocal(context, versions);
  const note = await startedFrom(context);
  const given = bootstrap === null ? null : identify(bootstrap);
  const known = local === null ? null : identify(local);
  const marks = [note, given, known].filter((mark) => mark !== null);
  const start =
    bootstrap !== null && (known === null || (given?.version ?? 0) <= known.version) ? bootstrap : local;
  if (start === null)
    throw new NoTrustedRootError('no trusted root: none is kept here and none was given', {
      hint: 'give the root file, or its fingerprint, that you got from the operator in another way',
    });

  const trusted = new TrustedMetadataSet(start, context);
  let bytes = start;
  const accept = async (next: Uint8Array): Promise<void> => {
    const { version } = trusted.root;
    const here = marks.filter((mark) => mark.version === version);
    if (here.some(({ sha256 }) => sha256 !== identify(next).sha256)) throw mismatch(version);
    if (!offline) await store.writeRoot(version, next);
    bytes = next;
  };
  await accept(start);
  if (!offline) await store.writeStartedFrom(startedFromToBytes(note ?? identify(start)));

  for (let asked = 0; ;) {
    const next = trusted.root.version + 1;
    const candidates = versions.includes(next) ? [...(await store.root(next))] : [];
    if (bootstrap !== null && given?.version === next) candidates.push(bootstrap);
    const kept = nextOf(candidates, trusted);
    if (kept !== null) {
      await accept(kept);
      continue;
    }
    if (offline || asked++ >= limits.maxRootRotations) break; // 5.3.3: endless rotation
    const name = metadataFileName('root', next);
    const fetched = await fetchBytes(context, name, { maxLength: limits.rootMaxLength }).catch(
      (error: unknown) => {
        if (error instanceof DownloadNotFoundError) return null; // 5.3.2: there is none
        throw error;
      },
    );
    if (fetched === null) break;
    verifyFetched(context, name, fetched, () => trusted.updateRoot(fetched));
    await accept(fetched);
  }
  if (chain === 'whole') refuseShortChain(context, trusted.root.version, versions, marks);
  return { trusted, bytes };
}

/** The first of `candidates` that is the next link; it is trusted then. */
function nextOf(candidates: readonly Uint8Array[], trusted: TrustedMetadataSet): Uint8Array | null {
  for (const bytes of candidates)
    try {
      trusted.updateRoot(bytes);
      return bytes;
    } catch (error) {
      if (!(error instanceof RepositoryError)) throw error; // damaged: fetched again
    }
  return null;
}

/** The chain must reach every root that was trusted here before: stopping earlier is a rollback of root. */
function refuseShortChain(
  { offline }: Context,
  reached: number,
  versions: readonly number[],
  marks: readonly StartedFrom[],
): void {
  const newest = versions.at(-1) ?? 0;
  if (newest > reached)
    throw new LocalRootLostError(
      `root ${newest} was trusted here, but only root ${reached} can be verified now`,
      {
        hint: 'its copy here is damaged; it is fetched again once the repository serves it',
      },
    );
  const beyond = marks.find((mark) => mark.version > reached);
  if (beyond === undefined) return;
  if (!offline) throw mismatch(beyond.version);
  throw new OfflineError(
    `root ${beyond.version} is trusted, and those between ${reached} and it are not kept here`,
    {
      hint: 'refresh once with a connection',
    },
  );
}
