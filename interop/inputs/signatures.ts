import { newKey, type Forge, type ForgeKey, type Signed } from './forge.ts';
import type { Input } from './input.ts';
import { at, type Json } from './json.ts';

/** The vendor's delegation, its key, and a role that this key alone signs. */
function vendor(forge: Forge): { readonly key: ForgeKey; readonly set: (name: string, value: Json) => void } {
  const [key] = forge.role('vendor').signers;
  if (key === undefined) throw new Error('an unsigned vendor');
  const entry = forge.delegation('targets');
  return { key, set: (name, value) => void (entry[name] = value) };
}

const twice = ([first]: readonly Signed[]): readonly Signed[] =>
  first === undefined ? [] : [first, { ...first }];

/** Who signed, and how often: thresholds, keys and schemes. */
export const signatures: readonly Input[] = [
  {
    id: 'signature wrong',
    what: 'one bit of the signature of timestamp is flipped',
    ours: 'UNSIGNED',
    spoil: (forge) => {
      forge.timestamp.signatures = (list) =>
        list.map(({ keyid, sig }) => ({ keyid, sig: sig.replace(/.$/, (c) => (c === '0' ? '1' : '0')) }));
    },
  },
  {
    id: 'unsigned',
    what: 'snapshot without signatures',
    ours: 'UNSIGNED',
    spoil: (forge) => void (forge.snapshot.signers = []),
  },
  {
    id: 'signed by another role',
    what: 'timestamp signed with the key of snapshot',
    ours: 'UNSIGNED',
    spoil: (forge) => void (forge.timestamp.signers = [forge.keys.snapshot]),
  },
  {
    id: 'threshold not met',
    what: 'a role of threshold 2 with two keys, signed by one of them',
    ours: 'UNSIGNED',
    spoil: (forge) => {
      const { key, set } = vendor(forge);
      const other = newKey();
      at(forge.targets.signed, 'delegations', 'keys')[other.id] = other.json;
      set('keyids', [key.id, other.id]);
      set('threshold', 2);
    },
  },
  {
    id: 'one signature twice',
    what: 'threshold 2 of two keys, the same signature listed twice',
    ours: 'MALFORMED',
    spoil: (forge) => {
      const { key, set } = vendor(forge);
      const other = newKey();
      at(forge.targets.signed, 'delegations', 'keys')[other.id] = other.json;
      set('keyids', [key.id, other.id]);
      set('threshold', 2);
      forge.role('vendor').signatures = twice;
    },
  },
  {
    id: 'key id twice in a role',
    what: 'CVE-2020-15093: `keyids` names one key twice, threshold 2, signed once',
    ours: 'MALFORMED',
    spoil: (forge) => {
      const { key, set } = vendor(forge);
      set('keyids', [key.id, key.id]);
      set('threshold', 2);
    },
  },
  {
    id: 'one key under two ids',
    what: 'GHSA-3633-5h82-39pq: one public key under two key ids meets a threshold of 2',
    ours: 'UNSIGNED',
    spoil: (forge) => {
      const { key, set } = vendor(forge);
      const twin = 'f'.repeat(64);
      at(forge.targets.signed, 'delegations', 'keys')[twin] = key.json;
      set('keyids', [key.id, twin]);
      set('threshold', 2);
      forge.role('vendor').signatures = (list) => [...list, ...list.map(({ sig }) => ({ keyid: twin, sig }))];
    },
  },
  {
    id: 'threshold 0',
    what: 'CVE-2026-23992: a role of threshold 0, unsigned',
    ours: 'MALFORMED',
    spoil: (forge) => {
      vendor(forge).set('threshold', 0);
      forge.role('vendor').signers = [];
    },
  },
  {
    id: 'threshold -1',
    what: 'a role of threshold -1, unsigned',
    ours: 'MALFORMED',
    spoil: (forge) => {
      vendor(forge).set('threshold', -1);
      forge.role('vendor').signers = [];
    },
  },
  {
    id: 'threshold above the number of keys',
    what: 'threshold 2 with one key',
    ours: 'UNSIGNED',
    spoil: (forge) => vendor(forge).set('threshold', 2),
  },
  {
    id: 'key absent',
    what: 'a role names a key id that `keys` does not hold',
    ours: 'UNSIGNED',
    spoil: (forge) => vendor(forge).set('keyids', ['a'.repeat(64)]),
  },
  {
    id: 'unknown scheme',
    what: 'an ed25519 key whose scheme is called `rot13`',
    ours: 'UNSIGNED',
    spoil: (forge) => {
      const { key } = vendor(forge);
      at(forge.targets.signed, 'delegations', 'keys', key.id)['scheme'] = 'rot13';
    },
  },
  {
    id: 'scheme of another key type',
    what: 'an ed25519 key whose scheme is `ecdsa-sha2-nistp256`',
    ours: 'UNSIGNED',
    spoil: (forge) => {
      const { key } = vendor(forge);
      at(forge.targets.signed, 'delegations', 'keys', key.id)['scheme'] = 'ecdsa-sha2-nistp256';
    },
  },
  {
    id: 'signature that is no hex',
    what: '`sig` is `zz`',
    ours: 'UNSIGNED',
    spoil: (forge) => {
      forge.timestamp.signatures = (list) => list.map(({ keyid }) => ({ keyid, sig: 'zz' }));
    },
  },
  {
    id: 'thousands of signatures',
    what: 'CVE-2020-6173: 5,000 signatures by nobody before the good one',
    ours: 'UNSIGNED',
    spoil: (forge) => {
      forge.role('vendor').signatures = (list) => [
        ...Array.from({ length: 5000 }, (_, at) => ({ keyid: at.toString(16).padStart(64, '0'), sig: '00' })),
        ...list,
      ];
    },
  },
  {
    id: 'role of another delegator',
    what: 'TOB-SIGSTORE-14: `first` and `second` delegate to a role of one name with other keys; `first` signed it',
    ours: 'UNSIGNED',
    paths: ['first/a.txt', 'second/b.txt'],
    spoil: (forge) => {
      forge.delegate({ name: 'first', paths: ['first/*'] });
      forge.delegate({ name: 'second', paths: ['second/*'] });
      forge.delegate({ name: 'shared', from: 'first', paths: ['first/*'] });
      forge.delegate({ name: 'shared', from: 'second', paths: ['second/*'] });
      forge.target('shared', 'first/a.txt', 'a\n');
      forge.target('shared', 'second/b.txt', 'b\n');
    },
  },
];
