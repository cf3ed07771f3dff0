/** Small words for people. */

/** Columns padded to the widest cell; the last one is not padded. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** `3 d 4 h`, `12 min`, `now`; of a negative time, its length. */
export function duration(milliseconds: number): string {
  const minutes = Math.floor(Math.abs(milliseconds) / 60_000);
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor((minutes % 1440) / 60);
  if (days > 0) return hours > 0 && days < 14 ? `${days} d ${hours} h` : `${days} d`;
  if (hours > 0) return minutes % 60 > 0 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return minutes > 0 ? `${minutes} min` : 'less than a minute';
}

/** Since when the door knows a version, as policies count it. */
export function seenAgo(at: string, now = new Date()): string {
  return `first seen by the door ${duration(now.getTime() - Date.parse(at))} ago`;
}

/** `4 file(s)` in proper words. Loading Node's tables of languages for one comma takes 19 ms. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${String(number).replace(/\B(?=(?:\d{3})+$)/g, ',')} ${number === 1 ? one : many}`;
}

export function bytes(length: number): string {
  if (length < 1000) return `${length} B`;
  if (length < 1_000_000) return `${(length / 1000).toFixed(0)} kB`;
  return length < 1e9 ? `${(length / 1e6).toFixed(1)} MB` : `${(length / 1e9).toFixed(1)} GB`;
}
