import inspector from 'node:inspector';

let closed = false;
const ignore = (): void => undefined;

/**
 * From here on SIGUSR1 does not open this process's inspector: any process of the same user may send it, and the inspector
 * runs whatever it is told. Called before a plugin starts that could send signals. `false`: somebody had opened it before,
 * and it stays open, because a developer may be at work.
 */
export function closeInspector(): boolean {
  if (!closed && process.platform !== 'win32') process.on('SIGUSR1', ignore);
  closed = true;
  return inspector.url() === undefined;
}
