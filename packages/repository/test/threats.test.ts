import { threatFaults, threatLines, type ThreatTable } from '@ragnos/testkit';
import { expect, test } from 'vitest';

// What must not happen to a repository and to its keys (THREATS.md, "Repository state" and "Keys and secrets"), and the tests
// that show it. A line that names no test, or words that are not there, fails. The other sections: packages/tuf/test/threats.test.ts.

const table: ThreatTable = {
  'Repository state': {
    'kill -9 between every two writes of a publish': ['repository/processes#kill -9 after each write', 'repository/crash#killed after each write of a publish', 'repository/model'], // prettier-ignore
    'a lost answer after the commit': ['repository/publish#published exactly once', 'repository/publish#a lost answer is recognised even when others have published since', 'repository/model'], // prettier-ignore
    'a stale read': ['repository/publish#a store that went back is refused', 'repository/model'],
    'a transient error taken for “no metadata”': ['repository/publish#a head that is missing is never taken for an empty repository', 'storage/s3-refusals#403'], // prettier-ignore
    'clients of every age: the old state or the new one, never an error': ['repository/model', 'repository/split#nobody sees an error'], // prettier-ignore
    '100 publishers at once': ['repository/threats-stolen#100 publishers at once', 'repository/processes#publish at once'], // prettier-ignore
    'rotating an online key': ['repository/roles#no client fails at any moment', 'repository/found#no client meets a root that does not vouch for the head', 'repository/found#a client that paused anywhere'], // prettier-ignore
    'compromise and fast-forward recovery in one command': ['repository/root-recovery#fast-forward to the last version', 'cli/event-drill#one command'], // prettier-ignore
    'the same version of a role with other bytes': ['repository/bring#a second content under a version that was handed in before', 'repository/publish#an occupied version number is left alone'], // prettier-ignore
    'the same target path with another digest': ['repository/bring#a known path with a new digest', 'repository/publish#a published path never changes'], // prettier-ignore
    'a store that went backwards': ['repository/publish#a store that went back is refused before anything is signed', 'repository/audit#is refused by the door that saw more'], // prettier-ignore
    'a stolen store credential alone': ['repository/threats-stolen#the credential of the store alone'],
    'a stolen vendor key alone': ['repository/threats-stolen#the key of a vendor alone'],
    'a stolen online key alone': ['repository/threats-stolen#the keys of timestamp and snapshot', 'repository/root-recovery#the timestamp key alone'], // prettier-ignore
    'a root event past its threshold cannot be cancelled': ['repository/events#past its threshold it cannot be cancelled'], // prettier-ignore
    'a second body for a signed version': ['repository/events#flags a second content under a version'],
    'retention and a slow publisher or client': ['repository/retention-races#a slow publisher', 'repository/retention-races#a slow client', 'repository/retention#at each of its steps'], // prettier-ignore
    'removing a delegation': ['repository/roles#removing a delegation leaves a tombstone'],
    'changing the keys of a delegation': ['repository/bring#without a moment at which its role does not verify', 'repository/roles'], // prettier-ignore
    'a role in the snapshot before its file': ['repository/roles#a vendor is added with its file in one commit', 'repository/crash#killed after each write of a publish'], // prettier-ignore
    'a vendor that claims another vendor’s path': ['repository/bring#another vendor’s path', 'repository/threats-stolen#DOOR_PATHS'], // prettier-ignore
    'a vendor that uploads expired or foreign metadata': ['repository/bring#an expired file', 'repository/bring#a foreign key'], // prettier-ignore
    'a vendor that widens a pattern': ['repository/bring#a delegation of its own', 'plugin/host/owners#widens its pattern'], // prettier-ignore
    'a vendor that jumps to version 2³¹−1': ['repository/bring#version 2³¹−1'],
  },
  'Keys and secrets': {
    'private keys 0600': ['signing/key-file#mode 0600', 'cli/story#0o600'],
    'never below the served folder': ['cli/doctor#a key below the served folder'],
    'never in a log, an error or the audit log': ['repository/threats-secrets', 'signing/key-file#neither password nor key shows', 'cli/vendors#no secret was ever said'], // prettier-ignore
    'never in an argument list': ['cli/passwords#says all the places where one is looked for', 'cli/story#no secret was ever said'], // prettier-ignore
    'no default password': ['cli/passwords#an empty password is none', 'cli/passwords#init without a password source'], // prettier-ignore
    'a key file copied to another machine is useless without its password': ['signing/key-file#300 wrong passwords'], // prettier-ignore
    'a kill while the password is changed': ['signing/kill#kill -9'],
    'TLS failure is fatal': ['client/threats-network-http#a certificate nobody vouches for is fatal', 'storage/s3-refusals#TLS'], // prettier-ignore
  },
};

const lines = threatLines(table);

test.each(lines)('every threat has its tests: %s', (_, tests) => {
  expect(threatFaults(tests)).toEqual([]);
});
