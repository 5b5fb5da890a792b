// The wall: the city's vital signs, its open cases on the schematic map, and what is happening.
import { render, type ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { signal, effect } from "@preact/signals";
import { api, atMost, both, caseURL, count, follow, lang, link, me, now, person, t, time, titled, type Area, type Board, type Case, type Fact, type Me, type Sign } from "./lib";
import { BandMark, bandMark, Failure, Frame, SeverityMark, severityMark } from "./frame";
import { CityMap, type AreaState } from "./map";
import { draw, type Point } from "./chart";

interface Happening { id: string; c: Case; kind: string; at: string; who: string }

const board = signal<Board | null>(null);
const city = signal<{ frame: { width: number; height: number }; areas: Area[] } | null>(null);
const happenings = signal<Happening[]>([]);
const history = signal<Record<string, Point[]>>({});
const failed = signal<unknown>(null);
const layer = signal(""); // what the map shows: "" = open cases, else an indicator
let map: CityMap | undefined;

const shown = 16; // happenings
const pace = 500; // ms: no tile changes more often than twice a second

async function load(): Promise<void> {
  failed.value = null;
  try {
    me.value = await api<Me>("/api/v1/me");
    const [areas, signs] = await Promise.all([api<typeof city.value>("/api/v1/areas"), api<Board>("/api/v1/signs")]);
    city.value = areas;
    board.value = signs;
    await Promise.all([loadHistory(), loadOpened()]);
  } catch (error) {
    failed.value = error;
  }
}

async function loadHistory(): Promise<void> {
  const end = Math.floor(Date.now() / 1000);
  const found: Record<string, Point[]> = {};
  for (const s of board.value?.signs ?? []) {
    const query = new URLSearchParams({ query: `sum(indicator{indicator="${s.indicator}"})`, start: String(end - 3600), end: String(end), step: "15" });
    const answer = await api<{ data: { result: { values: [number, string][] }[] } }>("/prometheus/api/v1/query_range?" + query);
    found[s.indicator] = (answer.data.result[0]?.values ?? []).map(([x, y]) => ({ x, y: Number(y) }));
  }
  history.value = found;
}

/** loadOpened fills the stream with the latest cases, so that it does not begin empty. Who may not see cases has none. */
async function loadOpened(): Promise<void> {
  if (!me.value?.can.console) return;
  const page = await api<{ items: Case[] }>(`/api/v1/cases?order=opened&limit=${shown}`);
  for (const c of page.items) waiting.push({ id: c.id + ":1", c, kind: "accepted", at: c.opened_at, who: "" });
  showHappenings();
}

const waiting: Happening[] = [];
const showHappenings = atMost(pace, () => {
  const all = new Map([...happenings.value, ...waiting.splice(0)].map((h) => [h.id, h]));
  happenings.value = [...all.values()].sort((a, b) => Date.parse(b.at) - Date.parse(a.at)).slice(0, shown);
});

function happened(_: number, c: Case, f: Fact): void {
  waiting.push({ id: c.id + ":" + f.version, c, kind: f.kind, at: f.at, who: f.actor.startsWith("system:") ? t("program") : person(f.actor_name) });
  showHappenings();
  if (f.kind === "accepted") map?.pulse(c.area, c.severity);
}

let newest: Board | null = null;
const showBoard = atMost(pace, () => { board.value = newest; });

/** seesCases is false for who sees figures only: nothing then leads to a case, and there is no stream of them. */
const seesCases = () => me.value?.can.console === true;

/** Way is a link to cases, or plain for who may not see them. */
function Way(props: { to: string; class?: string; children: ComponentChildren; [data: `data-${string}`]: string | number }) {
  const { to, ...rest } = props;
  return seesCases() ? <a href={to} {...rest} /> : <div {...rest} />;
}

function Wall() {
  if (failed.value) return <Frame surface="wall"><Failure error={failed.value} again={() => void load()} /></Frame>;
  if (!board.value || !city.value) return <Frame surface="wall"><p class="loading" role="status">{t("loading")}</p></Frame>;
  return (
    <Frame surface="wall">
      <h1 class="hidden">{t("wall.title")}</h1>
      <div class={"wall-grid" + (seesCases() ? "" : " figures")}>
        <section class="signs" aria-label={t("wall.title")}>
          <OpenTile board={board.value} />
          {board.value.signs.map((s) => <SignTile key={s.indicator} sign={s} />)}
        </section>
        <MapPanel />
        {seesCases() && <Stream />}
      </div>
    </Frame>
  );
}

function Stream() {
  return (
    <section class="stream" aria-label={t("wall.stream")}>
      <h2>{t("wall.stream")}</h2>
      {happenings.value.length === 0 && <p class="quiet">{t("wall.quiet")}</p>}
      <ol aria-live="polite">{happenings.value.map((h) => <Line key={h.id} {...h} />)}</ol>
    </section>
  );
}

function OpenTile(props: { board: Board }) {
  const n = props.board.open_cases;
  return (
    <Way class={"tile open" + (n.overdue ? " attention" : "")} to="/console?open=true">
      <span class="title">{t("wall.open")}<span class={n.overdue ? "over" : ""}>{n.overdue ? "▲ " : ""}{n.overdue} {t("wall.overdue")}</span></span>
      <span class="value" data-test="open-total">{n.total}<small> {count("unit.cases", n.total)}</small></span>
      <span class="foot">{count("wall.inareas", (n.areas ?? []).length)} · {t("wall.asof")} {time(props.board.at)}</span>
    </Way>
  );
}

function SignTile(props: { sign: Sign }) {
  const s = props.sign;
  const old = isOld(s.at);
  return (
    <Way class={"tile " + s.band + (old ? " old" : "")} to={"/console?open=true&indicator=" + s.indicator} data-test="sign" data-indicator={s.indicator} data-cases={s.cases}>
      <span class="title">{both(s.title)}<BandMark of={s.band} /></span>
      <span class="middle">
        <span class="value">{Math.round(s.value * 10) / 10}<small> {both(s.unit)}</small></span>
        <Spark sign={s} />
      </span>
      <span class="foot">{s.cases} {count("wall.cases", s.cases)} · {t("wall.asof")} {time(s.at)}{old && <strong> · {t("wall.stale")}</strong>}</span>
    </Way>
  );
}

/** A board that does not move is old as a whole; a single sign keeps its value as long as nothing happens. Without a link everything is old. */
function isOld(at: string): boolean {
  const newest = Math.max(Date.parse(at) || 0, Date.parse(board.value?.at ?? "") || 0);
  return link.value === "lost" || (newest > 0 && now.value - newest > 1000 * ((board.value?.stale_after_s ?? 15) + 60));
}

const bandColor: Record<string, string> = { normal: "#63d2a1", attention: "#ffc861", alarm: "#ff8d8d" };

function Spark({ sign }: { sign: Sign }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const points = history.value[sign.indicator] ?? [];
  const minutes = length(points);
  useEffect(() => {
    if (!canvas.current) return;
    const end = points[points.length - 1]?.x ?? 0, color = bandColor[sign.band];
    draw(canvas.current, points, {
      color, fill: color + "22", ink: "#b5cad7", from: end - minutes * 60, to: end, left: t("wall.ago", { n: minutes }), right: t("wall.now"),
      levels: (["attention", "alarm"] as const).map((b) => ({ y: sign.bands[b], color: bandColor[b], text: `${bandMark[b]} ${t("band." + b)} ≥ ${sign.bands[b]}` })),
    });
  }, [points, sign.band, lang.value]);
  return <canvas ref={canvas} class="spark" role="img" aria-label={t("wall.ago", { n: minutes }) + ": " + points.slice(-5).map((p) => p.y).join(", ")} />;
}

/** length is how many minutes a line shows: as far back as it goes, from ten to sixty. */
function length(points: Point[]): number {
  if (points.length === 0) return 10;
  return Math.min(60, Math.max(10, Math.ceil((points[points.length - 1].x - points[0].x) / 600) * 10));
}

function MapPanel() {
  const base = useRef<HTMLCanvasElement>(null), top = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    map = new CityMap(base.current!, top.current!, city.value!.areas, city.value!.frame);
    return effect(() => {
      lang.value; // names change with the language
      map!.show(areaStates());
    });
  }, []);
  const under = (e: MouseEvent) => {
    const box = base.current!.getBoundingClientRect();
    return map?.at(e.clientX - box.left, e.clientY - box.top);
  };
  return (
    <section class="map" aria-label={t("wall.map")}>
      <h2>{t("wall.map")} <span class="badge">{t("schematic")}</span></h2>
      <Layers />
      <div class="canvases" onClick={(e) => { const a = under(e); if (a && seesCases()) location.assign(listOf(a.code)); }}
        onMouseMove={(e) => { const a = under(e); map?.hover(a?.code ?? ""); }} onMouseLeave={() => map?.hover("")}>
        <canvas ref={base} aria-hidden="true" />
        <canvas ref={top} aria-hidden="true" />
      </div>
      <Legend />
      {!seesCases() && <p class="quiet">{t("wall.figures")}</p>}
      <AreaList />
    </section>
  );
}

function listOf(area: string): string {
  return "/console?open=true&area=" + area + (layer.value ? "&indicator=" + layer.value : "");
}

/** Layers choose what the map tells: open cases, or one sign's values. */
function Layers() {
  const all: [string, string][] = [["", t("wall.open")], ...(board.value?.signs ?? []).map((s): [string, string] => [s.indicator, both(s.title)])];
  return (
    <div class="layers" role="group" aria-label={t("wall.layers")}>
      {all.map(([id, title]) => <button key={id} type="button" aria-pressed={layer.value === id} onClick={() => (layer.value = id)}>{title}</button>)}
    </div>
  );
}

function Legend() {
  if (layer.value) return <p class="legend">{(["normal", "attention", "alarm"] as const).map((b) => <span key={b}><span class={"key " + b} /> <BandMark of={b} /></span>)}</p>;
  return (
    <p class="legend">
      <span><span class="key none" /> {t("wall.legend.none")}</span>
      {(["minor", "major", "critical"] as const).map((s) => <span key={s}><span class={"key " + s} /> <SeverityMark of={s} /></span>)}
    </p>
  );
}

function areaStates(): Map<string, AreaState> {
  const sign = board.value?.signs.find((s) => s.indicator === layer.value);
  if (sign) return new Map(sign.areas.filter((a) => a.value > 0 || a.band !== "normal").map((a) => [a.area, { level: a.band, text: `${bandMark[a.band]} ${Math.round(a.value * 10) / 10}` }]));
  return new Map((board.value?.open_cases.areas ?? []).map((a) => [a.area, { level: a.worst, text: `${severityMark[a.worst]} ${a.open}${a.overdue ? " !" : ""}` }]));
}

/** The same as the map, for whoever does not see it: areas with open cases, as links. */
function AreaList() {
  const names = new Map(city.value!.areas.map((a) => [a.code, a.name]));
  return (
    <ul class="hidden">
      {(board.value?.open_cases.areas ?? []).map((a) => (
        <li key={a.area}><Way to={"/console?open=true&area=" + (a.area || "unplaced")}>{both(names.get(a.area)) || t("case.unplaced")}: {a.open} {count("unit.cases", a.open)}, {t("severity." + a.worst)}, {a.overdue} {t("wall.overdue")}</Way></li>
      ))}
    </ul>
  );
}

function Line({ c, kind, at, who }: Happening) {
  return (
    <li class={"line " + c.severity}>
      <a href={caseURL(c.id)}>
        <span class="what"><time dateTime={at}>{time(at)}</time> <strong>{t("fact." + kind)}</strong> {both(c.title)}</span>
        <span class="where"><SeverityMark of={c.severity} /> {both(c.area_name) || t("case.unplaced")}{who ? " · " + who : ""}</span>
      </a>
    </li>
  );
}

titled(() => t("wall.title"));
render(<Wall />, document.getElementById("app")!);
void load().then(() => {
  setInterval(() => void loadHistory().catch(() => {}), 15_000);
  return follow({ fact: happened, begin: () => void loadOpened().catch(() => {}), signs: (b) => { newest = b; showBoard(); }, reload: () => void load() });
});
