import type { PluginManifest } from '@ragnos/plugin';
import { DoorError } from '@ragnos/repository';

/** What a gate judges: the bytes, never what is said about them. */
export interface GateSubject {
  readonly manifest: PluginManifest;
  readonly archive: Uint8Array;
  /** Another published file of the same version, such as `hello-1.0.0.cdx.json`; null where there is none. */
  readonly companion: (suffix: string) => Promise<Uint8Array | null>;
}

/** Resolves if the subject passes; else throws with a sentence that says what is missing. */
export type Gate = (subject: GateSubject) => Promise<void>;

/** The gates whose verifiers are in this build, by name. */
export const knownGates: ReadonlyMap<string, Gate> = new Map();

/** The names that a policy may demand. One without a verifier in this build refuses everything: it fails closed. */
export const gateNames: readonly string[] = ['sbom', 'provenance', 'licence', 'vulnerabilities'];

/** @throws DoorError DOOR_GATE for the first gate that is not passed, or that this build cannot verify */
export async function passGates(
  required: readonly string[],
  subject: GateSubject,
  gates: ReadonlyMap<string, Gate>,
): Promise<readonly string[]> {
  const file = subject.manifest.artifact.name;
  for (const name of required) {
    const gate = gates.get(name);
    if (gate === undefined)
      throw new DoorError(
        'DOOR_GATE',
        file,
        `the policy demands ${name}, and this door has no verifier for it`,
        {
          hint: 'a demand that cannot be checked refuses: the operator drops it with ragv vendor rules, or takes a build that checks it',
        },
      );
    try {
      await gate(subject);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new DoorError('DOOR_GATE', file, `${name}: ${why}`, { cause });
    }
  }
  return required;
}
