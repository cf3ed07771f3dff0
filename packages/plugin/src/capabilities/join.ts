import type { Capabilities } from './capabilities.ts';
import { formatEndpoint, parseEndpoint } from './endpoint.ts';
import { uncovered, type CapabilityName } from './items.ts';

/** What either of them asks for; of `more` only what `first` does not cover, and not its limits: code does not show them. */
export function joinCapabilities(first: Capabilities, more: Capabilities): Capabilities {
  const missing = uncovered(first, more);
  const values = (name: CapabilityName): readonly string[] =>
    missing.filter(({ capability }) => capability === name).map(({ value }) => value);
  const connect = values('net.connect').flatMap((text) => parseEndpoint(text) ?? []);
  const known = new Set(first.connect.map(formatEndpoint));
  return {
    read: [...first.read, ...values('fs.read')],
    write: [...first.write, ...values('fs.write')],
    connect: [...first.connect, ...connect.filter((endpoint) => !known.has(formatEndpoint(endpoint)))],
    env: [...first.env, ...values('env')],
    exec: [...first.exec, ...values('exec')],
    native: first.native || more.native,
    worker: first.worker || more.worker,
    eval: first.eval || more.eval,
    tools: new Map([...first.tools, ...more.tools]),
    prompts: new Map([...first.prompts, ...more.prompts]),
    requests: [...first.requests, ...values('requests')],
    limits: first.limits,
  };
}
