export const shell = '/bin/sh';

/**
 * Goes before a program that is no Node: it says on descriptor 3 that it is there, and becomes the program when it is told
 * to. Where its host dies before that, it ends. Our preload does the same for Node.
 */
export function gate(command: readonly string[], at: string = shell): readonly string[] {
  return [at, '-c', 'echo >&3; read -r go <&3 && exec 3<&- && exec "$@"', 'gate', ...command];
}
