/** What a server said, as it came: no redirect followed, nothing unpacked. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Up to `maxLength` bytes of it. */
  readonly body: Uint8Array;
}

export interface HttpQuestion {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  /** Default 64 KiB. */
  readonly maxLength?: number;
}

/** Asks one server. Handed in, because this room speaks no HTTP. Throws whatever keeps an answer from coming. */
export interface HttpObserver {
  /** The address that the operator gave; `metadata/` and `targets/` lie below it. Ends in a slash. */
  readonly base: URL;
  /** `path`: encoded, below `base`; or an absolute URL of the same origin. */
  ask(path: string, question?: HttpQuestion): Promise<HttpAnswer>;
}

export function header(answer: HttpAnswer, name: string): string {
  return answer.headers.get(name) ?? '';
}

/** `null`: the answer may not be kept. Else for how many seconds, `undefined` if that is up to whoever keeps it. */
export function keptFor(answer: HttpAnswer): number | null | undefined {
  const control = header(answer, 'cache-control').toLowerCase();
  if (/\bno-store\b|\bno-cache\b/.test(control)) return null;
  const age = /\bs-maxage=(\d+)/.exec(control)?.[1] ?? /\bmax-age=(\d+)/.exec(control)?.[1];
  if (age !== undefined) return Number(age) === 0 ? null : Number(age);
  return /\bprivate\b/.test(control) ? null : undefined;
}
