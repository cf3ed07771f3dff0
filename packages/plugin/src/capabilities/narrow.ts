import { FormatError } from '../errors.ts';
import { defaultLimits, type Capabilities, type CapabilityLimits } from './capabilities.ts';
import { endpointCovers, formatEndpoint, hostCovers, type Endpoint } from './endpoint.ts';
import { placeCovers } from './place.ts';

/** What an organisation allows at most. What is absent is not bounded by it; an empty list allows nothing. */
export interface CapabilityPolicy {
  /** Bounds what is read, and so also what is written: whoever may write may read. */
  readonly read?: readonly string[] | undefined;
  readonly write?: readonly string[] | undefined;
  readonly connect?: readonly Endpoint[] | undefined;
  readonly env?: readonly string[] | undefined;
  readonly exec?: readonly string[] | undefined;
  readonly native?: boolean | undefined;
  readonly worker?: boolean | undefined;
  readonly eval?: boolean | undefined;
  /** By name. */
  readonly tools?: readonly string[] | undefined;
  readonly prompts?: readonly string[] | undefined;
  readonly requests?: readonly string[] | undefined;
  readonly limits?: { readonly [name in keyof CapabilityLimits]?: number | undefined } | undefined;
}

/**
 * What is left of `capabilities` under `policy`: of `$home` under a policy of `$home/.gitconfig`, that file. Never more than
 * `capabilities`, never more than `policy`.
 * @throws FormatError for a member that bounds nothing: whoever spelled it so meant it to
 */
export function narrow(capabilities: Capabilities, policy: CapabilityPolicy): Capabilities {
  refuseUnknown(policy);
  const { limits } = capabilities;
  const most = policy.limits ?? {};
  return {
    read: meetAll(capabilities.read, policy.read, meetPlaces, String),
    write: meetAll(
      meetAll(capabilities.write, policy.write, meetPlaces, String),
      policy.read,
      meetPlaces,
      String,
    ),
    connect: meetAll(capabilities.connect, policy.connect, meetEndpoints, formatEndpoint),
    env: meetAll(capabilities.env, policy.env, meetNames, String),
    exec: meetAll(capabilities.exec, policy.exec, meetPrograms, String),
    native: capabilities.native && policy.native !== false,
    worker: capabilities.worker && policy.worker !== false,
    eval: capabilities.eval && policy.eval !== false,
    tools: named(capabilities.tools, policy.tools),
    prompts: named(capabilities.prompts, policy.prompts),
    requests: meetAll(capabilities.requests, policy.requests, meetNames, String),
    limits: {
      memoryMb: Math.min(limits.memoryMb, most.memoryMb ?? Infinity),
      cpuSeconds: Math.min(limits.cpuSeconds, most.cpuSeconds ?? Infinity),
      callsPerMinute: Math.min(limits.callsPerMinute, most.callsPerMinute ?? Infinity),
    },
  };
}

const bounds: Readonly<Record<keyof CapabilityPolicy, 'list' | 'flag' | 'limits'>> = {
  read: 'list',
  write: 'list',
  connect: 'list',
  env: 'list',
  exec: 'list',
  native: 'flag',
  worker: 'flag',
  eval: 'flag',
  tools: 'list',
  prompts: 'list',
  requests: 'list',
  limits: 'limits',
};
const limitNames: ReadonlySet<string> = new Set(Object.keys(defaultLimits));

/** Types bind no caller that has none, and files have other names for the same. */
function refuseUnknown(policy: CapabilityPolicy): void {
  const kinds = new Map<string, string>(Object.entries(bounds));
  for (const [name, value] of Object.entries<unknown>({ ...policy })) {
    const kind = kinds.get(name);
    if (kind === undefined)
      throw new FormatError(
        'BAD_FORMAT',
        `capabilities: there is no bound ${JSON.stringify(name.slice(0, 50))}`,
        {
          hint: `the bounds are ${[...kinds.keys()].join(', ')}`,
        },
      );
    const fits =
      value === undefined ||
      (kind === 'list' && Array.isArray(value)) ||
      (kind === 'flag' && typeof value === 'boolean') ||
      (kind === 'limits' && areLimits(value));
    if (!fits) throw new FormatError('BAD_FORMAT', `capabilities: the bound ${name} is no ${kind}`);
  }
}

function areLimits(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).every(
    ([name, most]) => limitNames.has(name) && (most === undefined || (typeof most === 'number' && most >= 0)),
  );
}

/** What is in both lists, each part once. */
function meetAll<T>(
  asked: readonly T[],
  allowed: readonly T[] | undefined,
  meet: (a: T, b: T) => T | null,
  key: (item: T) => string,
): readonly T[] {
  if (allowed === undefined) return asked;
  const found = new Map<string, T>();
  for (const item of asked)
    for (const other of allowed) {
      const both = meet(item, other);
      if (both !== null) found.set(key(both), both);
    }
  return [...found.values()];
}

function meetPlaces(a: string, b: string): string | null {
  if (placeCovers(b, a)) return a;
  return placeCovers(a, b) ? b : null;
}

function meetNames(a: string, b: string): string | null {
  return a === b ? a : null;
}

function meetPrograms(a: string, b: string): string | null {
  if (b === '*') return a;
  return a === '*' ? b : meetNames(a, b);
}

function meetEndpoints(a: Endpoint, b: Endpoint): Endpoint | null {
  const methods =
    a.methods === null ? b.methods : a.methods.filter((verb) => b.methods?.includes(verb) ?? true);
  const host = hostCovers(b.host, a.host) ? a.host : hostCovers(a.host, b.host) ? b.host : null;
  const port = b.port === 0 || a.port === b.port ? a.port : a.port === 0 ? b.port : null;
  if (host === null || port === null || methods?.length === 0) return null;
  const both = { host, port, methods };
  return endpointCovers(a, both) && endpointCovers(b, both) ? both : null;
}

function named(
  map: ReadonlyMap<string, string>,
  allowed: readonly string[] | undefined,
): ReadonlyMap<string, string> {
  return allowed === undefined ? map : new Map([...map].filter(([name]) => allowed.includes(name)));
}
