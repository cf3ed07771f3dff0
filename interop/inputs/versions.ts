import { sha256, type Forge } from './forge.ts';
import type { Input } from './input.ts';
import { Verbatim, type Json } from './json.ts';

/** A good second version of everything, which clients remember; then these go back to the first. */
function ahead(forge: Forge): void {
  forge.bump(forge.timestamp, forge.snapshot, forge.targets, forge.role('vendor'));
}

const version =
  (value: Json): Input['spoil'] =>
  (forge) => {
    forge.timestamp.signed['version'] = value;
  };

/** Versions that go back, disagree, or are no versions. */
export const versions: readonly Input[] = [
  {
    id: 'rollback of timestamp',
    what: 'timestamp 1 after timestamp 2, the rest as before',
    ours: 'BAD_VERSION',
    remembered: true,
    before: ahead,
    spoil: (forge) => void (forge.timestamp.signed['version'] = 1),
  },
  {
    id: 'rollback of snapshot',
    what: 'a new timestamp that names snapshot 1 after snapshot 2',
    ours: 'BAD_VERSION',
    remembered: true,
    before: ahead,
    spoil: (forge) => {
      forge.bump(forge.timestamp);
      forge.snapshot.signed['version'] = 1;
    },
  },
  {
    id: 'rollback of targets',
    what: 'a new snapshot that names targets 1 after targets 2',
    ours: 'BAD_VERSION',
    remembered: true,
    before: ahead,
    spoil: (forge) => {
      forge.bump(forge.timestamp, forge.snapshot);
      forge.targets.signed['version'] = 1;
    },
  },
  {
    id: 'rollback of a role',
    what: 'a new snapshot that names version 1 of a delegated role after version 2',
    ours: 'BAD_VERSION',
    remembered: true,
    before: ahead,
    spoil: (forge) => {
      forge.bump(forge.timestamp, forge.snapshot);
      forge.role('vendor').signed['version'] = 1;
    },
  },
  {
    id: 'snapshot drops a role',
    what: 'a new snapshot without the delegated role, which is no longer delegated to either',
    ours: 'BAD_VERSION',
    remembered: true,
    before: ahead,
    only: ['good.txt'],
    spoil: (forge) => {
      forge.bump(forge.timestamp, forge.snapshot, forge.targets);
      delete forge.targets.signed['delegations'];
      forge.roles.delete('vendor');
    },
  },
  {
    id: 'snapshot changes under its version',
    what: 'timestamp 3 names snapshot 2 again, with other content and a new hash: it drops targets to version 1',
    ours: 'BAD_VERSION',
    remembered: true,
    before: ahead,
    spoil: (forge) => {
      forge.bump(forge.timestamp);
      forge.targets.signed['version'] = 1;
    },
  },
  {
    id: 'mix and match: snapshot',
    what: 'timestamp names snapshot 2 without a hash, the file is signed as version 1',
    ours: 'BAD_VERSION',
    spoil: (forge) => void (forge.snapshot.listed = () => ({ version: 2 })),
  },
  {
    id: 'mix and match: targets',
    what: 'snapshot names targets 2 without a hash, the file is signed as version 1',
    ours: 'BAD_VERSION',
    spoil: (forge) => void (forge.targets.listed = () => ({ version: 2 })),
  },
  {
    id: 'mix and match: role',
    what: 'snapshot names version 2 of a delegated role without a hash, the file is signed as version 1',
    ours: 'BAD_VERSION',
    spoil: (forge) => void (forge.role('vendor').listed = () => ({ version: 2 })),
  },
  { id: 'version 0', what: 'timestamp of version 0', ours: 'MALFORMED', spoil: version(0) },
  { id: 'version -1', what: 'timestamp of version -1', ours: 'MALFORMED', spoil: version(-1) },
  {
    id: 'version beyond 2^53',
    what: 'timestamp of version 9007199254740993, which not every parser can hold',
    ours: 'MALFORMED',
    spoil: version(new Verbatim('9007199254740993')),
  },
  {
    id: 'version 1.0',
    what: 'timestamp whose version is written `1.0` and signed as `1`',
    ours: 'MALFORMED',
    spoil: version(new Verbatim('1.0', '1')),
  },
  { id: 'version as text', what: 'timestamp of version `"1"`', ours: 'MALFORMED', spoil: version('1') },
  {
    id: 'spec_version 2.0',
    what: 'targets of another major version of the specification',
    ours: 'MALFORMED',
    spoil: (forge) => void (forge.targets.signed['spec_version'] = '2.0.0'),
  },
  {
    id: 'spec_version absent',
    what: 'targets without `spec_version`',
    ours: 'MALFORMED',
    spoil: (forge) => void delete forge.targets.signed['spec_version'],
  },
  {
    id: 'length of snapshot wrong',
    what: 'timestamp gives a length that is one too small',
    ours: 'DOWNLOAD_LENGTH',
    spoil: (forge) => {
      forge.snapshot.listed = (entry) => ({ ...entry, length: Number(entry['length']) - 1 });
    },
  },
  {
    id: 'hash of snapshot wrong',
    what: 'timestamp gives the hash of something else',
    ours: 'LENGTH_OR_HASH_MISMATCH',
    spoil: (forge) =>
      void (forge.snapshot.listed = (entry) => ({ ...entry, hashes: { sha256: sha256('else') } })),
  },
  {
    id: 'hash of a role wrong',
    what: 'snapshot gives the hash of something else for a delegated role',
    ours: 'LENGTH_OR_HASH_MISMATCH',
    spoil: (forge) => {
      forge.role('vendor').listed = (entry) => ({ ...entry, hashes: { sha256: sha256('else') } });
    },
  },
  {
    id: 'hashes of a role empty',
    what: 'snapshot gives `"hashes": {}` for a delegated role',
    ours: 'MALFORMED',
    spoil: (forge) => void (forge.role('vendor').listed = (entry) => ({ ...entry, hashes: {} })),
  },
];
