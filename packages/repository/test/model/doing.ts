import { collect, DoorError, PublishError, type PublishResult, type Repository } from '@ragnos/repository';
import type { Signer } from '@ragnos/signing';
import { StorageError, type Storage } from '@ragnos/storage';
import { LogError } from '@ragnos/tlog';
import { VaultError } from '@ragnos/tuf';
import { testSigner, type Keyring } from '../keyring.ts';
import { signFar, type FarRole, type Handed } from './far.ts';
import type { Actor, History, Possible } from './history.ts';
import { Killed } from './lane.ts';
import { applyChange, badRoles, choices, withFarFiles, withoutRole, type Edit, type Op } from './ops.ts';
import { farRole, isMutable, type State } from './state.ts';

/** What an operation works with. */
export interface Hands {
  readonly repository: Repository;
  readonly storage: Storage;
  readonly keys: Keyring;
  /** Every key that the far vendor has ever had. */
  readonly far: Signer[];
  readonly history: History;
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

const once = (make: (before: State) => State | null): Pick<Actor, 'next'> => {
  const left = { done: false };
  return {
    next: (before) => {
      const state = left.done ? null : make(before);
      return state === null ? [] : [{ state, taken: () => (left.done = true) }];
    },
  };
};

/** As often as it likes: it changes nothing that the model knows. */
const same: Pick<Actor, 'next'> = { next: (state) => [{ state, taken: () => undefined }] };

/** What went wrong in words of ours; else something is broken. */
const isTyped = (error: unknown): error is Error =>
  [VaultError, StorageError, LogError, Killed].some((type) => error instanceof type);

const codeOf = (error: unknown): string =>
  error instanceof Killed ? 'KILLED' : isTyped(error) && 'code' in error ? String(error.code) : 'NONE';

/** What went wrong in a lane that had a fault may be anything but a sign that something is broken. */
const neverSaid = new Set(['NONE', 'STORE_WENT_BACK', 'LOG_ALTERED', 'LOG_FORKED', 'LOG_MISSING']);

/** @throws Error unless the failure is one of `allowed`, or the fault's */
function judge(error: unknown, { healthy }: Hands, name: string, allowed: readonly string[]): void {
  const code = codeOf(error);
  if (healthy ? allowed.includes(code) : !neverSaid.has(code)) return;
  throw new Error(`${name}: unexpected ${code}`, { cause: error });
}

function note(error: unknown, { healthy }: Hands, refusals: Refusals): void {
  const refused = error instanceof DoorError || codeOf(error) === 'PATH_IMMUTABLE';
  if (refused) (healthy ? refusals.sure : refusals.perhaps).push(codeOf(error));
  else if (!healthy) refusals.perhaps.push('');
}

let marks = 0;

function publishing(op: Op & { kind: 'publish' }): Work {
  const changes = op.changes.map((edits) => ({ edits, mark: `[${marks++}]` }));
  const taken = new Map<string, number>();
  let commits = 0;
  const stateAfter = (before: State, some: typeof changes): State | null => {
    let state: State | null = before;
    for (const { edits, mark } of some) state = state === null ? null : applyChange(state, edits, mark);
    return state;
  };
  const name = `publish ${JSON.stringify(op.changes)}`;
  return {
    name,
    next: (before) =>
      choices(changes.filter(({ mark }) => !taken.has(mark))).flatMap((some): Possible[] => {
        const state = stateAfter(before, [...some]);
        if (state === null) return [];
        const take = (): void => {
          commits++;
          for (const { mark } of some) taken.set(mark, commits);
        };
        return [{ state, taken: take }];
      }),
    async run(hands, refusals) {
      const one = async ({ edits, mark }: (typeof changes)[number]): Promise<void> => {
        const result = await hands.repository
          .publish((draft) => change(draft, edits, mark))
          .catch((error: unknown) => {
            note(error, hands, refusals);
            const far = edits.some(({ path }) => path.startsWith('vendors/far/'));
            judge(error, hands, name, ['PATH_IMMUTABLE', ...(far ? ['SIGNATURES_MISSING'] : [])]);
            return null;
          });
        if (result === null) return;
        if (result.changed && !taken.has(mark))
          throw new Error(`${name}: ${mark} was acknowledged, and lost`);
        const state = hands.history.at(result.version)?.state;
        if (state === undefined) throw new Error(`${name}: acknowledged as a version that never was`);
      };
      const ended = await Promise.allSettled(changes.map(one));
      for (const end of ended) if (end.status === 'rejected') throw end.reason;
    },
  };
}

type DraftOf = Parameters<Parameters<Repository['publish']>[0]>[0];

async function change(draft: DraftOf, edits: readonly Edit[], mark: string): Promise<void> {
  for (const edit of edits)
    if (edit.do === 'remove') await draft.remove(edit.path);
    else if (edit.do === 'add')
      await draft.add(edit.path, Buffer.from(edit.content), { replace: edit.replace });
    else {
      const before = Buffer.from((await draft.read(edit.path)) ?? new Uint8Array()).toString();
      await draft.add(edit.path, Buffer.from(`${before}${mark}`));
    }
}

/** Of the role in the repository, those that may sign it now. */
const farSigners = ({ far, history }: Hands): readonly Signer[] => {
  const ids = history.last.state.roles.get(farRole)?.keys.split(',') ?? [];
  return far.filter(({ key }) => ids.includes(key.keyId));
};

async function farHead({ history }: Hands): Promise<number> {
  const { set } = await history.fresh();
  return [...(set.snapshot?.meta ?? [])].find(([name]) => name === farRole)?.[1].version ?? 0;
}

const farFiles = ({ history }: Hands): Map<string, string> =>
  new Map(
    [...history.last.state.files]
      .filter(([, { role }]) => role === farRole)
      .map(([path, { content }]) => [path, content]),
  );

function bringing(op: Op & { kind: 'bring' }): Work {
  const { bad } = op;
  const name = `bring ${bad ?? 'good'} ${op.paths.join()}`;
  let listed: ReadonlyMap<string, string> = new Map();
  const mark = `[${marks++}]`;
  return {
    name,
    ...once((state) => (bad === null ? withFarFiles(state, listed) : null)),
    async run(hands, refusals) {
      const files = farFiles(hands);
      const published = files.has('vendors/far/a/1.tgz');
      for (const path of op.paths)
        files.set(path, isMutable(path) ? `${files.get(path) ?? ''}${mark}` : (files.get(path) ?? 'one'));
      listed = files;
      const good = bad === null || (bad === 'changed' && !published);
      const race = hands.alone ? [] : ['DOOR_VERSION', 'DOOR_SIGNATURES', 'DOOR_IMMUTABLE', 'CONFLICT'];
      const allowed = good ? race : [badRoles[bad], ...race];
      if (bad === 'changed' && good) return; // nothing is published yet that it could change
      const settings = { files, bad, signers: farSigners(hands) };
      const handIn = async ({ role, bytes, contents }: Handed): Promise<PublishResult> =>
        hands.repository.publish(async (draft) => void (await draft.bring(role, bytes, contents)));
      const taken = await handing(hands, refusals, name, settings, handIn, allowed);
      if (taken && !good) throw new Error(`${name}: was taken`);
    },
  };
}

/**
 * The vendor signs, and hands in. What a killed try left under a version is in the way: then it takes the next version, as the refusal
 * says. `true`: it was taken.
 */
async function handing(
  hands: Hands,
  refusals: Refusals,
  name: string,
  role: Pick<FarRole, 'files' | 'bad' | 'signers'>,
  handIn: (handed: Handed) => Promise<PublishResult>,
  allowed: readonly string[],
): Promise<boolean> {
  const head = await farHead(hands);
  for (let version = head + 1; ; version++)
    try {
      const { version: at } = await handIn(await signFar({ ...role, head, version, now: hands.now() }));
      if (hands.history.at(at) === undefined) throw new Error(`${name}: acknowledged, and not there`);
      return true;
    } catch (error) {
      if (!isTyped(error)) throw error;
      note(error, hands, refusals);
      const occupied = ['DOOR_VERSION', 'CONFLICT'].includes(codeOf(error));
      if (occupied && !allowed.includes('DOOR_VERSION') && version < head + 12) continue;
      judge(error, hands, name, allowed);
      return false;
    }
}

async function editing(
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

const sorted = (signers: readonly Signer[]): string =>
  signers
    .map(({ key }) => key.keyId)
    .toSorted()
    .join();

function roleWork(op: Exclude<Op, { kind: 'publish' | 'bring' | 'rotate' | 'refresh' | 'collect' }>): Work {
  const name = JSON.stringify(op);
  const fresh = Array.from({ length: op.kind === 'keys' ? op.threshold : 1 }, () => testSigner());
  const threshold = op.kind === 'keys' ? op.threshold : 1;
  const withRole = (state: State, role: string, bins: number): State => ({
    ...state,
    roles: new Map([...state.roles, [role, { keys: sorted(fresh), threshold, bins }]]),
  });
  switch (op.kind) {
    case 'add-role': {
      const { role, bins } = op;
      return {
        name,
        ...once((state) =>
          state.taken.has(role) ? null : withRole(state, role, bins === 0 ? 0 : 2 ** bins),
        ),
        async run(hands) {
          const had = hands.keys.held.get(role) ?? [];
          hands.keys.held.set(role, [...had, ...fresh]);
          const start = `vendors/${role.slice('vendor.'.length)}/*/*`;
          const keys = fresh.map(({ key }) => key);
          const layout = { name: role, paths: [start], terminating: true, keys, threshold: 1 };
          const delegation = bins === 0 ? layout : { ...layout, bins: { bitLength: bins } };
          const run = () => hands.repository.editRoles([{ kind: 'add', delegation }]);
          await editing(hands, name, run, ['ROLE_EXISTS']);
        },
      };
    }
    case 'remove-role':
      return {
        name,
        ...once((state) => (state.roles.has(op.role) ? withoutRole(state, op.role) : null)),
        run: (hands) =>
          editing(hands, name, () => hands.repository.editRoles([{ kind: 'remove', role: op.role }]), [
            'UNKNOWN_ROLE',
          ]),
      };
    case 'keys': {
      const { role } = op;
      return {
        name,
        ...once((state) => {
          const before = state.roles.get(role);
          return before === undefined ? null : withRole(state, role, before.bins);
        }),
        async run(hands) {
          hands.keys.held.set(role, [...(hands.keys.held.get(role) ?? []), ...fresh]);
          const edit = { kind: 'keys', role, keys: fresh.map(({ key }) => key), threshold } as const;
          await editing(hands, name, () => hands.repository.editRoles([edit]), ['UNKNOWN_ROLE']);
        },
      };
    }
    case 'split': {
      const { role, bits, style } = op;
      return {
        name,
        ...once((state) => {
          const before = state.roles.get(role);
          if (before === undefined) return null;
          return { ...state, roles: new Map([...state.roles, [role, { ...before, bins: 2 ** bits }]]) };
        }),
        run: (hands) =>
          editing(
            hands,
            name,
            () => hands.repository.editRoles([{ kind: 'split', role, bins: { bitLength: bits, style } }]),
            ['UNKNOWN_ROLE'],
          ),
      };
    }
    case 'far-keys':
      return farKeys(op, fresh, name);
  }
}

/** The vendor's keys: its role is signed by the old and the new ones and comes along, or the change is refused. */
function farKeys({ signed }: Op & { kind: 'far-keys' }, fresh: readonly Signer[], name: string): Work {
  let files: ReadonlyMap<string, string> = new Map();
  const role = { keys: sorted(fresh), threshold: 1, bins: 0 };
  return {
    name,
    ...once((state) =>
      signed ? withFarFiles({ ...state, roles: new Map([...state.roles, [farRole, role]]) }, files) : null,
    ),
    async run(hands, refusals) {
      hands.far.push(...fresh);
      files = farFiles(hands);
      const edit = { kind: 'keys', role: farRole, keys: fresh.map(({ key }) => key), threshold: 1 } as const;
      const handIn = async ({ role: called, bytes, contents }: Handed): Promise<PublishResult> =>
        hands.repository.publish(async (draft) => {
          if (signed) await draft.bring(called, bytes, contents);
          await draft.edit(edit);
        });
      const settings = { files, bad: null, signers: [...farSigners(hands), ...fresh] };
      const race = hands.alone ? [] : ['CONFLICT', 'DOOR_VERSION', 'DOOR_SIGNATURES', 'DOOR_IMMUTABLE'];
      const allowed = signed ? race : ['SIGNATURES_MISSING', ...race];
      const taken = await handing(hands, refusals, name, settings, handIn, allowed);
      if (taken && !signed) throw new Error(`${name}: nobody signed it, and it was taken`);
    },
  };
}

/** A top-level role gets another key; in a race with another rotation, or with a publish, it may have to be done again. */
function rotating({ role }: Op & { kind: 'rotate' }): Work {
  const name = `rotate ${role}`;
  const fresh = testSigner();
  return {
    name,
    ...same,
    async run(hands) {
      const { set } = await hands.history.fresh();
      const held = hands.keys.of(role);
      const ids = set.root.roles.get(role)?.keyIds ?? [];
      const old = held.find(({ key }) => ids.includes(key.keyId));
      if (old === undefined) throw new Error(`${name}: the key is lost`);
      held.push(fresh);
      try {
        await hands.repository.rotateKey(role, fresh, old);
        const after = (await hands.history.fresh()).set.root.roles.get(role)?.keyIds ?? [];
        if (hands.alone && !after.includes(fresh.key.keyId)) throw new Error(`${name}: not done`);
      } catch (error) {
        judge(error, hands, name, hands.alone ? [] : ['CONFLICT', 'BAD_LAYOUT', 'SIGNATURES_MISSING']);
      }
    },
  };
}

export function workOf(op: Op): Work {
  switch (op.kind) {
    case 'publish':
      return publishing(op);
    case 'bring':
      return bringing(op);
    case 'rotate':
      return rotating(op);
    case 'refresh': {
      const name = 'refresh';
      return { name, ...same, run: (hands) => editing(hands, name, () => hands.repository.refresh({ force: op.force }), hands.alone ? [] : ['CONFLICT']) }; // prettier-ignore
    }
    case 'collect':
      return {
        name: 'collect',
        next: () => [],
        async run(hands) {
          const { storage, staging, now } = hands;
          await collect({ storage, staging, now, apply: true }).catch((error: unknown) =>
            judge(error, hands, 'collect', []),
          );
        },
      };
    default:
      return roleWork(op);
  }
}
