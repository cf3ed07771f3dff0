/** How much it matters: an error breaks clients or trust now, a warning will or may, an info is to be known. */
export type Severity = 'error' | 'warning' | 'info';

/** What kind of fault an error is; the names are those of the command line's exit codes. */
export type Fault = 'untrusted' | 'expired' | 'notFound' | 'unreachable' | 'unauthorised' | 'refused';

export interface Rule {
  /** The worst that it says. */
  readonly severity: Severity;
  readonly fault: Fault;
  /** For the table in docs/doctor.md. */
  readonly what: string;
}

/** Every rule by its id, which is stable. docs/doctor.md is made from this table. */
export const doctorRules = {
  'budget-root': error('refused', 'the newest root is at most 512,000 bytes; warns from 80 %'),
  'budget-timestamp': error('refused', '`timestamp.json` is at most 16,384 bytes; warns from 80 %'),
  'budget-snapshot': error('refused', 'the snapshot is at most 2,000,000 bytes; warns from 80 %'),
  'budget-snapshot-tough': warning(
    'the snapshot is at most 1 MiB, for tough; warns from 80 %, an error with `--compat tough`',
  ),
  'budget-targets': error('refused', 'each targets role is at most 5,000,000 bytes; warns from 80 %'),
  'budget-delegations': error('refused', 'no look-up visits more than 32 roles; warns from 80 %'),
  'budget-roots': error(
    'refused',
    'a client that starts from the first root follows at most 256; warns from 80 %',
  ),
  'budget-tuf-js-entries': warning('a role has at most 1,000 entries, for stock tuf-js; warns from 80 %'),
  'budget-tuf-js-roles': warning('the snapshot lists at most 1,024 roles, for stock tuf-js; warns from 80 %'),

  expired: error('expired', 'nothing has expired'),
  'expiry-due': warning('nothing is past the time at which it should have been re-signed'),
  'expiry-order': warning('the timestamp does not outlive the snapshot that it names'),
  'expiry-far': warning('no role lives so long that an old state can be shown as new for months'),
  'clock-behind': error(
    'expired',
    'the clock here is not behind the one that signed the newest timestamp, by more than five minutes',
  ),
  'clock-ahead': warning('something was signed here in the last 30 days, by the clock here'),

  'consistent-snapshot': error('refused', 'the root says `consistent_snapshot: true`'),
  'spec-version': warning('`spec_version` has three parts and is 1.0.x'),
  'snapshot-hash': warning('the snapshot gives the hash of every role, except bins under its own keys'),
  'role-unlisted': error('untrusted', 'every role that is delegated to is listed in the snapshot'),
  'target-hash': warning('targets are listed with sha256 and nothing else, since clients look at one hash'),
  'target-name': warning('target paths are ones that all clients ask for alike'),
  'delegation-pattern': warning('path patterns mean the same to all clients: literals, `*` and `?`'),
  'delegation-overlap': warning('no two delegations of a role cover the same path'),
  'delegation-open': warning('delegations of path patterns terminate'),

  'key-two-roles': error('refused', 'a key serves one role; an error if it is a key of root'),
  'key-two-ids': error('refused', 'no public key stands under two key ids in one role'),
  'key-id': warning('a key id is the sha256 of the key, as other clients compute it'),
  'key-old': warning('keys are written as in specification 1.0.34'),
  'key-unusable': warning('keys are of a kind that can be verified here'),
  'key-unused': info('every key that is listed serves a role'),
  'threshold-root': warning('one signature is not enough to replace the root'),
  'threshold-unreachable': error('refused', 'every role has as many usable keys as its threshold'),
  'threshold-spare': warning('root can lose one key and still be signed'),

  compat: error(
    'refused',
    'python-tuf, tuf-js, go-tuf and tough can read it; an info for those that `--compat` does not name',
  ),
  'compat-alias': error('refused', 'files lie where tough looks for them, with `--compat tough`'),

  'metadata-missing': error('notFound', 'every metadata file that is listed is there'),
  'metadata-refused': error('untrusted', 'every metadata file verifies: signatures, hash, length, version'),
  'root-gap': error('untrusted', 'every root from 1 to the newest is there'),
  'target-missing': error('notFound', 'every target file that is listed is there'),
  'target-length': error('untrusted', 'every target file is as long as it is signed to be'),
  'log-missing': error('untrusted', 'the audit log that the timestamp signs is there'),
  'log-altered': error(
    'untrusted',
    'the audit log is what the timestamp signs; the newest 2,048 entries, all of them with `--full`',
  ),
  'log-restarted': warning('the audit log was never lost: root gave none up'),
  'store-went-back': error('untrusted', 'the store is not older than what this vault saw before'),
  orphans: info('files that the newest metadata does not name: older versions and leftovers'),
  'foreign-file': warning('nothing lies in the store that is no part of a repository'),
  sampled: info('all roles and targets were looked at; `--full` does that'),

  'private-key-mode': error('unauthorised', 'private keys are readable by their owner alone (0600)'),
  'private-key-served': error('unauthorised', 'no private key lies below the folder that is served'),
  'role-without-key': warning(
    'as many keys of each role are at hand as it needs; an info for root, and for roles that others sign',
  ),
  'config-key-unused': info('every key in `ragv.toml` serves a role'),
  disk: error(
    'unauthorised',
    'the folders of the vault can be written, and 256 MB are left; an error from 8 MB, or if mounted read-only',
  ),

  'served-unreachable': error('unreachable', 'the server answers'),
  'served-base-url': error('notFound', '`metadata/1.root.json` is below the address that was given'),
  'served-root-status': error(
    'unreachable',
    'a root that does not exist is a 404: no 403, no page, no redirect',
  ),
  'served-404-cached': warning('a 404 is not cached: the file may be published the next moment'),
  'served-timestamp-cached': warning('`timestamp.json` is not cached'),
  'served-not-cached': info('versioned and hash-named files may be cached for ever'),
  'served-range': error(
    'untrusted',
    'a range holds the bytes that were asked for; an info if ranges are ignored',
  ),
  'served-splice': error(
    'untrusted',
    'a stale `If-Range` brings the whole file, never a part of another version',
  ),
  'served-encoding': error(
    'unreachable',
    'nothing is compressed that was not asked to be; a warning if it is when asked',
  ),
  'served-redirect': error('unreachable', 'no redirect to another origin; a warning for one within it'),
  'served-http': warning('the address is https, or on loopback'),
  'served-listing': warning('folders are not listed'),
  'served-cors': info('browsers of other sites may not read it'),
  'served-clock': warning('the clock of the server and the one here differ by less than five minutes'),

  'client-ours': error('untrusted', '`@ragnos/client` refreshes and downloads'),
  'client-python-tuf': error('untrusted', 'python-tuf refreshes and downloads, where it is installed'),
  'client-tuf-js': error('untrusted', 'tuf-js refreshes and downloads, where it is installed'),
  'client-absent': info('python-tuf and tuf-js are installed, so that they were tried'),

  'sandbox-demanded': error(
    'refused',
    'the modes that a policy of this host demands are to be had here, and hold',
  ),
  'plugin-refused': error('refused', 'what is installed on this host would be started, as far as it knows'),
  'sandbox-mode': info('modes `sandbox` and `process` are to be had here, and nothing gets through'),
} as const satisfies Record<string, Rule>;

export type RuleId = keyof typeof doctorRules;

/** What a rule has to say about one repository. */
export interface Finding {
  readonly rule: RuleId;
  readonly severity: Severity;
  readonly fault: Fault;
  /** One sentence, with the values. */
  readonly message: string;
  /** What to do, a command where there is one. */
  readonly hint: string;
}

/** `severity`: where it is less, or for once more, than what the table says. */
export function finding(rule: RuleId, message: string, hint: string, severity?: Severity): Finding {
  const { severity: worst, fault }: Rule = doctorRules[rule];
  return { rule, severity: severity ?? worst, fault, message, hint };
}

function error(fault: Fault, what: string): Rule {
  return { severity: 'error', fault, what };
}

function warning(what: string): Rule {
  return { severity: 'warning', fault: 'refused', what };
}

function info(what: string): Rule {
  return { severity: 'info', fault: 'refused', what };
}
