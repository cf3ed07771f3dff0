import type { AnyNode, Program } from 'acorn';

export type { AnyNode, Program };
export type Call = AnyNode & { readonly type: 'CallExpression' | 'NewExpression' };

export function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** The nodes directly below, in the order of the source. */
export function childrenOf(node: AnyNode): readonly AnyNode[] {
  const found: AnyNode[] = [];
  const plain = node as unknown as Readonly<Record<string, unknown>>; // a node is a plain object
  for (const key in plain) {
    const value = plain[key];
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) found.push(item);
    } else if (isNode(value)) found.push(value);
  }
  return found;
}

/** Line numbers, from 1, of offsets in `text`. */
export function lineCounter(text: string): (offset: number) => number {
  let starts: number[] | null = null;
  return (offset) => {
    if (starts === null) {
      starts = [0];
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    }
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

/** `Object.getPrototypeOf(x)`, under any name of its object. */
export function isPrototypeCall({ callee }: AnyNode & { readonly type: 'CallExpression' }): boolean {
  return (
    callee.type === 'MemberExpression' &&
    callee.property.type === 'Identifier' &&
    callee.property.name === 'getPrototypeOf'
  );
}
