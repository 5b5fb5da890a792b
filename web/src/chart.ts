// A line of values on a canvas: a sign's last hour, or a case's readings. Small on purpose; what is drawn is also told in text beside it.
export interface Point { x: number; y: number }
export interface Level { y: number; color: string; text: string }

export interface ChartOptions {
  color: string;
  fill: string;
  ink: string; // for words and numbers
  marks?: boolean; // a dot for each value
  from?: number; // the x axis, when it is not just as long as the values
  to?: number;
  left?: string; // words under the axis's ends
  right?: string;
  levels?: Level[]; // lines across, such as a threshold
  always?: boolean; // levels are always in view; otherwise only when the values come near
  tight?: boolean; // the y axis is as long as the values and the levels in view; otherwise it begins at zero
}

interface Frame { g: CanvasRenderingContext2D; width: number; bottom: number; px: (x: number) => number; py: (y: number) => number; low: number; top: number }

const side = 4, above = 12, words = 12;

export function draw(canvas: HTMLCanvasElement, points: Point[], o: ChartOptions): void {
  const f = prepare(canvas, points, o);
  if (!f) return;
  for (const level of o.levels ?? []) if (level.y <= f.top && level.y >= f.low) line(f, level);
  ends(f, o);
  area(f, points, o);
  if (o.marks) dots(f, points, o);
}

/** prepare sizes the canvas for the screen's pixels and finds the scale; nothing when there is nothing to draw or no room. */
function prepare(canvas: HTMLCanvasElement, points: Point[], o: ChartOptions): Frame | undefined {
  const ratio = devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const g = canvas.getContext("2d");
  if (!g || points.length === 0 || width === 0 || height < 20) return;
  g.scale(ratio, ratio);
  g.font = `${words}px system-ui, "Noto Sans CJK SC", sans-serif`;
  const [low, top] = o.tight ? close(points) : fromZero(points, o);
  const x0 = o.from ?? Math.min(...points.map((p) => p.x)), x1 = o.to ?? Math.max(...points.map((p) => p.x));
  const bottom = height - (o.left || o.right ? words + 5 : side), air = o.tight ? side : above;
  return {
    g, width, bottom, low, top,
    px: (x) => (x1 <= x0 ? width / 2 : side + ((x - x0) / (x1 - x0)) * (width - 2 * side)),
    py: (y) => bottom - ((y - low) / (top - low)) * (bottom - air),
  };
}

function fromZero(points: Point[], o: ChartOptions): [number, number] {
  const highest = Math.max(...points.map((p) => p.y), 1);
  const near = (o.levels ?? []).map((l) => l.y).filter((y) => o.always || y <= 1.8 * highest);
  return [Math.min(0, ...points.map((p) => p.y)), Math.max(highest, ...near) * 1.08];
}

/** close is the values with some air; what hardly moves stays flat. */
function close(points: Point[]): [number, number] {
  const low = Math.min(...points.map((p) => p.y)), high = Math.max(...points.map((p) => p.y));
  const air = Math.max((high - low) * 0.1, Math.abs(high) * 0.05, 0.01);
  return [low >= 0 ? Math.max(0, low - air) : low - air, high + air];
}

function line(f: Frame, level: Level): void {
  const y = f.py(level.y);
  f.g.strokeStyle = f.g.fillStyle = level.color;
  f.g.lineWidth = 1.5;
  f.g.setLineDash([6, 4]);
  f.g.beginPath();
  f.g.moveTo(side, y);
  f.g.lineTo(f.width - side, y);
  f.g.stroke();
  f.g.setLineDash([]);
  f.g.fillText(level.text, side + 2, y - 4);
}

function ends(f: Frame, o: ChartOptions): void {
  if (!o.left && !o.right) return;
  f.g.fillStyle = o.ink;
  f.g.fillText(o.left ?? "", side, f.bottom + words + 2);
  f.g.textAlign = "right";
  f.g.fillText(o.right ?? "", f.width - side, f.bottom + words + 2);
  f.g.textAlign = "left";
}

function area(f: Frame, points: Point[], o: ChartOptions): void {
  const { g } = f;
  g.beginPath();
  points.forEach((p, i) => (i ? g.lineTo(f.px(p.x), f.py(p.y)) : g.moveTo(f.px(p.x), f.py(p.y))));
  g.strokeStyle = o.color;
  g.lineWidth = 2.5;
  g.lineJoin = "round";
  g.stroke();
  g.lineTo(f.px(points[points.length - 1].x), f.bottom);
  g.lineTo(f.px(points[0].x), f.bottom);
  g.fillStyle = o.fill;
  g.fill();
}

function dots(f: Frame, points: Point[], o: ChartOptions): void {
  f.g.textAlign = "center";
  points.forEach((p, i) => {
    f.g.fillStyle = o.color;
    f.g.beginPath();
    f.g.arc(f.px(p.x), f.py(p.y), 4, 0, 7);
    f.g.fill();
    if (i > 0 && i < points.length - 1) return; // the first and the last are named, the rest are in the table
    f.g.fillStyle = o.ink;
    f.g.fillText(String(p.y), Math.min(Math.max(f.px(p.x), 22), f.width - 22), Math.max(f.py(p.y) - 9, words));
  });
  f.g.textAlign = "left";
}
