import { hashedTargetPath, type TargetFile, type TargetPath } from '@ragnos/tuf';
import { inParallel } from '../put.ts';
import type { Files } from './files.ts';
import type { CheckedHead } from './head.ts';
import { finding, type Finding } from './rules.ts';
import { number, some } from './words.ts';

export interface ListedTarget {
  readonly path: TargetPath;
  readonly file: TargetFile;
  /** Where it lies. */
  readonly key: string;
}

/** The targets of the roles at hand: all of them, or `most`, evenly taken. */
export function targetsOf(
  { roles }: CheckedHead,
  most: number,
): { readonly targets: readonly ListedTarget[]; readonly total: number } {
  const total = roles.reduce((sum, { signed }) => sum + signed.targets.size, 0);
  const targets: ListedTarget[] = [];
  let index = 0;
  let next = 0;
  for (const { signed } of roles)
    for (const [path, file] of signed.targets) {
      if (index++ < next) continue;
      next = Math.max(next + 1, Math.ceil(((targets.length + 1) * total) / Math.min(most, total)));
      targets.push({ path, file, key: keyOf(path, file) });
    }
  return { targets, total };
}

/** By the hash that clients take: sha256, else the first. */
function keyOf(path: TargetPath, file: TargetFile): string {
  const digest = file.hashes.get('sha256') ?? [...file.hashes.values()][0];
  return digest === undefined ? `targets/${path}` : `targets/${hashedTargetPath(path, digest)}`;
}

/** Whether they are there, and as long as they are signed to be; nothing is downloaded. */
export async function checkTargets(
  files: Files,
  head: CheckedHead,
  most: number,
): Promise<readonly Finding[]> {
  const { targets, total } = targetsOf(head, most);
  const missing: string[] = [];
  const wrong: string[] = [];
  await inParallel(targets, async ({ path, file, key }) => {
    const length = await files.length(key);
    if (length === null) missing.push(path);
    else if (length !== undefined && length !== file.length)
      wrong.push(`${path} (${number(length)} instead of ${number(file.length)} bytes)`);
  });
  const findings: Finding[] = [];
  const of = `of ${number(targets.length)} that were looked for`;
  if (missing.length > 0)
    findings.push(
      finding(
        'target-missing',
        `${number(missing.length)} ${of} are not there: ${some(missing.toSorted())}`,
        'restore them from a backup or a mirror, or publish them again',
      ),
    );
  if (wrong.length > 0)
    findings.push(
      finding(
        'target-length',
        `${number(wrong.length)} ${of} have another length than is signed: ${some(wrong.toSorted())}`,
        'restore them from a backup or a mirror; clients refuse them',
      ),
    );
  if (targets.length < total)
    findings.push(
      finding(
        'sampled',
        `${number(targets.length)} of ${number(total)} targets were looked for`,
        'ragv doctor --full',
      ),
    );
  return findings;
}
