import type { PeerName } from '../lib/peer.ts';
import { Keyring, newSigner, type KeyKind } from './keyring.ts';
import { make, type State } from './made.ts';

/** A repository that we publish and a peer reads; in turn, when there are several states, with what it kept. */
export interface Served {
  readonly name: string;
  readonly what: string;
  /** Published in `folder`; the first state is where clients begin. */
  readonly publish: (folder: string) => Promise<readonly State[]>;
  /** Peers that cannot be served this, and why; that they fail is tried too. */
  readonly cannot?: Partial<Record<PeerName, string>>;
  /** Served to tough as it is, without its alias paths. */
  readonly withoutAliases?: boolean;
}

const files = Array.from({ length: 12 }, (_, index) => `files/${index}.txt`);

function withKeys(kind: KeyKind): Served['publish'] {
  return async (folder) => {
    const keys = new Keyring(kind);
    const made = await make(folder, keys, { delegations: [keys.delegation('vendor', ['vendor/*'])] });
    await made.add('top.txt', 'vendor/tool.txt');
    return [await made.state()];
  };
}

function withBins(style: 'succinct' | 'prefixes'): Served['publish'] {
  return async (folder) => {
    const keys = new Keyring();
    const delegations = [keys.delegation('files', ['files/*'], { bins: { bitLength: 4, style } })];
    const made = await make(folder, keys, { delegations });
    await made.add(...files);
    const first = await made.state();
    await made.remove('files/3.txt');
    await made.add('files/new.txt');
    return [first, await made.state()];
  };
}

const asItStands = 'it puts the name into the URL as it stands, and the server reads `%41` as `A`';

function withNames(...paths: readonly string[]): Served['publish'] {
  return async (folder) => {
    const made = await make(folder, new Keyring());
    await made.add(...paths);
    return [await made.state()];
  };
}

export const served: readonly Served[] = [
  { name: 'keys: ed25519', what: 'every role with an ed25519 key', publish: withKeys('ed25519') },
  { name: 'keys: ECDSA P-256', what: 'every role with a P-256 key', publish: withKeys('ecdsa-p256') },
  {
    name: 'keys: ECDSA P-384',
    what: 'every role with a P-384 key',
    publish: withKeys('ecdsa-p384'),
    cannot: { tough: 'it knows P-256 alone and cannot even read a root that names another scheme' },
  },
  { name: 'keys: RSA-PSS', what: 'every role with an RSA key of 3072 bits', publish: withKeys('rsa-pss') },
  {
    name: 'keys: mixed thresholds',
    what: 'root 2 of 3, targets 3 of 3, of ed25519, P-256 and RSA',
    publish: async (folder) => {
      const keys = new Keyring();
      keys.give('root', 'ed25519', 'ecdsa-p256', 'rsa-pss');
      keys.give('targets', 'ed25519', 'ecdsa-p256', 'rsa-pss');
      const roles = {
        root: keys.layout('root', 2),
        timestamp: keys.layout('timestamp'),
        snapshot: keys.layout('snapshot'),
        targets: keys.layout('targets', 3),
      };
      const made = await make(folder, keys, { roles });
      await made.add('top.txt');
      const first = await made.state();
      await made.add('more.txt');
      return [first, await made.state()];
    },
  },
  {
    name: 'delegations',
    what: 'three vendors, one of them with a role below it and one with a threshold of 2; published in two steps',
    publish: async (folder) => {
      const keys = new Keyring();
      keys.give('vendor.two', 'ed25519', 'ecdsa-p256');
      const delegations = [
        keys.delegation('vendor.one', ['vendors/one/*', 'vendors/one/*/*'], { terminating: false }),
        keys.delegation('vendor.two', ['vendors/two/*'], { threshold: 2 }),
      ];
      const made = await make(folder, keys, { delegations });
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
    name: 'root rotated five times',
    what: 'read at root 1, then after the keys of root, timestamp, snapshot, targets and root again were replaced',
    publish: async (folder) => {
      const keys = new Keyring('ed25519');
      const made = await make(folder, keys, { delegations: [keys.delegation('vendor', ['vendor/*'])] });
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
    name: 'tombstone',
    what: 'a delegation that was removed: its role is empty and stays in the snapshot',
    publish: async (folder) => {
      const keys = new Keyring();
      const delegations = [keys.delegation('stays', ['stays/*']), keys.delegation('goes', ['goes/*'])];
      const made = await make(folder, keys, { delegations });
      await made.add('stays/a.txt', 'goes/b.txt');
      const first = await made.state();
      await made.remove('goes/b.txt');
      await made.repository.editRoles([{ kind: 'remove', role: 'goes' }]);
      return [first, await made.state()];
    },
  },
  {
    name: 'names: punctuation',
    what: '`+ @ ~ , = ( ) [ ] &` in names',
    publish: withNames('a+b@1.0~x,y=z.txt', 'd(1)/[x]&.txt'),
  },
  { name: 'names: space', what: 'a space in a name', publish: withNames('a b.txt') },
  {
    name: 'names: percent',
    what: '`%41` in a name',
    publish: withNames('a%41b.txt'),
    cannot: { 'python-tuf': asItStands, 'tuf-js': asItStands, 'go-tuf': asItStands, tough: asItStands },
  },
  { name: 'names: other scripts', what: '`ü`, `日本`', publish: withNames('ü.txt', '日本.txt') },
  {
    name: 'folders without alias paths',
    what: 'a target in a folder, published where the specification says',
    publish: withNames('folder/file.txt'),
    withoutAliases: true,
    cannot: {
      tough: 'it puts the hash before the whole path, not before the file name: it needs alias paths',
    },
  },
];
