import { differences, warnings, type Difference } from '@ragnos/repository';
import { formatDate, type Key, type Metadata, type RoleKeys, type Signed } from '@ragnos/tuf';
import { sha256 } from '../sha256.ts';
import { count, duration, table } from '../text.ts';

/** What a file of metadata says, for people. */
export function showLines(
  role: string,
  { signed, signedBytes, signatures }: Metadata,
  bytes: Uint8Array,
): readonly string[] {
  return [
    `${role} version ${signed.version} (${signed.type}, specification ${signed.specVersion})`,
    `expires:    ${formatDate(signed.expires)}, ${expiryText(signed.expires)}`,
    `file:       sha256:${sha256(bytes)}, ${bytes.length} bytes`,
    `is signed:  sha256:${sha256(signedBytes)}, ${signedBytes.length} bytes`,
    `signatures: ${signatures.length === 0 ? 'none' : signatures.map(({ keyId }) => keyId).join(', ')}`,
    ...content(signed),
    ...warnings(null, signed).map((warning) => `look: ${warning}`),
  ];
}

export function expiryText(expires: Date): string {
  const left = expires.getTime() - Date.now();
  return left > 0 ? `in ${duration(left)}` : `expired ${duration(left)} ago`;
}

function content(signed: Signed): readonly string[] {
  switch (signed.type) {
    case 'root':
      return [
        `consistent snapshot: ${signed.consistentSnapshot ? 'yes' : 'no'}`,
        ...table([...signed.roles].flatMap(([name, role]) => signers(name, role, signed.keys))),
      ];
    case 'timestamp':
    case 'snapshot':
      return table(
        // Everything in it is new compared with nothing: one way to put a file into words.
        differences(null, signed)
          .filter(({ what }) => what === 'role')
          .map(({ of, after }) => [of, after ?? '']),
      );
    case 'targets':
      return [
        `targets: ${count(signed.targets.size, 'path')}`,
        ...listed(differences(null, signed), 'target'),
        ...listed(differences(null, signed), 'delegation'),
        ...table(
          (signed.delegations?.roles ?? []).flatMap((role) =>
            signers(role.name, role, signed.delegations?.keys ?? new Map()),
          ),
        ),
      ];
  }
}

function listed(all: readonly Difference[], wanted: string): readonly string[] {
  const rows = all.filter(({ what }) => what === wanted);
  const shown = rows.slice(0, 200).map(({ of, after }) => `  ${wanted} ${of}: ${after ?? ''}`);
  return rows.length > 200 ? [...shown, `  and ${rows.length - 200} more; --json has all of them`] : shown;
}

function signers(
  name: string,
  role: RoleKeys,
  keys: ReadonlyMap<string, Key>,
): readonly (readonly string[])[] {
  return role.keyIds.map((id, index) => [
    index === 0 ? name : '',
    index === 0 ? `${role.threshold} of ${role.keyIds.length}` : '',
    keys.get(id)?.scheme ?? 'no key',
    id,
  ]);
}
