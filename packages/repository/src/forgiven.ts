import { keyFingerprint, type Root } from '@ragnos/tuf';
import type { Forgiven } from './seen.ts';

/**
 * Recovery from a fast-forward attack: a version that was seen under the root `before` binds nobody once the keys that may have
 * signed it alone are no longer those of the role. Clients forget it likewise (5.3.11).
 */
export function forgivenBy(before: Root | undefined, root: Root): Forgiven {
  if (before === undefined || before.version === root.version) return new Set();
  const replaced = (role: 'timestamp' | 'snapshot'): boolean => {
    const kept = material(root, role);
    const gone = [...material(before, role)].filter((key) => key !== null && !kept.has(key)).length;
    return gone >= (before.roles.get(role)?.threshold ?? 1);
  };
  return new Set((['timestamp', 'snapshot'] as const).filter(replaced));
}

function material(root: Root, role: 'timestamp' | 'snapshot'): ReadonlySet<string | null> {
  const ids = root.roles.get(role)?.keyIds ?? [];
  return new Set(
    ids.map((id) => {
      const key = root.keys.get(id);
      return key === undefined ? null : keyFingerprint(key);
    }),
  );
}
