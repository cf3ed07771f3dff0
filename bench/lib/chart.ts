/** A chart with two logarithmic axes as SVG: how a cost grows, one line per program. */

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Chart {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly lines: readonly Line[];
}

const size = { width: 720, height: 440, left: 64, right: 150, top: 44, bottom: 52 } as const;
/** Told apart without colour by their dashes (Okabe and Ito's palette, with them). */
const strokes = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'] as const;
const dashes = ['', '6 3', '2 3', '8 3 2 3', '1 4', '10 4'] as const;

export function toSvg({ title, x, y, lines }: Chart): string {
  const points = lines.flatMap((line) => line.points);
  const across = scale(
    points.map(([value]) => value),
    size.left,
    size.width - size.right,
  );
  const up = scale(
    points.map(([, value]) => value),
    size.height - size.bottom,
    size.top,
  );
  const grid = [
    ...across.ticks.map(
      (tick) =>
        `<path d="M${across.at(tick)} ${size.top}V${size.height - size.bottom}"/><text x="${across.at(tick)}" y="${size.height - size.bottom + 18}" text-anchor="middle">${short(tick)}</text>`,
    ),
    ...up.ticks.map(
      (tick) =>
        `<path d="M${size.left} ${up.at(tick)}H${size.width - size.right}"/><text x="${size.left - 8}" y="${up.at(tick) + 4}" text-anchor="end">${short(tick)}</text>`,
    ),
  ];
  const ends = lines.map(({ points }) => up.at(points.at(-1)?.[1] ?? 1));
  const labels = spread(ends);
  const drawn = lines.map((line, index) => {
    const stroke = strokes[index % strokes.length];
    const path = line.points
      .map(([a, b], at) => `${at === 0 ? 'M' : 'L'}${across.at(a)} ${up.at(b)}`)
      .join('');
    const [lastX = 0] = line.points.at(-1) ?? [];
    return `<path d="${path}" fill="none" stroke="${stroke}" stroke-width="2" stroke-dasharray="${dashes[index % dashes.length]}"/><text x="${across.at(lastX) + 8}" y="${(labels[index] ?? 0) + 4}" fill="${stroke}">${escape(line.name)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="12">
<title>${escape(title)}</title>
<rect width="100%" height="100%" fill="#fff"/>
<text x="${size.left}" y="24" font-size="15">${escape(title)}</text>
<g stroke="#ddd" stroke-width="1">${grid.join('\n').replaceAll('<text', '<text stroke="none" fill="#444"')}</g>
${drawn.join('\n')}
<text x="${(size.left + size.width - size.right) / 2}" y="${size.height - 12}" text-anchor="middle">${escape(x)}</text>
<text transform="rotate(-90)" x="${-(size.top + size.height - size.bottom) / 2}" y="16" text-anchor="middle">${escape(y)}</text>
</svg>
`;
}

/** As near to where each line ends as labels of one line's height allow. */
function spread(ends: readonly number[]): readonly number[] {
  const order = ends.map((_, index) => index).toSorted((a, b) => (ends[a] ?? 0) - (ends[b] ?? 0));
  const placed: number[] = [];
  let lowest = Number.NEGATIVE_INFINITY;
  for (const index of order) {
    lowest = Math.max(ends[index] ?? 0, lowest + 14);
    placed[index] = lowest;
  }
  return placed;
}

interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
}

/** Whole powers of ten around the values, spread from `from` to `to`. */
function scale(values: readonly number[], from: number, to: number): Scale {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))));
  return {
    ticks: Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index)),
    at: (value) =>
      Math.round((from + ((Math.log10(value) - first) / (last - first)) * (to - from)) * 10) / 10,
  };
}

function short(value: number): string {
  if (value >= 1_000_000) return `${value / 1_000_000}M`;
  return value >= 1_000 ? `${value / 1_000}k` : String(Number(value.toPrecision(1)));
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
