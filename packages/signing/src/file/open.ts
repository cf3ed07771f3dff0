import type { OpenSignerOptions } from '../open-signer.ts';
import type { Signer } from '../signer.ts';

export async function openFileSigner(uri: string, _options: OpenSignerOptions): Promise<Signer> {
  throw new Error(`not built yet: ${uri}`);
}
