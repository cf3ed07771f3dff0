/** For tests and for the reference in docs/: the tables behind the command line. The program itself is main.ts. */
export { commands } from './commands.ts';
export { exitCodes, exitOf } from './exit-codes.ts';
export { manual } from './manual.ts';
