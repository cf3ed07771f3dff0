import { metadataOf, noLedger, review, signEvent, type SigningEvent } from '@ragnos/repository';
import type { Signer } from '@ragnos/signing';
import { keyFingerprint, parseMetadata, type DelegatedRole } from '@ragnos/tuf';
import { testSigner } from '../keyring.ts';
import type { Op } from './ops.ts';
import { farRole, isMutable, type State } from './state.ts';
import { judge, newMark, same, type Hands, type Work } from './work.ts';

/** An event that waits, and what it will make of the state that it is applied to; `null` = it cannot be applied to that one. */
export interface Waiting {
  readonly name: string;
  event: SigningEvent;
  readonly effect: (before: State, event: SigningEvent) => State;
  readonly what: (Op & { kind: 'event' })['what'];
  /** Only its root: what is published is the same after it. */
  readonly rootAlone: boolean;
  /**
   * Other keys of timestamp: where the log is lost that is a recovery from a thief, who could have signed a log that never was
   * (root-recovery.test.ts), and no operation of this model.
   */
  readonly recovers: boolean;
  /** By how many it is being applied. */
  recovering: number;
}

const inTenDays = ({ now }: Hands): Date => new Date(now().getTime() + 10 * 86_400_000);

/** How the event's own targets delegate to `role`; `undefined`: not at all. */
function delegationIn(event: SigningEvent, role: string): DelegatedRole | undefined {
  const top = event.roles.find(({ name }) => name === 'targets');
  if (top === undefined) return undefined;
  const { delegations } = parseMetadata(metadataOf(top), 'targets').signed;
  return delegations?.roles?.find(({ name }) => name === role);
}

type Making = Pick<Waiting, 'effect' | 'rootAlone'> & {
  /** `null`: root has given the log up. */
  readonly propose: (hands: Hands) => Promise<SigningEvent | null>;
};

function withFile(state: State, path: string, content: string | null, role: string): State {
  const files = new Map(state.files);
  if (content === null) files.delete(path);
  else files.set(path, { content, role });
  return { ...state, files };
}

function making(op: Op & { kind: 'event' }): Making {
  const { what, path } = op;
  const reason = JSON.stringify(op);
  const far = path.startsWith('vendors/far/');
  switch (what) {
    case 'add':
    case 'remove': {
      const content = what === 'remove' ? null : isMutable(path) ? newMark() : 'one';
      const role = far ? farRole : 'targets';
      return {
        rootAlone: false,
        effect: (before) => (before.roles.has(role) || !far ? withFile(before, path, content, role) : before),
        propose: (hands) =>
          hands.repository.proposeEvent({
            change: async (draft) => {
              if (content === null) await draft.remove(path);
              else await draft.add(path, Buffer.from(content));
            },
            resign: far ? [] : ['targets'],
            reason,
            deadline: inTenDays(hands),
          }),
      };
    }
    case 'keys': {
      const role = 'vendor.acme';
      const fresh = testSigner();
      return {
        rootAlone: false,
        effect: (before, event) => {
          const own = before.roles.get(role);
          const next = delegationIn(event, role);
          if (own === undefined || next === undefined) return before;
          const { keyIds, threshold } = next;
          const changed = { ...own, keys: keyIds.toSorted().join(), threshold };
          return { ...before, roles: new Map([...before.roles, [role, changed]]) };
        },
        propose: (hands) => {
          hands.keys.held.set(role, [...(hands.keys.held.get(role) ?? []), fresh]);
          const edit = { kind: 'keys', role, keys: [fresh.key], threshold: 1 } as const;
          const deadline = inTenDays(hands);
          return hands.repository.proposeEvent({ edits: [edit], resign: ['targets'], reason, deadline });
        },
      };
    }
    case 'split':
      return {
        rootAlone: false,
        effect: (before) => {
          const own = before.roles.get(farRole);
          if (own === undefined) return before;
          const bins = 2 ** op.bits;
          return { ...before, roles: new Map([...before.roles, [farRole, { ...own, bins }]]) };
        },
        propose: (hands) => {
          const bins = { bitLength: op.bits, style: op.style };
          const edit = { kind: 'split', role: farRole, bins } as const;
          return hands.repository.proposeEvent({ edits: [edit], reason, deadline: inTenDays(hands) });
        },
      };
    case 'root': {
      const fresh = testSigner();
      return {
        rootAlone: true,
        effect: (before) => before,
        propose: (hands) => {
          hands.keys.of(op.role).push(fresh);
          const edit = { kind: 'keys', role: op.role, keys: [fresh.key], threshold: 1 } as const;
          return hands.repository.proposeEvent({ edits: [edit], reason, deadline: inTenDays(hands) });
        },
      };
    }
    case 'restart':
      return {
        rootAlone: true,
        effect: (before) => before,
        propose: (hands) =>
          hands.repository.proposeLogRestart({ reason: newMark(), deadline: inTenDays(hands) }),
      };
  }
}

/** Everybody signs who may; their keys are all at hand somewhere. */
async function signed(event: SigningEvent, { keys, far, history, now }: Hands): Promise<SigningEvent> {
  const seen = review(event, { root: history.first }, now());
  const ids = new Set<string>(seen.roles.flatMap(({ needs }) => needs.flatMap(({ role }) => role.keyIds)));
  const found = new Map<string, Signer>();
  for (const signer of [...keys.held.values(), far].flat())
    if (ids.has(signer.key.keyId)) found.set(keyFingerprint(signer.key) ?? '', signer);
  const settings = { ledger: noLedger, now: now() };
  return found.size === 0 ? event : (await signEvent(event, seen, [...found.values()], settings)).event;
}

/** Of others at the same time; what may not change may have been published by them with another content. */
const raced = ['CONFLICT', 'SIGNATURES_MISSING', 'DOOR_IMMUTABLE'];

/** One that is made, signed by everybody, and applied at once or left for later. */
export function event(op: Op & { kind: 'event' }): Work {
  const name = JSON.stringify(op);
  const { propose, ...made } = making(op);
  const applying = new Applying();
  return {
    name,
    next: op.what === 'restart' ? same.next : (before) => applying.next(before),
    async run(hands) {
      try {
        const proposed = await propose(hands);
        if (proposed === null) return void (await hands.repository.completeLogRestart());
        const recovers = op.what === 'root' && op.role === 'timestamp';
        const waiting: Waiting = { name, what: op.what, ...made, event: proposed, recovers, recovering: 0 };
        waiting.event = await signed(waiting.event, hands);
        hands.events.push(waiting);
        if (op.now) await applying.run(waiting, hands);
      } catch (error) {
        const nothing = ['NOTHING_TO_SIGN', 'PATH_IMMUTABLE'];
        if (op.what === 'restart' && !(hands.alone && hands.history.lost)) nothing.push('LOG_INTACT');
        if (op.what === 'split') nothing.push('NOT_COMPATIBLE');
        if (op.what === 'root' && op.role === 'snapshot') nothing.push('BAD_LAYOUT'); // bins hang under its keys
        judge(error, hands, name, [...nothing, ...(hands.alone ? [] : raced)]);
      }
    },
  };
}

/** One that was left. */
export function later({ which, cancel }: Op & { kind: 'later' }): Work {
  const name = `${cancel ? 'cancel' : 'apply'} event ${which}`;
  const applying = new Applying();
  return {
    name,
    next: (before) => applying.next(before),
    async run(hands) {
      const waiting = hands.events[which % Math.max(1, hands.events.length)];
      if (waiting === undefined) return;
      try {
        if (cancel) drop(hands, waiting);
        else await applying.run(waiting, hands);
      } catch (error) {
        // What may not change may have been published with another content since.
        const mayBe = waiting.rootAlone ? ['BAD_LAYOUT'] : ['DOOR_IMMUTABLE']; // bins may hang under its keys by now
        judge(error, hands, `${name}: ${waiting.name}`, [...mayBe, ...(hands.alone ? [] : raced)]);
      }
    },
  };
}

const rounds = 3;

class Applying {
  #waiting: Waiting | null = null;
  #done = false;

  /** Its change, once; and as often as it likes what changes nothing that the model knows: new signatures, a new root. */
  next(before: State): ReturnType<Work['next']> {
    const waiting = this.#waiting;
    if (waiting === null) return [];
    const same = { state: before, taken: () => undefined };
    if (this.#done || waiting.rootAlone) return [same];
    const state = waiting.effect(before, waiting.event);
    return [{ state, taken: () => void (this.#done = true) }, same];
  }

  /** Moved on, it is signed anew and tried again. @throws what `applyEvent` throws */
  async run(waiting: Waiting, hands: Hands): Promise<void> {
    this.#waiting = waiting;
    if (waiting.recovers && hands.history.lost !== null) return;
    waiting.recovering++;
    await this.#rounds(waiting, hands).finally(() => waiting.recovering--);
  }

  async #rounds(waiting: Waiting, hands: Hands): Promise<void> {
    for (let round = 1; round <= rounds; round++) {
      const result = await hands.repository.applyEvent(waiting.event);
      hands.tell(`events ${result.outcome}`);
      if (this.#done) hands.tell(`events of ${waiting.what}`);
      if (result.outcome === 'applied') {
        const last = hands.history.last.state;
        if (!this.#done && !waiting.rootAlone && result.publish?.changed === true)
          throw new Error(
            `${waiting.name}: applied, and nothing came of it: ${[...last.files.keys()].join()}`,
          );
        return drop(hands, waiting);
      }
      if (result.outcome === 'superseded') return drop(hands, waiting);
      waiting.event = await signed(result.event, hands);
    }
    if (hands.alone) throw new Error(`${waiting.name}: opened anew ${rounds} times, with nobody else there`);
  }
}

function drop({ events }: Hands, waiting: Waiting): void {
  const at = events.indexOf(waiting);
  if (at >= 0) events.splice(at, 1);
}
