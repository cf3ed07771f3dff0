import type { Packed, PackOptions } from './options.ts';

/** As `pack` in pack.ts, whose dozen files no host has to load. */
export async function pack(source: string, options: PackOptions): Promise<Packed> {
  const loaded = await import('./pack.ts');
  return await loaded.pack(source, options);
}
