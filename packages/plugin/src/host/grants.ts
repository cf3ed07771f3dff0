import { nodeFileSystem } from '@ragnos/disk';
import { canonicalJson, Reader, type JsonOutput } from '@ragnos/tuf';
import { hash } from 'node:crypto';
import { lstatSync, rmSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

import {
  capabilitiesToJson,
  noCapabilities,
  readCapabilities,
  type Capabilities,
} from '../capabilities/capabilities.ts';
import { widens } from '../capabilities/difference.ts';
import { narrow, type CapabilityPolicy } from '../capabilities/narrow.ts';
import { pluginVersion, type PluginSpec, type PluginVersion } from '../names.ts';
import type { Context } from './context.ts';
import { ensureFolder } from './paths.ts';
import { digest } from './pointer.ts';
import { readState, writeState } from './state-file.ts';

export type PluginId = Pick<PluginSpec, 'vendor' | 'plugin'>;
type GrantsContext = Pick<Context, 'paths' | 'record'>;

/** How consent was given: typed at a terminal, by a flag, by a rule of the host's own policy, or by the program that is the host. */
export type ConsentBy = 'terminal' | 'flag' | 'policy' | 'host';
const ways: readonly ConsentBy[] = ['terminal', 'flag', 'policy', 'host'];

/** That somebody agreed to one capability manifest, and to how much of it. */
export interface Consent {
  /** The version that was consented to; later ones that ask for no more go on under it. */
  readonly version: PluginVersion;
  /** What was asked for; `capabilitiesDigest` of it names this consent. */
  readonly asked: Capabilities;
  /** What may be used: never more than `asked`. */
  readonly granted: Capabilities;
  /** What `$chosen` stands for: absolute paths. */
  readonly folders: readonly string[];
  readonly by: ConsentBy;
  /** The account that did it, or the place of the rule. */
  readonly who: string;
  /** RFC 3339 */
  readonly at: string;
}

const format = 'ragnos-grants/1';
/** Current, previous, and one that was agreed to and not yet installed; the rest is for whoever looks back. */
const maxConsents = 8;
export const maxFolders = 100;
/** What a manifest can ask for at most, twice for each consent. */
const maxLength = 32_000_000;

/** Names what is asked for: the same capabilities have the same digest in every version. */
export function capabilitiesDigest(capabilities: Capabilities): string {
  return hash('sha256', canonicalJson(capabilitiesToJson(capabilities)), 'hex');
}

/** Whether a plugin asks for anything that somebody has to agree to. */
export function asksForSomething(capabilities: Capabilities): boolean {
  return widens(noCapabilities, capabilities);
}

/** What was agreed to for a plugin. */
export function grantsFile(context: GrantsContext, { vendor, plugin }: PluginId): string {
  return join(context.paths.folder, 'grants', vendor, `${plugin}.json`);
}

/** What was agreed to for a plugin, the newest first; empty if nothing was. @throws HOST_STATE if the file is damaged */
export async function readConsents(context: GrantsContext, id: PluginId): Promise<readonly Consent[]> {
  const path = grantsFile(context, id);
  const found = await readState(
    path,
    (json) => {
      if (json.string('format') !== format) json.fail('format', format);
      if (json.string('vendor') !== id.vendor) json.fail('vendor', id.vendor);
      if (json.string('plugin') !== id.plugin) json.fail('plugin', id.plugin);
      const root = context.record.rootSha256;
      if (digest(json, 'rootSha256') !== root) json.fail('rootSha256', root);
      const consents = json.array('consents');
      if (consents.length > maxConsents) json.fail('consents', `at most ${maxConsents}`);
      const read = consents.map((item, index) => readConsent(Reader.of(item, `${path}.consents[${index}]`)));
      refuseUnknown(json);
      return read;
    },
    {
      limit: maxLength,
      hint: `restore it from a backup, or take back what was agreed to: ragv grant remove ${id.vendor}/${id.plugin}`,
    },
  );
  return found ?? [];
}

/** What was agreed to for exactly these capabilities; `null` = nobody was asked, or it was taken back. */
export async function consentTo(
  context: GrantsContext,
  id: PluginId,
  asked: Capabilities,
): Promise<Consent | null> {
  const wanted = capabilitiesDigest(asked);
  const consents = await readConsents(context, id);
  return consents.find((consent) => capabilitiesDigest(consent.asked) === wanted) ?? null;
}

/** Durable when it returns; takes the place of an earlier consent to the same capabilities. The lock is held. */
export async function writeConsent(context: GrantsContext, id: PluginId, consent: Consent): Promise<void> {
  const same = capabilitiesDigest(consent.asked);
  const others = (await readConsents(context, id)).filter(({ asked }) => capabilitiesDigest(asked) !== same);
  ensureFolder(context.paths.folder, 'grants', id.vendor);
  await writeState(grantsFile(context, id), {
    format,
    vendor: id.vendor,
    plugin: id.plugin,
    rootSha256: context.record.rootSha256,
    consents: [consent, ...others].slice(0, maxConsents).map(consentToJson),
  });
}

/** Nothing is agreed to any more. `false` = nothing was. The lock is held. */
export async function removeConsents(context: GrantsContext, id: PluginId): Promise<boolean> {
  const path = grantsFile(context, id);
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return false;
  rmSync(path);
  await nodeFileSystem.syncFolder(dirname(path));
  return true;
}

/** The same as bounds: what was granted of one version, for another that asks for less. */
export function asBounds(granted: Capabilities): CapabilityPolicy {
  const read = [...granted.read, ...granted.write]; // whoever may write may read
  return { ...granted, read, tools: [...granted.tools.keys()], prompts: [...granted.prompts.keys()] };
}

/** A consent for a version that asks for no more than the one that was agreed to. */
export function carriedOver(consent: Consent, asked: Capabilities): Consent {
  return { ...consent, asked, granted: narrow(asked, asBounds(consent.granted)) };
}

function readConsent(json: Reader): Consent {
  const by = json.string('by');
  const folders = json.strings('folders');
  if (folders.length > maxFolders || !folders.every((path) => isAbsolute(path)))
    json.fail('folders', `at most ${maxFolders} absolute paths`);
  const consent: Consent = {
    version: pluginVersion(json.string('version')),
    asked: readCapabilities(json.object('asked')),
    granted: readCapabilities(json.object('granted')),
    folders,
    by: ways.find((way) => way === by) ?? json.fail('by', `one of ${ways.join(', ')}`),
    who: json.string('who'),
    at: json.string('at'),
  };
  if (digest(json, 'capabilities') !== capabilitiesDigest(consent.asked))
    json.fail('capabilities', 'the digest of what was asked for');
  if (widens(consent.asked, consent.granted)) json.fail('granted', 'no more than was asked for');
  refuseUnknown(json);
  return consent;
}

function consentToJson({ asked, granted, folders, ...rest }: Consent): JsonOutput {
  return {
    ...rest,
    capabilities: capabilitiesDigest(asked),
    asked: capabilitiesToJson(asked),
    granted: capabilitiesToJson(granted),
    folders,
  };
}

/** It could be a limit that an older version must not overlook. */
function refuseUnknown(json: Reader): void {
  for (const name of json.rest().keys()) json.fail(name, 'no member of this name');
}
