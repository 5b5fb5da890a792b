// An outline on the schematic map: its corners are dragged, or moved by the arrow keys.
import { useRef, useState } from "preact/hooks";
import { t } from "./lib";

type Point = [number, number];
export interface Frame { width: number; height: number }

/** Shape edits an outline among its neighbours. */
export function Shape(props: { of: Point[]; beside: { id: string; shape: Point[] }[]; frame: Frame; may: boolean; change: (to: Point[]) => void }) {
  const svg = useRef<SVGSVGElement>(null);
  const [held, hold] = useState(-1);
  const box = around(props.of, props.frame);
  const size = box[2] / 90;
  const at = (e: PointerEvent): Point => {
    const p = new DOMPoint(e.clientX, e.clientY).matrixTransform(svg.current!.getScreenCTM()!.inverse());
    return [within(p.x, props.frame.width), within(p.y, props.frame.height)];
  };
  const put = (i: number, p: Point) => props.change(props.of.map((old, j) => (j === i ? p : old)));
  const add = (i: number, p: Point) => props.change([...props.of.slice(0, i + 1), p, ...props.of.slice(i + 1)]);
  const drop = (i: number) => props.of.length > 3 && props.change(props.of.filter((_, j) => j !== i));
  return (
    <figure class="shape" data-test="shape">
      <svg ref={svg} viewBox={box.join(" ")} role="group" aria-label={t("f.shape")} onPointerMove={(e) => held >= 0 && put(held, at(e))} onPointerUp={() => hold(-1)} onPointerLeave={() => hold(-1)}>
        {props.beside.map((b) => <polygon key={b.id} class="beside" points={b.shape.join(" ")} />)}
        <polygon class="own" points={props.of.join(" ")} />
        {props.may && props.of.map((p, i) => {
          const q = props.of[(i + 1) % props.of.length];
          return <line key={"e" + i} class="edge" x1={p[0]} y1={p[1]} x2={q[0]} y2={q[1]} stroke-width={size * 1.6} onPointerDown={(e) => add(i, at(e))} />;
        })}
        {props.may && props.of.map((p, i) => (
          <circle key={i} class="corner" cx={p[0]} cy={p[1]} r={size} tabindex={0} role="button" aria-label={t("conf.corner", { n: i + 1 })}
            onPointerDown={(e) => { e.preventDefault(); hold(i); }} onKeyDown={(e) => {
              const step: Record<string, Point> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
              if (step[e.key]) { e.preventDefault(); put(i, [within(p[0] + step[e.key][0], props.frame.width), within(p[1] + step[e.key][1], props.frame.height)]); }
              if (e.key === "Delete" || e.key === "Backspace") { e.preventDefault(); drop(i); }
            }} />
        ))}
      </svg>
      {props.may && <figcaption class="sub">{t("conf.shapehelp")}</figcaption>}
    </figure>
  );
}

const within = (v: number, most: number) => Math.round(Math.min(Math.max(v, 0), most) * 10) / 10;

/** around is the part of the map to look at: the outline with some of what is beside it. */
function around(shape: Point[], frame: Frame): [number, number, number, number] {
  if (shape.length === 0) return [0, 0, frame.width || 1, frame.height || 1];
  const xs = shape.map((p) => p[0]), ys = shape.map((p) => p[1]);
  const side = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys)) * 1.6;
  return [(Math.max(...xs) + Math.min(...xs) - side) / 2, (Math.max(...ys) + Math.min(...ys) - side) / 2, side, side];
}
