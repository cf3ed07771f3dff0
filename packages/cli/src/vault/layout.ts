import type { DelegationLayout, RepositoryLayout, RoleLayout } from '@ragnos/repository';
import { vendorName, type VendorName } from '@ragnos/plugin';
import type { Key } from '@ragnos/tuf';

/** 2^4 bins for attestations: enough for a beginning, and few enough to be written at once. */
const attestationBits = 4;

/** The roles that one person's repository starts with, each with a key of its own. */
export function rolesOf(vendor: VendorName): readonly string[] {
  return [
    'root',
    'targets',
    'snapshot',
    'timestamp',
    'policy',
    'catalog',
    vendorRole(vendor),
    'attestations',
  ];
}

export function vendorRole(vendor: VendorName): string {
  return `vendor.${vendor}`;
}

/** The vendor whose role it is; `null`: somebody else's. */
export function vendorOfRole(role: string): VendorName | null {
  return role.startsWith('vendor.') ? vendorName(role.slice('vendor.'.length)) : null;
}

/** The tree of DESIGN.md, "Namespace", in trust order. Thresholds are raised later, by rotation. */
export function layoutFor(vendor: VendorName, keys: ReadonlyMap<string, Key>): RepositoryLayout {
  const signedBy = (role: string): RoleLayout => {
    const key = keys.get(role);
    return { keys: key === undefined ? [] : [key], threshold: 1 };
  };
  const delegation = (name: string, paths: readonly string[]): DelegationLayout => ({
    name,
    paths,
    terminating: true,
    ...signedBy(name),
  });
  return {
    root: signedBy('root'),
    targets: signedBy('targets'),
    snapshot: signedBy('snapshot'),
    timestamp: signedBy('timestamp'),
    delegations: [
      delegation('policy', ['policy/*']),
      delegation('catalog', ['catalog/*']),
      delegation(vendorRole(vendor), [`vendors/${vendor}/*/*`]),
      { ...delegation('attestations', ['attestations/*/*']), bins: { bitLength: attestationBits } },
    ],
  };
}
