/** An id of a request: texts and numbers are different ids. */
export type RequestId = string | number;

export interface JsonRpcMessage {
  readonly jsonrpc: '2.0';
}

export type Parsed =
  | {
      readonly kind: 'request';
      readonly id: RequestId;
      readonly method: string;
      readonly message: JsonRpcObject;
    }
  | { readonly kind: 'notification'; readonly method: string; readonly message: JsonRpcObject }
  | {
      readonly kind: 'result';
      readonly id: RequestId;
      readonly result: Readonly<Record<string, unknown>>;
      readonly message: JsonRpcObject;
    }
  | { readonly kind: 'error'; readonly id: RequestId | null; readonly message: JsonRpcObject };

export interface JsonRpcObject extends JsonRpcMessage {
  readonly [name: string]: unknown;
}

const members: Readonly<Record<Parsed['kind'], readonly string[]>> = {
  request: ['jsonrpc', 'id', 'method', 'params'],
  notification: ['jsonrpc', 'method', 'params'],
  result: ['jsonrpc', 'id', 'result'],
  error: ['jsonrpc', 'id', 'error'],
};

/** Lists and objects in one another: what hashes or writes a message goes down into it. */
export const maxDepth = 128;

/**
 * One message of JSON-RPC 2.0 as MCP uses it: no batches, no members that it does not know, nothing nested deeper than
 * `maxDepth`. `null`: it is none.
 */
export function readMessage(value: unknown): Parsed | null {
  if (!isJsonRpc(value) || isDeeperThan(maxDepth, value)) return null;
  const { id, method, result, error } = value;
  const parsed = ((): Parsed | null => {
    if (method !== undefined) {
      if (typeof method !== 'string' || method.length > 200 || result !== undefined || error !== undefined)
        return null;
      if (!Object.hasOwn(value, 'id')) return { kind: 'notification', method, message: value };
      return isId(id) ? { kind: 'request', id, method, message: value } : null;
    }
    if (result !== undefined)
      return isId(id) && error === undefined && isObject(result)
        ? { kind: 'result', id, result, message: value }
        : null;
    return isObject(error) && (isId(id) || id === null || id === undefined)
      ? { kind: 'error', id: id ?? null, message: value }
      : null;
  })();
  if (parsed === null || Object.keys(value).some((name) => !members[parsed.kind].includes(name))) return null;
  return value.params === undefined || isObject(value.params) ? parsed : null;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Goes no deeper than that itself. */
export function isDeeperThan(depth: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth === 0) return true;
  const inner: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  return inner.some((one) => isDeeperThan(depth - 1, one));
}

function isJsonRpc(value: unknown): value is JsonRpcObject {
  return isObject(value) && value['jsonrpc'] === '2.0';
}

function isId(id: unknown): id is RequestId {
  return (typeof id === 'string' && id.length <= 1000) || (typeof id === 'number' && Number.isFinite(id));
}

/** What answers a request that goes no further: in our words. */
export function errorTo(id: RequestId, code: number, message: string): JsonRpcObject {
  return { jsonrpc: '2.0', id, error: { code, message } };
}
