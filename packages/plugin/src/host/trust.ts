import type { HostOptions, TrustedRepository, TrustOptions } from './api.ts';

/** Puts a root in the host's hands. See `TrustOptions.root`: nothing is trusted on first use. Idempotent for the same root. */
export declare function trustRepository(options: TrustOptions): Promise<TrustedRepository>;
export declare function listTrusted(options: Pick<HostOptions, 'home'>): Promise<readonly TrustedRepository[]>;
/** Refuses (`PLUGINS_INSTALLED`) while plugins of it are installed, unless forced; then they go with it. */
export declare function removeTrusted(
  options: Pick<HostOptions, 'home' | 'now'> & { readonly alias: string; readonly force?: boolean | undefined },
): Promise<TrustedRepository>;
