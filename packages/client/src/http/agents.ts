import type { Agent, ClientRequest, RequestOptions } from 'node:http';

import type { HttpSettings } from './options.ts';
import { isLoopback } from './options.ts';

/** One way to send a request: the module of its scheme and the agent that keeps its connections. */
export interface Line {
  request(url: URL, options: RequestOptions): ClientRequest;
}

const agentOptions = { keepAlive: true, maxSockets: 8, maxFreeSockets: 4, scheduling: 'lifo' } as const;

/**
 * Keep-alive agents, made when first needed. `import('node:http')` would evaluate every lazy member of that module,
 * fetch and WebSocket included: 45 ms, where getBuiltinModule takes 5. Node's own agents speak to the
 * proxies of the environment (absolute form for http, CONNECT for https); loopback never goes through one.
 * Idle connections do not keep the process alive.
 */
export class Lines {
  readonly #settings: HttpSettings;
  readonly #lines = new Map<string, Promise<Line>>();
  readonly #agents: Agent[] = [];

  constructor(settings: HttpSettings) {
    this.#settings = settings;
  }

  to(url: URL): Promise<Line> {
    const direct = isLoopback(url.hostname);
    const kind = `${url.protocol}${direct ? 'direct' : ''}`;
    let line = this.#lines.get(kind);
    if (line === undefined) {
      line = url.protocol === 'https:' ? this.#https(direct) : this.#http(direct);
      this.#lines.set(kind, line);
    }
    return line;
  }

  close(): void {
    for (const agent of this.#agents) agent.destroy();
    this.#lines.clear();
  }

  async #http(direct: boolean): Promise<Line> {
    const { Agent, request } = process.getBuiltinModule('node:http');
    const agent = new Agent(direct ? agentOptions : { ...agentOptions, proxyEnv: this.#settings.env });
    this.#agents.push(agent);
    return { request: (url, options) => request(url, { ...options, agent }) };
  }

  async #https(direct: boolean): Promise<Line> {
    const { Agent, request } = process.getBuiltinModule('node:https');
    const { ca, env } = this.#settings;
    const agent = new Agent({
      ...agentOptions,
      ...(direct ? {} : { proxyEnv: env }),
      ...(ca === undefined ? {} : { ca }),
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true, // said here so that NODE_TLS_REJECT_UNAUTHORIZED=0 does not undo it
    });
    this.#agents.push(agent);
    return { request: (url, options) => request(url, { ...options, agent }) };
  }
}
