import type { PublishResult } from '@ragnos/repository';
import type { Signer } from '@ragnos/signing';
import { signFar, type FarRole, type Handed } from './far.ts';
import { badRoles, withFarFiles, type Op } from './ops.ts';
import { farRole, isMutable } from './state.ts';
import {
  codeOf,
  isTyped,
  judge,
  newMark,
  note,
  once,
  sorted,
  type Hands,
  type Refusals,
  type Work,
} from './work.ts';

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

const isSplitFar = ({ history }: Hands): boolean => history.last.state.roles.get(farRole)?.bins !== 0;
/** Split by somebody else meanwhile. */
const split = ['DOOR_DELEGATIONS', 'DOOR_PATHS'];

export function bringing(op: Op & { kind: 'bring' }): Work {
  const { bad } = op;
  const name = `bring ${bad ?? 'good'} ${op.paths.join()}`;
  let listed: ReadonlyMap<string, string> = new Map();
  const mark = newMark();
  return {
    name,
    ...once((state) =>
      bad === null && state.roles.get(farRole)?.bins === 0 ? withFarFiles(state, listed) : null,
    ),
    async run(hands, refusals) {
      if (isSplitFar(hands)) return; // its bins are signed by events
      const files = farFiles(hands);
      const published = files.has('vendors/far/a/1.tgz');
      for (const path of op.paths)
        files.set(path, isMutable(path) ? `${files.get(path) ?? ''}${mark}` : (files.get(path) ?? 'one'));
      listed = files;
      const good = bad === null || (bad === 'changed' && !published);
      const race = hands.alone
        ? []
        : [...split, 'DOOR_VERSION', 'DOOR_SIGNATURES', 'DOOR_IMMUTABLE', 'CONFLICT'];
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
      const { version: at, changed } = await handIn(
        await signFar({ ...role, head, version, now: hands.now() }),
      );
      if (hands.history.at(at) === undefined) throw new Error(`${name}: acknowledged, and not there`);
      return changed; // signed in the same second with nothing new, it is the head's own file
    } catch (error) {
      if (!isTyped(error)) throw error;
      note(error, hands, refusals);
      const occupied = ['DOOR_VERSION', 'CONFLICT'].includes(codeOf(error));
      if (occupied && !allowed.includes('DOOR_VERSION') && version < head + 12) continue;
      judge(error, hands, name, allowed);
      return false;
    }
}

/** The vendor's keys: its role is signed by the old and the new ones and comes along, or the change is refused. */
export function farKeys({ signed }: Op & { kind: 'far-keys' }, fresh: readonly Signer[], name: string): Work {
  let files: ReadonlyMap<string, string> = new Map();
  const role = { keys: sorted(fresh), threshold: 1, bins: 0 };
  return {
    name,
    ...once((state) =>
      signed && state.roles.get(farRole)?.bins === 0
        ? withFarFiles({ ...state, roles: new Map([...state.roles, [farRole, role]]) }, files)
        : null,
    ),
    async run(hands, refusals) {
      if (isSplitFar(hands)) return;
      hands.far.push(...fresh);
      files = farFiles(hands);
      const edit = { kind: 'keys', role: farRole, keys: fresh.map(({ key }) => key), threshold: 1 } as const;
      const handIn = async ({ role: called, bytes, contents }: Handed): Promise<PublishResult> =>
        hands.repository.publish(async (draft) => {
          if (signed) await draft.bring(called, bytes, contents);
          await draft.edit(edit);
        });
      const settings = { files, bad: null, signers: [...farSigners(hands), ...fresh] };
      const race = hands.alone
        ? []
        : [...split, 'CONFLICT', 'DOOR_VERSION', 'DOOR_SIGNATURES', 'DOOR_IMMUTABLE', 'SIGNATURES_MISSING'];
      const allowed = signed ? race : ['SIGNATURES_MISSING', ...race];
      const taken = await handing(hands, refusals, name, settings, handIn, allowed);
      if (taken && !signed) throw new Error(`${name}: nobody signed it, and it was taken`);
    },
  };
}
