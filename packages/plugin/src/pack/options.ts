import type { PluginManifest } from '../formats/manifest.ts';
import type { VendorName } from '../names.ts';

export interface PackOptions {
  readonly vendor: VendorName;
  /** An existing folder that receives the artifact and, where one is written for review, the lockfile. */
  readonly output: string;
  /** The plugin's name; without it the package's, of a scoped one the last part. */
  readonly name?: string | undefined;
  /** Put the production dependencies inside, for an npm package or a tarball (a folder gets them anyway). */
  readonly bundle?: boolean | undefined;
  /** A package-lock.json that says which versions are bundled; without it the source's own, or a new one for review. */
  readonly lockfile?: string | undefined;
  /** `linux-x64` and the like: take optional dependencies made for that system. Without it there are none. */
  readonly target?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((step: string) => void) | undefined;
}

/** A plugin as it will be published. */
export interface Packed {
  readonly manifest: PluginManifest;
  readonly manifestBytes: Uint8Array;
  readonly artifactFile: string;
  readonly keywords: readonly string[];
  /** What somebody should know: what was bundled, that a lockfile was written, scripts that will not run. */
  readonly notes: readonly string[];
}
