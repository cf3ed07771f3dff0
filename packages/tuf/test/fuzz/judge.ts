import {
  rolesForTarget,
  roleName,
  targetPath,
  TrustedMetadataSet,
  type RoleName,
  type Targets,
} from '@ragnos/tuf';
import { checkOf, formatOf, type Check } from './checks.ts';
import { target, type Files, type World } from './base.ts';

export interface Verdict {
  readonly accepted: boolean;
  /** The digest that the look-up gave; null = no role lists the target. */
  readonly target: string | null;
  readonly stoppedAt: Check;
  readonly code: string;
  readonly message: string;
}

class NotServed extends Error {}

/**
 * A host that has seen `world.before` meets `files`: the steps of section 5 on the trust core alone, without disk and
 * network, so that a thousand take a second. What is not an error of ours is thrown on: a crash.
 */
export function judge(world: World, files: Files, now: Date): Verdict {
  let phase = 'root';
  const get = (name: string): Uint8Array => {
    const bytes = files.get(`metadata/${name}`);
    if (bytes === undefined) throw new NotServed(name);
    return bytes;
  };
  const kept = (name: string): Uint8Array => world.before.get(`metadata/${name}`) ?? new Uint8Array();
  try {
    const set = new TrustedMetadataSet(world.firstRoot, { now });
    while (files.has(`metadata/${set.root.version + 1}.root.json`))
      set.updateRoot(get(`${set.root.version + 1}.root.json`));
    const consistent = set.root.consistentSnapshot;
    const file = (name: string, version: number): string => `${consistent ? `${version}.` : ''}${name}.json`;
    quietly(() => set.updateTimestamp(kept('timestamp.json')));
    phase = set.root.expires > now ? 'timestamp' : 'root';
    set.updateTimestamp(get('timestamp.json'));
    phase = 'snapshot';
    const said = set.timestamp?.snapshot;
    quietly(() => set.updateSnapshot(kept('snapshot.json'), { trusted: true }));
    if (set.timestamp?.version !== 2) set.updateSnapshot(get(file('snapshot', said?.version ?? 0)));
    const load = (name: RoleName, delegator: RoleName) => {
      phase = name === 'targets' ? 'targets' : 'delegated role';
      const bytes = get(file(name, set.expectedRole(name).version));
      return set.updateDelegatedTargets(bytes, name, delegator);
    };
    const found = search(set, load);
    return { accepted: true, target: found, stoppedAt: 'accepted', code: '', message: '' };
  } catch (error) {
    if (error instanceof NotServed) return refused(formatOf(phase), 'NOT_SERVED', error.message);
    const stoppedAt = checkOf(error, phase);
    if (stoppedAt === null || !(error instanceof Error)) throw error;
    return refused(stoppedAt, 'code' in error ? String(error.code) : '', error.message);
  }
}

function refused(stoppedAt: Check, code: string, message: string): Verdict {
  return { accepted: false, target: null, stoppedAt, code, message };
}

/** 5.6.7, as the client has it: the digest that the first role which lists the target gives. */
function search(
  set: TrustedMetadataSet,
  load: (name: RoleName, delegator: RoleName) => Targets,
): string | null {
  const stack: [RoleName, RoleName][] = [[roleName('targets'), roleName('root')]];
  const seen = new Set<RoleName>();
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const [name, delegator] = next;
    if (seen.has(name)) continue;
    seen.add(name);
    const { targets, delegations } = set.role(name, delegator) ?? load(name, delegator);
    const listed = targets.get(targetPath(target));
    if (listed !== undefined) return listed.hashes.get('sha256') ?? 'another hash';
    const children: [RoleName, RoleName][] = [];
    for (const child of delegations === null ? [] : rolesForTarget(delegations, targetPath(target))) {
      children.push([child.name, name]);
      if (!child.terminating) continue;
      stack.splice(0);
      break;
    }
    stack.push(...children.toReversed());
  }
  return null;
}

/** What is kept may not fit any more: then it guards no longer, or is a guard alone. */
function quietly(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (checkOf(error, '') === null) throw error;
  }
}
