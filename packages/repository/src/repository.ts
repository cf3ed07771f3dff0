import { nodeFileSystem } from '@ragnos/disk';
import type { Signer } from '@ragnos/signing';
import { isTopLevelRole, type Root, type Timestamp } from '@ragnos/tuf';
import { layAliases, type AliasResult } from './compat-aliases.ts';
import type { CompatIssue } from './compat-check.ts';
import { compatIssues } from './compat-issues.ts';
import { recordRefusal, type AuditNote } from './audit.ts';
import { quickCheckHead } from './doctor/quick-check.ts';
import type { Finding } from './doctor/rules.ts';
import { DoorError } from './door-errors.ts';
import { draftOf } from './draft.ts';
import { applyEdit } from './edit-roles.ts';
import { PublishError } from './errors.ts';
import { applyEvent, reviewHere, type AppliedEvent, type ApplyOptions } from './events/apply.ts';
import type { SigningEvent } from './events/event.ts';
import { propose, type Proposal } from './events/propose.ts';
import type { Review } from './events/review.ts';
import { HeadReader, type Loaded } from './head.ts';
import { fileJournal, noJournal } from './journal.ts';
import { defaultLifetimes, type RoleLayout } from './layout.ts';
import { publishGroup, type Waiting } from './group.ts';
import { completeRestart, lossOf } from './log-loss.ts';
import { refresh } from './refresh.ts';
import { layoutOf, rekey, replacedKey } from './rekey.ts';
import { wornIn, type WornRole } from './events/reset-snapshot.ts';
import { record, submitRoot, type SubmittedRoot } from './events/submit-root.ts';
import { isFault } from './root.ts';
import { seenMemory } from './seen.ts';
import { status } from './status.ts';
import { transact, type Engine } from './transact.ts';
import type {
  CallOptions,
  Change,
  Draft,
  EditRolesOptions,
  PublishResult,
  RefreshOptions,
  RefreshResult,
  RepositoryOptions,
  RepositoryStatus,
  RoleEdit,
  RotateResult,
} from './types.ts';
import { Workspace } from './workspace.ts';

/**
 * The operator's side of one repository. Operations of one object run one after another; other objects, processes and
 * machines may work on the same store at the same time: the store decides, and whoever loses does its work again.
 *
 * A process that is killed leaves the old state or the new one. What it left besides is removed by `open` and by later
 * operations: metadata that no head refers to, temporary files. Target files stay: a retry of the same publish uses them.
 */
export class Repository {
  readonly #engine: Engine;
  readonly #mutable: (path: string) => boolean;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting: Waiting[] = [];

  private constructor(engine: Engine, mutable: (path: string) => boolean) {
    this.#engine = engine;
    this.#mutable = mutable;
  }

  /**
   * Verifies the head as a client does, and tidies up after killed publishes.
   * @throws PublishError NO_REPOSITORY, STORE_WENT_BACK; what the trust core refuses; StorageError
   */
  static async open(options: RepositoryOptions, call: CallOptions = {}): Promise<Repository> {
    const { storage, staging } = options;
    if (staging !== undefined) await nodeFileSystem.makeFolder(staging, 0o700);
    const engine: Engine = {
      storage,
      staging,
      reader: new HeadReader(storage, seenMemory(staging), options.firstRoot),
      journal: staging === undefined ? noJournal() : fileJournal(staging, storage),
      source: options.signers,
      lifetimes: options.lifetimes ?? defaultLifetimes,
      compat: options.compat ?? [],
      now: options.now ?? ((): Date => new Date()),
      maxAttempts: options.maxAttempts ?? 60,
      keyOverlap: options.keyOverlap ?? 3600,
      audit: options.audit ?? null,
      onCommitted: options.onCommitted ?? ((): Promise<void> => Promise.resolve()),
    };
    // A root that was put in a race with a publish must not lock us out of mending it (`refresh` with force).
    const head = await engine.reader.read({ ...call, orPreviousRoot: true }).catch((error: unknown) => {
      if (options.damaged === true && isFault(error)) return null;
      throw error;
    });
    if (head !== null) await engine.journal.recover(head);
    return new Repository(engine, options.mutable ?? ((): boolean => false));
  }

  /** Resolves once the change is committed and durable. Changes that wait together are committed together. */
  async publish(change: Change, options: CallOptions = {}): Promise<PublishResult> {
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting.push({ change, signal: options.signal, resolve, reject });
        if (this.#waiting.length === 1) void this.#serial(() => this.#publishWaiting());
      });
    } catch (error) {
      const { storage, audit, now } = this.#engine;
      if (audit !== null && isRefusal(error)) await recordRefusal(storage, audit, error, now());
      throw error;
    }
  }

  /** A draft on the newest head that is thrown away: for looking, and for dry runs. */
  inspect<T>(look: (draft: Draft) => Promise<T>, options: CallOptions = {}): Promise<T> {
    return this.#serial(async () => {
      const { storage, compat } = this.#engine;
      const workspace = new Workspace(await this.#engine.reader.read(options), this.#engine.now());
      const { draft, end } = draftOf(workspace, { storage, compat, mutable: this.#mutable });
      try {
        return await look(draft);
      } finally {
        end();
      }
    });
  }

  /** Re-signs what is due: the timestamp when half its life is gone, all others in the last third of theirs. */
  refresh(options: RefreshOptions = {}): Promise<RefreshResult> {
    return this.#serial(() => refresh(this.#engine, options));
  }

  /** As it stands in the store, verified. */
  timestamp(options: CallOptions = {}): Promise<Timestamp> {
    return this.#serial(async () => (await this.#engine.reader.read(options)).timestamp.signed);
  }

  /** The cheap form of `ragv doctor`, on what a publish reads in any case: budgets of other clients, expiry, form. */
  quickCheck(options: CallOptions = {}): Promise<readonly Finding[]> {
    return this.#serial(async () => {
      const { reader, now, lifetimes, compat } = this.#engine;
      const head = await reader.read(options);
      return quickCheckHead(head, { now: now(), lifetimes, compat: new Set<string>(compat) });
    });
  }

  /** Versions to which nobody honest comes: somebody ran them to their end, and a new root has to give low ones again. */
  worn(options: CallOptions = {}): Promise<readonly WornRole[]> {
    return this.#serial(async () => wornIn(await this.#engine.reader.read(options)));
  }

  status(options: CallOptions = {}): Promise<RepositoryStatus> {
    return this.#serial(() => status(this.#engine, options));
  }

  /**
   * Adds and removes delegations and changes keys, all in one commit; top-level roles, which take a new root each, after it.
   * @throws PublishError BAD_LAYOUT, NOT_COMPATIBLE, ROLE_EXISTS, UNKNOWN_ROLE, SIGNATURES_MISSING
   */
  editRoles(edits: readonly RoleEdit[], options: EditRolesOptions = {}): Promise<PublishResult> {
    const call = { signal: options.signal, extra: options.signers ?? [] };
    return this.#serial(async () => {
      const tops = edits.filter((edit) => edit.kind === 'keys' && isTopLevelRole(edit.role));
      const rest = edits.filter((edit) => !tops.includes(edit));
      const prepare = async (workspace: Workspace): Promise<{ workspace: Workspace }> => {
        for (const edit of rest) await applyEdit(workspace, edit, this.#engine.compat);
        return { workspace };
      };
      let result = await transact(this.#engine, prepare, call);
      for (const edit of tops)
        if (edit.kind === 'keys')
          result = (await rekey(this.#engine, edit.role, edit, call)).publish ?? result;
      return result;
    });
  }

  /**
   * Replaces one key of a role. No client fails at any moment, whatever its age; a client that is in the middle of a session
   * under the old root finds the old key's signature beside the new one's for `keyOverlap` seconds, if it is at hand.
   * @throws PublishError UNKNOWN_ROLE, BAD_LAYOUT when the old key does not serve the role, SIGNATURES_MISSING
   */
  rotateKey(
    role: string,
    newSigner: Signer,
    oldSigner: Signer,
    options: CallOptions = {},
  ): Promise<RotateResult> {
    return this.#serial(async () => {
      const layout = await replacedKey(this.#engine, role, newSigner, oldSigner, options);
      return rekey(this.#engine, role, layout, { ...options, extra: [newSigner, oldSigner] });
    });
  }

  /** Who may sign a role now, and how many must. @throws PublishError UNKNOWN_ROLE */
  layoutOf(role: string, options: CallOptions = {}): Promise<RoleLayout> {
    return this.#serial(() => layoutOf(this.#engine, role, options));
  }

  /** The newest root, as it is published: what signers and new hosts start from. */
  root(options: CallOptions = {}): Promise<Loaded<Root>> {
    return this.#serial(() => this.#engine.reader.readRoot(options));
  }

  /** Publishes a root that was signed elsewhere: see `submitRoot`. */
  submitRoot(bytes: Uint8Array, options: EditRolesOptions = {}): Promise<SubmittedRoot> {
    const call = { signal: options.signal, extra: options.signers ?? [] };
    return this.#serial(() => submitRoot(this.#engine, bytes, call));
  }

  /** Writes an entry into the audit log, where there is one, with a new timestamp: for what commits nothing itself. */
  record(note: AuditNote, options: CallOptions = {}): Promise<void> {
    return this.#serial(() => record(this.#engine, note, options));
  }

  /**
   * A root event that gives up the audit log, which is lost; `null`: root has given it up, and `completeLogRestart` is next.
   * @throws PublishError LOG_INTACT
   */
  proposeLogRestart(
    { reason, deadline }: Pick<Proposal, 'reason' | 'deadline'>,
    options: CallOptions = {},
  ): Promise<SigningEvent | null> {
    return this.#serial(async () => {
      const lostLog = await lossOf(this.#engine, reason, options);
      const proposal = { reason: `the audit log is lost: ${reason}`, deadline };
      return lostLog === null
        ? null
        : propose(this.#engine, this.#mutable, { ...proposal, lostLog }, options);
    });
  }

  /** Begins the log that follows on one that root gave up; nothing to do where some commit has done it. */
  completeLogRestart(options: CallOptions = {}): Promise<PublishResult> {
    return this.#serial(() => completeRestart(this.#engine, options));
  }

  /** Makes an event of a change for which signatures are missing; nothing is published. See `propose`. */
  proposeEvent(proposal: Proposal, options: CallOptions = {}): Promise<SigningEvent> {
    return this.#serial(() => propose(this.#engine, this.#mutable, proposal, options));
  }

  /** The event as this repository sees it: what it changes, and who signed. @throws EventError EVENT_UNTRUSTED */
  reviewEvent(event: SigningEvent, options: CallOptions = {}): Promise<Review> {
    return this.#serial(() => reviewHere(this.#engine, event, options));
  }

  /** Publishes what was signed, or opens it anew where the repository has moved on. See `applyEvent`. */
  applyEvent(event: SigningEvent, options: ApplyOptions = {}): Promise<AppliedEvent> {
    return this.#serial(() => applyEvent(this.#engine, this.#mutable, event, options));
  }

  /** What keeps the clients of `compat` from reading what is published: for a repository that begins to serve one more. */
  compatIssues(options: CallOptions = {}): Promise<readonly CompatIssue[]> {
    return this.#serial(() => compatIssues(this.#engine, options));
  }

  /** Lays every published file under its second path too, where one of `compat` looks for it there. As often as you like. */
  layAliases(options: CallOptions = {}): Promise<AliasResult> {
    return this.#serial(() => layAliases(this.#engine, options));
  }

  /** Waits for what was begun. */
  async close(): Promise<void> {
    await this.#serial(() => this.#engine.journal.close());
  }

  async #publishWaiting(): Promise<void> {
    const group = this.#waiting;
    this.#waiting = [];
    await publishGroup(this.#engine, group, this.#mutable);
  }

  #serial<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(run, run);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}

/** What was refused goes into the audit log; what only failed does not. */
function isRefusal(error: unknown): error is DoorError | PublishError {
  return error instanceof DoorError || (error instanceof PublishError && error.code === 'PATH_IMMUTABLE');
}
