export interface HttpOptions {
  /** `http:` hosts off loopback are refused unless this is set. */
  readonly allowHttp?: boolean;
  /** Longest silence: while connecting, before the answer, between two pieces of it. Default 15 s. */
  readonly idleTimeoutMs?: number;
  /** A whole answer may take this long plus a second per `slowestBytesPerSecond` of its allowed length. Default 30 s. */
  readonly totalTimeoutMs?: number;
  /** Default 16 KiB; what stops a slow drip. */
  readonly slowestBytesPerSecond?: number;
  /** Of one request, the first included; only for errors that are `transient`. Default 4. */
  readonly attempts?: number;
  /** Before the second attempt; doubles, with jitter. Default 100 ms. */
  readonly backoffMs?: number;
  /** Default 5, all within the origin. */
  readonly maxRedirects?: number;
  /** Where HTTP_PROXY, HTTPS_PROXY and NO_PROXY are read. Default: the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** PEM, instead of the authorities that Node trusts. */
  readonly ca?: string;
  readonly userAgent?: string;
}

export interface HttpSettings {
  readonly allowHttp: boolean;
  readonly idleTimeoutMs: number;
  readonly totalTimeoutMs: number;
  readonly slowestBytesPerSecond: number;
  readonly attempts: number;
  readonly backoffMs: number;
  readonly maxRedirects: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly ca: string | undefined;
  readonly userAgent: string;
}

export function settings(options: HttpOptions): HttpSettings {
  return {
    allowHttp: options.allowHttp ?? false,
    idleTimeoutMs: options.idleTimeoutMs ?? 15_000,
    totalTimeoutMs: options.totalTimeoutMs ?? 30_000,
    slowestBytesPerSecond: options.slowestBytesPerSecond ?? 16_384,
    attempts: options.attempts ?? 4,
    backoffMs: options.backoffMs ?? 100,
    maxRedirects: options.maxRedirects ?? 5,
    env: options.env ?? process.env,
    ca: options.ca,
    userAgent: options.userAgent ?? 'ragnos-vault',
  };
}

/** Addresses that never leave the machine: allowed without TLS, never sent to a proxy. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(hostname) // the URL parser has normalised it: 127.1 and 0x7f… arrive like this
  );
}
