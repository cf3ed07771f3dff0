import { dueAt } from '../due.ts';
import type { CheckedHead, CheckOptions } from './head.ts';
import { finding, type Finding } from './rules.ts';
import { inWords, some } from './words.ts';

const hour = 3_600_000;
const day = 24 * hour;

/** How late is late where nobody says how long a role lives. */
const soon = new Map([['timestamp', 3 * hour]]);
const soonOthers = 2 * day;

/** How long an old state can be shown as the newest one (freeze). */
const longest = new Map([
  ['root', 3 * 366 * day],
  ['targets', 400 * day],
  ['snapshot', 100 * day],
  ['timestamp', 32 * day],
]);
const longestOthers = 400 * day;

interface Lives {
  readonly name: string;
  readonly splits: string | null;
  readonly expires: Date;
}

/** What breaks first, and when. */
export interface Horizon {
  readonly role: string;
  readonly expires: Date;
  /** `clients break in 5 d 3 h: timestamp expires` */
  readonly words: string;
}

export function horizon(head: CheckedHead, now: Date): Horizon {
  let first = lives(head)[0];
  for (const one of lives(head)) if (first === undefined || one.expires < first.expires) first = one;
  const { name: role, expires } = first ?? { name: 'root', expires: head.root.signed.expires };
  const left = expires.getTime() - now.getTime();
  const words =
    left > 0
      ? `clients break in ${inWords(left)}: ${role} expires`
      : `clients break since ${inWords(left)}: ${role} has expired`;
  return { role, expires, words };
}

/** Expired, late, in the wrong order, or so far ahead that nobody would notice a frozen repository. */
export function* expiry(head: CheckedHead, options: CheckOptions): Generator<Finding> {
  const { now, lifetimes } = options;
  const all = lives(head);
  const past = all.filter(({ expires }) => expires <= now);
  if (past.length > 0) {
    const first = Math.min(...past.map(({ expires }) => expires.getTime()));
    yield finding(
      'expired',
      `${some(past.map(({ name }) => name))} expired, the first ${inWords(now.getTime() - first)} ago: clients refuse it`,
      'ragv refresh',
    );
  }
  const due = all.filter(({ name, splits, expires }) => {
    const at =
      lifetimes === undefined
        ? expires.getTime() - (soon.get(name) ?? soonOthers)
        : dueAt(lifetimes, name, splits, expires).getTime();
    return expires > now && at <= now.getTime();
  });
  if (due.length > 0)
    yield finding(
      'expiry-due',
      `${some(due.map(({ name }) => name))} should have been re-signed: ${horizon(head, now).words}`,
      'ragv refresh, and ragv refresh --watch from now on',
    );
  const { timestamp, snapshot } = head;
  if (timestamp.signed.expires > snapshot.signed.expires)
    yield finding(
      'expiry-order',
      `timestamp expires ${inWords(timestamp.signed.expires.getTime() - snapshot.signed.expires.getTime())} after the snapshot that it names`,
      'ragv refresh --force, with a snapshot that lives longer than the timestamp ([lifetimes] in ragv.toml)',
    );
  const far = all.filter(
    ({ name, expires }) => expires.getTime() - now.getTime() > (longest.get(name) ?? longestOthers),
  );
  if (far.length > 0)
    yield finding(
      'expiry-far',
      `${some(far.map(({ name, expires }) => `${name} (${expires.toISOString().slice(0, 10)})`))} could be shown as new for too long`,
      'shorten [lifetimes] in ragv.toml, then ragv refresh --force',
    );
}

function lives({ root, timestamp, snapshot, roles }: CheckedHead): readonly Lives[] {
  const top = (name: string, expires: Date): Lives => ({ name, splits: null, expires });
  return [
    top('root', root.signed.expires),
    top('timestamp', timestamp.signed.expires),
    top('snapshot', snapshot.signed.expires),
    ...roles.map(({ name, splits, signed }) => ({ name, splits, expires: signed.expires })),
  ];
}
