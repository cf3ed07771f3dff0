import { DoorError, type Client, type PublishResult, type Repository } from '@ragnos/repository';
import type { Signer } from '@ragnos/signing';
import { StorageError, type Storage } from '@ragnos/storage';
import { LogError } from '@ragnos/tlog';
import { VaultError } from '@ragnos/tuf';
import type { Keyring } from '../keyring.ts';
import type { Waiting } from './event-work.ts';
import type { Actor, History } from './history.ts';
import { Killed } from './lane.ts';
import type { State } from './state.ts';

/** What an operation works with. */
export interface Hands {
  readonly repository: Repository;
  readonly storage: Storage;
  readonly keys: Keyring;
  /** Every key that the far vendor has ever had. */
  readonly far: Signer[];
  readonly history: History;
  /** That wait to be applied. */
  readonly events: Waiting[];
  /** Clients that are served: what one of them could not read is refused. */
  readonly compat: readonly Client[];
  /** That something came about, for who counts how often. */
  readonly tell: (what: string) => void;
  readonly now: () => Date;
  /** Of whoever tidies up. */
  readonly staging: string;
  /** Nobody else works at the same time, nothing goes wrong, and nothing did before that may still be in the way. */
  readonly alone: boolean;
  /** Nothing goes wrong here. */
  readonly healthy: boolean;
}

export interface Refusals {
  readonly sure: string[];
  readonly perhaps: string[];
}

/** An operation as the model sees it, and the call that does it. */
export interface Work extends Actor {
  /** @throws Error when what came of it is nothing that the model allows */
  run(hands: Hands, refusals: Refusals): Promise<void>;
}

export const once = (make: (before: State) => State | null): Pick<Actor, 'next'> => {
  const left = { done: false };
  return {
    next: (before) => {
      const state = left.done ? null : make(before);
      return state === null ? [] : [{ state, taken: () => (left.done = true) }];
    },
  };
};

/** As often as it likes: it changes nothing that the model knows. */
export const same: Pick<Actor, 'next'> = { next: (state) => [{ state, taken: () => undefined }] };

/** What went wrong in words of ours; else something is broken. */
export const isTyped = (error: unknown): error is Error =>
  [VaultError, StorageError, LogError, Killed].some((type) => error instanceof type);

export const codeOf = (error: unknown): string =>
  error instanceof Killed ? 'KILLED' : isTyped(error) && 'code' in error ? String(error.code) : 'NONE';

/** What went wrong in a lane that had a fault may be anything but a sign that something is broken. */
const neverSaid = new Set(['NONE', 'STORE_WENT_BACK', 'LOG_ALTERED', 'LOG_FORKED', 'LOG_MISSING']);

/** @throws Error unless the failure is one of `allowed`, or the fault's */
export function judge(
  error: unknown,
  { healthy, history }: Hands,
  name: string,
  allowed: readonly string[],
): void {
  const code = codeOf(error);
  if (code === 'LOG_MISSING' && history.lost !== null) return;
  if (healthy ? allowed.includes(code) : !neverSaid.has(code)) return;
  throw new Error(`${name}: unexpected ${code}`, { cause: error });
}

export function note(error: unknown, { healthy, history }: Hands, refusals: Refusals): void {
  const refused = error instanceof DoorError || codeOf(error) === 'PATH_IMMUTABLE';
  if (refused) (healthy && history.lost !== 'within' ? refusals.sure : refusals.perhaps).push(codeOf(error));
  else if (!healthy) refusals.perhaps.push('');
}

export async function editing(
  hands: Hands,
  name: string,
  run: () => Promise<PublishResult>,
  allowed: readonly string[],
): Promise<void> {
  try {
    const { version } = await run();
    if (hands.history.at(version) === undefined) throw new Error(`${name}: acknowledged, and not there`);
  } catch (error) {
    judge(error, hands, name, allowed);
  }
}

export const sorted = (signers: readonly Signer[]): string =>
  signers
    .map(({ key }) => key.keyId)
    .toSorted()
    .join();

let marks = 0;

/** What an `append` leaves in a file: no two are the same. */
export const newMark = (): string => `[${marks++}]`;
