/** A bucket that holds a minute's worth and fills again as the minute goes. */
export function perMinute(count: number, now: () => number = () => performance.now()): () => boolean {
  let left = count;
  let at = now();
  return () => {
    const time = now();
    left = Math.min(count, left + ((time - at) / 60_000) * count);
    at = time;
    if (left < 1) return false;
    left--;
    return true;
  };
}
