import { collect, metadataOf, type Repository } from '@ragnos/repository';
import { storageKey } from '@ragnos/storage';
import type { TrustedMetadataSet } from '@ragnos/tuf';
import { testSigner } from '../keyring.ts';
import { event, later } from './event-work.ts';
import { bringing } from './far-work.ts';
import type { Possible } from './history.ts';
import { applyChange, choices, type Edit, type Op } from './ops.ts';
import { roleWork } from './role-work.ts';
import { textOf, type State } from './state.ts';
import { editing, judge, newMark, note, same, type Work } from './work.ts';

const timestampKey = storageKey('metadata/timestamp.json');

function publishing(op: Op & { kind: 'publish' }): Work {
  const changes = op.changes.map((edits) => ({ edits, mark: newMark() }));
  const taken = new Set<string>();
  /** Of these it shows. One that changed nothing, or whose change another one covered, may still be to come. */
  const sure = new Set<string>();
  const stateAfter = (before: State, some: typeof changes): State | null => {
    let state: State | null = before;
    for (const { edits, mark } of some) state = state === null ? null : applyChange(state, edits, mark);
    return state;
  };
  const name = `publish ${JSON.stringify(op.changes)}`;
  return {
    name,
    next: (before) =>
      choices(changes.filter(({ mark }) => !sure.has(mark))).flatMap((some): Possible[] => {
        const state = stateAfter(before, [...some]);
        if (state === null) return [];
        const take = (): void => {
          for (const one of some) {
            taken.add(one.mark);
            const without = stateAfter(
              before,
              some.filter((other) => other !== one),
            );
            if (without === null || textOf(without) !== textOf(state)) sure.add(one.mark);
          }
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

/** Bins under the snapshot's own keys: those keys cannot go. */
export const hasBareEntries = ({ snapshot }: TrustedMetadataSet): boolean =>
  [...(snapshot?.meta.values() ?? [])].some(({ hashes }) => hashes === null);

/** A top-level role gets another key; in a race with another rotation, or with a publish, it may have to be done again. */
function rotating({ role }: Op & { kind: 'rotate' }): Work {
  const name = `rotate ${role}`;
  const fresh = testSigner();
  return {
    name,
    ...same,
    async run(hands) {
      const { set } = await hands.history.fresh();
      const hanging = role === 'snapshot' && hasBareEntries(set);
      const held = hands.keys.of(role);
      const ids = set.root.roles.get(role)?.keyIds ?? [];
      const old = held.find(({ key }) => ids.includes(key.keyId));
      if (old === undefined) throw new Error(`${name}: the key is lost`);
      held.push(fresh);
      try {
        await hands.repository.rotateKey(role, fresh, old);
        const after = (await hands.history.fresh()).set.root.roles.get(role)?.keyIds ?? [];
        if (hands.alone && !after.includes(fresh.key.keyId)) throw new Error(`${name}: not done`);
        if (hands.alone && hanging) throw new Error(`${name}: bins hung under the key that went`);
      } catch (error) {
        const refused = hanging ? ['BAD_LAYOUT'] : [];
        judge(error, hands, name, hands.alone ? refused : ['CONFLICT', 'BAD_LAYOUT', 'SIGNATURES_MISSING']);
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
    case 'event':
      return event(op);
    case 'later':
      return later(op);
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
          const staged = async (): Promise<readonly Uint8Array[]> =>
            Promise.resolve(hands.events.flatMap(({ event: { roles } }) => roles.map(metadataOf)));
          await collect({ storage, staging, now, staged, apply: true }).catch((error: unknown) =>
            judge(error, hands, 'collect', []),
          );
        },
      };
    case 'lose':
      return {
        name: 'lose',
        next: () => [],
        async run(hands, refusals) {
          for (let turn = 0; turn < op.after; turn++)
            await hands.storage.head(timestampKey).catch(() => null);
          if (hands.events.some(({ recovers, recovering }) => recovers && recovering > 0)) return;
          if (!(await hands.history.lose(op.part))) return;
          hands.tell(`losses of ${op.part}`);
          refusals.perhaps.push(...refusals.sure.splice(0));
        },
      };
    default:
      return roleWork(op);
  }
}
