import { userInfo } from 'node:os';
import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

import { defaultLimits, parseCapabilities, type Capabilities } from '../capabilities/capabilities.ts';
import { capabilityDifference } from '../capabilities/difference.ts';
import { capabilityNames, type CapabilityName } from '../capabilities/items.ts';
import { narrow, type CapabilityPolicy } from '../capabilities/narrow.ts';
import { textChanges, type TextChange } from '../capabilities/text-changes.ts';
import { startChanges, startWords } from '../capabilities/start-difference.ts';
import { describeCapabilities, graveWords, type Statement } from '../capabilities/words.ts';
import { grantFrom, type CapabilityBounds } from '../formats/given-bounds.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import type { Context } from './context.ts';
import { HostFailureError, HostPolicyError } from './errors.ts';
import { asksForSomething, carriedOver, consentTo, writeConsent, type Consent } from './grants.ts';
import { grantedAhead, type PlacedRule } from './policy.ts';

/** What somebody is asked to agree to, before a version is installed. */
export interface ConsentRequest {
  readonly repository: string;
  readonly vendor: string;
  readonly plugin: string;
  readonly version: string;
  /** In force now; `null` = none is. */
  readonly previous: string | null;
  /** sha256 of the signed manifest: an answer to exactly this. */
  readonly manifest: string;
  /** All that it asks for. */
  readonly asks: readonly Statement[];
  /** What the version in force did not ask for; all of it where none is. Texts that changed are among it. */
  readonly wider: readonly Statement[];
  readonly narrower: readonly Statement[];
  /** What the texts among them said in the version in force, and say now; all of them where none is. */
  readonly texts: readonly TextChange[];
  /**
   * How it is another thing than the version in force, or is started by other means: a sentence each. Where none is in force,
   * by what it is started if not by Node.
   */
  readonly changes: readonly string[];
  /** Evidence that the version in force has and this one lacks, a sentence each. */
  readonly weaker: readonly string[];
  /** It asks for folders that have to be named. */
  readonly choosesFolders: boolean;
}

export interface ConsentAnswer {
  /** All that is asked for, these capabilities of it, or at most so much: what is not named is not granted. */
  readonly granted: 'all' | readonly CapabilityName[] | CapabilityBounds;
  /** Only to the request with this `manifest`; absent = whatever is asked for. */
  readonly to?: string | undefined;
  /** What `$chosen` stands for. Absent = what was named before. */
  readonly folders?: readonly string[] | undefined;
  readonly by: 'terminal' | 'flag' | 'host';
}

/** Nothing was installed: ask, and call again with an answer to `request`. */
export class ConsentRequiredError extends HostPolicyError {
  readonly request: ConsentRequest;
  constructor(request: ConsentRequest, command: string) {
    const { vendor, plugin, version, previous } = request;
    const name = `${vendor}/${plugin}@${version}`;
    const { grave, others } = requestWords(request, 2);
    const said = [...grave, ...others.slice(0, Math.max(0, 5 - grave.length))];
    const left = grave.length + others.length - said.length;
    const some = said.map(clipped).join('; ');
    const what = left > 0 ? `${some}; and ${left} more` : some;
    const message =
      previous === null
        ? `${name} asks for what nobody here has agreed to: it ${what}`
        : `${name} is held, since unlike ${previous} it ${what}`;
    super('CONSENT_REQUIRED', message, {
      hint: `nothing was changed; ${whereTexts(request)}if you agree: ${command}`,
    });
    this.request = request;
  }
}

/**
 * What is new about a request, a sentence each that goes on after "it": what whoever grants it should know, with at most `most`
 * of a capability and how many more of it there are, and all the rest. Nothing grave is ever among the rest.
 */
export function requestWords(
  { previous, wider, changes, weaker }: ConsentRequest,
  most: number,
): { readonly grave: readonly string[]; readonly others: readonly string[] } {
  const high = graveWords(wider, most);
  return {
    // A first version is at most another thing than one thinks, in a sentence: an update may be so in many.
    grave: previous === null ? [...changes, ...high, ...weaker] : [...high, ...changes, ...weaker],
    others: wider.filter(({ severity }) => severity !== 'high').map(({ text }) => text),
  };
}

function whereTexts({ vendor, plugin, version, previous, texts }: ConsentRequest): string {
  if (!texts.some(({ before, after }) => before !== null || after !== null)) return '';
  const name = `${vendor}/${plugin}@${previous ?? version}`;
  return `what its texts say: ragv ${previous === null ? `info --texts ${name}` : `diff --texts ${name} @${version}`}; `;
}

/** A list of a thousand tools is one sentence. */
function clipped(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200).toWellFormed()}…`;
}

export interface ConsentCase {
  readonly manifest: PluginManifest;
  /** sha256 of the signed manifest. */
  readonly digest: string;
  /** The version in force, as signed; `null` = none is, or nothing vouches for it. */
  readonly before: PluginManifest | null;
  readonly weaker: readonly string[];
  /** How it is started otherwise, beyond what the manifests say; absent = that is not known yet. */
  readonly started?: readonly string[];
  readonly rules: readonly PlacedRule[];
  readonly answer: ConsentAnswer | undefined;
  /** `rollback`: to a version that was agreed to once, whose texts need no second consent. */
  readonly operation: 'install' | 'update' | 'rollback';
}

/** The consent under which a version runs; `null` = it asks for nothing. */
export interface Agreed {
  readonly consent: Consent | null;
  /** Somebody has just agreed. */
  readonly isNew: boolean;
}

/**
 * Whether a version may be installed as it is, and under which consent.
 * @throws ConsentRequiredError
 */
export async function decideConsent(context: Context, about: ConsentCase): Promise<Agreed> {
  const { manifest, before, weaker, started = [], rules, answer } = about;
  const asked = parseCapabilities(manifest.capabilities);
  const known = before === null ? null : parseCapabilities(before.capabilities);
  const own = await consentTo(context, manifest, asked);
  const base = own ?? (known === null ? null : await consentTo(context, manifest, known));
  const { wider, narrower } = capabilityDifference(known, asked);
  const agreedOnce = about.operation !== 'rollback' && own !== null && own.version === manifest.version;
  const widened = about.operation === 'rollback' && own !== null ? wider.filter(isNoText) : wider;
  const changes =
    before === null || about.operation === 'rollback' ? [] : [...startChanges(before, manifest), ...started];
  const beyond = changes.length + weaker.length > 0; // what no capability names
  const open =
    (asksForSomething(asked) && base === null) ||
    (!agreedOnce && before !== null && (widened.length > 0 || beyond));
  const given = answer !== undefined && (answer.to === undefined || answer.to === about.digest);
  if (given && (open || asksForSomething(asked))) {
    const consent = answered(context, about, asked, answer, base);
    return { consent: asksForSomething(asked) ? consent : null, isNew: true };
  }
  if (!open) return { consent: base === null ? null : carriedOver(base, asked), isNew: false };
  const ahead = beyond ? null : grantedAhead(rules, asked);
  if (ahead !== null) {
    const common = { version: manifest.version, asked, granted: ahead.granted, at: nowOf(context) };
    const folders = base?.folders ?? [];
    return { consent: { ...common, folders, by: 'policy', who: ahead.place }, isNew: true };
  }
  const request: ConsentRequest = {
    repository: context.record.alias,
    vendor: manifest.vendor,
    plugin: manifest.plugin,
    version: manifest.version,
    previous: before?.version ?? null,
    manifest: about.digest,
    asks: describeCapabilities(asked),
    wider: before === null || base === null ? describeCapabilities(asked) : wider,
    narrower,
    texts: textChanges(before, manifest),
    changes: before === null ? startWords(manifest) : changes,
    weaker,
    choosesFolders: [...asked.read, ...asked.write].some((place) => /^\$chosen(?:\/|$)/.test(place)),
  };
  throw new ConsentRequiredError(request, commandFor(about));
}

function commandFor({ operation, manifest: { vendor, plugin, version } }: ConsentCase): string {
  if (operation === 'install')
    return `ragv install ${vendor}/${plugin}@${version} --grant all; to install it and grant nothing: --grant none`;
  return `ragv ${operation} ${vendor}/${plugin} --grant${operation === 'update' ? '' : ' all'}`;
}

function isNoText({ capability }: Statement): boolean {
  return capability !== 'tools' && capability !== 'prompts';
}

function nowOf(context: Context): string {
  return context.now().toISOString();
}

function answered(
  context: Context,
  { manifest }: ConsentCase,
  asked: Capabilities,
  answer: ConsentAnswer,
  base: Consent | null,
): Consent {
  refuseUnknown(answer);
  return {
    version: manifest.version,
    asked,
    granted: answer.granted === 'all' ? asked : narrow(asked, boundsOf(asked, answer.granted)),
    folders: answer.folders?.map(realFolder) ?? base?.folders ?? [],
    by: answer.by,
    who: account(),
    at: nowOf(context),
  };
}

function isNames(
  granted: readonly CapabilityName[] | CapabilityBounds,
): granted is readonly CapabilityName[] {
  return Array.isArray(granted);
}

/** A program that has no types may say anything: what nobody knows must not count as an answer. @throws BAD_SPEC */
function refuseUnknown({ granted, to, folders, by, ...rest }: ConsentAnswer): void {
  const bad = (why: string, hint: string): never => {
    throw new HostFailureError('BAD_SPEC', `grant: ${why}`, { hint });
  };
  const [other] = Object.keys(rest);
  if (other !== undefined)
    bad(`there is no ${JSON.stringify(other.slice(0, 50))} in it`, 'it has granted, to, folders and by');
  if (!['terminal', 'flag', 'host'].includes(by))
    bad('by is terminal, flag or host', 'a program says by: "host"');
  if (to !== undefined && typeof to !== 'string') bad('to is no text', 'it is the manifest of a request');
  if (folders !== undefined && !Array.isArray(folders)) bad('folders is no list', 'give paths of folders');
  if (granted === 'all') return;
  if (typeof granted !== 'object' || granted === null)
    bad(
      'granted is "all", a list of names, or an object of capabilities',
      `the names are ${capabilityNames.join(', ')}`,
    );
  for (const name of isNames(granted) ? granted : [])
    if (!capabilityNames.includes(name))
      bad(
        `there is no capability ${JSON.stringify(name).slice(0, 50)}`,
        `there are ${capabilityNames.join(', ')}`,
      );
}

/** What is not named is not granted. */
function boundsOf(
  asked: Capabilities,
  granted: readonly CapabilityName[] | CapabilityBounds,
): CapabilityPolicy {
  if (!isNames(granted)) return grantFrom(granted, 'grant');
  const none = (name: CapabilityName): [] | undefined => (granted.includes(name) ? undefined : []);
  const off = (name: CapabilityName): false | undefined => (granted.includes(name) ? undefined : false);
  return {
    read: none('fs.read') && (granted.includes('fs.write') ? asked.write : []), // whoever may write may read
    write: none('fs.write'),
    connect: none('net.connect'),
    env: none('env'),
    exec: none('exec'),
    native: off('native'),
    worker: off('worker'),
    eval: off('eval'),
    tools: none('tools'),
    prompts: none('prompts'),
    requests: none('requests'),
    limits: granted.includes('limits') ? undefined : defaultLimits,
  };
}

/** @throws BAD_SPEC */
function realFolder(path: string): string {
  try {
    const real = realpathSync(resolve(path));
    if (statSync(real).isDirectory()) return real;
  } catch {
    // said just below
  }
  throw new HostFailureError('BAD_SPEC', `${path} is no folder that can be granted`, {
    hint: 'name one that exists: --folder /path/to/folder',
  });
}

function account(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`; // an account without a name, as in containers
  }
}

/** Before the pointer is moved: whoever dies in between has agreed to what is not installed, which changes nothing. */
export async function keepConsent(context: Context, manifest: PluginManifest, agreed: Agreed): Promise<void> {
  const { consent, isNew } = agreed;
  if (consent === null) return;
  await writeConsent(context, manifest, consent);
  if (!isNew) return;
  const name = `${manifest.vendor}/${manifest.plugin}@${manifest.version}`;
  const what = describeCapabilities(consent.granted).map(({ text }) => text);
  context.events.change(
    'CONSENTED',
    `${name}: ${what.join('; ') || 'nothing of it'} (${consent.by}, ${consent.who})`,
    name,
  );
}
