import type { RoleKeys, TopLevelRole } from '@ragnos/tuf';
import type { CommitContext } from './commit.ts';
import type { Signers, SigningNeed } from './desk.ts';
import { PublishError } from './errors.ts';
import { incomingIn, incomingSets, type Incoming } from './incoming.ts';
import { targetsRole } from './signed.ts';
import type { RoleWork, Workspace } from './workspace.ts';

export interface Planned {
  readonly work: RoleWork;
  readonly signers: Signers;
  readonly splits: string | null;
  /** See `Workspace.keysOf`. */
  readonly underSnapshot: boolean;
}

/** @throws PublishError SIGNATURES_MISSING */
export async function plan(
  works: readonly RoleWork[],
  workspace: Workspace,
  { desk, also }: Pick<CommitContext, 'desk' | 'also'>,
): Promise<readonly Planned[]> {
  const planned: Planned[] = [];
  for (const work of works) {
    const { role, keys, askAs, splits, underSnapshot } = await workspace.keysOf(work);
    if (work.brought !== null) {
      planned.push({ work, signers: [], splits: null, underSnapshot });
      continue;
    }
    const need: SigningNeed = {
      role: work.name,
      askAs,
      ...setsOf({ role, keys }, work.name, workspace),
      also: work.name === targetsRole ? also('targets') : [],
    };
    if (work.retired !== null) {
      const signers = await desk.find(need);
      if (signers !== null) planned.push({ work, signers, splits, underSnapshot });
    } else planned.push({ work, signers: await desk.need(need), splits, underSnapshot });
  }
  return planned;
}

/** Keys that the timestamp announces: whoever signs now signs with them too. */
export function announced({ head, now }: Workspace): readonly Incoming[] {
  return incomingIn(head.timestamp.signed, head.root.signed.version, now);
}

/** Its own keys, and those that are about to replace them. */
function setsOf(
  own: SigningNeed['sets'][number],
  name: string,
  workspace: Workspace,
): Pick<SigningNeed, 'sets' | 'hint'> {
  const incoming = incomingSets(announced(workspace), name);
  if (incoming.length === 0) return { sets: [own] };
  const hint = 'its keys are being replaced: have the new ones at hand, or try again in ten minutes';
  return { sets: [own, ...incoming], hint };
}

export function topLevel(
  name: TopLevelRole,
  workspace: Workspace,
  { also }: Pick<CommitContext, 'also'>,
): SigningNeed {
  const { head } = workspace;
  const { keys } = head.root.signed;
  return {
    role: name,
    askAs: name,
    ...setsOf({ role: topLevelKeys(head.root.signed, name), keys }, name, workspace),
    also: also(name),
  };
}

export function topLevelKeys(
  root: { readonly roles: ReadonlyMap<TopLevelRole, RoleKeys> },
  name: TopLevelRole,
): RoleKeys {
  const role = root.roles.get(name);
  if (role === undefined) throw new PublishError('UNKNOWN_ROLE', `a root without the role ${name}`);
  return role;
}
