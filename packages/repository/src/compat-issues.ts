import { topLevelRoles, VaultError } from '@ragnos/tuf';
import { missingAliases, servesAliases, storedAliases } from './compat-aliases.ts';
import { delegationIssues, keyIssues, snapshotIssues, type CompatIssue } from './compat-check.ts';
import { patternsOf } from './compat-commit.ts';
import { clientFacts } from './compat-facts.ts';
import { targetIssues } from './compat-targets.ts';
import { delegatedNames, rootRole, targetsRole } from './signed.ts';
import type { Engine } from './transact.ts';
import type { CallOptions } from './types.ts';
import { Workspace, type Located } from './workspace.ts';

/** All that keeps the clients of `compat` from reading the repository as it is published now. Reads everything; changes nothing. */
export async function compatIssues(engine: Engine, options: CallOptions): Promise<readonly CompatIssue[]> {
  const { compat } = engine;
  if (compat.length === 0) return [];
  const head = await engine.reader.read(options);
  const root = head.root.signed;
  const issues: CompatIssue[] = [];
  for (const role of topLevelRoles) {
    const ids = root.roles.get(role)?.keyIds ?? [];
    issues.push(
      ...keyIssues(
        compat,
        role,
        ids.map((id) => root.keys.get(id)).filter((key) => key !== undefined),
      ),
    );
  }
  const { length } = head.snapshot.bytes;
  issues.push(...snapshotIssues(compat, `it has ${length} bytes`, length));
  const workspace = new Workspace(head, engine.now());
  const stored = servesAliases(compat) ? await storedAliases(engine.storage, options) : null;
  const queue: Located[] = [{ name: targetsRole, delegator: rootRole }];
  const seen = new Set<string>();
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    if (seen.has(at.name)) continue;
    seen.add(at.name);
    options.signal?.throwIfAborted();
    try {
      issues.push(...(await roleIssues(engine, workspace, at, stored)));
      for (const name of delegatedNames(await workspace.delegations(at)))
        queue.push({ name, delegator: at.name });
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      issues.push(...lapsed(engine, at, `it cannot be read: ${error.message}`));
    }
  }
  return issues;
}

async function roleIssues(
  engine: Engine,
  workspace: Workspace,
  at: Located,
  stored: ReadonlySet<string> | null,
): Promise<readonly CompatIssue[]> {
  const { compat } = engine;
  const { signed } = await workspace.head.role(at.name, at.delegator);
  const { targets, delegations, expires } = signed;
  const patterns = await patternsOf(workspace, at);
  const issues = [
    ...delegationIssues(compat, at.name, delegations),
    ...targetIssues(compat, { role: at.name, targets, added: [...targets.keys()], patterns }),
  ];
  if (expires <= workspace.now) issues.push(...lapsed(engine, at, `it expired at ${expires.toISOString()}`));
  const { missing } = missingAliases(at.name, targets, stored ?? new Set());
  const [first] = missing;
  if (stored === null || first === undefined) return issues;
  for (const client of compat)
    if (clientFacts[client].aliases.value)
      issues.push({
        client,
        rule: 'ALIAS',
        role: at.name,
        message: `${missing.length} files do not lie where it looks for them, ${first.key} the first of them`,
        hint: 'lay them: layAliases',
      });
  return issues;
}

function* lapsed({ compat }: Engine, at: Located, message: string): Generator<CompatIssue> {
  for (const client of compat)
    if (clientFacts[client].everyRole.value)
      yield {
        client,
        rule: 'LAPSED',
        role: at.name,
        message,
        hint: 'have it signed anew, or remove the delegation: until then the client reads no role at all',
      };
}
