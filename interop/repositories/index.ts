import { setTimeout as sleep } from 'node:timers/promises';
import { defaultLifetimes } from '@ragnos/repository';
import { Keyring, newSigner } from './keyring.ts';
import { limits } from './limits.ts';
import { make } from './made.ts';
import { logGivenUp } from './log-given-up.ts';
import { recovered } from './recovered.ts';
import { withBins, withKeys, type Served } from './served.ts';

const noKey = 'it knows no such keys: a role with one of them verifies nothing';
const oneCurve = 'it knows ed25519, P-256 and RSA, and cannot even read a root that names another scheme';

export const served: readonly Served[] = [
  { name: 'keys: ed25519', what: 'every role with an ed25519 key', publish: withKeys('ed25519') },
  { name: 'keys: ECDSA P-256', what: 'every role with a P-256 key', publish: withKeys('ecdsa-p256') },
  {
    name: 'keys: ECDSA P-384',
    what: 'every role with a P-384 key',
    publish: withKeys('ecdsa-p384'),
    cannot: { tough: oneCurve },
  },
  {
    name: 'keys: ML-DSA',
    what: 'every role with an ML-DSA-65 key (the TAP 21 proposal)',
    publish: withKeys('ml-dsa-65'),
    cannot: { 'tuf-js': noKey, 'go-tuf': noKey, tough: oneCurve },
  },
  { name: 'keys: RSA-PSS', what: 'every role with an RSA key of 3072 bits', publish: withKeys('rsa-pss') },
  {
    name: 'keys: mixed thresholds',
    what: 'root 2 of 3, targets 3 of 3, of ed25519, P-256 and RSA',
    publish: async (place) => {
      const keys = new Keyring();
      keys.give('root', 'ed25519', 'ecdsa-p256', 'rsa-pss');
      keys.give('targets', 'ed25519', 'ecdsa-p256', 'rsa-pss');
      const roles = {
        root: keys.layout('root', 2),
        timestamp: keys.layout('timestamp'),
        snapshot: keys.layout('snapshot'),
        targets: keys.layout('targets', 3),
      };
      const made = await make(place, keys, { roles });
      await made.add('top.txt');
      const first = await made.state();
      await made.add('more.txt');
      return [first, await made.state()];
    },
  },
  {
    name: 'delegations',
    what: 'three vendors, one of them with a role below it and one with a threshold of 2; published in two steps',
    publish: async (place) => {
      const keys = new Keyring();
      keys.give('vendor.two', 'ed25519', 'ecdsa-p256');
      const delegations = [
        keys.delegation('vendor.one', ['vendors/one/*', 'vendors/one/*/*'], { terminating: false }),
        keys.delegation('vendor.two', ['vendors/two/*'], { threshold: 2 }),
      ];
      const made = await make(place, keys, { delegations });
      await made.add('top.txt', 'vendors/one/a.txt', 'vendors/two/b.txt');
      const first = await made.state();
      await made.repository.editRoles([
        {
          kind: 'add',
          delegation: keys.delegation('one.beta', ['vendors/one/beta/*']),
          delegator: 'vendor.one',
        },
        { kind: 'add', delegation: keys.delegation('vendor.three', ['vendors/three/*']) },
      ]);
      await made.add('vendors/one/beta/c.txt', 'vendors/three/d.txt');
      return [first, await made.state()];
    },
  },
  {
    name: 'succinct bins',
    what: '16 bins of TAP 15, republished',
    publish: withBins('succinct'),
    cannot: { tough: 'it has no succinct roles and cannot read a targets role that uses them' },
  },
  {
    name: 'hash-prefix bins',
    what: '16 bins by hash prefix, republished',
    publish: withBins('prefixes'),
    cannot: {
      'go-tuf': 'it compares prefixes with the base64 of the hash, not with its hex, and finds nothing',
    },
  },
  {
    name: 'bins under the snapshot’s keys',
    what: '16 bins that the snapshot lists by their version alone, republished; of the style that publishing chooses',
    publish: withBins(undefined, 'snapshot'),
    alone: true,
  },
  {
    name: 'bins, each client alone',
    what: '16 bins of the style that publishing chooses for the client',
    publish: withBins(),
    alone: true,
  },
  {
    name: 'root rotated five times',
    what: 'read at root 1, then after the keys of root, timestamp, snapshot, targets and root again were replaced',
    publish: async (place) => {
      const keys = new Keyring('ed25519');
      const made = await make(place, keys, { delegations: [keys.delegation('vendor', ['vendor/*'])] });
      await made.add('top.txt', 'vendor/tool.txt');
      const first = await made.state();
      for (const role of ['root', 'timestamp', 'snapshot', 'targets', 'root']) {
        const [old] = keys.of(role);
        const next = newSigner('ecdsa-p256');
        if (old === undefined) throw new Error(`no key of ${role}`);
        await made.repository.rotateKey(role, next, old);
        keys.hold(role, [next]);
      }
      await made.repository.refresh({ force: true });
      await made.add('after.txt');
      return [first, await made.state()];
    },
  },
  {
    name: 'recovered from a last version',
    what: 'a thief with the keys of snapshot, timestamp and a vendor runs its role to version 2³¹−1, and clients follow; then new keys, and low versions',
    publish: recovered,
  },
  {
    name: 'an audit log given up',
    what: 'the log is lost, root says so in a member of its own, and the timestamp names the next log; read before and after',
    publish: logGivenUp,
  },
  {
    name: 'tombstone',
    what: 'a delegation that was removed: its role is empty and stays in the snapshot',
    publish: async (place) => {
      const keys = new Keyring();
      const delegations = [keys.delegation('stays', ['stays/*']), keys.delegation('goes', ['goes/*'])];
      const made = await make(place, keys, { delegations });
      await made.add('stays/a.txt', 'goes/b.txt');
      const first = await made.state();
      await made.remove('goes/b.txt');
      await made.repository.editRoles([{ kind: 'remove', role: 'goes' }]);
      return [first, await made.state()];
    },
  },
  ...limits,
  {
    name: 'lapsed vendor',
    what: 'one of two vendors has expired, the target is of the other',
    publish: async (place) => {
      const keys = new Keyring();
      const made = await make(place, keys, {
        delegations: [keys.delegation('late', ['late/*']), keys.delegation('good', ['good/*'])],
        lifetimes: { ...defaultLifetimes, roles: new Map([['late', 1]]) },
      });
      await sleep(2100);
      await made.add('good/a.txt');
      return [await made.state()];
    },
    cannot: { tough: 'it loads every delegated role at once, and fails on one that has expired' },
    notRefused: true,
  },
  {
    name: 'folders without alias paths',
    what: 'targets in folders, published for other clients',
    publish: async ({ folder }) => {
      const made = await make({ folder, compat: [] }, new Keyring());
      await made.add('folder/file.txt');
      return [await made.state()];
    },
    cannot: {
      tough: 'it puts the hash before the whole path, not before the file name: it needs alias paths',
    },
    notRefused: true,
  },
  {
    name: 'tough added later',
    what: 'the same, after its alias paths were laid',
    publish: async ({ folder, compat }) => {
      const made = await make({ folder, compat: [] }, new Keyring());
      await made.add('folder/file.txt', 'folder/below/file.txt');
      const repository = await made.reopen(compat);
      await repository.layAliases();
      const [left] = await repository.compatIssues();
      if (left !== undefined) throw new Error(`${left.role}: ${left.message}`);
      return [await made.state()];
    },
  },
];
