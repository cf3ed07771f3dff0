import { storageKey, type Storage } from '@ragnos/storage';
import { logFolder } from '@ragnos/tlog';
import { metadataKey, timestampKey } from '../keys.ts';
import { rootRole } from '../signed.ts';
import type { ListedStore } from './files.ts';
import type { CheckedHead } from './head.ts';
import { finding, type Finding } from './rules.ts';
import { targetsOf } from './targets.ts';
import { number, some } from './words.ts';

/** What only a listing shows: gaps, leftovers, and what should not lie where everybody can read it. */
export async function storeRules(
  storage: Storage,
  { objects }: ListedStore,
  head: CheckedHead | null,
  signal: AbortSignal | undefined,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const roots = [...objects.keys()]
    .map((key) => Number(/^metadata\/(\d+)\.root\.json$/.exec(key)?.[1] ?? 0))
    .filter((version) => version > 0)
    .toSorted((a, b) => a - b);
  const gap = roots.find((version, index) => version !== index + 1);
  if (gap !== undefined)
    findings.push(
      finding(
        'root-gap',
        `there is a root ${gap}, and not every root before it: older clients stop at the gap`,
        'restore the missing roots from a backup or a mirror',
      ),
    );
  const foreign = [...objects.keys()].filter((key) => !belongs(key));
  const keys: string[] = [];
  for (const key of foreign.slice(0, 1000)) if (await isPrivateKey(storage, key, signal)) keys.push(key);
  if (keys.length > 0)
    findings.push(
      finding(
        'private-key-served',
        `${some(keys)} in ${storage.description}: a private key where everybody can read it`,
        'take it away, and replace the key: ragv key rotate <role>',
      ),
    );
  const others = foreign.filter((key) => !keys.includes(key));
  if (others.length > 0)
    findings.push(
      finding(
        'foreign-file',
        `${number(others.length)} files in ${storage.description} belong to no repository: ${some(others)}`,
        'move them away: whatever lies there is served',
      ),
    );
  if (head !== null && head.complete) findings.push(...orphans(objects, head));
  return findings;
}

/** `metadata/`, `targets/` under a digest (or below one, for tough), and the audit log. */
function belongs(key: string): boolean {
  if (/^metadata\/(?:timestamp|\d+\.[^/]+)\.json$/.test(key) || key.startsWith(logFolder)) return true;
  return (
    /^targets\/(?:.*\/)?(?:[0-9a-f]{2}){16,64}\.[^/]+$/.test(key) || /^targets\/[0-9a-f]{64}\./.test(key)
  );
}

async function isPrivateKey(
  storage: Storage,
  key: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const found = await storage.get(storageKey(key), { signal }).catch(() => null);
  if (found === null) return false;
  for await (const chunk of found.body)
    return /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/.test(
      Buffer.from(chunk.subarray(0, 4096)).toString('latin1'),
    );
  return false;
}

function orphans(objects: ListedStore['objects'], head: CheckedHead): readonly Finding[] {
  const named = new Set<string>([timestampKey]);
  named.add(`metadata/${head.timestamp.signed.snapshot.version}.snapshot.json`);
  for (const [role, { version }] of head.snapshot.signed.meta) named.add(metadataKey(role, version));
  for (let version = 1; version <= head.root.signed.version; version++)
    named.add(metadataKey(rootRole, version));
  for (const { key } of targetsOf(head, Number.POSITIVE_INFINITY).targets) named.add(key);
  let count = 0;
  let length = 0;
  for (const [key, { size }] of objects) {
    if (named.has(key) || !belongs(key) || key.startsWith(logFolder)) continue;
    count++;
    length += size;
  }
  if (count === 0) return [];
  const megabytes = (length / 1_000_000).toFixed(1);
  return [
    finding(
      'orphans',
      `${number(count)} files (${megabytes} MB) are not named by the newest metadata: older versions and leftovers`,
      'ragv gc says which of them nobody needs any more',
    ),
  ];
}
