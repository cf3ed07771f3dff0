import { lineCounter } from './ast.ts';
import type { CapabilityName } from '../items.ts';
import { ruleOf } from './rules.ts';

export interface Mention {
  readonly capability: CapabilityName;
  readonly line: number;
  readonly what: string;
}

// Every repetition is bounded: what is searched was written by others.
const named =
  /(?:\b(?:require|import|from|getBuiltinModule)\s{0,8}\(?\s{0,8}["'`](?:node:)?([a-z_\d]{1,20}(?:\/promises)?)["'`])|\b(fetch|eval|WebSocket|EventSource|new Function)\s{0,8}\(/g;
const connecting: ReadonlySet<string> = new Set(['http', 'https', 'http2', 'net', 'tls', 'dgram', 'quic']);

/**
 * What a program that nothing reaches names in plain words, to tell people what it is about. It is not parsed and a disguise
 * hides it: nothing is decided by it.
 */
export function mentionsOf(bytes: Uint8Array): readonly Mention[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const lineOf = lineCounter(text);
  const found = new Map<CapabilityName, Mention>();
  for (const match of text.matchAll(named)) {
    const [, module, global] = match;
    const what = module ?? global ?? '';
    for (const capability of needsOf(module, what))
      if (!found.has(capability)) found.set(capability, { capability, line: lineOf(match.index), what });
  }
  return [...found.values()];
}

function needsOf(module: string | undefined, name: string): readonly CapabilityName[] {
  if (module === undefined) return /^(?:eval|new Function)$/.test(name) ? ['eval'] : ['net.connect'];
  if (connecting.has(module)) return ['net.connect'];
  return module === 'worker_threads' ? ['worker'] : (ruleOf([module])?.uses ?? []);
}
