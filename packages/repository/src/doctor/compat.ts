import { delegationIssues, keyIssues, type CompatIssue } from '../compat-check.ts';
import { clientFacts } from '../compat-facts.ts';
import { compatClients, type Client } from '../compat.ts';
import { aliasKey } from '../keys.ts';
import type { ListedStore } from './files.ts';
import type { CheckedHead, CheckOptions } from './head.ts';
import { finding, type Finding } from './rules.ts';
import { number, some } from './words.ts';

/** What keeps other clients from reading it: one sentence for each, an error for those that are to be served. */
export function* compat(head: CheckedHead, options: CheckOptions): Generator<Finding> {
  for (const client of compatClients) {
    const [first, ...others] = issuesOf(client, head);
    if (first === undefined) continue;
    const more = others.length === 0 ? '' : `, and ${number(others.length)} more of that kind`;
    yield finding(
      'compat',
      `${client} cannot read all of it: ${first.role}: ${first.message}${more}`,
      first.hint,
      options.compat?.has(client) === true ? 'error' : 'info',
    );
  }
}

function issuesOf(client: Client, { root, roles }: CheckedHead): readonly CompatIssue[] {
  return [
    ...keyIssues([client], 'root', root.signed.keys.values()),
    ...roles.flatMap(({ name, signed }) => [...delegationIssues([client], name, signed.delegations)]),
  ];
}

/** Second paths, where a client is served that asks for them. */
export function* aliases(
  { objects }: ListedStore,
  { roles }: CheckedHead,
  options: CheckOptions,
): Generator<Finding> {
  const clients = compatClients.filter(
    (client) => options.compat?.has(client) === true && clientFacts[client].aliases.value,
  );
  if (clients.length === 0) return;
  const missing: string[] = [];
  for (const { signed } of roles)
    for (const [path, file] of signed.targets) {
      const digest = file.hashes.get('sha256');
      const key = digest === undefined ? null : aliasKey(path, digest);
      if (key !== null && !objects.has(key)) missing.push(path);
    }
  if (missing.length > 0)
    yield finding(
      'compat-alias',
      `${number(missing.length)} targets do not lie where ${clients.join(', ')} looks for them: ${some(missing)}`,
      'lay them under their second path too',
    );
}
