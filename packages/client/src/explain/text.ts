import type { Because, ExplainedKey, ExplainedRole, Explanation, Refusal } from './explanation.ts';

/** The same in words, a line each, for people; what stands in it came from a repository and may hold any character. */
export function explanationText(explanation: Explanation): readonly string[] {
  const { target, verdict, file, roles, refusal } = explanation;
  const head = {
    trusted: `${target} is trusted: ${file?.role} lists it with ${file?.length} bytes, ${hashes(explanation)}`,
    'not listed': `${target} is not listed by any role that may list it`,
    refused: `${target} is not trusted: ${refusal?.message} [${refusal?.code}]`,
  }[verdict];
  return [head, ...roles.flatMap(roleLines), ...refusalLines(refusal)];
}

function refusalLines(refusal: Refusal | null): readonly string[] {
  if (refusal?.role === undefined || refusal.role === null) return [];
  const { role, delegator, threshold, keys } = refusal;
  return [
    `  ${role}, asked by ${delegator ?? 'root'}, was refused; needs ${threshold ?? 'more'} of`,
    ...keys.map((key) => `      ${keyLine(key)}`),
  ];
}

function hashes({ file }: Explanation): string {
  return Object.entries(file?.hashes ?? {})
    .map(([algorithm, digest]) => `${algorithm} ${digest}`)
    .join(', ');
}

function roleLines(role: ExplainedRole): readonly string[] {
  const { delegator, because, terminating, version, expires, threshold, signedBy, keys, passedOver } = role;
  const asked =
    delegator === null
      ? ''
      : `, asked by ${delegator} because of ${reason(because)}${terminating ? ', terminating' : ''}`;
  return [
    `  ${role.role} version ${version}${asked}`,
    `    in force until ${expires}; signed by ${signedBy} of its ${keys.length} ${keys.length === 1 ? 'key' : 'keys'}, needs ${threshold}`,
    ...keys.map((key) => `      ${keyLine(key)}`),
    ...(role.lists ? ['    lists it'] : []),
    ...(passedOver.length === 0
      ? []
      : [`    not asked, since nothing of theirs fits: ${passedOver.join(', ')}`]),
  ];
}

function reason(because: Because): string {
  switch (because.kind) {
    case 'path':
      return `the pattern ${because.pattern}`;
    case 'hash prefix':
      return `the hash prefix ${because.prefix}`;
    case 'bin':
      return `the first ${because.bits} bits of its hash`;
    case 'top level':
      return 'root';
  }
}

function keyLine({ keyId, scheme, signature }: ExplainedKey): string {
  const said = {
    good: 'signed it',
    bad: 'did NOT sign it: the signature is wrong',
    none: 'has not signed it',
    unusable: 'cannot be used here',
  }[signature];
  return `${scheme} ${keyId.slice(0, 16)}… ${said}`;
}
