import { BlockList, isIPv4 } from 'node:net';

/** IANA's special-purpose registries: what is not somebody's public server. Metadata services of clouds lie in 169.254/16. */
const special = new BlockList();
for (const range of `0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
  192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24
  224.0.0.0/4 240.0.0.0/4`.split(/\s+/)) {
  const [network = '', bits = '32'] = range.split('/');
  special.addSubnet(network, Number(bits), 'ipv4');
}
const global6 = new BlockList();
global6.addSubnet('2000::', 3, 'ipv6');
const special6 = new BlockList();
// Teredo and 6to4 carry IPv4 addresses inside; the others are for documents, benchmarks and hashes.
for (const range of '2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20'.split(' ')) {
  const [network = '', bits = '128'] = range.split('/');
  special6.addSubnet(network, Number(bits), 'ipv6');
}

/** Whether an address belongs to the public internet. IPv4 in the clothes of IPv6 does not: there is a plain spelling. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !special.check(address, 'ipv4');
  const plain = address.replace(/%.*$/, '');
  return global6.check(plain, 'ipv6') && !special6.check(plain, 'ipv6');
}

export function isLoopback(address: string): boolean {
  return address === '::1' || (isIPv4(address) && address.startsWith('127.'));
}
