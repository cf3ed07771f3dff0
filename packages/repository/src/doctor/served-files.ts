import type { Files } from './files.ts';
import { header, type HttpAnswer, type HttpObserver, type HttpQuestion } from './observer.ts';
import { finding, type Finding } from './rules.ts';

const maxRedirects = 5;

/** A repository as it is served. Redirects within the origin are followed, as clients do, and told once. */
export class ServedFiles implements Files {
  readonly #observer: HttpObserver;
  readonly #redirects = new Map<string, Finding>();

  constructor(observer: HttpObserver) {
    this.#observer = observer;
  }

  get findings(): readonly Finding[] {
    return [...this.#redirects.values()];
  }

  async read(key: string, maxLength: number): Promise<Uint8Array | null> {
    const answer = await this.#follow(urlPath(key), { maxLength: maxLength + 1 });
    if (answer.status === 404 || answer.status === 410) return null;
    if (answer.status !== 200) throw new Error(`status ${answer.status}`);
    if (answer.body.length > maxLength) throw new Error(`more than ${maxLength} bytes`);
    return answer.body;
  }

  async length(key: string): Promise<number | null | undefined> {
    let answer = await this.#follow(urlPath(key), { method: 'HEAD' });
    if (answer.status === 405 || answer.status === 501)
      answer = await this.#follow(urlPath(key), { maxLength: 1 });
    if (answer.status !== 200) return null;
    const length = header(answer, 'content-length');
    return /^\d+$/.test(length) && header(answer, 'content-encoding') === '' ? Number(length) : undefined;
  }

  async #follow(path: string, question: HttpQuestion): Promise<HttpAnswer> {
    let at = new URL(path, this.#observer.base);
    for (let hops = 0; ; hops++) {
      const answer = await this.#observer.ask(at.href, {
        headers: { 'accept-encoding': 'identity' },
        ...question,
      });
      if (![301, 302, 303, 307, 308].includes(answer.status)) return answer;
      const next = URL.parse(header(answer, 'location'), at.href);
      const outside = next === null || next.origin !== at.origin;
      this.#redirects.set(
        outside ? 'outside' : 'inside',
        finding(
          'served-redirect',
          `${at.pathname} is redirected (${answer.status}) to ${next === null ? 'nowhere' : outside ? next.origin : next.pathname}`,
          outside
            ? 'serve it at the address that hosts know; clients refuse another origin'
            : 'serve it where it is asked for: each redirect costs a round trip',
          outside ? 'error' : 'warning',
        ),
      );
      if (outside || next === null || hops >= maxRedirects)
        throw new Error(`status ${answer.status}, a redirect`);
      at = next;
    }
  }
}

/** The names of metadata files are encoded already; a target's segments are not. */
export function urlPath(key: string): string {
  if (!key.startsWith('targets/')) return key;
  return key.split('/').map(encodeURIComponent).join('/');
}
