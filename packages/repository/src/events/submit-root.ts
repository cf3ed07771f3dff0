import { parseMetadata, UnsignedMetadataError, type Root } from '@ragnos/tuf';
import { logHeadOf, type AuditNote } from '../audit.ts';
import { topLevelKeys } from '../signing-needs.ts';
import { refuseIssues, rootIssues } from '../compat-check.ts';
import { PublishError } from '../errors.ts';
import type { Loaded, Head } from '../head.ts';
import { incomingKeys, type Incoming } from '../incoming.ts';
import {
  checkAnnounced,
  checkLive,
  isAudited,
  keysIn,
  keysNote,
  mend,
  put,
  taken,
  type PutRootOptions,
} from '../root.ts';
import { checkRestarts, pendingRestart } from '../log-restart.ts';
import { trusting } from '../root-chain.ts';
import { isSignedBy, rootRole, sha256, targetsRole } from '../signed.ts';
import { refuseHangingBins } from '../snapshot-bins.ts';
import { transact, type Engine, type Plan } from '../transact.ts';
import type { PublishResult } from '../types.ts';
import type { Workspace } from '../workspace.ts';
import { findDamage, resetLive } from './reset.ts';
import { isLog } from './reset-log.ts';

export interface SubmitRootOptions extends PutRootOptions {
  /** sha256 of the transcript of the ceremony in which it was signed: for the audit log. */
  readonly transcript?: string | undefined;
}

export interface SubmittedRoot {
  readonly version: number;
  /** What had to be signed anew so that it verifies under the new root as well; `null`: nothing. */
  readonly publish: PublishResult | null;
  /** Why timestamp and snapshot were given low versions again (5.3.11); `null`: they went on from where they were. */
  readonly reset: string | null;
  /** The audit log that the timestamp signs is not there: nobody publishes before it is put back, or given up. */
  readonly logLost: boolean;
}

/**
 * Publishes a root that was signed elsewhere, byte for byte: first what is live is signed by the keys that it will need, if
 * they are at hand, then the root is put. The root that is in force already changes nothing, so a second call completes
 * what a first one began. A root that replaces keys with which somebody made the head unusable also resets it.
 * @throws PublishError SIGNATURES_MISSING, CONFLICT; what the trust core refuses
 */
export async function submitRoot(
  engine: Engine,
  bytes: Uint8Array,
  options: SubmitRootOptions = {},
): Promise<SubmittedRoot> {
  const { signed } = parseMetadata(bytes, 'root');
  const before = await engine.reader.readRoot(options);
  let publish: PublishResult | null = null;
  let reset: string | null = null;
  if (signed.version !== before.signed.version) {
    checkNext(before, bytes);
    refuseIssues(rootIssues(engine.compat, signed, before.signed));
    const damage = await findDamage(engine, before.signed, signed, options);
    if (damage === null) {
      const head = await engine.reader.read({ ...options, orPreviousRoot: true });
      const log = logHeadOf(head.timestamp.signed);
      checkRestarts(before.signed, signed, log);
      const incoming = incomingKeys(before.signed, signed, engine.now());
      if (pendingRestart(signed, log) === null)
        publish = await signForBoth(engine, head, signed, noteOf(bytes, before.signed, signed, options), {
          ...options,
          incoming,
        });
      const live = await engine.reader.read(options);
      checkAnnounced(engine, live, incoming);
      await checkLive(live, bytes);
    } else {
      reset = damage.why;
      await resetLive(engine, before.signed, signed, damage, options);
    }
    await put(engine, signed.version, bytes, options);
  } else if (Buffer.compare(before.bytes, bytes) !== 0) throw taken(signed.version);
  const mended = await mend(engine, options);
  const { root, timestamp } = await engine.reader.read(options);
  const log = logHeadOf(timestamp.signed);
  const givesUp = pendingRestart(root.signed, log) !== null;
  const logLost = log !== null && !givesUp && !(await isLog(engine, log, options));
  // On a head or a log that could not be built upon no entry could precede the root: it follows.
  if ((reset !== null && !logLost) || givesUp)
    await record(engine, noteOf(bytes, before.signed, signed, options), options);
  return { version: signed.version, publish: mended.changed ? mended : publish, reset, logLost };
}

function noteOf(bytes: Uint8Array, before: Root, next: Root, { transcript }: SubmitRootOptions): AuditNote {
  const keys = keysNote(sha256(bytes), [...before.keys.values()], [...next.keys.values()]);
  return {
    ...keys,
    kind: transcript === undefined ? 'root' : 'ceremony',
    ...(transcript === undefined ? {} : { transcript }),
  };
}

/** An entry by itself, where the repository keeps an audit log; it takes a new timestamp. */
export async function record(engine: Engine, note: AuditNote, options: PutRootOptions): Promise<void> {
  if (!isAudited(engine, await engine.reader.read(options))) return;
  const prepare = (workspace: Workspace): Promise<Plan> => {
    workspace.note(note);
    return Promise.resolve({ workspace, resign: { timestamp: true } });
  };
  await transact(engine, prepare, options);
}

/** @throws PublishError SIGNATURES_MISSING when too few of the old or the new keys have signed it */
function checkNext(before: Loaded<Root>, bytes: Uint8Array): void {
  try {
    trusting(before.bytes).updateRoot(bytes);
  } catch (cause) {
    if (!(cause instanceof UnsignedMetadataError)) throw cause;
    throw new PublishError('SIGNATURES_MISSING', cause.message, {
      cause,
      hint: 'nothing was published; a root takes the signatures of the one before and its own',
    });
  }
}

/** The order in which no client ever fails (INTEROP.md): live metadata carries the new signatures before the root says so. */
async function signForBoth(
  engine: Engine,
  head: Head,
  next: Root,
  note: AuditNote,
  options: PutRootOptions & { readonly incoming: readonly Incoming[] },
): Promise<PublishResult | null> {
  const live = new Map([
    ['timestamp', head.timestamp.bytes],
    ['snapshot', head.snapshot.bytes],
    ['targets', (await head.role(targetsRole, rootRole)).bytes],
  ] as const);
  const lacking = new Set(
    [...live]
      .filter(([role, bytes]) => !isSignedBy(parseMetadata(bytes, role), topLevelKeys(next, role), next.keys))
      .map(([role]) => role),
  );
  if (lacking.size === 0 && options.incoming.length === 0 && !isAudited(engine, head)) return null;
  const sign = async (workspace: Workspace): Promise<Plan> => {
    await refuseHangingBins(workspace.head, next); // before anything is announced
    workspace.note(note);
    if (lacking.has('targets')) workspace.edit({ name: targetsRole, delegator: rootRole }, { resign: true });
    return { workspace, resign: { snapshot: lacking.has('snapshot'), timestamp: true } };
  };
  return transact(engine, sign, { ...options, also: (role) => keysIn(next, role) });
}
