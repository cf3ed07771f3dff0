import type { Capabilities } from './capabilities.ts';
import { isAddress, isLocalName, parseEndpoint, type Endpoint } from './endpoint.ts';
import { placeCovers } from './place.ts';
import {
  capabilityNames,
  isDefaultLimit,
  itemsOf,
  readLimit,
  type CapabilityItem,
  type CapabilityName,
} from './items.ts';

/** `high`: whoever grants it should know why. `medium`: more than a plugin needs to compute. `low`: its own affairs. */
export type Severity = 'high' | 'medium' | 'low';

/** A capability for people: one line without control characters. */
export interface Statement {
  readonly capability: CapabilityName;
  /** As in the manifest. */
  readonly value: string;
  readonly severity: Severity;
  /** `reads the folder of your project` */
  readonly text: string;
}

const severities: readonly Severity[] = ['high', 'medium', 'low'];

/** What consent is asked for: the gravest first, then in the order of `capabilityNames`. Limits only where they are not the default. */
export function describeCapabilities(capabilities: Capabilities): readonly Statement[] {
  const isSaid = ({ capability, value }: CapabilityItem): boolean =>
    capability === 'fs.read' && capabilities.write.some((wide) => placeCovers(wide, value));
  const items = itemsOf(capabilities).filter((item) => !isDefaultLimit(item) && !isSaid(item));
  const single = items.filter(({ capability }) => capability !== 'tools' && capability !== 'prompts');
  const offers = (['tools', 'prompts'] as const).flatMap((capability): readonly Statement[] => {
    const names = items.filter((item) => item.capability === capability).map(({ value }) => value);
    const what = names.length === 1 ? capability.slice(0, -1) : `${names.length} ${capability}`;
    const text = `offers ${names.length === 1 ? `the ${what}` : what}: ${names.join(', ')}`;
    return names.length === 0 ? [] : [{ capability, value: names.join(', '), severity: 'low', text }];
  });
  return gravestFirst([...single.map(describeItem), ...offers]);
}

export function gravestFirst(statements: readonly Statement[]): readonly Statement[] {
  return severities.flatMap((severity) => statements.filter((statement) => statement.severity === severity));
}

/**
 * The grave ones among `statements`, a sentence each that goes on after "it". However many there are, none is hidden behind
 * others: of each capability the shortest `most`, which are the widest, and how many more of that capability there are.
 */
export function graveWords(statements: readonly Statement[], most: number): readonly string[] {
  return capabilityNames.flatMap((name) => {
    const all = statements
      .filter(({ capability, severity }) => capability === name && severity === 'high')
      .toSorted((a, b) => a.value.length - b.value.length);
    const shown = all.slice(0, most).map(({ text }) => text);
    return all.length > most ? [...shown, `asks for ${all.length - most} more of ${name}`] : shown;
  });
}

export function describeItem(item: CapabilityItem): Statement {
  const { capability, value } = item;
  const [severity, text] = say(capability, value);
  return { capability, value, severity, text };
}

type Said = readonly [severity: Severity, text: string];

function say(capability: CapabilityName, value: string): Said {
  switch (capability) {
    case 'fs.read':
      return [readSeverity(value), `reads ${placeWords(value)}`];
    case 'fs.write':
      return [writeSeverity(value), `reads and changes ${placeWords(value)}`];
    case 'net.connect':
      return sayEndpoint(value);
    case 'env':
      return [
        secretName.test(value) || loaderName.test(value) ? 'high' : 'low',
        `sees the environment variable ${value}`,
      ];
    case 'exec':
      return sayProgram(value);
    case 'native':
      return ['high', 'loads native code'];
    case 'worker':
      return ['low', 'starts worker threads'];
    case 'eval':
      return ['medium', 'makes code from text'];
    case 'requests':
      return sayRequest(value);
    case 'tools':
      return ['medium', `offers the tool ${value}`];
    case 'prompts':
      return ['medium', `offers the prompt ${value}`];
    case 'limits':
      return ['low', sayLimit(value)];
  }
}

const secretName =
  /TOKEN|SECRET|PASS|PWD|CREDENTIAL|PRIVATE|AUTH|COOKIE|SESSION|KEY(?:S?$|S?_)|DSN$|DATABASE_URL/i;
/** These change what a process loads, not only what it knows. */
const loaderName = /^(?:NODE_|LD_|DYLD_|BASH_ENV$|ENV$|PYTHON)/;
/** Where credentials lie. */
const secretPlace =
  /(?:^|\/)\.(?:ssh|gnupg|aws|azure|kube|docker|npmrc|pypirc|netrc|git-credentials|password-store|mozilla|config\/(?:gcloud|gh|google-chrome|chromium))(?:\/|$)|^\/(?:proc|etc\/shadow)(?:\/|$)/;

function placeWords(place: string): string {
  const [root = '', ...rest] = place.split('/');
  const words = new Map([
    ['$data', 'its own folder'],
    ['$temp', 'a temporary folder of its own'],
    ['$project', 'the folder of your project'],
    ['$chosen', 'the folders that you choose'],
    ['$home', 'your home folder'],
  ]).get(root);
  if (place === '/' || /^[A-Za-z]:\/$/.test(place)) return `every file of this machine (${place})`;
  if (words === undefined) return place;
  return rest.length === 0 ? words : `${rest.join('/')} in ${words}`;
}

function readSeverity(place: string): Severity {
  if (/^(?:\/|[A-Za-z]:\/|\$home)$/.test(place) || secretPlace.test(place)) return 'high';
  return /^\$(?:data|temp)(?:\/|$)/.test(place) ? 'low' : 'medium';
}

function writeSeverity(place: string): Severity {
  if (/^\$(?:data|temp)(?:\/|$)/.test(place)) return 'low';
  return /^\$(?:project|chosen)(?:\/|$)/.test(place) ? 'medium' : 'high';
}

function sayEndpoint(value: string): Said {
  const endpoint = parseEndpoint(value);
  if (endpoint === null) return ['high', `connects to ${value}`];
  const { host, port, methods } = endpoint;
  const where = hostWords(endpoint);
  const how = methods === null ? '' : ` (only ${methods.join(', ')})`;
  const text = `connects to ${where}, ${port === 0 ? 'any port' : `port ${port}`}${how}`;
  const inside = isAddress(host) || isLocalName(host);
  return [host === '*' || (inside && port === 0) ? 'high' : 'medium', text];
}

function hostWords({ host }: Endpoint): string {
  if (host === '*') return 'any public host';
  if (host.startsWith('*.')) return `any host below ${host.slice(2)}`;
  if (isLocalName(host) || host === '127.0.0.1' || host === '::1') return `this machine (${host})`;
  return host;
}

/** Whoever may start one of these may start anything. */
const shells =
  /^(?:sh|bash|zsh|dash|fish|cmd|cmd\.exe|powershell|pwsh|node|npx|npm|deno|bun|python3?|perl|ruby|env|sudo|ssh|osascript)$/;

function sayProgram(value: string): Said {
  if (value === '*') return ['high', 'starts any program'];
  const name = value.slice(value.lastIndexOf('/') + 1);
  return shells.test(name)
    ? ['high', `starts ${value}, which can start anything`]
    : ['medium', `starts the program ${value}`];
}

function sayRequest(value: string): Said {
  if (value === 'sampling/createMessage') return ['medium', 'asks your model for answers'];
  if (value === 'elicitation/create') return ['medium', 'asks you for input'];
  return ['low', 'asks which folders you work in'];
}

function sayLimit(value: string): string {
  const [name, number] = readLimit(value) ?? ['memoryMb', 0];
  if (name === 'memoryMb') return `uses up to ${number} MB of memory`;
  return name === 'cpuSeconds'
    ? `uses up to ${number} seconds of processor time`
    : `answers up to ${number} calls a minute`;
}
