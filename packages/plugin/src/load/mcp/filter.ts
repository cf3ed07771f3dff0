import { LoadRefusedError } from '../errors.ts';
import { perMinute } from '../rate.ts';
import {
  errorTo,
  isDeeperThan,
  isObject,
  maxDepth,
  readMessage,
  type JsonRpcObject,
  type RequestId,
} from './json-rpc.ts';
import {
  clientRequests,
  failure,
  greeting,
  introduction,
  isData,
  notification,
  page,
  plainText,
  resources,
  type ServerIdentity,
} from './passing.ts';
import { instructionsName, textHash } from './texts.ts';

/** What of a manifest the filter goes by. */
export interface McpRules {
  readonly identity: ServerIdentity;
  readonly tools: ReadonlyMap<string, string>;
  readonly prompts: ReadonlyMap<string, string>;
  readonly requests: readonly string[];
  readonly callsPerMinute: number;
}

export interface McpEnds {
  readonly toClient: (message: JsonRpcObject) => void;
  readonly toServer: (message: JsonRpcObject) => void;
  /** What a server says that is for people who look for a fault, and for no model. */
  readonly log: (line: string) => void;
  /** What did not pass, once for each text and method. */
  readonly refused: (error: LoadRefusedError) => void;
}

const maxPending = 10_000;

/**
 * Pings, notifications and what a server asks of its client: so many in each direction, however many calls are granted. A
 * server that tells its progress a hundred times a second stays below it. What comes beyond is refused, or dropped and counted.
 */
export const controlPerMinute = 6_000;

/** What did not pass. */
export interface McpMetrics {
  /** Requests of both sides, and texts that are not the signed ones: each time, also where `refused` was told once. */
  readonly refused: number;
  /** Notifications beyond `controlPerMinute`. */
  readonly dropped: number;
}

const tooMany = -32_000;
const notDeclared = -32_601;
const badParams = -32_602;
const badRequest = -32_600;
const internal = -32_603;

/**
 * Stands between an MCP client and a server: tools and prompts pass whose texts are those of the signed manifest, and what
 * the server asks of the client passes that its manifest declares. Everything is read and written anew, so that both sides
 * see what was looked at; but for the answers to calls, which are data, only members that are known pass. A manifest that
 * names no tools lets none through.
 */
export class McpFilter {
  readonly #rules: McpRules;
  readonly #ends: McpEnds;
  readonly #mayCall: () => boolean;
  readonly #mayTell = { client: perMinute(controlPerMinute), server: perMinute(controlPerMinute) };
  /** What the client asked and the server has not answered: method by id. */
  readonly #asked = new Map<RequestId, string>();
  /** What the server asked of the client. */
  readonly #serverAsked = new Set<RequestId>();
  /** Names whose texts were seen and are not the signed ones. */
  readonly #bad = { tools: new Set<string>(), prompts: new Set<string>() };
  readonly #told = new Set<string>();
  #refused = 0;
  #dropped = 0;

  constructor(rules: McpRules, ends: McpEnds) {
    this.#rules = rules;
    this.#ends = ends;
    this.#mayCall = perMinute(rules.callsPerMinute);
  }

  metrics(): McpMetrics {
    return { refused: this.#refused, dropped: this.#dropped };
  }

  /** What the client says. What is no message is answered where that is possible, and goes no further. */
  fromClient(value: unknown): void {
    const parsed = readMessage(value);
    if (parsed === null) {
      const id: unknown = isObject(value) ? value['id'] : undefined;
      if (typeof id === 'string' || typeof id === 'number')
        this.#ends.toClient(errorTo(id, badRequest, 'not a message of JSON-RPC 2.0'));
      return;
    }
    const { kind, message } = parsed;
    if (kind === 'notification') {
      if (this.#mayPass('client')) this.#ends.toServer(message);
      return;
    }
    if (kind !== 'request') {
      if (parsed.id !== null && this.#serverAsked.delete(parsed.id)) this.#ends.toServer(message);
      return;
    }
    const { id, method } = parsed;
    const answer = (code: number, why: string): void => {
      this.#refused++;
      this.#ends.toClient(errorTo(id, code, why));
    };
    const refuse = (code: number, error: LoadRefusedError): void => {
      answer(code, error.message);
      this.#tell(error);
    };
    if (!clientRequests.has(method))
      return answer(notDeclared, 'a method that does not pass: what answers it is not known');
    if (this.#asked.has(id)) return answer(badRequest, 'this id is under way');
    if (this.#asked.size >= maxPending)
      return refuse(tooMany, new LoadRefusedError('TOO_MANY_CALLS', `${maxPending} requests are under way`));
    const [may, most] =
      method === 'ping'
        ? [this.#mayTell.client(), controlPerMinute]
        : [this.#mayCall(), this.#rules.callsPerMinute];
    if (!may)
      return refuse(tooMany, new LoadRefusedError('CALL_RATE', `more than ${most} requests a minute`));
    const named = method === 'tools/call' ? 'tools' : method === 'prompts/get' ? 'prompts' : null;
    if (named !== null) {
      const name = isObject(message['params']) ? message['params']['name'] : undefined;
      if (typeof name !== 'string' || !this.#rules[named].has(name) || this.#bad[named].has(name))
        return refuse(badParams, unsigned(named, String(name)));
    }
    this.#asked.set(id, method);
    this.#ends.toServer(method === 'initialize' ? greeting(message, this.#rules.requests) : message);
  }

  /** What the server says. `false`: it is no message, and went nowhere. */
  fromServer(value: unknown): boolean {
    const parsed = readMessage(value);
    if (parsed === null) {
      if (isDeeperThan(maxDepth, value)) this.#tooDeep(value);
      return false;
    }
    const { message } = parsed;
    if (parsed.kind === 'notification') {
      this.#notified(parsed.method, message['params']);
      return true;
    }
    if (parsed.kind === 'request') {
      this.#request(parsed.id, parsed.method, message);
      return true;
    }
    const method = parsed.id === null ? undefined : this.#asked.get(parsed.id);
    if (parsed.id === null || method === undefined) return true; // an answer to nothing
    this.#asked.delete(parsed.id);
    const { id } = parsed;
    if (parsed.kind === 'result') {
      const result = isData(method) ? message['result'] : this.#filtered(method, parsed.result);
      this.#ends.toClient({ jsonrpc: '2.0', id, result });
      return true;
    }
    const { error } = message;
    if (!isData(method) && isObject(error))
      this.#ends.log(`${method} failed: ${plainText(error['message'])}`);
    this.#ends.toClient({ jsonrpc: '2.0', id, error: failure(method, error) });
    return true;
  }

  /** Whether one more notification of that side may pass; else it is dropped. */
  #mayPass(side: 'client' | 'server'): boolean {
    if (this.#mayTell[side]()) return true;
    this.#dropped++;
    const what = `the ${side} sends more than ${controlPerMinute} notifications a minute: the rest is dropped`;
    this.#tell(new LoadRefusedError('CALL_RATE', what));
    return false;
  }

  #notified(method: string, params: unknown): void {
    if (!this.#mayPass('server')) return;
    if (method === 'notifications/message')
      return this.#ends.log(`it logs: ${plainText(isObject(params) ? params['data'] : undefined)}`);
    const passed = notification(method, params);
    if (passed !== null) this.#ends.toClient(passed);
  }

  /** Whoever waits for it hears why it does not come. */
  #tooDeep(value: unknown): void {
    const id: unknown = isObject(value) ? value['id'] : undefined;
    if ((typeof id !== 'string' && typeof id !== 'number') || !this.#asked.delete(id)) return;
    this.#ends.toClient(errorTo(id, internal, `the server answered with more than ${maxDepth} levels`));
  }

  #request(id: RequestId, method: string, message: JsonRpcObject): void {
    const refuse = (code: number, why: string): void => {
      this.#refused++;
      this.#ends.toServer(errorTo(id, code, why));
    };
    if (method !== 'ping' && !this.#rules.requests.includes(method)) {
      const what = `the server asked for ${method.slice(0, 100)}, which its signed manifest does not declare`;
      refuse(notDeclared, what);
      return this.#tell(new LoadRefusedError('REQUEST_NOT_DECLARED', what));
    }
    if (this.#serverAsked.has(id)) return refuse(badRequest, 'this id is under way');
    if (this.#serverAsked.size >= maxPending || !this.#mayTell.server()) {
      const what = `the server asks too much: ${controlPerMinute} requests a minute, ${maxPending} at once`;
      refuse(tooMany, what);
      return this.#tell(new LoadRefusedError('CALL_RATE', what));
    }
    this.#serverAsked.add(id);
    this.#ends.toClient(message);
  }

  /** Of an answer that is no data what a client has to know, and nothing else. */
  #filtered(method: string, result: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    switch (method) {
      case 'initialize':
        return introduction(result, this.#rules.identity, this.#instructions(result));
      case 'tools/list':
        return page('tools', this.#signed('tools', result), result);
      case 'prompts/list':
        return page('prompts', this.#signed('prompts', result), result);
      case 'resources/list':
        return page('resources', resources(result['resources'], 'uri'), result);
      case 'resources/templates/list':
        return page('resourceTemplates', resources(result['resourceTemplates'], 'uriTemplate'), result);
      default:
        return {};
    }
  }

  #signed(list: 'tools' | 'prompts', result: Readonly<Record<string, unknown>>): readonly unknown[] {
    const items = result[list];
    return Array.isArray(items) ? items.filter((item: unknown) => this.#passes(list, item)) : [];
  }

  #instructions({ instructions }: Readonly<Record<string, unknown>>): string | null {
    if (instructions === undefined) return null;
    if (
      typeof instructions === 'string' &&
      this.#rules.prompts.get(instructionsName) === textHash(instructions)
    )
      return instructions;
    this.#refused++;
    this.#tell(
      new LoadRefusedError(
        'TEXT_NOT_SIGNED',
        'the instructions of the server are not in its signed manifest',
      ),
    );
    return null;
  }

  #passes(list: 'tools' | 'prompts', item: unknown): boolean {
    const name: unknown = isObject(item) ? item['name'] : undefined;
    if (typeof name !== 'string') return false;
    const passes = this.#rules[list].get(name) === textHash(item);
    if (passes) this.#bad[list].delete(name);
    else {
      if (this.#rules[list].has(name)) this.#bad[list].add(name);
      this.#refused++;
      this.#tell(unsigned(list, name));
    }
    return passes;
  }

  #tell(error: LoadRefusedError): void {
    const key = `${error.code} ${error.message}`;
    if (this.#told.has(key) || this.#told.size > 1000) return;
    this.#told.add(key);
    this.#ends.refused(error);
  }
}

function unsigned(list: 'tools' | 'prompts', name: string): LoadRefusedError {
  const what = list === 'tools' ? 'tool' : 'prompt';
  return new LoadRefusedError(
    'TEXT_NOT_SIGNED',
    `the ${what} ${JSON.stringify(name.slice(0, 100))} is not in the signed manifest as the server describes it`,
  );
}
