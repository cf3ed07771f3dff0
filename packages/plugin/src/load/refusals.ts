import { endpointCovers, parseEndpoint } from '../capabilities/endpoint.ts';
import type { DeniedAccess } from '../confine/api.ts';
import type { Withheld } from '../host/grants-permit.ts';

/** Of what a plugin was refused: whether its manifest declares it and somebody kept it back, and who. */
export function whoDenied(access: DeniedAccess, withheld: readonly Withheld[]): DeniedAccess {
  if (access.reason !== 'not-granted') return access;
  const found = withheld.find(
    ({ what }) => what.capability === access.capability && declares(what.value, access),
  );
  return found === undefined ? access : { ...access, reason: 'withheld', by: found.by };
}

function declares(value: string, { capability, what }: DeniedAccess): boolean {
  if (capability === 'exec') return value === '*' || what === value || what.endsWith(`/${value}`);
  const [declared, asked] = [parseEndpoint(value), parseEndpoint(what)];
  // What holds no address, such as a fetch where nothing at all is granted, is told by its capability alone.
  return declared === null || asked === null || endpointCovers(declared, asked);
}

const reasons: Readonly<Record<DeniedAccess['reason'], string>> = {
  'not-granted': 'not granted',
  withheld: 'withheld',
  'method-not-granted': 'granted with other methods only',
  'not-public': 'its name leads to no public address',
  'not-signed': 'not as it was signed',
};

/**
 * A hint for whoever hears that a plugin threw `message`: what it was refused meanwhile; `null` = nothing that is known. Files
 * are refused by the operating system or by Node, which tell nobody but the plugin.
 */
export function refusalHint(plugin: string, message: string, denied: DeniedAccess | null): string | null {
  const command = `ragv grant list ${plugin}`;
  if (denied !== null) {
    const { capability, what, reason, by } = denied;
    const who = by === null ? reasons[reason] : `withheld by ${by}`;
    return `it was refused ${capability} ${what} (${who}); what it may do: ${command}`;
  }
  if (message.includes('Access to this API has been restricted'))
    return `Node refused it a file, or a thing of the system, that it was not granted; what it may do: ${command}`;
  return /\b(?:ENOENT|EACCES|EPERM|EROFS)\b/.test(message)
    ? `only files that it was granted are there for it; what it may do: ${command}`
    : null;
}
