import { parseMetadata, VaultError } from '@ragnos/tuf';
import { metadataKey, timestampKey } from '../keys.ts';
import { rootRole } from '../signed.ts';
import type { CheckedHead } from './head.ts';
import { header, keptFor, type HttpAnswer, type HttpObserver } from './observer.ts';
import { finding, type Finding } from './rules.ts';
import { checkRanges } from './served-ranges.ts';
import { urlPath } from './served-files.ts';
import { targetsOf } from './targets.ts';
import { inWords } from './words.ts';

const clockSlack = 5 * 60_000;
/** A year, less what somebody rounds off: what never changes under its name may be kept this long. */
const forEver = 300 * 24 * 3600;

/** How the server answers: what INTEROP.md asks for, tried on the files of this repository. */
export async function servedRules(
  observer: HttpObserver,
  head: CheckedHead | null,
  now: () => Date,
): Promise<readonly Finding[]> {
  const first = await observer
    .ask(metadataKey(rootRole, 1), identity)
    .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
  if (first instanceof Error)
    return [
      finding(
        'served-unreachable',
        `${observer.base.href} does not answer: ${first.message}`,
        'is the server running, and is the address right?',
      ),
    ];
  const findings: Finding[] = [...plainHttp(observer), ...clock(first, now())];
  if (first.status === 404 || first.status === 410) findings.push(await wrongBase(observer));
  const rules = [missingRoot, timestamp, listings, crossOrigin];
  for (const rule of rules) findings.push(...(await tolerant(observer, () => rule(observer, head))));
  if (head === null) return findings;
  const snapshot = `metadata/${head.timestamp.signed.snapshot.version}.snapshot.json`;
  const target = targetsOf(head, 1).targets.find(({ file }) => file.length > 0 && file.length < 4_000_000);
  for (const key of target === undefined ? [snapshot] : [snapshot, target.key])
    findings.push(...(await tolerant(observer, () => immutable(observer, key))));
  findings.push(...(await tolerant(observer, () => checkRanges(observer, snapshot))));
  return findings;
}

export const identity = { headers: { 'accept-encoding': 'identity' } } as const;

/** One question that nobody answers leaves the others their answers. */
async function tolerant(
  observer: HttpObserver,
  ask: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof VaultError && error.code === 'WORKFLOW') throw error;
    const why = error instanceof Error ? error.message : String(error);
    return [
      finding(
        'served-unreachable',
        `${observer.base.href} answered, and then it did not: ${why}`,
        'look into the log of the server',
      ),
    ];
  }
}

function plainHttp({ base }: HttpObserver): readonly Finding[] {
  const loopback = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(base.hostname);
  if (base.protocol === 'https:' || loopback) return [];
  return [
    finding(
      'served-http',
      `${base.href} is served without TLS: everybody on the way can hold it back, and our hosts refuse it`,
      'put TLS in front of it',
    ),
  ];
}

function clock(answer: HttpAnswer, now: Date): readonly Finding[] {
  const server = Date.parse(header(answer, 'date'));
  const off = server - now.getTime();
  if (Number.isNaN(server) || Math.abs(off) < clockSlack) return [];
  return [
    finding(
      'served-clock',
      `the clock of the server is ${inWords(off)} ${off > 0 ? 'ahead of' : 'behind'} the one here`,
      'set the clock that is wrong: expiry is judged by it',
    ),
  ];
}

async function wrongBase(observer: HttpObserver): Promise<Finding> {
  const below = await observer.ask('1.root.json', identity).catch(() => null);
  const parent = below?.status === 200 && isRoot(below.body);
  return finding(
    'served-base-url',
    `there is no metadata/1.root.json below ${observer.base.href}`,
    parent
      ? 'that is the folder of the metadata: give the one above it'
      : 'give the address below which metadata/ and targets/ lie',
  );
}

function isRoot(bytes: Uint8Array): boolean {
  try {
    parseMetadata(bytes, 'root');
    return true;
  } catch {
    return false;
  }
}

/** go-tuf stops its search for newer roots at a 404 alone; a page with status 200 is taken for a root. */
async function missingRoot(observer: HttpObserver, head: CheckedHead | null): Promise<readonly Finding[]> {
  const version = (head?.root.signed.version ?? 1_000_000) + 1;
  const key = metadataKey(rootRole, version);
  const answer = await observer.ask(key, { ...identity, maxLength: 600_000 });
  const { status, body } = answer;
  if (status === 200 && isRoot(body)) return []; // published just now
  if (status !== 404) {
    const what = status === 200 ? 'with a page and status 200' : `with status ${status}`;
    return [
      finding(
        'served-root-status',
        `a root that is not there (${key}) is answered ${what}: clients fail, or never stop`,
        'answer 404 for what is not there; S3 does once the reader may list the bucket (s3:ListBucket)',
      ),
    ];
  }
  const kept = keptFor(answer);
  if (kept === null || (kept !== undefined && kept <= 1)) return [];
  return [
    finding(
      'served-404-cached',
      `a 404 may be cached (${shown(answer, 'cache-control')}): a new root would not be seen for ${kept === undefined ? 'as long as a cache likes' : `${kept} s`}`,
      'send Cache-Control: no-store with every 404',
    ),
  ];
}

async function timestamp(observer: HttpObserver): Promise<readonly Finding[]> {
  const answer = await observer.ask(timestampKey, identity);
  if (answer.status !== 200) return [];
  const findings: Finding[] = [...(await encoding(observer, answer))];
  const kept = keptFor(answer);
  if (kept !== null)
    findings.push(
      finding(
        'served-timestamp-cached',
        `timestamp.json may be cached (${shown(answer, 'cache-control')}): hosts see what is published, and revoked, too late`,
        'send Cache-Control: no-store with timestamp.json',
      ),
    );
  return findings;
}

async function encoding(observer: HttpObserver, plain: HttpAnswer): Promise<readonly Finding[]> {
  const hint = 'do not compress what lies below metadata/ and targets/';
  const unasked = header(plain, 'content-encoding');
  if (unasked !== '' && unasked !== 'identity')
    return [
      finding(
        'served-encoding',
        `timestamp.json comes with Content-Encoding: ${unasked}, although nobody asked for it: clients refuse it`,
        hint,
      ),
    ];
  const answer = await observer.ask(timestampKey, { headers: { 'accept-encoding': 'gzip, br, zstd' } });
  const applied = header(answer, 'content-encoding');
  if (applied === '' || applied === 'identity') return [];
  return [
    finding(
      'served-encoding',
      `timestamp.json is compressed (${applied}) for those who ask: its length is then not the one that is signed`,
      hint,
      'warning',
    ),
  ];
}

async function immutable(observer: HttpObserver, key: string): Promise<readonly Finding[]> {
  const answer = await observer.ask(urlPath(key), { ...identity, maxLength: 1 });
  const kept = keptFor(answer);
  if (answer.status !== 200 || (kept !== null && kept !== undefined && kept >= forEver)) return [];
  return [
    finding(
      'served-not-cached',
      `${key} never changes, and caches are not told so (${shown(answer, 'cache-control')})`,
      'send Cache-Control: public, max-age=31536000, immutable with all but timestamp.json',
    ),
  ];
}

async function listings(observer: HttpObserver): Promise<readonly Finding[]> {
  const listed: string[] = [];
  for (const folder of ['metadata/', 'targets/'])
    if ((await observer.ask(folder, identity)).status === 200) listed.push(folder);
  if (listed.length === 0) return [];
  return [
    finding(
      'served-listing',
      `${listed.join(' and ')} can be listed: what is not announced yet, and what was taken back, can be found`,
      'answer 404 for folders (nginx: autoindex off)',
    ),
  ];
}

async function crossOrigin(observer: HttpObserver): Promise<readonly Finding[]> {
  const origin = 'https://another.example';
  const answer = await observer.ask(timestampKey, { headers: { ...identity.headers, origin } });
  const allowed = header(answer, 'access-control-allow-origin');
  if (allowed !== '*' && allowed !== origin) return [];
  return [
    finding(
      'served-cors',
      `browsers of every site may read it (Access-Control-Allow-Origin: ${allowed})`,
      'fine for a public repository; else name the sites: ragv serve --cors https://site.example',
    ),
  ];
}

function shown(answer: HttpAnswer, name: string): string {
  const value = header(answer, name);
  return value === '' ? `no ${name}` : `${name}: ${value}`;
}
