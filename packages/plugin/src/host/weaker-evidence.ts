import { moreOften } from '../capabilities/more-often.ts';
import type { SeenDigests } from '../formats/catalog.ts';
import type { PluginManifest } from '../formats/manifest.ts';

type Version = Pick<PluginManifest, 'artifact' | 'evidence' | 'version'>;

/** By how such files are called everywhere; the same under another name is no loss. */
const sorts: readonly (readonly [ending: RegExp, sort: string])[] = [
  [
    /(?:\.cdx\.(?:json|xml)|(?:^|[.-])bom\.(?:json|xml)|\.spdx(?:\.(?:json|rdf|ya?ml))?)$/i,
    'a list of its parts (SBOM)',
  ],
  [
    /(?:\.intoto\.jsonl?|[.-]provenance\.jsonl?|\.slsa\.jsonl?|\.dsse(?:\.json)?)$/i,
    'proof of where it was built',
  ],
  [/\.sigstore(?:\.json)?$/i, 'a signature of Sigstore'],
  [/\.(?:open)?vex\.json$/i, 'statements about vulnerabilities (VEX)'],
];

/**
 * Evidence that `before` has and `after` lacks, a sentence each: checks that the door wrote down, and files that the author
 * lists, by sort and number. What stands in those files nobody has read here.
 */
export function weakerEvidence(before: Version, after: Version, seen: SeenDigests | null): readonly string[] {
  const gates = ({ artifact }: Version): readonly string[] => seen?.get(artifact.sha256)?.gates ?? [];
  return [
    ...moreOften(gates(before), gates(after)).map((gate) => `has not passed the check ${gate}`),
    ...moreOften(before.evidence.map(sortOf(before)), after.evidence.map(sortOf(after))).map(
      (sort) => `comes without ${sort}`,
    ),
  ];
}

/** What is of no known sort counts by its name, the version's number aside. */
function sortOf({ version }: Version): (name: string) => string {
  return (name) => sorts.find(([ending]) => ending.test(name))?.[1] ?? name.replaceAll(version, '*');
}
