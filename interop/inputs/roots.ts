import { newKey, type Forge } from './forge.ts';
import type { Input } from './input.ts';
import { at } from './json.ts';

/** Another root key in the place of the old one; the caller decides who signs. */
function newRootKey(forge: Forge): void {
  const key = newKey();
  at(forge.root.signed, 'keys')[key.id] = key.json;
  at(forge.root.signed, 'roles', 'root')['keyids'] = [key.id];
  forge.root.signers = [key];
}

/** Root N+1 after root N, which clients hold. */
export const roots: readonly Input[] = [
  {
    id: 'root not signed by the old keys',
    what: 'root 2 is signed by its own new key alone',
    ours: 'UNSIGNED',
    remembered: true,
    spoil: (forge) => {
      newRootKey(forge);
      forge.publishRoot();
    },
  },
  {
    id: 'root not signed by its own keys',
    what: 'root 2 names a new key and is signed by the old one alone',
    ours: 'UNSIGNED',
    remembered: true,
    spoil: (forge) => {
      newRootKey(forge);
      forge.root.signers = [];
      forge.publishRoot(forge.keys.root);
    },
  },
  {
    id: 'root below the old threshold',
    what: 'root 2 asks for two signatures and has both; root 3 asks for one and has one',
    ours: 'UNSIGNED',
    remembered: true,
    spoil: (forge) => {
      const second = newKey();
      at(forge.root.signed, 'keys')[second.id] = second.json;
      const role = at(forge.root.signed, 'roles', 'root');
      role['keyids'] = [forge.keys.root.id, second.id];
      role['threshold'] = 2;
      forge.publishRoot(second);
      role['threshold'] = 1;
      forge.publishRoot();
    },
  },
  {
    id: 'root skips a version',
    what: 'CVE-2020-15163: `2.root.json` is signed as version 3',
    ours: 'BAD_VERSION',
    remembered: true,
    spoil: (forge) => {
      forge.bump(forge.root);
      forge.publishRoot();
    },
  },
  {
    id: 'root goes back',
    what: '`2.root.json` is root 1 again',
    ours: 'BAD_VERSION',
    remembered: true,
    spoil: (forge) => {
      forge.root.signed['version'] = 0;
      forge.publishRoot();
    },
  },
  {
    id: 'root without a role',
    what: 'root 2 does not name the role `snapshot`',
    ours: 'MALFORMED',
    remembered: true,
    spoil: (forge) => {
      delete at(forge.root.signed, 'roles')['snapshot'];
      forge.publishRoot();
    },
  },
  {
    id: 'root with a threshold that is no number',
    what: 'root 2 with a threshold of `"1"` for timestamp',
    ours: 'MALFORMED',
    remembered: true,
    spoil: (forge) => {
      at(forge.root.signed, 'roles', 'timestamp')['threshold'] = '1';
      forge.publishRoot();
    },
  },
  {
    id: 'root chain longer than 256',
    limitMs: 180_000, // tough makes a new HTTP client, with all its certificates, for each root
    what: '260 roots; the key of timestamp changes in the last one',
    ours: 'UNSIGNED',
    remembered: true,
    spoil: (forge) => {
      for (let count = 2; count < 260; count++) forge.publishRoot();
      const key = newKey();
      at(forge.root.signed, 'keys')[key.id] = key.json;
      at(forge.root.signed, 'roles', 'timestamp')['keyids'] = [key.id];
      forge.timestamp.signers = [key];
      forge.bump(forge.timestamp);
      forge.publishRoot();
    },
  },
  {
    id: 'recovery from a fast-forward',
    what: 'timestamp and snapshot went on to version 1,000,000 with stolen keys; root 2 replaces the keys, they are at version 2',
    ours: 'accepted',
    tolerant: 'it is good: what the old keys said is void',
    remembered: true,
    before: (forge) => {
      forge.timestamp.signed['version'] = 1_000_000;
      forge.snapshot.signed['version'] = 1_000_000;
    },
    spoil: (forge) => {
      for (const role of ['timestamp', 'snapshot'] as const) {
        const key = newKey();
        at(forge.root.signed, 'keys')[key.id] = key.json;
        at(forge.root.signed, 'roles', role)['keyids'] = [key.id];
        forge[role].signers = [key];
        forge[role].signed['version'] = 2;
      }
      forge.publishRoot();
    },
  },
];
