// The schematic map on two canvases: the areas below, which change when counts change, and moving marks above.
import { both, lang, type Area, type Band, type Severity } from "./lib";

/** AreaState is how an area looks: a level for its colour, and the same in shape and number as text. */
export interface AreaState { level: Severity | Band; text: string }

const fills: Record<string, string> = {
  none: "#12324a", minor: "#2f6d8f", major: "#a5690f", critical: "#b83232",
  normal: "#1c5a49", attention: "#a5690f", alarm: "#b83232",
};
const life = 6000; // how long a new case pulses, in ms

interface Pulse { area: string; severity: Severity; born: number }

export class CityMap {
  private paths = new Map<string, Path2D>();
  private centres = new Map<string, [number, number]>();
  private widths = new Map<string, number>();
  private pulses: Pulse[] = [];
  private states = new Map<string, AreaState>();
  private hovered = "";
  private scale = 1;
  private dx = 0;
  private dy = 0;
  private moving = false;
  private calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

  constructor(private base: HTMLCanvasElement, private top: HTMLCanvasElement, private areas: Area[], private frame: { width: number; height: number }) {
    for (const a of areas) {
      if (!a.shape?.length) continue;
      this.centres.set(a.code, centre(a.shape));
      const xs = a.shape.map(([x]) => x);
      this.widths.set(a.code, Math.max(...xs) - Math.min(...xs));
    }
    new ResizeObserver(() => this.resize()).observe(base.parentElement!);
    this.resize();
  }

  show(states: Map<string, AreaState>): void {
    this.states = states;
    this.paint();
  }

  pulse(area: string, severity: Severity): void {
    this.pulses.push({ area, severity, born: performance.now() });
    if (!this.moving) {
      this.moving = true;
      requestAnimationFrame(() => this.animate());
    }
  }

  /** at is the area under a point of the canvas. */
  at(x: number, y: number): Area | undefined {
    const g = this.base.getContext("2d")!;
    return this.areas.find((a) => {
      const path = this.paths.get(a.code);
      return path && g.isPointInPath(path, x * (devicePixelRatio || 1), y * (devicePixelRatio || 1));
    });
  }

  hover(code: string): void {
    if (code === this.hovered) return;
    this.hovered = code;
    this.paint();
  }

  private resize(): void {
    const { clientWidth: w, clientHeight: h } = this.base.parentElement!;
    const ratio = devicePixelRatio || 1;
    for (const c of [this.base, this.top]) {
      c.width = Math.round(w * ratio);
      c.height = Math.round(h * ratio);
    }
    this.scale = Math.min(w / this.frame.width, h / this.frame.height) * ratio * 0.98;
    this.dx = (w * ratio - this.frame.width * this.scale) / 2;
    this.dy = (h * ratio - this.frame.height * this.scale) / 2;
    this.paths.clear();
    for (const a of this.areas) if (a.shape?.length) this.paths.set(a.code, this.path(a.shape));
    this.paint();
  }

  private path(shape: [number, number][]): Path2D {
    const p = new Path2D();
    shape.forEach(([x, y], i) => (i ? p.lineTo(...this.place(x, y)) : p.moveTo(...this.place(x, y))));
    p.closePath();
    return p;
  }

  private place(x: number, y: number): [number, number] {
    return [this.dx + x * this.scale, this.dy + y * this.scale];
  }

  private paint(): void {
    const g = this.base.getContext("2d")!;
    const ratio = devicePixelRatio || 1;
    g.clearRect(0, 0, this.base.width, this.base.height);
    for (const a of this.areas) {
      const path = this.paths.get(a.code);
      if (!path) continue;
      const s = this.states.get(a.code);
      g.fillStyle = fills[s?.level ?? "none"];
      g.fill(path);
      g.lineWidth = (a.code === this.hovered ? 3 : 1.2) * ratio;
      g.strokeStyle = a.code === this.hovered ? "#fff" : "#6fa3c0";
      g.stroke(path);
    }
    for (const a of this.areas) this.label(g, a, ratio);
  }

  private label(g: CanvasRenderingContext2D, a: Area, ratio: number): void {
    const at = this.centres.get(a.code);
    if (!at) return;
    const [x, y] = this.place(...at);
    const s = this.states.get(a.code);
    const size = Math.max(9.5 * ratio, Math.min(28 * ratio, (lang.value === "en" ? 19 : 24) * this.scale));
    g.textAlign = "center";
    g.fillStyle = "#f2f8fc";
    g.font = `${size}px system-ui, "Noto Sans CJK SC", sans-serif`;
    const rows = fold(g, shortName(both(a.name)), 0.8 * this.widths.get(a.code)! * this.scale);
    let top = y + size * (0.35 - 0.575 * (rows.length - (s ? 0 : 1)));
    for (const row of rows) {
      g.fillText(row, x, top);
      top += size * 1.15;
    }
    if (!s) return;
    g.font = `bold ${size * 1.05}px system-ui, sans-serif`;
    g.fillText(s.text, x, top);
  }

  private animate(): void {
    const g = this.top.getContext("2d")!;
    const now = performance.now();
    g.clearRect(0, 0, this.top.width, this.top.height);
    this.pulses = this.pulses.filter((p) => now - p.born < life);
    for (const p of this.pulses) this.mark(g, p, (now - p.born) / life);
    this.moving = this.pulses.length > 0;
    if (this.moving) requestAnimationFrame(() => this.animate());
  }

  private mark(g: CanvasRenderingContext2D, p: Pulse, age: number): void {
    const at = this.centres.get(p.area);
    if (!at) return;
    const [x, y] = this.place(...at);
    const wave = this.calm ? 0.5 : (age * 5) % 1;
    g.globalAlpha = (1 - age) * (this.calm ? 0.8 : 1 - wave);
    g.strokeStyle = p.severity === "critical" ? "#ff8d8d" : "#ffd479";
    g.lineWidth = 4 * (devicePixelRatio || 1);
    g.beginPath();
    g.arc(x, y, (12 + 46 * wave) * (devicePixelRatio || 1), 0, 7);
    g.stroke();
    g.globalAlpha = 1;
  }
}

/** shortName drops the kind of an area where the map has no room for it; a name of one character keeps it, as people do (唐镇). */
function shortName(name: string): string {
  const short = name.replace(/(街道|新镇|镇)$/, "").replace(/ (Subdistrict|New Town|Town)$/, "");
  return short.length < 2 ? name : short;
}

/** fold breaks a name of several words in two when it is wider than its area. */
function fold(g: CanvasRenderingContext2D, name: string, width: number): string[] {
  const space = name.indexOf(" ");
  return space < 0 || g.measureText(name).width <= width ? [name] : [name.slice(0, space), name.slice(space + 1)];
}

/** centre is the centroid of a polygon. */
function centre(shape: [number, number][]): [number, number] {
  let area = 0, cx = 0, cy = 0;
  shape.forEach(([x0, y0], i) => {
    const [x1, y1] = shape[(i + 1) % shape.length];
    const cross = x0 * y1 - x1 * y0;
    area += cross;
    cx += (x0 + x1) * cross;
    cy += (y0 + y1) * cross;
  });
  return area === 0 ? shape[0] : [cx / (3 * area), cy / (3 * area)];
}
