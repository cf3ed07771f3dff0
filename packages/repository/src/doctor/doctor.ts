import type { Storage } from '@ragnos/storage';
import type { Lifetimes } from '../layout.ts';
import { budgets } from './budgets.ts';
import { clock } from './clock.ts';
import { aliases, compat } from './compat.ts';
import { diskRules, type DiskPlace } from './disk.ts';
import { expiry, horizon, type Horizon } from './expiry.ts';
import { listedStore, type Files } from './files.ts';
import { form, overlaps, targetForms } from './form.ts';
import type { CheckedHead, CheckOptions } from './head.ts';
import { keyHygiene } from './keys.ts';
import { loadRepository } from './load.ts';
import { logRules } from './log.ts';
import type { HttpObserver } from './observer.ts';
import type { Finding, Severity } from './rules.ts';
import { ServedFiles } from './served-files.ts';
import { servedRules } from './served.ts';
import { storeRules } from './store.ts';
import { checkTargets, targetsOf } from './targets.ts';
import { vaultRules, type KeyPlace } from './vault.ts';
import { wentBack } from './went-back.ts';

export interface DoctorOptions {
  readonly now?: () => Date;
  readonly lifetimes?: Lifetimes | undefined;
  readonly compat?: ReadonlySet<string> | undefined;
  /** All roles and all targets, however many. Default: up to 512 of each. */
  readonly full?: boolean;
  /** The sha256 of the first root, where somebody knows it. */
  readonly firstRoot?: string | undefined;
  /** The operator's keys, where this is the operator's machine. */
  readonly keys?: readonly KeyPlace[] | undefined;
  /** The operator's private folder, where this vault keeps what it saw last. */
  readonly staging?: string | undefined;
  /** The operator's folders, where this is the operator's machine. */
  readonly disks?: readonly DiskPlace[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Diagnosis {
  readonly at: Date;
  /** sha256 of `1.root.json`; nobody vouches for it but whoever gave `firstRoot`. */
  readonly firstRoot: string | null;
  /** Of root, timestamp, snapshot and every role that was looked at; empty if nothing could be loaded. */
  readonly versions: ReadonlyMap<string, number>;
  readonly horizon: Horizon | null;
  readonly targets: number;
  /** A few small ones, for trying clients. */
  readonly samples: readonly string[];
  /** The worst first. */
  readonly findings: readonly Finding[];
}

const sampleSize = 512;
const sampleMaxLength = 1_000_000;

/** What is in the store, as its operator sees it. @throws StorageError */
export async function examineStore(storage: Storage, options: DoctorOptions = {}): Promise<Diagnosis> {
  const files = await listedStore(storage, options.signal);
  const check = { now: new Date(), compat: options.compat };
  return examine(files, options, async (head) => [
    ...(await storeRules(storage, files, head, options.signal)),
    ...(head === null ? [] : aliases(files, head, check)),
    ...(head === null
      ? []
      : await logRules(storage, head, { full: options.full === true, signal: options.signal })),
    ...(options.staging === undefined ? [] : await wentBack(storage, options.staging, options.signal)),
    ...diskRules(options.disks ?? []),
  ]);
}

/** What is served, as its clients see it. */
export async function examineServer(observer: HttpObserver, options: DoctorOptions = {}): Promise<Diagnosis> {
  const files = new ServedFiles(observer);
  const now = options.now ?? ((): Date => new Date());
  return examine(files, options, async (head) => [
    ...(await servedRules(observer, head, now)),
    ...files.findings,
  ]);
}

async function examine(
  files: Files,
  options: DoctorOptions,
  more: (head: CheckedHead | null) => Promise<readonly Finding[]>,
): Promise<Diagnosis> {
  const { full = false, firstRoot, signal } = options;
  const at = (options.now ?? ((): Date => new Date()))();
  const most = full ? Number.POSITIVE_INFINITY : sampleSize;
  const loaded = await loadRepository(files, { sample: most, firstRoot, signal });
  const { head } = loaded;
  const findings: Finding[] = [...loaded.findings];
  if (head !== null) {
    const check: CheckOptions = { now: at, lifetimes: options.lifetimes, compat: options.compat };
    findings.push(...budgets(head, check), ...expiry(head, check), ...clock(head, check));
    findings.push(...keyHygiene(head), ...form(head));
    findings.push(...overlaps(head), ...targetForms(head), ...compat(head, check));
    findings.push(...(await checkTargets(files, head, most)));
  }
  const told = await more(head);
  // Nothing is said to be missing where nobody answered.
  if (head === null && told.some(({ rule }) => rule === 'served-unreachable')) findings.length = 0;
  findings.push(...told);
  if (options.keys !== undefined) findings.push(...vaultRules(options.keys, head));
  return {
    at,
    firstRoot: loaded.firstRoot,
    versions: versionsOf(head),
    horizon: head === null ? null : horizon(head, at),
    targets: head === null ? 0 : targetsOf(head, 1).total,
    samples: head === null ? [] : samplesOf(head),
    findings: worstFirst(findings),
  };
}

const order: readonly Severity[] = ['error', 'warning', 'info'];

export function worstFirst(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}

function versionsOf(head: CheckedHead | null): ReadonlyMap<string, number> {
  if (head === null) return new Map();
  const { root, timestamp, snapshot, roles } = head;
  return new Map<string, number>([
    ['root', root.signed.version],
    ['timestamp', timestamp.signed.version],
    ['snapshot', snapshot.signed.version],
    ...roles.map(({ name, signed }) => [name, signed.version] as const),
  ]);
}

function samplesOf(head: CheckedHead): readonly string[] {
  return targetsOf(head, 64)
    .targets.filter(({ file }) => file.length <= sampleMaxLength)
    .slice(0, 3)
    .map(({ path }) => path);
}
