import { isJsonObject, Reader, type JsonOutput } from '@ragnos/tuf';
import { defaultLimits, parseCapabilities, type CapabilityLimits } from '../capabilities/capabilities.ts';
import { formatEndpoint } from '../capabilities/endpoint.ts';
import type { ExtensionPolicy } from '../capabilities/extensions.ts';
import type { CapabilityPolicy } from '../capabilities/narrow.ts';
import { modes, type Mode } from '../confine/grant.ts';
import { pluginName, vendorName, type PluginName, type VendorName } from '../names.ts';
import { readFormat, readLine, readLines, refuseUnknown, writeFormat } from './common.ts';
import { fileKindsToJson, readFileKinds } from './file-kinds.ts';

export const organisationPolicyFormat = 'ragnos-organisation-policy/1';
const maxRules = 1000;
const maxHours = 24 * 365;

/** A version is installed only so long after the catalog first saw it. */
export interface Cooldown {
  readonly hours: number;
  /** An emergency: where the installed version is revoked, its successor need not wait. */
  readonly unlessReplacingRevoked: boolean;
}

/** Only this share of all hosts takes a version; which ones is a hash of each host's own id, and stable. */
export interface Rollout {
  /** In whole percent; 0 = nobody. */
  readonly percent: number;
  /** Only for the version that this channel points to; `null` = for every version. */
  readonly channel: string | null;
}

/** What is done with a running plugin that was revoked, or that a rule refuses. */
export type OnRevoked = 'warn' | 'stop';

/** One rule. Each of its members narrows by itself; what is `null` says nothing. */
export interface PolicyRule {
  /** Of `acme/hello` both, of `acme/*` the vendor alone, of `*` neither. */
  readonly vendor: VendorName | null;
  readonly plugin: PluginName | null;
  /** Shown to whoever meets the rule. */
  readonly reason: string | null;
  /** The kill-switch: nothing of it is installed, and what runs is judged by `onRevoked`. */
  readonly refuse: boolean;
  /** A range of versions, or one: no other is installed. */
  readonly versions: string | null;
  /** Confined at least so. */
  readonly mode: Mode | null;
  readonly cooldown: Cooldown | null;
  readonly rollout: Rollout | null;
  /** Evidence that the catalog must say was checked. */
  readonly requires: readonly string[];
  /** Which kinds of files it may hold, by their names. The door of the repository holds new versions to it, too. */
  readonly files: ExtensionPolicy | null;
  /** What may be used at most, whatever was consented to. */
  readonly capabilities: CapabilityPolicy | null;
  readonly onRevoked: OnRevoked | null;
  /** A version is started for a moment before it stays. */
  readonly healthCheck: 'start' | null;
  /**
   * Consent given in advance, where it covers all that a plugin asks for; what it does not name it does not grant. Only a
   * host's own file can consent.
   */
  readonly grant: 'all' | Required<CapabilityPolicy> | null;
}

/**
 * `policy/organisation.json`, or a file of the host. Every rule that is about a plugin holds, so that a rule more never
 * allows more, and two policies together allow what both do.
 */
export interface OrganisationPolicy {
  /** `null` = all vendors. */
  readonly vendors: readonly VendorName[] | null;
  readonly rules: readonly PolicyRule[];
}

/** @throws FormatError `BAD_FORMAT` also for a member that this version does not know: it could forbid something */
export function parseOrganisationPolicy(bytes: Uint8Array): OrganisationPolicy {
  return readFormat(bytes, organisationPolicyFormat, (reader) => {
    reader.value('$schema'); // for editors
    const vendors = reader.has('vendors') ? readLines(reader, 'vendors', 64).map(vendorName) : null;
    const list = reader.has('rules') ? reader.array('rules') : [];
    if (list.length > maxRules) reader.fail('rules', `at most ${maxRules} rules`);
    const rules = list.map((json, index) => readRule(Reader.of(json, `${reader.path}.rules[${index}]`)));
    refuseUnknown(reader);
    return { vendors, rules };
  });
}

/** @throws FormatError for what could not be read again */
export function serializeOrganisationPolicy({ vendors, rules }: OrganisationPolicy): Uint8Array {
  const bytes = writeFormat({
    format: organisationPolicyFormat,
    ...(vendors === null ? {} : { vendors }),
    rules: rules.map(ruleToJson),
  });
  parseOrganisationPolicy(bytes);
  return bytes;
}

function readRule(reader: Reader): PolicyRule {
  const rule: PolicyRule = {
    ...readFor(reader),
    reason: reader.has('reason') ? readLine(reader, 'reason') : null,
    refuse: reader.has('refuse') && reader.boolean('refuse'),
    versions: reader.has('versions') ? readLine(reader, 'versions', 200) : null,
    mode: choice(reader, 'mode', modes),
    cooldown: reader.has('cooldown') ? readCooldown(reader.object('cooldown')) : null,
    rollout: reader.has('rollout') ? readRollout(reader.object('rollout')) : null,
    requires: reader.has('requires') ? readGates(reader) : [],
    files: reader.has('files') ? readFileKinds(reader.object('files')) : null,
    capabilities: reader.has('capabilities') ? readMost(reader, 'capabilities') : null,
    onRevoked: choice(reader, 'onRevoked', ['warn', 'stop']),
    healthCheck: choice(reader, 'healthCheck', ['start']),
    grant: reader.has('grant') ? readGrant(reader) : null,
  };
  refuseUnknown(reader);
  return rule;
}

function readFor(reader: Reader): Pick<PolicyRule, 'vendor' | 'plugin'> {
  const text = readLine(reader, 'for', 200);
  if (text === '*') return { vendor: null, plugin: null };
  const [vendor = '', plugin, ...rest] = text.split('/');
  if (plugin === undefined || rest.length > 0)
    return reader.fail('for', '"*", "vendor/*" or "vendor/plugin"');
  return { vendor: vendorName(vendor), plugin: plugin === '*' ? null : pluginName(plugin) };
}

/** As a rule writes it: `*`, `acme/*`, `acme/hello`. */
export function ruleIsFor({ vendor, plugin }: Pick<PolicyRule, 'vendor' | 'plugin'>): string {
  return vendor === null ? '*' : `${vendor}/${plugin ?? '*'}`;
}

function readCooldown(reader: Reader): Cooldown {
  const cooldown = {
    hours: reader.integer('hours', 0, maxHours),
    unlessReplacingRevoked: reader.has('unlessReplacingRevoked') && reader.boolean('unlessReplacingRevoked'),
  };
  refuseUnknown(reader);
  return cooldown;
}

function readRollout(reader: Reader): Rollout {
  const rollout = {
    percent: reader.integer('percent', 0, 100),
    channel: reader.has('channel') ? readLine(reader, 'channel', 64) : null,
  };
  refuseUnknown(reader);
  return rollout;
}

function readGates(reader: Reader): readonly string[] {
  const names = readLines(reader, 'requires', 64);
  return names.every((name) => /^[a-z][a-z0-9-]*$/.test(name))
    ? names
    : reader.fail('requires', 'names such as "sbom"');
}

/** The members of a capability manifest, each as much as may be; of tools and prompts their names. */
function readMost(reader: Reader, name: string): CapabilityPolicy {
  const json = reader.value(name);
  if (!isJsonObject(json)) return reader.fail(name, 'an object of capabilities');
  return readBounds(Reader.of(json, `${reader.path}.${name}`));
}

/** What is absent is not bounded. @throws MalformedMetadataError, FormatError */
export function readBounds(most: Reader): CapabilityPolicy {
  const rest = most.names().flatMap((name) => {
    const value = most.value(name);
    return value === undefined || name === 'tools' || name === 'prompts' ? [] : [[name, value] as const];
  });
  const read = parseCapabilities(Object.fromEntries(rest), most.path);
  const given = <T>(member: string, value: T): T | undefined => (most.has(member) ? value : undefined);
  const limits = most.has('limits') ? most.object('limits') : null;
  return {
    read: given('fs.read', read.read),
    write: given('fs.write', read.write),
    connect: given('net.connect', read.connect),
    env: given('env', read.env),
    exec: given('exec', read.exec),
    native: given('native', read.native),
    worker: given('worker', read.worker),
    eval: given('eval', read.eval),
    requests: given('requests', read.requests),
    tools: most.has('tools') ? readLines(most, 'tools', 200) : undefined,
    prompts: most.has('prompts') ? readLines(most, 'prompts', 200) : undefined,
    limits: limits === null ? undefined : readLimits(limits, read.limits),
  };
}

function readGrant(reader: Reader): PolicyRule['grant'] {
  if (reader.value('grant') === 'all') return 'all';
  const json = reader.value('grant');
  if (!isJsonObject(json)) return reader.fail('grant', '"all" or an object of capabilities');
  return readGrantBounds(Reader.of(json, `${reader.path}.grant`));
}

/** What is absent is not granted. @throws MalformedMetadataError, FormatError */
export function readGrantBounds(reader: Reader): Required<CapabilityPolicy> {
  const most = readBounds(reader);
  return {
    read: most.read ?? most.write ?? [], // whoever may write may read
    write: most.write ?? [],
    connect: most.connect ?? [],
    env: most.env ?? [],
    exec: most.exec ?? [],
    native: most.native ?? false,
    worker: most.worker ?? false,
    eval: most.eval ?? false,
    tools: most.tools ?? [],
    prompts: most.prompts ?? [],
    requests: most.requests ?? [],
    limits: {
      memoryMb: most.limits?.memoryMb ?? defaultLimits.memoryMb,
      cpuSeconds: most.limits?.cpuSeconds ?? defaultLimits.cpuSeconds,
      callsPerMinute: most.limits?.callsPerMinute ?? defaultLimits.callsPerMinute,
    },
  };
}

function readLimits(reader: Reader, read: CapabilityLimits): CapabilityPolicy['limits'] {
  const given = (name: keyof CapabilityLimits): number | undefined =>
    reader.has(name) ? read[name] : undefined;
  return {
    memoryMb: given('memoryMb'),
    cpuSeconds: given('cpuSeconds'),
    callsPerMinute: given('callsPerMinute'),
  };
}

function ruleToJson(rule: PolicyRule): JsonOutput {
  const { cooldown, rollout, files, capabilities, grant } = rule;
  const optional = <T>(value: T | null): T | undefined => value ?? undefined;
  return present([
    ['for', ruleIsFor(rule)],
    ['reason', optional(rule.reason)],
    ['refuse', rule.refuse ? true : undefined],
    ['versions', optional(rule.versions)],
    ['mode', optional(rule.mode)],
    ['cooldown', cooldown === null ? undefined : { ...cooldown }],
    [
      'rollout',
      rollout === null
        ? undefined
        : present([
            ['percent', rollout.percent],
            ['channel', optional(rollout.channel)],
          ]),
    ],
    ['requires', rule.requires.length === 0 ? undefined : rule.requires],
    ['files', files === null ? undefined : fileKindsToJson(files)],
    ['capabilities', capabilities === null ? undefined : mostToJson(capabilities)],
    ['onRevoked', optional(rule.onRevoked)],
    ['healthCheck', optional(rule.healthCheck)],
    ['grant', grant === null ? undefined : grant === 'all' ? grant : mostToJson(grant)],
  ]);
}

/** Every member that is there, also where it is empty or false: that is what forbids. */
export function mostToJson(most: CapabilityPolicy): JsonOutput {
  const { limits } = most;
  const members: readonly (readonly [string, JsonOutput | undefined])[] = [
    ['fs.read', most.read],
    ['fs.write', most.write],
    ['net.connect', most.connect?.map(formatEndpoint)],
    ['env', most.env],
    ['exec', most.exec],
    ['native', most.native],
    ['worker', most.worker],
    ['eval', most.eval],
    ['requests', most.requests],
    ['tools', most.tools],
    ['prompts', most.prompts],
    ['limits', limits === undefined ? undefined : present(Object.entries(limits))],
  ];
  return present(members);
}

function present(
  members: readonly (readonly [string, JsonOutput | undefined])[],
): ReadonlyMap<string, JsonOutput> {
  return new Map(members.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));
}

function choice<const T extends string>(reader: Reader, name: string, allowed: readonly T[]): T | null {
  if (!reader.has(name)) return null;
  const text = reader.string(name);
  return allowed.find((item) => item === text) ?? reader.fail(name, `one of ${allowed.join(', ')}`);
}
