import type { Forge } from './forge.ts';
import type { Input } from './input.ts';

const past = '2020-01-01T00:00:00Z';
const expires =
  (draft: (forge: Forge) => Forge['root'], date: string): Input['spoil'] =>
  (forge) => {
    draft(forge).signed['expires'] = date;
  };

/** Expiry: freeze attacks, and dates that not everybody reads alike. */
export const times: readonly Input[] = [
  {
    id: 'expired root',
    what: 'the newest root has expired',
    ours: 'EXPIRED',
    remembered: true,
    spoil: (forge) => {
      forge.root.signed['expires'] = past;
      forge.publishRoot();
    },
  },
  {
    id: 'expired timestamp',
    what: 'timestamp has expired',
    ours: 'EXPIRED',
    spoil: expires((f) => f.timestamp, past),
  },
  {
    id: 'expired snapshot',
    what: 'snapshot has expired',
    ours: 'EXPIRED',
    spoil: expires((f) => f.snapshot, past),
  },
  {
    id: 'expired targets',
    what: 'targets has expired',
    ours: 'EXPIRED',
    spoil: expires((f) => f.targets, past),
  },
  {
    id: 'expired role',
    what: 'a delegated role has expired',
    ours: 'EXPIRED',
    spoil: expires((f) => f.role('vendor'), past),
  },
  {
    id: 'expires with an offset',
    what: '`2035-01-01T00:00:00+00:00`',
    ours: 'MALFORMED',
    spoil: expires((f) => f.timestamp, '2035-01-01T00:00:00+00:00'),
  },
  {
    id: 'expires with a fraction',
    what: '`2035-01-01T00:00:00.5Z`',
    ours: 'MALFORMED',
    spoil: expires((f) => f.timestamp, '2035-01-01T00:00:00.5Z'),
  },
  { id: 'expires is no date', what: '`abc`', ours: 'MALFORMED', spoil: expires((f) => f.timestamp, 'abc') },
  {
    id: 'expires on 30 February',
    what: '`2035-02-30T00:00:00Z`',
    ours: 'MALFORMED',
    spoil: expires((f) => f.timestamp, '2035-02-30T00:00:00Z'),
  },
  {
    id: 'expires absent',
    what: 'targets without `expires`',
    ours: 'MALFORMED',
    spoil: (forge) => {
      delete forge.targets.signed['expires'];
    },
  },
  {
    id: 'expires in the year 9999',
    what: '`9999-12-31T23:59:59Z`',
    ours: 'accepted',
    tolerant: 'it is a date like any other; whoever signs it is trusted to',
    spoil: expires((f) => f.timestamp, '9999-12-31T23:59:59Z'),
  },
];
