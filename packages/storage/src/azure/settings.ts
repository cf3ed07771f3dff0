import { endpointOf, type StoreAddress } from '../uri.ts';

export type AzureAddress = Extract<StoreAddress, { scheme: 'azure' }>;

/** The address of a container, every default decided. */
export interface AzureSettings {
  readonly description: string;
  readonly account: string;
  readonly container: string;
  readonly prefix: string;
  readonly origin: URL;
  /** Before every path: the endpoint's own path and the container. No slash at the end. */
  readonly base: string;
}

/** Throws STORAGE_BAD_URI. */
export function azureSettings(address: AzureAddress): AzureSettings {
  const { account, bucket, prefix } = address;
  const endpoint = endpointOf(address, `https://${account}.blob.core.windows.net`);
  return {
    description: `azure://${account}/${bucket}/${prefix}`.replace(/\/$/, ''),
    account,
    container: bucket,
    prefix,
    origin: endpoint,
    base: `${endpoint.pathname.replace(/\/$/, '')}/${bucket}`,
  };
}
