import {
  LimitExceededError,
  MalformedMetadataError,
  Reader,
  type JsonObject,
  type JsonValue,
} from '@ragnos/tuf';
import { FormatError } from '../errors.ts';
import { readSha256 } from '../formats/common.ts';
import { isTextName, maxTextName, maxTexts } from '../formats/texts.ts';
import { formatEndpoint, parseEndpoint, type Endpoint } from './endpoint.ts';
import { placeProblem } from './place.ts';

/**
 * What a plugin asks for, out of its signed manifest: the member `capabilities`. What is absent is not asked for. Consent
 * and policy narrow it; nothing widens it. Lists are as written, without repetitions.
 */
export interface Capabilities {
  /** Places: `$data`, `$temp`, `$project`, `$chosen`, `$home`, each with or without a rest, or an absolute path. */
  readonly read: readonly string[];
  /** Places as above; what may be written may also be read. */
  readonly write: readonly string[];
  readonly connect: readonly Endpoint[];
  /** Names of environment variables, never patterns. */
  readonly env: readonly string[];
  /** Program names, absolute paths, or `*` for any program. */
  readonly exec: readonly string[];
  readonly native: boolean;
  readonly worker: boolean;
  readonly eval: boolean;
  /** Of an MCP server's tools, by name: the sha256 of their canonical texts. */
  readonly tools: ReadonlyMap<string, string>;
  readonly prompts: ReadonlyMap<string, string>;
  /** What an MCP server may ask of its client, out of `serverRequests`. */
  readonly requests: readonly string[];
  readonly limits: CapabilityLimits;
}

export interface CapabilityLimits {
  readonly memoryMb: number;
  /** Processor time of all its processes: a bucket that fills again within ten minutes. */
  readonly cpuSeconds: number;
  readonly callsPerMinute: number;
}

/** What a plugin gets that says nothing, and the most that it can ask for; no number is without an end. */
export const limitBounds = {
  memoryMb: { min: 16, default: 256, max: 16_384 },
  cpuSeconds: { min: 1, default: 60, max: 86_400 },
  callsPerMinute: { min: 1, default: 600, max: 100_000 },
} as const satisfies Record<keyof CapabilityLimits, { min: number; default: number; max: number }>;

export const defaultLimits: CapabilityLimits = {
  memoryMb: limitBounds.memoryMb.default,
  cpuSeconds: limitBounds.cpuSeconds.default,
  callsPerMinute: limitBounds.callsPerMinute.default,
};

/** What an MCP server may ask of its client, and the client of nobody else. */
export const serverRequests = ['elicitation/create', 'roots/list', 'sampling/createMessage'] as const;

export const noCapabilities: Capabilities = {
  read: [],
  write: [],
  connect: [],
  env: [],
  exec: [],
  native: false,
  worker: false,
  eval: false,
  tools: new Map(),
  prompts: new Map(),
  requests: [],
  limits: defaultLimits,
};

const maxItems = 500;

/** @throws FormatError `BAD_FORMAT` for anything that a reader of this version does not know: it could mean more than it seems */
export function parseCapabilities(json: JsonValue | undefined, what = 'capabilities'): Capabilities {
  try {
    return readCapabilities(Reader.of(json, what));
  } catch (cause) {
    if (cause instanceof MalformedMetadataError || cause instanceof LimitExceededError)
      throw new FormatError('BAD_FORMAT', cause.message, { cause });
    throw cause;
  }
}

/** The same for readers of a larger format. @throws MalformedMetadataError */
export function readCapabilities(reader: Reader): Capabilities {
  const found: Capabilities = {
    read: list(reader, 'fs.read', placeProblem),
    write: list(reader, 'fs.write', placeProblem),
    connect: list(reader, 'net.connect', endpointProblem).flatMap((text) => parseEndpoint(text) ?? []),
    env: list(reader, 'env', envProblem),
    exec: list(reader, 'exec', programProblem),
    native: flag(reader, 'native'),
    worker: flag(reader, 'worker'),
    eval: flag(reader, 'eval'),
    tools: texts(reader, 'tools'),
    prompts: texts(reader, 'prompts'),
    requests: list(reader, 'requests', requestProblem),
    limits: reader.has('limits') ? readLimits(reader.object('limits')) : defaultLimits,
  };
  refuseUnknown(reader);
  return found;
}

/** As it stands in a manifest: what is not asked for is left out. `parseCapabilities` reads it back. */
export function capabilitiesToJson(capabilities: Capabilities): JsonObject {
  const { connect, tools, prompts, limits } = capabilities;
  const members: readonly (readonly [string, JsonValue])[] = [
    ['fs.read', [...capabilities.read]],
    ['fs.write', [...capabilities.write]],
    ['net.connect', connect.map(formatEndpoint)],
    ['env', [...capabilities.env]],
    ['exec', [...capabilities.exec]],
    ['native', capabilities.native],
    ['worker', capabilities.worker],
    ['eval', capabilities.eval],
    ['tools', Object.fromEntries(tools)],
    ['prompts', Object.fromEntries(prompts)],
    ['requests', [...capabilities.requests]],
    ['limits', changedLimits(limits)],
  ];
  return Object.fromEntries(members.filter(([, value]) => !isNothing(value)));
}

function changedLimits(limits: CapabilityLimits): JsonObject {
  const names = ['memoryMb', 'cpuSeconds', 'callsPerMinute'] as const;
  return Object.fromEntries(
    names.filter((name) => limits[name] !== defaultLimits[name]).map((name) => [name, limits[name]]),
  );
}

function isNothing(value: JsonValue): boolean {
  return value === false || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

function list(reader: Reader, name: string, problem: (text: string) => string | null): readonly string[] {
  if (!reader.has(name)) return [];
  const items = reader.strings(name);
  if (items.length > maxItems) reader.fail(name, `at most ${maxItems} items`);
  for (const item of items) {
    const why = problem(item);
    if (why !== null) reader.fail(name, `${why}, got ${JSON.stringify(item.slice(0, 100))}`);
  }
  if (new Set(items).size !== items.length) reader.fail(name, 'each item once');
  return items;
}

function endpointProblem(text: string): string | null {
  return parseEndpoint(text) === null
    ? 'host:port, with methods before it or without: "api.example.com:443", "GET,HEAD *.example.org:443", "[::1]:8080"'
    : null;
}

function envProblem(text: string): string | null {
  return isEnvName(text) ? null : 'the name of an environment variable';
}

/** What every system can hold and no shell reads as something else. */
export function isEnvName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,199}$/.test(text);
}

function programProblem(text: string): string | null {
  if (text === '*' || /^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}$/.test(text)) return null;
  return /^(?:\/|[A-Za-z]:\/)./.test(text) && placeProblem(text) === null
    ? null
    : 'a program: its name, its absolute path, or "*" for any';
}

function requestProblem(text: string): string | null {
  return serverRequests.some((name) => name === text) ? null : `one of ${serverRequests.join(', ')}`;
}

function flag(reader: Reader, name: string): boolean {
  return reader.has(name) && reader.boolean(name);
}

function texts(reader: Reader, name: string): ReadonlyMap<string, string> {
  if (!reader.has(name)) return new Map();
  const object = reader.object(name);
  const names = object.names();
  if (names.length > maxTexts) reader.fail(name, `at most ${maxTexts} members`);
  if (!names.every(isTextName))
    reader.fail(name, `names of one line and 1 to ${maxTextName} visible characters`);
  return new Map(names.map((key) => [key, readSha256(object, key)]));
}

function readLimits(reader: Reader): CapabilityLimits {
  const limit = (name: keyof CapabilityLimits): number => {
    const { min, max } = limitBounds[name];
    return reader.has(name) ? reader.integer(name, min, max) : defaultLimits[name];
  };
  const limits = {
    memoryMb: limit('memoryMb'),
    cpuSeconds: limit('cpuSeconds'),
    callsPerMinute: limit('callsPerMinute'),
  };
  refuseUnknown(reader);
  return limits;
}

function refuseUnknown(reader: Reader): void {
  for (const name of reader.rest().keys()) reader.fail(name, 'no member of this name');
}
