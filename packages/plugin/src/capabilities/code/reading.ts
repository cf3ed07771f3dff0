import { hash } from 'node:crypto';
import type { CapabilityName } from '../items.ts';
import { lineCounter } from './ast.ts';
import type { CodeKind, ReadCode } from './read-code.ts';
import type { Load, Surely } from './loads.ts';
import type { Remark } from './use.ts';
import { usesOf } from './uses.ts';

interface Found {
  readonly line: number;
  readonly what: string;
}

export interface LoadOnLine extends Omit<Load, 'at'> {
  /** Of a module. */
  readonly at?: { readonly line: number; readonly surely: Surely };
}

/** What one program uses, by its lines. */
export interface Reading {
  readonly uses: readonly (Found & { readonly capability: CapabilityName; readonly value: string | null })[];
  readonly remarks: readonly (Found & { readonly kind: Remark['kind'] })[];
  /** The other files that it names, each once, in the surest way that it does. */
  readonly loads: readonly LoadOnLine[];
  /** What it uses was not found out: it is nested deeper than anybody writes. */
  readonly tooDeep: boolean;
}

/**
 * Who packs and publishes reads every program twice, and who updates reads again what the version before had: the same bytes
 * give the same answer. Bounded; what many lines say is read anew.
 */
const known = new Map<string, Reading | string>();
const maxKnown = 20_000;
const maxKept = 100;

/** `depth`: how many folders deep it lies in the plugin. A text says why it could not be read. */
export function readProgram(
  bytes: Uint8Array,
  kind: CodeKind,
  depth: number,
  readCode: ReadCode,
): Reading | string {
  const key = `${kind} ${depth} ${hash('sha256', bytes, 'base64')}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const reading = readNow(bytes, kind, depth, readCode);
  if (typeof reading === 'string') return reading;
  if (reading.uses.length + reading.remarks.length + reading.loads.length <= maxKept) {
    for (const oldest of known.keys())
      if (known.size >= maxKnown) known.delete(oldest);
      else break;
    known.set(key, reading);
  }
  return reading;
}

function readNow(bytes: Uint8Array, kind: CodeKind, depth: number, readCode: ReadCode): Reading | string {
  const text = new TextDecoder().decode(bytes);
  const program = readCode(text, kind);
  if (typeof program === 'string') return program;
  const lineOf = lineCounter(text);
  try {
    const { uses, remarks, loads } = usesOf(program, depth);
    return {
      uses: uses.map(({ capability, value, offset, what }) => ({
        capability,
        value,
        line: lineOf(offset),
        what,
      })),
      remarks: remarks.map((one) => ({ kind: one.kind, line: lineOf(one.offset), what: one.what })),
      loads: eachOnce(loads).map(({ at, ...load }) =>
        at === undefined ? load : { ...load, at: { line: lineOf(at.offset), surely: at.surely } },
      ),
      tooDeep: false,
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { uses: [], remarks: [], loads: [], tooDeep: true };
  }
}

const order: readonly (Surely | undefined)[] = ['always', 'perhaps', 'tried', undefined];

/** The surest of those that name the same; else the first. */
function eachOnce(loads: readonly Load[]): readonly Load[] {
  const found = new Map<string, Load>();
  for (const one of loads) {
    const key = `${one.how} ${one.isPrefix} ${one.specifier}`;
    const known = found.get(key);
    if (known === undefined || order.indexOf(one.at?.surely) < order.indexOf(known.at?.surely))
      found.set(key, one);
  }
  return [...found.values()];
}
