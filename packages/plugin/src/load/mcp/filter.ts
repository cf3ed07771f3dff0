import { LoadRefusedError } from '../errors.ts';
import { perMinute } from '../rate.ts';
import { ClientRequests } from './client-requests.ts';
import {
  errorTo,
  isDeeperThan,
  isObject,
  maxDepth,
  readMessage,
  type JsonRpcObject,
  type RequestId,
} from './json-rpc.ts';
import type { Heard } from './lines.ts';
import { Pages } from './pages.ts';
import {
  clientRequests,
  failure,
  greeting,
  introduction,
  isData,
  isList,
  notification,
  plainText,
  progressToken,
  type ServerIdentity,
} from './passing.ts';
import { ServerRequests } from './server-requests.ts';
import { SignedTexts } from './signed-texts.ts';

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
  /** Requests of both sides, texts that are not the signed ones, addresses and cursors that are none: each time, also where `refused` was told once. */
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
  readonly #asked = new ClientRequests();
  readonly #serverAsked = new ServerRequests();
  readonly #pages = new Pages((count, what) => {
    this.#refused += count;
    this.#ends.log(`${count} of its ${what}`);
  });
  readonly #texts: SignedTexts;
  readonly #told = new Set<string>();
  #refused = 0;
  #dropped = 0;

  constructor(rules: McpRules, ends: McpEnds) {
    this.#rules = rules;
    this.#ends = ends;
    this.#mayCall = perMinute(rules.callsPerMinute);
    this.#texts = new SignedTexts(rules, (error) => {
      this.#refused++;
      this.#tell(error);
    });
  }

  metrics(): McpMetrics {
    return { refused: this.#refused, dropped: this.#dropped };
  }

  /** Requests of the client that the server has not answered. */
  get underWay(): number {
    return this.#asked.size;
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
      if (!this.#mayPass('client')) return;
      const { params } = message;
      if (parsed.method === 'notifications/cancelled' && isObject(params))
        this.#asked.cancel(params['requestId']);
      return this.#ends.toServer(message);
    }
    if (kind !== 'request') {
      const theirs = this.#serverAsked.end(parsed.id);
      if (theirs !== null) this.#ends.toServer({ ...message, id: theirs });
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
      const error = this.#texts.refusal(named, name);
      if (error !== null) return refuse(badParams, error);
    }
    const passed = this.#forServer(method, message);
    if (passed === null) return answer(badParams, 'a cursor that is none');
    this.#asked.begin(id, method, progressToken(method, message['params']));
    this.#ends.toServer(passed);
  }

  /** `null`: it asks for a page that there is not. */
  #forServer(method: string, message: JsonRpcObject): JsonRpcObject | null {
    if (method === 'initialize') return greeting(message, this.#rules.requests);
    const { params } = message;
    if (!isList(method) || !isObject(params) || params['cursor'] === undefined) return message;
    const cursor = this.#pages.find(params['cursor']);
    return cursor === null ? null : { ...message, params: { ...params, cursor } };
  }

  /** What the server says. What is no message goes nowhere. */
  fromServer(value: unknown): Heard {
    const parsed = readMessage(value);
    if (parsed === null) {
      return isDeeperThan(maxDepth, value) && this.#tooDeep(value) ? 'answer' : null;
    }
    const { message } = parsed;
    if (parsed.kind === 'notification') {
      this.#notified(parsed.method, message['params']);
      return 'word';
    }
    if (parsed.kind === 'request') {
      return this.#request(parsed.id, parsed.method, message) ? 'request' : 'word';
    }
    const { id } = parsed;
    const method = id === null ? null : this.#asked.end(id);
    if (id === null || method === null) return 'word'; // an answer to nothing
    if (parsed.kind === 'result') {
      const result = isData(method) ? message['result'] : this.#filtered(method, parsed.result);
      this.#ends.toClient({ jsonrpc: '2.0', id, result });
      return 'answer';
    }
    const { error } = message;
    if (!isData(method) && isObject(error))
      this.#ends.log(`${method} failed: ${plainText(error['message'])}`);
    this.#ends.toClient({ jsonrpc: '2.0', id, error: failure(method, error) });
    return 'answer';
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
    const passed = notification(method, params, {
      asked: (id) => this.#serverAsked.find(id),
      tells: (token) => this.#asked.tells(token),
    });
    if (passed !== null) this.#ends.toClient(passed);
    else if (method === 'notifications/resources/updated') this.#pages.updated();
    if (method === 'notifications/cancelled' && isObject(params))
      this.#serverAsked.end(this.#serverAsked.find(params['requestId']));
  }

  /** Whoever waits for it hears why it does not come. Whether somebody does. */
  #tooDeep(value: unknown): boolean {
    const id: unknown = isObject(value) ? value['id'] : undefined;
    if ((typeof id !== 'string' && typeof id !== 'number') || this.#asked.end(id) === null) return false;
    this.#ends.toClient(errorTo(id, internal, `the server answered with more than ${maxDepth} levels`));
    return true;
  }

  /** Whether it is asked of the client. */
  #request(id: RequestId, method: string, { params }: JsonRpcObject): boolean {
    const refuse = (code: number, why: string): false => {
      this.#refused++;
      this.#ends.toServer(errorTo(id, code, why));
      return false;
    };
    if (method !== 'ping' && !this.#rules.requests.includes(method)) {
      const what = `the server asked for ${method.slice(0, 100)}, which its signed manifest does not declare`;
      this.#tell(new LoadRefusedError('REQUEST_NOT_DECLARED', what));
      return refuse(notDeclared, what);
    }
    if (this.#serverAsked.find(id) !== null) return refuse(badRequest, 'this id is under way');
    if (this.#serverAsked.size >= maxPending || !this.#mayTell.server()) {
      const what = `the server asks too much: ${controlPerMinute} requests a minute, ${maxPending} at once`;
      this.#tell(new LoadRefusedError('CALL_RATE', what));
      return refuse(tooMany, what);
    }
    const declared = method !== 'ping' && params !== undefined; // a ping needs no words
    this.#ends.toClient({
      jsonrpc: '2.0',
      id: this.#serverAsked.begin(id),
      method,
      ...(declared ? { params } : {}),
    });
    return method !== 'ping';
  }

  /** Of an answer that is no data what a client has to know, and nothing else. */
  #filtered(method: string, result: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    switch (method) {
      case 'initialize':
        return introduction(result, this.#rules.identity, this.#texts.instructions(result));
      case 'tools/list':
        return this.#pages.of('tools', this.#texts.items('tools', result), result);
      case 'prompts/list':
        return this.#pages.of('prompts', this.#texts.items('prompts', result), result);
      case 'resources/list':
        return this.#pages.resources('resources', result);
      case 'resources/templates/list':
        return this.#pages.resources('resourceTemplates', result);
      default:
        return {};
    }
  }

  #tell(error: LoadRefusedError): void {
    const key = `${error.code} ${error.message}`;
    if (this.#told.has(key) || this.#told.size > 1000) return;
    this.#told.add(key);
    this.#ends.refused(error);
  }
}
