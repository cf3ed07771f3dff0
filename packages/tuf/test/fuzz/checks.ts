import { VaultError } from '@ragnos/tuf';

/** The checks of section 5 in the order in which a refresh and a look-up make them; a mutant that is refused at one has passed those before it. */
export const checks = [
  '5.3.3 root: length and format',
  '5.3.4 root: threshold of the trusted root',
  '5.3.4 root: threshold of its own',
  '5.3.5 root: version',
  '5.3.10 root: expiry',
  '5.4.1 timestamp: length and format',
  '5.4.2 timestamp: threshold',
  '5.4.3.1 timestamp: version',
  '5.4.3.2 timestamp: version of snapshot',
  '5.4.4 timestamp: expiry',
  '5.5.1 snapshot: length and format',
  '5.5.2 snapshot: hashes',
  '5.5.3 snapshot: threshold',
  '5.5.5 snapshot: versions of roles',
  '5.5.6 snapshot: expiry',
  '5.5.4 snapshot: version',
  '5.6.1 targets: length and format',
  '5.6.2 targets: hashes',
  '5.6.3 targets: threshold',
  '5.6.4 targets: version',
  '5.6.5 targets: expiry',
  '5.6.7 delegated role: listed, delegated, bounded',
  '5.6.7 delegated role: length and format',
  '5.6.7 delegated role: hashes',
  '5.6.7 delegated role: threshold',
  '5.6.7 delegated role: version',
  '5.6.7 delegated role: expiry',
  'accepted',
] as const;
export type Check = (typeof checks)[number];

/** Which role an error is about: its message begins with it, or the URL in it ends with it. */
function roleOf(message: string): string {
  const file = /\/(?:\d+\.)?(\w+)\.json\b/.exec(message)?.[1];
  const name = file ?? /^(?:unsafe [^:]*: )?(\w+)/.exec(message)?.[1] ?? '';
  return ['root', 'timestamp', 'snapshot', 'targets'].includes(name) ? name : 'delegated role';
}

const parts: Readonly<
  Record<string, readonly [section: string, unsigned: string, expired: string, hashes: string]>
> = {
  root: ['5.3.3', '5.3.4', '5.3.10', ''],
  timestamp: ['5.4.1', '5.4.2', '5.4.4', ''],
  snapshot: ['5.5.1', '5.5.3', '5.5.6', '5.5.2'],
  targets: ['5.6.1', '5.6.3', '5.6.5', '5.6.2'],
  'delegated role': ['5.6.7', '5.6.7', '5.6.7', '5.6.7'],
};

function named(text: string): Check {
  const found = checks.find((check) => check === text);
  if (found === undefined) throw new Error(`no such check: ${text}`);
  return found;
}

/** The first check of a role's file: that there is one, and that it can be read. */
export function formatOf(role: string): Check {
  return named(`${parts[role]?.[0] ?? ''} ${role}: length and format`);
}

/** The check that `error` comes from, told from its code and its words; null for an error that is not of ours: a crash. */
export function checkOf(error: unknown, phase: string): Check | null {
  if (!(error instanceof VaultError)) return null;
  const { message } = error;
  const role = phase === '' ? roleOf(message) : phase;
  const [, unsigned = '', expired = '', hashes = ''] = parts[role] ?? [];
  switch (error.code) {
    case 'UNSIGNED':
      if (role !== 'root') return named(`${unsigned} ${role}: threshold`);
      return named(
        `5.3.4 root: threshold of ${/by its own keys/.test(message) ? 'its own' : 'the trusted root'}`,
      );
    case 'BAD_VERSION':
      if (message.startsWith('root')) return '5.3.5 root: version';
      if (message.startsWith('timestamp')) return '5.4.3.1 timestamp: version';
      if (message.startsWith('snapshot in timestamp')) return '5.4.3.2 timestamp: version of snapshot';
      if (message.startsWith('snapshot: the timestamp')) return '5.5.4 snapshot: version';
      if (/in snapshot|no longer lists/.test(message)) return '5.5.5 snapshot: versions of roles';
      return named(role === 'targets' ? '5.6.4 targets: version' : '5.6.7 delegated role: version');
    case 'EXPIRED':
      return named(`${expired} ${role}: expiry`);
    case 'LENGTH_OR_HASH_MISMATCH':
      return named(`${hashes} ${role}: hashes`);
    case 'UNKNOWN_ROLE':
      return '5.6.7 delegated role: listed, delegated, bounded';
    default:
      return formatOf(role);
  }
}
