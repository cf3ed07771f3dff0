import { defaultLimits, rolesForTarget, targetPath, type Targets } from '@ragnos/tuf';
import { finding, type Finding, type RuleId, type Severity } from './rules.ts';
import type { CheckedHead, CheckOptions } from './head.ts';
import { number } from './words.ts';

/** What stock clients enforce beside our own limits, which are those of python-tuf (INTEROP.md, "Budgets"). */
const toughSnapshot = 1024 * 1024;
const tufJsEntries = 1000;
const tufJsRoles = 1024;
const warnFrom = 0.8;

/** INTEROP.md, "Budgets other clients enforce": told before they are passed. */
export function* budgets(head: CheckedHead, options: CheckOptions): Generator<Finding> {
  const { rootMaxLength, timestampMaxLength, snapshotMaxLength, targetsMaxLength } = defaultLimits;
  const { root, timestamp, snapshot, roles } = head;
  const smaller = 'split large roles into bins, or delegate';
  yield* budget('budget-root', 'root', root.bytes.length, rootMaxLength, 'bytes', 'use fewer keys');
  yield* budget(
    'budget-timestamp',
    'timestamp.json',
    timestamp.bytes.length,
    timestampMaxLength,
    'bytes',
    'use fewer keys',
  );
  const snapshotLength = snapshot.bytes.length;
  yield* budget(
    'budget-snapshot',
    'snapshot',
    snapshotLength,
    snapshotMaxLength,
    'bytes',
    'use fewer and larger bins',
  );
  const tough = options.compat?.has('tough') === true;
  if (tough || snapshotLength > toughSnapshot * warnFrom)
    yield* budget(
      'budget-snapshot-tough',
      'snapshot, for tough,',
      snapshotLength,
      toughSnapshot,
      'bytes',
      'use fewer and larger bins',
      tough ? 'error' : 'warning',
    );
  for (const { name, bytes, signed } of roles) {
    yield* budget('budget-targets', name, bytes.length, targetsMaxLength, 'bytes', smaller);
    yield* budget(
      'budget-tuf-js-entries',
      `${name}, for tuf-js,`,
      signed.targets.size,
      tufJsEntries,
      'entries',
      `${smaller}, if hosts use stock tuf-js`,
    );
  }
  yield* budget(
    'budget-tuf-js-roles',
    'snapshot, for tuf-js,',
    snapshot.signed.meta.size,
    tufJsRoles,
    'roles',
    'use fewer and larger bins, if hosts use stock tuf-js',
  );
  yield* budget(
    'budget-roots',
    'a client that starts from root 1',
    root.signed.version - 1,
    defaultLimits.maxRootRotations,
    'roots to follow',
    'hand out the newest root to new hosts: ragv trust init --root <N>.root.json',
  );
  const { path, visited } = deepestLookUp(head, options.lookUps ?? 256);
  yield* budget(
    'budget-delegations',
    `a look-up of ${path}`,
    visited,
    defaultLimits.maxDelegations,
    'roles to visit',
    'let delegations terminate, and keep their paths apart',
  );
}

function* budget(
  rule: RuleId,
  what: string,
  value: number,
  limit: number,
  unit: string,
  hint: string,
  severity?: Severity,
): Generator<Finding> {
  if (value <= limit * warnFrom) return;
  if (value > limit)
    yield finding(
      rule,
      `${what} has ${number(value)} ${unit}, and clients accept ${number(limit)}`,
      hint,
      severity,
    );
  else
    yield finding(
      rule,
      `${what} has ${number(value)} ${unit}, ${Math.floor((100 * value) / limit)} % of the ${number(limit)} that clients accept`,
      hint,
      'warning',
    );
}

/** The most roles that a client passes, over one path for each pattern (at most `most` of them, evenly taken). */
function deepestLookUp(
  { roles }: CheckedHead,
  most: number,
): { readonly path: string; readonly visited: number } {
  const known = new Map<string, Targets>(roles.map(({ name, signed }) => [name, signed]));
  const patterns = roles.flatMap(({ signed }) =>
    (signed.delegations?.roles ?? []).flatMap((role) => role.paths ?? []),
  );
  const step = Math.max(1, Math.ceil(patterns.length / most));
  let deepest = { path: '', visited: 0 };
  for (let index = 0; index < patterns.length; index += step) {
    const path = (patterns[index] ?? '').replaceAll(/[*?]/g, 'x');
    const visited = visits(known, path);
    if (visited > deepest.visited) deepest = { path, visited };
  }
  return deepest;
}

function visits(known: ReadonlyMap<string, Targets>, raw: string): number {
  let path: ReturnType<typeof targetPath>;
  try {
    path = targetPath(raw);
  } catch {
    return 0; // a pattern that no target can match
  }
  const visited = new Set<string>();
  let pending: readonly string[] = ['targets'];
  for (let name = pending[0]; name !== undefined && visited.size < 1000; name = pending[0]) {
    pending = pending.slice(1);
    if (visited.has(name)) continue;
    visited.add(name);
    const delegations = known.get(name)?.delegations ?? null;
    if (delegations === null) continue;
    const children: string[] = [];
    for (const child of rolesForTarget(delegations, path)) {
      children.push(child.name);
      if (!child.terminating) continue;
      pending = [];
      break;
    }
    pending = [...children, ...pending];
  }
  return visited.size;
}
