import { parseCapabilities } from '../capabilities/capabilities.ts';
import { capabilityDifference } from '../capabilities/difference.ts';
import { textChanges, type TextChange } from '../capabilities/text-changes.ts';
import { startChanges, startWords } from '../capabilities/start-difference.ts';
import { describeCapabilities, graveWords, type Statement } from '../capabilities/words.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import { answered, type ConsentAnswer } from './consent-answer.ts';
import type { Context } from './context.ts';
import { HostPolicyError } from './errors.ts';
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
  /** How it is started otherwise, beyond what the manifests say; absent = in no way. */
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
    const consent = answered(context, manifest.version, asked, answer, base);
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
