import type { Host, HostOptions } from './api.ts';

/**
 * The plugins of one repository on this machine. Throws `NO_REPOSITORY` if `alias` is not trusted here and
 * `AMBIGUOUS_REPOSITORY` if none is given and several are. Touches no network.
 */
export declare function openHost(options: HostOptions): Promise<Host>;
