// The signs of the wall: classes to choose from, tiles in pages, and what each tile says of its value.
import { type ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { api, both, count, lang, link, me, now, t, time, type Band, type Board, type Sign } from "./lib";
import { BandMark, bandMark } from "./frame";
import { draw, type Point } from "./chart";

export const history = signal<Record<string, Point[]>>({});

/** choice is what the panel shows; it is in the address, so that a screen on a wall keeps it. */
interface Choice { show: string; page: number; turn: boolean } // show: "" = all, "notable", or a class

const choice = signal<Choice>(read());
addEventListener("popstate", () => (choice.value = read()));

function read(): Choice {
  const q = new URLSearchParams(location.search);
  return { show: q.get("show") ?? "", page: Math.max(0, Number(q.get("page") ?? 1) - 1 || 0), turn: q.get("turn") === "1" };
}

/** choose changes the choice; a person's step is one to go back from, a page that turns by itself is not. */
function choose(next: Partial<Choice>, byItself = false): void {
  const c = { ...choice.value, ...next };
  const q = new URLSearchParams();
  if (c.show) q.set("show", c.show);
  if (c.page) q.set("page", String(c.page + 1));
  if (c.turn) q.set("turn", "1");
  const address = location.pathname + (q.size ? "?" + q : "");
  if (byItself) window.history.replaceState(null, "", address);
  else window.history.pushState(null, "", address);
  choice.value = c;
}

/** loadHistory fetches the last hour of all signs at once, a point a minute. */
export async function loadHistory(): Promise<void> {
  const end = Math.floor(Date.now() / 1000);
  const query = new URLSearchParams({ query: "indicator_city", start: String(end - 3600), end: String(end), step: "60" });
  type Line = { metric: { indicator?: string }; values: [number, string][] };
  const answer = await api<{ data: { result: Line[] } }>("/prometheus/api/v1/query_range?" + query);
  const found: Record<string, Point[]> = {};
  for (const line of answer.data.result) found[line.metric.indicator ?? ""] = line.values.map(([x, y]) => ({ x, y: Number(y) }));
  history.value = found;
}

/** seesCases is false for who sees figures only: nothing then leads to a case. */
export const seesCases = () => me.value?.can.console === true;

/** Way is a link to cases, or plain for who may not see them. */
export function Way(props: { to: string; class?: string; children: ComponentChildren; [data: `data-${string}`]: string | number }) {
  const { to, ...rest } = props;
  return seesCases() ? <a href={to} {...rest} /> : <div {...rest} />;
}

/** behind is the address of the cases behind a sign: the open ones of its scenarios, or those it is measured from. */
export function behind(s: Sign): string {
  return (s.from === "cases" ? "/console?indicator=" : "/console?open=true&indicator=") + s.indicator;
}

/** figure writes a value as it is read: few digits, thousands apart. */
export function figure(v: number): string {
  const digits = Math.abs(v) >= 100 ? 0 : Math.abs(v) >= 10 ? 1 : 2;
  return v.toLocaleString(lang.value, { maximumFractionDigits: digits });
}

const ranks: Band[] = ["normal", "attention", "alarm"];
const worst = (all: Sign[]): Band => ranks[Math.max(0, ...all.map((s) => ranks.indexOf(s.band)))];
const unknown = (all: Sign[]) => all.length > 0 && !all.some((s) => s.known);

export function SignPanel(props: { board: Board; children: ComponentChildren }) {
  const { signs, classes } = props.board;
  const { show } = choice.value;
  const shown = signs.filter((s) => (show === "notable" ? s.band !== "normal" : !show || s.class === show));
  const titles = new Map(classes.map((c) => [c.id, both(c.title)]));
  return (
    <section class="signs" aria-label={t("wall.title")}>
      {props.children}
      {classes.length > 0 && <Classes board={props.board} />}
      {shown.length === 0 && show === "notable" && <p class="quiet">{t("wall.nothing")}</p>}
      <Pages signs={shown} titles={titles} />
    </section>
  );
}

/** Classes are all classes at a glance, each with its worst band; one press shows its signs alone. */
function Classes({ board }: { board: Board }) {
  const notable = board.signs.filter((s) => s.band !== "normal");
  const chip = (id: string, title: string, signs: Sign[]) => {
    const band = worst(signs), n = signs.filter((s) => s.band !== "normal").length;
    return (
      <button key={id} type="button" class={"chip " + band} data-test="class" aria-pressed={choice.value.show === id} onClick={() => choose({ show: id, page: 0 })}>
        <span aria-hidden="true">{unknown(signs) ? "○" : bandMark[band]}</span> {title}{n > 0 && " " + n}
        <span class="hidden"> {unknown(signs) ? t("wall.nodata") : t("band." + band)}</span>
      </button>
    );
  };
  return (
    <div class="classes" role="group" aria-label={t("wall.classes")}>
      {chip("", `${t("wall.all")} ${board.signs.length}`, [])}
      {chip("notable", t("wall.notable"), notable)}
      {board.classes.map((c) => chip(c.id, both(c.title), board.signs.filter((s) => s.class === c.id)))}
    </div>
  );
}

const turnEvery = 20_000;

/** Pages holds as many tiles as there is room for, and pages for the rest. Where the page itself scrolls, it shows them all. */
function Pages({ signs, titles }: { signs: Sign[]; titles: Map<string, string> }) {
  const box = useRef<HTMLDivElement>(null);
  const room = useRoom(box);
  const pages = Math.max(1, Math.ceil(signs.length / room));
  const page = Math.min(choice.value.page, pages - 1);
  useEffect(() => {
    if (!choice.value.turn || pages < 2) return;
    const timer = setInterval(() => choose({ page: (Math.min(choice.value.page, pages - 1) + 1) % pages }, true), turnEvery);
    return () => clearInterval(timer);
  }, [choice.value.turn, pages]);
  return (
    <>
      <div class="tiles" ref={box}>
        {signs.slice(page * room, (page + 1) * room).map((s) => <SignTile key={s.indicator} sign={s} group={titles.get(s.class) ?? t("wall.others")} />)}
      </div>
      {pages > 1 && (
        <nav class="pager" aria-label={t("wall.signs")}>
          <button type="button" data-test="page-before" aria-label={t("wall.before")} onClick={() => choose({ page: (page + pages - 1) % pages })}>‹</button>
          <span role="status">{t("wall.page", { n: page + 1, of: pages })}</span>
          <button type="button" data-test="page-after" aria-label={t("wall.after")} onClick={() => choose({ page: (page + 1) % pages })}>›</button>
          <button type="button" data-test="turn" aria-pressed={choice.value.turn} onClick={() => choose({ turn: !choice.value.turn })}>{t("wall.turn")}</button>
        </nav>
      )}
    </>
  );
}

/** useRoom is how many tiles fit into the box: whole columns and rows of the sizes that the style sheet asks for. */
function useRoom(box: { current: HTMLDivElement | null }): number {
  const [room, setRoom] = useState(Infinity);
  useEffect(() => {
    const measure = () => {
      const style = getComputedStyle(box.current!), rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
      const least = parseFloat(style.getPropertyValue("--tile-height")) * rem, gap = parseFloat(style.rowGap);
      if (!(least > 0)) return setRoom(Infinity); // it scrolls
      const columns = style.gridTemplateColumns.split(" ").length;
      setRoom(columns * Math.max(1, Math.floor((box.current!.clientHeight + gap) / (least + gap))));
    };
    const watch = new ResizeObserver(measure);
    watch.observe(box.current!);
    measure();
    return () => watch.disconnect();
  }, []);
  return room;
}

function SignTile({ sign: s, group }: { sign: Sign; group: string }) {
  const old = s.known && isOld(s.at);
  return (
    <Way class={"tile " + (s.known ? s.band : "none") + (old ? " old" : "")} to={behind(s)} data-test="sign" data-indicator={s.indicator} data-cases={s.cases}>
      <span class="title"><span class="group">{group}</span>{s.known && s.band !== "normal" && <BandMark of={s.band} />}</span>
      <span class="name">{both(s.title)}</span>
      <span class="middle">
        <span class="value">{s.known ? figure(s.value) : "–"}</span>
        <Spark sign={s} />
      </span>
      <span class="unit">{both(s.unit)}</span>
      <span class="foot">{s.known ? <><Trend sign={s} /> · <Usual sign={s} /></> : t("wall.nodata")}</span>
      <span class="foot">{s.cases} {count("wall.cases", s.cases)} · {s.known ? <>{time(s.at)}{old && <strong> · {t("wall.stale")}</strong>}</> : "–"}</span>
    </Way>
  );
}

/** isOld: a board that does not move is old as a whole; a single sign keeps its value as long as nothing happens. Without a link everything is old. */
export function isOld(at: string): boolean {
  const newest = Math.max(Date.parse(at) || 0, Date.parse(latest) || 0);
  return link.value === "lost" || (newest > 0 && now.value - newest > 1000 * (stale + 60));
}

let latest = "", stale = 15;

/** fresh notes how new the whole board is. */
export function fresh(b: Board): void {
  latest = b.at;
  stale = b.stale_after_s;
}

/** Trend is the change against fifteen minutes ago. */
function Trend({ sign: s }: { sign: Sign }) {
  if (s.before === null || s.before === undefined) return <span>{t("wall.notrend")}</span>;
  const d = s.value - s.before;
  if (figure(d) === figure(0) || figure(d) === "-0") return <span><span aria-hidden="true">→ </span>{t("wall.steady")}</span>;
  return <span><span aria-hidden="true">{d > 0 ? "↗ " : "↘ "}</span>{t("wall.trend", { d: (d > 0 ? "+" : "−") + figure(Math.abs(d)) })}</span>;
}

/** Usual is what is normal at this hour, as far as the history reaches. */
function Usual({ sign: s }: { sign: Sign }) {
  if (!s.normal) return <span>{t("wall.unusual")}</span>;
  return <span title={t("wall.usual.long", { n: s.normal.weeks })}>{t("wall.usual", { mean: figure(s.normal.mean), spread: figure(s.normal.spread) })}</span>;
}

const bandColor: Record<string, string> = { normal: "#63d2a1", attention: "#ffc861", alarm: "#ff8d8d" };

function Spark({ sign }: { sign: Sign }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const points = history.value[sign.indicator] ?? [];
  useEffect(() => {
    if (!canvas.current) return;
    const color = bandColor[sign.band];
    draw(canvas.current, points, {
      color, fill: color + "22", ink: "#b5cad7", tight: true,
      levels: (["attention", "alarm"] as const).map((b) => ({ y: sign.bands[b], color: bandColor[b], text: "" })),
    });
  }, [points, sign.band]);
  if (points.length < 2) return null;
  const ys = points.map((p) => p.y), n = Math.round((points[points.length - 1].x - points[0].x) / 60);
  const words = { n, from: figure(ys[0]), to: figure(ys[ys.length - 1]), low: figure(Math.min(...ys)), high: figure(Math.max(...ys)) };
  return <canvas ref={canvas} class="spark" role="img" aria-label={t("wall.spark", words)} />;
}
