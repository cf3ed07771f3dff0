import { limitBounds, type Capabilities, type CapabilityLimits } from './capabilities.ts';
import { endpointCovers, formatEndpoint, parseEndpoint } from './endpoint.ts';
import { placeCovers } from './place.ts';

/** In the order in which they are listed. */
export const capabilityNames = [
  'exec',
  'native',
  'fs.write',
  'fs.read',
  'net.connect',
  'env',
  'eval',
  'worker',
  'requests',
  'tools',
  'prompts',
  'limits',
] as const;
export type CapabilityName = (typeof capabilityNames)[number];

/** One thing that is asked for: `fs.read` of `$project`. Of a switch the value is empty, of a limit it is `memoryMb 512`. */
export interface CapabilityItem {
  readonly capability: CapabilityName;
  readonly value: string;
  /** Of tools and prompts: the digest of their texts. */
  readonly sha256?: string;
}

/** All that is asked for, one by one, in a stable order. The methods of an endpoint count one by one too. */
export function itemsOf(capabilities: Capabilities): readonly CapabilityItem[] {
  const plain = (capability: CapabilityName, values: readonly string[]): readonly CapabilityItem[] =>
    values.map((value) => ({ capability, value }));
  const flag = (capability: CapabilityName, on: boolean): readonly CapabilityItem[] =>
    on ? [{ capability, value: '' }] : [];
  const texts = (capability: CapabilityName, map: ReadonlyMap<string, string>): readonly CapabilityItem[] =>
    [...map].map(([value, sha256]) => ({ capability, value, sha256 }));
  const found = [
    ...plain('exec', capabilities.exec),
    ...flag('native', capabilities.native),
    ...plain('fs.write', capabilities.write),
    ...plain('fs.read', capabilities.read),
    ...plain('net.connect', capabilities.connect.map(formatEndpoint)),
    ...plain('env', capabilities.env),
    ...flag('eval', capabilities.eval),
    ...flag('worker', capabilities.worker),
    ...plain('requests', capabilities.requests),
    ...texts('tools', capabilities.tools),
    ...texts('prompts', capabilities.prompts),
    ...plain(
      'limits',
      limitNames.map((name) => `${name} ${capabilities.limits[name]}`),
    ),
  ];
  return found.toSorted(byOrder);
}

const limitNames: readonly (keyof CapabilityLimits)[] = ['memoryMb', 'cpuSeconds', 'callsPerMinute'];

/** Of a limit's value, name and number; null for anything else. */
export function readLimit(value: string): readonly [name: keyof CapabilityLimits, number: number] | null {
  const [name, number] = value.split(' ');
  const known = limitNames.find((limit) => limit === name);
  return known === undefined ? null : [known, Number(number)];
}

/** A limit that nobody had to ask for. */
export function isDefaultLimit(item: CapabilityItem): boolean {
  const limit = item.capability === 'limits' ? readLimit(item.value) : null;
  return limit !== null && limit[1] === limitBounds[limit[0]].default;
}

/** Of what `asked` asks for, what `given` does not cover. Never empty if a plugin could do more with `asked`. */
export function uncovered(given: Capabilities, asked: Capabilities): readonly CapabilityItem[] {
  const byName = new Map<CapabilityName, CapabilityItem[]>();
  for (const item of itemsOf(given))
    byName.set(item.capability, [...(byName.get(item.capability) ?? []), item]);
  const of = (name: CapabilityName): readonly CapabilityItem[] => byName.get(name) ?? [];
  return itemsOf(asked).filter((item) => {
    const wide = item.capability === 'fs.read' ? [...of('fs.read'), ...of('fs.write')] : of(item.capability);
    return !parts(item).every((part) => wide.some((one) => itemCovers(one, part)));
  });
}

/** An endpoint of several methods may be covered by several endpoints. */
function parts(item: CapabilityItem): readonly CapabilityItem[] {
  const endpoint = item.capability === 'net.connect' ? parseEndpoint(item.value) : null;
  if (endpoint === null || endpoint.methods === null) return [item];
  return endpoint.methods.map((method) => ({
    ...item,
    value: formatEndpoint({ ...endpoint, methods: [method] }),
  }));
}

function itemCovers(wide: CapabilityItem, narrow: CapabilityItem): boolean {
  switch (narrow.capability) {
    case 'fs.read':
    case 'fs.write':
      return placeCovers(wide.value, narrow.value);
    case 'net.connect': {
      const [outer, inner] = [parseEndpoint(wide.value), parseEndpoint(narrow.value)];
      return outer !== null && inner !== null && endpointCovers(outer, inner);
    }
    case 'exec':
      return wide.value === '*' || wide.value === narrow.value;
    case 'limits': {
      const [outer, inner] = [readLimit(wide.value), readLimit(narrow.value)];
      return outer !== null && inner !== null && outer[0] === inner[0] && inner[1] <= outer[1];
    }
    default:
      return wide.value === narrow.value && wide.sha256 === narrow.sha256;
  }
}

function byOrder(a: CapabilityItem, b: CapabilityItem): number {
  const order = capabilityNames.indexOf(a.capability) - capabilityNames.indexOf(b.capability);
  return order !== 0 ? order : a.value === b.value ? 0 : a.value < b.value ? -1 : 1;
}
