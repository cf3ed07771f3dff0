import { noCapabilities, type Capabilities } from './capabilities.ts';
import {
  endpointCovers,
  hostCovers,
  isAddress,
  isLocalName,
  parseEndpoint,
  type Endpoint,
} from './endpoint.ts';
import { capabilityNames, type CapabilityName } from './items.ts';
import { placeCovers } from './place.ts';

/** Where a use stands. `line` 0: the file as a whole. */
export interface Evidence {
  readonly file: string;
  readonly line: number;
  /** `child_process.spawn` */
  readonly what: string;
}

/** What code uses, with the places that show it. */
export interface UsedCapability {
  readonly capability: CapabilityName;
  /** As a manifest would have it; null: which one cannot be told from the code. Empty for a switch. */
  readonly value: string | null;
  /** The first ones. */
  readonly evidence: readonly Evidence[];
  readonly count: number;
}

/**
 * The gate: what is used and not declared. Where the code does not say which file, host or program it uses, any declared one
 * will do: which of them it may reach is enforced where it runs.
 */
export function undeclared(
  used: readonly UsedCapability[],
  declared: Capabilities,
): readonly UsedCapability[] {
  return used.filter(({ capability, value }) => !isDeclared(capability, value, declared));
}

function isDeclared(capability: CapabilityName, value: string | null, declared: Capabilities): boolean {
  const among = <T>(list: readonly T[], covers: (item: T) => boolean): boolean =>
    value === null ? list.length > 0 : list.some(covers);
  switch (capability) {
    case 'fs.read':
      return among([...declared.read, ...declared.write], (place) => placeCovers(place, value ?? ''));
    case 'fs.write':
      return among(declared.write, (place) => placeCovers(place, value ?? ''));
    case 'net.connect': {
      const endpoint = value === null ? null : parseEndpoint(value);
      return among(declared.connect, (given) => endpoint !== null && reaches(given, endpoint));
    }
    case 'env':
      return among(declared.env, (name) => name === value);
    case 'exec':
      return among(declared.exec, (program) => program === '*' || program === value);
    case 'native':
    case 'worker':
    case 'eval':
      return declared[capability];
    default:
      return true;
  }
}

/** Which methods a call uses is not told from the code: an endpoint narrowed to some is enough. */
function reaches(given: Endpoint, used: Endpoint): boolean {
  return endpointCovers({ ...given, methods: null }, used) && hostCovers(given.host, used.host);
}

/**
 * The narrowest declaration that the gate lets pass, said in the packer's name where nobody declared anything. What cannot be
 * told from the code becomes the folder of the project, any public host, any program.
 */
export function declarationFor(used: readonly UsedCapability[]): Capabilities {
  const values = (capability: CapabilityName): readonly (string | null)[] =>
    used.filter((one) => one.capability === capability).map(({ value }) => value);
  const listed = (capability: CapabilityName, fallback: string): readonly string[] =>
    [...new Set(values(capability).map((value) => value ?? fallback))].toSorted().slice(0, maxListed);
  const write = withoutCovered(listed('fs.write', '$project'));
  const read = withoutCovered(listed('fs.read', '$project')).filter(
    (place) => !write.some((wide) => placeCovers(wide, place)),
  );
  const exec = listed('exec', '*');
  const hosts = listed('net.connect', '*:*').flatMap((text) => parseEndpoint(text) ?? []);
  const anywhere = hosts.some(({ host }) => host === '*');
  return {
    ...noCapabilities,
    read,
    write,
    connect: hosts.filter(({ host }) => !anywhere || host === '*' || isAddress(host) || isLocalName(host)),
    env: listed('env', ''),
    exec: exec.includes('*') ? ['*'] : exec,
    native: values('native').length > 0,
    worker: values('worker').length > 0,
    eval: values('eval').length > 0,
  };
}

const maxListed = 500;

function withoutCovered(places: readonly string[]): readonly string[] {
  return places.filter((place) => !places.some((wide) => wide !== place && placeCovers(wide, place)));
}

/** Collects uses file by file. */
export class UseCollector {
  readonly #found = new Map<
    string,
    { capability: CapabilityName; value: string | null; evidence: Evidence[]; count: number }
  >();

  add(capability: CapabilityName, value: string | null, evidence: Evidence): void {
    const key = `${capability} ${value ?? '\0'}`;
    const known = this.#found.get(key) ?? { capability, value, evidence: [], count: 0 };
    known.count += 1;
    if (known.evidence.length < maxEvidence) known.evidence.push(evidence);
    this.#found.set(key, known);
  }

  /** In the order of `capabilityNames`, then by value, what cannot be told first. */
  list(): readonly UsedCapability[] {
    const order = (one: UsedCapability): number => capabilityNames.indexOf(one.capability);
    return [...this.#found.values()].toSorted(
      (a, b) => order(a) - order(b) || ((a.value ?? '') < (b.value ?? '') ? -1 : 1),
    );
  }
}

const maxEvidence = 10;
