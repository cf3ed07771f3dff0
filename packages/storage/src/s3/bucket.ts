import { randomBytes } from 'node:crypto';
import type { BucketFinding, BucketOptions } from '../bucket.ts';
import { conditionalWrites } from '../probe.ts';
import type { BucketAddress } from '../uri.ts';
import { BucketApi } from './bucket-api.ts';
import { bucketSettings, type Setting } from './bucket-settings.ts';

/** See `checkBucket` and `prepareBucket`. */
export async function inspectS3(
  address: BucketAddress,
  options: BucketOptions,
  mend: boolean,
): Promise<readonly BucketFinding[]> {
  const api = new BucketApi(address, options);
  const lockWanted = options.objectLock ?? api.settings.lock !== null;
  const exists = await lookForBucket(api, lockWanted, mend);
  if (exists.state === 'missing') return [exists];
  const findings: BucketFinding[] = [];
  const harmful = mend && address.parameters.has('endpoint') ? await tryElsewhere(address, options) : null;
  for (const setting of bucketSettings(api.settings, lockWanted)) {
    const may = harmful === null ? mend : !harmful.has(setting.check);
    findings.push(await look(api, setting, may, harmful?.get(setting.check)));
  }
  // Tried last, since a store may treat conditions in another way once it keeps versions.
  const problem = await api.conditionalWrites();
  const unfit = problem === null ? null : `${problem}: a repository cannot be kept here`;
  return [exists, conditionalWrites(unfit), ...findings];
}

async function lookForBucket(api: BucketApi, lockWanted: boolean, mend: boolean): Promise<BucketFinding> {
  const { bucket, region } = api.settings;
  const finding = { check: 'exists', required: true } as const;
  if (await api.exists()) return { ...finding, state: 'ok', message: `${bucket} is there` };
  const lock = lockWanted ? ' --object-lock-enabled-for-bucket' : '';
  const where = region === 'us-east-1' ? '' : ` --create-bucket-configuration LocationConstraint=${region}`;
  const run = api.command(`create-bucket --bucket ${bucket}${where}${lock}`);
  if (!mend) return { ...finding, state: 'missing', message: `there is no bucket ${bucket}`, run };
  if (await api.make(lockWanted)) return { ...finding, state: 'mended', message: `${bucket} was made` };
  const message = `there is no bucket ${bucket}, and we may not make it`;
  return { ...finding, state: 'missing', message, run };
}

async function look(
  api: BucketApi,
  setting: Setting,
  mend: boolean,
  harm: string | undefined,
): Promise<BucketFinding> {
  const { check, required, want, advice, document } = setting;
  const unknownTo = `the store does not know this setting: ${advice}`;
  const now = await api.state(setting);
  if (now === 'ok') return { check, required, state: now, message: want };
  if (harm !== undefined) return { check, required, state: 'unsupported', message: `${harm}: ${advice}` };
  if (now === 'unsupported') return { check, required, state: now, message: unknownTo };
  const run = api.command(setting.command);
  if (now === 'unknown') return { check, required, state: now, message: `we may not look: ${advice}`, run };
  if (mend && document !== null) {
    const mended = await api.mend(setting);
    if (mended === 'ok') return { check, required, state: 'mended', message: want };
    if (mended === 'unsupported') return { check, required, state: mended, message: unknownTo };
  }
  return { check, required, state: 'missing', message: advice, run };
}

/**
 * Settings that break a store that is not AWS, with how: Ceph 16 refuses every put once public access is blocked, and ignores
 * conditions once versions are kept, which cannot be taken back. So they are tried in a bucket that is thrown away.
 * Without the right to make one, nothing is mended.
 */
async function tryElsewhere(
  address: BucketAddress,
  options: BucketOptions,
): Promise<ReadonlyMap<string, string>> {
  const bucket = `ragv-check-${randomBytes(8).toString('hex')}`;
  const api = new BucketApi({ ...address, bucket, prefix: '' }, options);
  const settings = bucketSettings(api.settings, false);
  const harmful = new Map<string, string>();
  if (!(await api.make(false))) {
    for (const { check } of settings)
      harmful.set(check, 'not tried, since we may not make a bucket to try it in');
    return harmful;
  }
  try {
    for (const setting of settings) {
      if ((await api.state(setting)) === 'ok' || (await api.mend(setting)) !== 'ok') continue;
      const problem = await api.conditionalWrites();
      if (problem === null) continue;
      harmful.set(setting.check, `with it this store fails (${problem})`);
      await api.takeBack(setting);
    }
  } finally {
    await api.remove();
  }
  return harmful;
}
