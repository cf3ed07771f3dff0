import { readdirSync } from 'node:fs';
import { threatFaults, threatLines, type ThreatTable } from '@ragnos/testkit';
import { expect, test } from 'vitest';

// What must not happen (the threat model's sections on metadata, names, network and client state), and the tests that show
// it. A line of the table that names no test, or one that is not there, fails; so does a test named after an advisory that
// the table does not know.

const packages = new URL('../..', import.meta.url);

const table: ThreatTable = {
  'Metadata and thresholds': {
    'CVE-2020-15093: one key under two ids, or in two encodings': ['tuf/cve-2020-15093-one-key-twice'],
    'CVE-2020-6174: one id with two signatures': ['tuf/cve-2020-6174-one-id-twice'],
    'CVE-2026-6966: the same for delegated roles': ['tuf/cve-2026-6966-delegated-threshold'],
    'CVE-2026-6967: expiry, hash and length of delegated roles': ['tuf/cve-2026-6967-delegated-checks'],
    'GHSA-3633-5h82-39pq: ids that are not bound to their key': ['tuf/ghsa-3633-5h82-39pq-two-ids'],
    'CVE-2026-23992: threshold 0, negative, above the keys, no integer': ['tuf/cve-2026-23992-threshold'],
    'CVE-2020-6173: thousands of signatures': ['tuf/cve-2020-6173-many-signatures'],
    'CVE-2020-15163: a root that the one before did not sign': ['tuf/cve-2020-15163-root-chain'],
    'CVE-2025-2885: a root of another version': ['tuf/cve-2025-2885-root-version'],
    'a chain of roots without end': ['client/tuf-5-workflow#endless rotation stops at the bound'],
    'TOB-SIGSTORE-14: a role accepted under another delegator': ['tuf/tob-sigstore-14-delegators', 'client/tuf-5-6-7-delegations#TOB-SIGSTORE-14'], // prettier-ignore
    'GHSA-77hh-43cm-v8j6: a name that the succinct roles do not make': ['tuf/ghsa-77hh-43cm-v8j6-bins'],
    'CVE-2025-2886: terminating ignored': ['tuf/cve-2025-2886-trust-order', 'client/threats/cve-2025-2886-terminating'], // prettier-ignore
    'CVE-2024-47534: order of delegations lost': ['client/threats/cve-2024-47534-order'],
    'GHSA-j8x2-777p-23fc: cycles, diamonds, 33 deep': ['client/threats/ghsa-j8x2-777p-23fc-cycles'],
    'CVE-2022-29173: rollback of timestamp, snapshot, targets': ['tuf/cve-2022-29173-rollback', 'client/tuf-5-workflow#CVE-2022-29173'], // prettier-ignore
    'CVE-2025-2887: rollback of delegated roles': ['tuf/cve-2025-2887-delegated-rollback'],
    freeze: [
      'tuf/tuf-5-4-timestamp',
      'client/tuf-5-workflow#freeze: an expired timestamp, snapshot, targets',
    ],
    'fast-forward, and recovery from it': ['tuf/cve-2022-29173-rollback#fast-forward', 'client/tuf-5-workflow#fast-forward: recovered'], // prettier-ignore
    'mix and match': ['client/tuf-5-workflow#mix and match', 'tuf/tuf-5-6-targets#with other bytes'],
    'CVE-2025-2888: a timestamp kept although its check failed': ['tuf/cve-2025-2888-failed-check'],
    'local clock set back': ['client/threats-client-clock#set back after a refresh', 'client/stale#clock'], // prettier-ignore
    'expiry that is no date, with an offset, a fraction, of the year 9999': ['tuf/tuf-4-malformed#fraction'],
    'CVE-2026-23991: malformed JSON of every kind': ['tuf/cve-2026-23991-strict-json', 'client/malformed', 'tuf/fuzz/fuzz'], // prettier-ignore
    'a pattern that takes exponential time, thousands that take long': ['tuf/tuf-4-5-delegations#hangs a backtracking matcher', 'tuf/tuf-4-5-pattern-work'], // prettier-ignore
  },
  'Names and files': {
    'CVE-2021-41131: role names that lead out of the folder': ['tuf/cve-2021-41131-names'],
    'CVE-2021-41149: target names': ['client/threats/cve-2021-41149-target-names'],
    'CVE-2021-41150: role names on disk': ['client/threats/cve-2021-41150-role-names'],
    'CVE-2026-6968: links that stand where we write': ['client/threats/cve-2026-6968-links'],
    'CVE-2026-24686: names of repositories, and what lies behind them': ['client/threats/cve-2026-24686-repository-names', 'tuf/cve-2021-41131-names#CVE-2026-24686'], // prettier-ignore
    'twins in other case': [
      'client/threats/cve-2021-41150-role-names#a name that would be a file of the four',
    ],
  },
  Network: {
    'endless data, wrong length': ['client/threats-network-http#endless data', 'client/threats-network-updater#endless data stops at the signed length'], // prettier-ignore
    'slow drip, stalls, cut bodies': ['client/threats-network-http#a slow drip', 'client/threats-network-updater#a cut once'], // prettier-ignore
    'redirects to another origin or to http': ['client/threats-network-http#redirect to another origin'],
    'a proxy': ['client/threats-network-proxy'],
    '403 against 404': ['client/threats-network-http#403, which is not 404'],
    'a page with status 200': ['client/threats-network-updater#a page', 'client/threats-network-updater#a login page in place of metadata'], // prettier-ignore
    'a hash that cannot be checked here': ['client/threats-network-updater#a target with no hash that we can check', 'tuf/tuf-5-6-targets#alone it is no proof'], // prettier-ignore
    'gzip where none was asked': ['client/threats-network-http#gzip where none was asked'],
    'a stale If-Range: a file spliced from two': ['client/threats-network-updater#a file spliced from two'],
    'TLS that fails': ['client/threats-network-http#TLS and plain HTTP'],
  },
  'Client state': {
    'truncated, emptied or older files': ['client/threats-client-state'],
    'stale offline trust with the clock set back': [
      'client/threats-client-clock#offline too: the memory counts',
    ],
    'the memory of the latest time damaged, forged or gone': ['client/threats-client-clock#the note itself'],
    'a clock that was ahead keeps nobody out': ['client/threats-client-clock#ahead for a while'],
    'a kill between any two writes': ['client/threats-client-state#not bricked'],
    'twelve processes that refresh one folder': ['client/threats-client-state-processes'],
  },
};

const lines = threatLines(table);

test.each(lines)('every threat has its tests: %s', (_, tests) => {
  expect(threatFaults(tests)).toEqual([]);
});

/** Advisories in the names of the tests there are. */
function advisories(): readonly string[] {
  const names = ['tuf/test', 'client/test', 'client/test/threats'].flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, packages)),
  );
  return names.flatMap((name) => /^(?:cve-\d+-\d+|ghsa(?:-\w{4}){3}|tob-sigstore-\d+)/.exec(name) ?? []);
}

test('every advisory that a test is named after stands in the table, and has a test of its name', () => {
  const known = lines.map(([threat]) => threat.toLowerCase());
  expect(advisories().filter((id) => !known.some((threat) => threat.includes(`: ${id}:`)))).toEqual([]);
  const named = new Set(advisories());
  const without = known.flatMap((threat) => /: ((?:cve|ghsa|tob)-[^:]+):/.exec(threat)?.[1] ?? []);
  expect(without.filter((id) => !named.has(id))).toEqual([]);
});
