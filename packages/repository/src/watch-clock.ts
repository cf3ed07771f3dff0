import { inWords } from './doctor/words.ts';

const jumpSlack = 60_000;

/** Notices a clock that is wrong. It says so, and changes nothing: whoever signs by it has to set it. */
export interface WatchedClock {
  /** `null`: since the last call as much time has gone by the clock as there really has. */
  jumped(): string | null;
}

export function watchClock(time: { readonly now: () => Date; readonly uptime: () => number }): WatchedClock {
  let wall = time.now().getTime();
  let up = time.uptime();
  return {
    jumped() {
      const [wallNow, upNow] = [time.now().getTime(), time.uptime()];
      const jump = wholeMinutes(wallNow - wall - (upNow - up));
      [wall, up] = [wallNow, upNow];
      if (Math.abs(jump) < jumpSlack) return null;
      return `the clock here jumped ${inWords(jump)} ${jump > 0 ? 'ahead' : 'back'}: was it set, or did the machine sleep?`;
    },
  };
}

function wholeMinutes(milliseconds: number): number {
  return Math.round(milliseconds / 60_000) * 60_000;
}
