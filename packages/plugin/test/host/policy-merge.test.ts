/** A policy more never allows more: of versions, of capabilities, of modes. */
import {
  filePath,
  parseOrganisationPolicy,
  pluginName,
  pluginVersion,
  vendorName,
  widens,
  type PluginVersion,
  type PolicySource,
} from '@ragnos/plugin';
import { canonicalJson } from '@ragnos/tuf';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mostToJson } from '../../src/formats/organisation-policy.ts';
import { policyObjection, type PolicyCase } from '../../src/host/policy-judge.ts';
import {
  grantedAhead,
  isAtLeast,
  leastMode,
  narrowAll,
  onRevoked,
  rulesFor,
  startsFirst,
} from '../../src/host/policy.ts';
import { shareOf } from '../../src/host/rollout.ts';
import { anyCapabilities, anyPolicy } from '../capabilities/samples.ts';

const id = { vendor: vendorName('acme'), plugin: pluginName('hello') };
const now = new Date('2026-01-10T00:00:00Z');
const most = anyPolicy.map((policy): unknown =>
  JSON.parse(new TextDecoder().decode(canonicalJson(mostToJson(policy)))),
);

const rule = fc.record(
  {
    for: fc.constantFrom('*', 'acme/*', 'acme/hello', 'other/*', 'acme/other'),
    refuse: fc.constantFrom(true, false, false, false),
    versions: fc.constantFrom('*', '^1', '1.0.0', '>=2'),
    mode: fc.constantFrom('trusted', 'process', 'sandbox', 'compute'),
    cooldown: fc.record({ hours: fc.constantFrom(0, 24, 240), unlessReplacingRevoked: fc.boolean() }),
    rollout: fc.record({ percent: fc.constantFrom(0, 50, 100) }),
    requires: fc.subarray(['sbom', 'provenance']),
    files: fc.constantFrom(
      { refuse: ['exe'] },
      { refuse: ['py'] },
      { allow: ['js'] },
      { allow: ['js', 'exe'] },
    ),
    capabilities: most,
    onRevoked: fc.constantFrom('warn', 'stop'),
    healthCheck: fc.constant('start'),
    grant: fc.constantFrom('all'),
  },
  { requiredKeys: ['for'] },
);
const anySource = (signed: boolean): fc.Arbitrary<PolicySource> =>
  fc
    .record(
      { vendors: fc.subarray(['acme', 'other']), rules: fc.array(rule, { maxLength: 4 }) },
      { requiredKeys: ['rules'] },
    )
    .map((json) => {
      const text = JSON.stringify({ format: 'ragnos-organisation-policy/1', ...json });
      return {
        from: signed ? 'signed' : 'local',
        signed,
        policy: parseOrganisationPolicy(new TextEncoder().encode(text)),
      };
    });

interface Case {
  readonly version: PluginVersion;
  /** Since it was first seen; `null` = the catalog does not say. */
  readonly days: number | null;
  readonly gates: readonly string[];
  readonly share: number;
  readonly replacesRevoked: boolean;
  readonly isInstalled: boolean;
}

const anyCase: fc.Arbitrary<Case> = fc.record({
  version: fc.constantFrom('1.0.0', '1.1.0', '2.0.0').map(pluginVersion),
  days: fc.constantFrom(0, 2, 20, null),
  gates: fc.subarray(['sbom', 'provenance']),
  share: fc.constantFrom(0, 30, 70, 99),
  replacesRevoked: fc.boolean(),
  isInstalled: fc.boolean(),
});
const [artifact, manifest] = ['a'.repeat(64), 'b'.repeat(64)];
const entry = {
  artifact: { name: 'hello-1.0.0.tgz', length: 1, sha256: artifact },
  manifest: { name: 'hello-1.0.0.manifest.json', length: 1, sha256: manifest },
};

const files = ['a.js', 'b.exe'].map((path) => ({
  path: filePath(path),
  size: 1,
  sha256: artifact,
  mode: 0o644 as const,
}));

function caseOf(sources: readonly PolicySource[], one: Case): PolicyCase {
  const firstSeen = new Date(now.getTime() - (one.days ?? 0) * 86_400_000).toISOString();
  const seen = { path: 'x', firstSeen, length: 1, gates: one.gates };
  return {
    rules: rulesFor(sources, id),
    index: { ...id, channels: new Map() },
    seen: one.days === null ? null : new Map([artifact, manifest].map((digest) => [digest, seen])),
    now,
    installed: one.isInstalled ? manifest : null,
    replacesRevoked: one.replacesRevoked,
    share: one.share,
    filesOf: () => Promise.resolve(files),
  };
}

describe('two policies', () => {
  test('let a version through only if each of them does', async () => {
    await fc.assert(
      fc.asyncProperty(anySource(false), anySource(true), anyCase, async (a, b, one) => {
        const through = async (...sources: readonly PolicySource[]): Promise<boolean> =>
          (await policyObjection(caseOf(sources, one), { version: one.version, entry })) === null;
        expect(await through(a, b)).toBe((await through(a)) && (await through(b)));
      }),
    );
  });

  test('leave of capabilities no more than each of them, and of what is asked for no more than is asked for', () => {
    fc.assert(
      fc.property(anySource(false), anySource(true), anyCapabilities, (a, b, asked) => {
        const left = (...sources: readonly PolicySource[]) => narrowAll(rulesFor(sources, id), asked);
        const both = left(a, b);
        for (const wide of [left(a), left(b), asked]) expect(widens(wide, both)).toBe(false);
      }),
    );
  });

  test('are as strict about modes, revocation and health as the stricter of them', () => {
    fc.assert(
      fc.property(anySource(false), anySource(true), (a, b) => {
        const [both, one, other] = [rulesFor([a, b], id), rulesFor([a], id), rulesFor([b], id)];
        for (const rules of [one, other]) {
          expect(isAtLeast(leastMode(both).mode, leastMode(rules).mode)).toBe(true);
          expect(onRevoked(rules) === 'warn' || onRevoked(both) === 'stop').toBe(true);
          expect(startsFirst(rules) === null || startsFirst(both) !== null).toBe(true);
        }
      }),
    );
  });

  test('a signed one never agrees to anything, and what a host agrees to in advance is no more than it asks for', () => {
    fc.assert(
      fc.property(anySource(false), anySource(true), anyCapabilities, (a, b, asked) => {
        expect(grantedAhead(rulesFor([b], id), asked)).toBeNull();
        const ahead = grantedAhead(rulesFor([a, b], id), asked);
        expect(ahead === null || !widens(asked, ahead.granted)).toBe(true);
      }),
    );
  });
});

test('hosts are spread over a rollout evenly, and a larger share holds all that a smaller one held', () => {
  const shares = Array.from({ length: 20_000 }, (_, at) => shareOf(String(at), id));
  for (const percent of [1, 10, 50, 90]) {
    const share = (100 * shares.filter((own) => own < percent).length) / shares.length;
    expect(Math.abs(share - percent)).toBeLessThan(1.2);
  }
  expect(shares.every((own) => own >= 0 && own < 100)).toBe(true);
  const other = { vendor: id.vendor, plugin: pluginName('other') };
  const same = shares.filter((own, at) => own < 10 && shareOf(String(at), other) < 10).length;
  expect(same / shares.length).toBeLessThan(0.02); // not always the same hosts go first
});
