import { testSigner } from '../keyring.ts';
import { farKeys } from './far-work.ts';
import { withoutRole, type Op } from './ops.ts';
import type { State } from './state.ts';
import { editing, once, sorted, type Hands, type Work } from './work.ts';

/** What a client that is served could not read. Without a style the one is taken that all of them know, if there is one. */
function unfit({ compat }: Hands, style: 'succinct' | 'prefixes' | undefined): readonly string[] {
  const bad = compat.filter(
    (client) => (client === 'tough' && style !== 'prefixes') || (client === 'go-tuf' && style !== 'succinct'),
  );
  return bad.length > (style === undefined ? 1 : 0) ? ['NOT_COMPATIBLE'] : [];
}

export function roleWork(
  op: Exclude<
    Op,
    { kind: 'publish' | 'bring' | 'rotate' | 'event' | 'later' | 'refresh' | 'collect' | 'lose' }
  >,
): Work {
  const name = JSON.stringify(op);
  const fresh = Array.from({ length: op.kind === 'keys' ? op.threshold : 1 }, () => testSigner());
  const threshold = op.kind === 'keys' ? op.threshold : 1;
  const withRole = (state: State, role: string, bins: number): State => ({
    ...state,
    roles: new Map([...state.roles, [role, { keys: sorted(fresh), threshold, bins }]]),
  });
  switch (op.kind) {
    case 'add-role': {
      const { role, bins } = op;
      return {
        name,
        ...once((state) =>
          state.taken.has(role) ? null : withRole(state, role, bins === 0 ? 0 : 2 ** bins),
        ),
        async run(hands) {
          const had = hands.keys.held.get(role) ?? [];
          hands.keys.held.set(role, [...had, ...fresh]);
          const start = `vendors/${role.slice('vendor.'.length)}/*/*`;
          const keys = fresh.map(({ key }) => key);
          const layout = { name: role, paths: [start], terminating: true, keys, threshold: 1 };
          const delegation = bins === 0 ? layout : { ...layout, bins: { bitLength: bins } };
          const run = () => hands.repository.editRoles([{ kind: 'add', delegation }]);
          await editing(hands, name, run, ['ROLE_EXISTS', ...(bins > 0 ? unfit(hands, undefined) : [])]);
        },
      };
    }
    case 'remove-role':
      return {
        name,
        ...once((state) => (state.roles.has(op.role) ? withoutRole(state, op.role) : null)),
        run: (hands) =>
          editing(hands, name, () => hands.repository.editRoles([{ kind: 'remove', role: op.role }]), [
            'UNKNOWN_ROLE',
          ]),
      };
    case 'keys': {
      const { role } = op;
      return {
        name,
        ...once((state) => {
          const before = state.roles.get(role);
          return before === undefined ? null : withRole(state, role, before.bins);
        }),
        async run(hands) {
          hands.keys.held.set(role, [...(hands.keys.held.get(role) ?? []), ...fresh]);
          const edit = { kind: 'keys', role, keys: fresh.map(({ key }) => key), threshold } as const;
          await editing(hands, name, () => hands.repository.editRoles([edit]), ['UNKNOWN_ROLE']);
        },
      };
    }
    case 'split': {
      const { role, bits, style, signedBy } = op;
      const bins = { bitLength: bits, style, signedBy };
      return {
        name,
        ...once((state) => {
          const before = state.roles.get(role);
          if (before === undefined) return null;
          return { ...state, roles: new Map([...state.roles, [role, { ...before, bins: 2 ** bits }]]) };
        }),
        run: (hands) =>
          editing(
            hands,
            name,
            () => hands.repository.editRoles([{ kind: 'split', role, bins }]),
            // A rotation that nobody ended keeps bins from under the keys that it announced.
            ['UNKNOWN_ROLE', ...unfit(hands, style), ...(signedBy === 'snapshot' ? ['CONFLICT'] : [])],
          ),
      };
    }
    case 'far-keys':
      return farKeys(op, fresh, name);
  }
}
