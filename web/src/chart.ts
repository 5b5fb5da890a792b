// A line of values on a canvas: a sign's last hour, or a case's readings. Small on purpose; what is drawn is also told in text beside it.
export interface Point { x: number; y: number }

export interface ChartOptions { color: string; fill: string; marks?: boolean; floor?: number; level?: number; levelColor?: string }

export function draw(canvas: HTMLCanvasElement, points: Point[], o: ChartOptions): void {
  const ratio = devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const g = canvas.getContext("2d");
  if (!g || points.length === 0 || width === 0) return;
  g.scale(ratio, ratio);
  const pad = 6;
  const xs = points.map((p) => p.x), ys = points.map((p) => p.y);
  if (o.level !== undefined) ys.push(o.level);
  const x0 = Math.min(...xs), x1 = Math.max(...xs, x0 + 1);
  const y0 = Math.min(o.floor ?? Infinity, ...ys), y1 = Math.max(...ys, y0 + 1);
  const single = points.length === 1;
  const px = (x: number) => (single ? width / 2 : pad + ((x - x0) / (x1 - x0)) * (width - 2 * pad));
  const py = (y: number) => height - pad - ((y - y0) / (y1 - y0)) * (height - 2 * pad);
  if (o.level !== undefined) {
    g.strokeStyle = o.levelColor ?? "#c00";
    g.setLineDash([6, 4]);
    g.beginPath();
    g.moveTo(pad, py(o.level));
    g.lineTo(width - pad, py(o.level));
    g.stroke();
    g.setLineDash([]);
  }
  g.beginPath();
  points.forEach((p, i) => (i ? g.lineTo(px(p.x), py(p.y)) : g.moveTo(px(p.x), py(p.y))));
  g.strokeStyle = o.color;
  g.lineWidth = 2;
  g.lineJoin = "round";
  g.stroke();
  g.lineTo(px(points[points.length - 1].x), height - pad);
  g.lineTo(px(points[0].x), height - pad);
  g.fillStyle = o.fill;
  g.fill();
  if (!o.marks) return;
  g.fillStyle = o.color;
  for (const p of points) {
    g.beginPath();
    g.arc(px(p.x), py(p.y), 3.5, 0, 7);
    g.fill();
  }
}
