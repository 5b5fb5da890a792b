// The wall: the city's vital signs, its open cases on the schematic map, and what is happening.
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { signal, effect } from "@preact/signals";
import { api, both, caseURL, follow, lang, me, now, t, time, type Area, type Board, type Case, type Fact, type Me, type Sign } from "./lib";
import { BandMark, Failure, Frame, SeverityMark } from "./frame";
import { CityMap, type AreaState } from "./map";
import { draw, type Point } from "./chart";

interface Happening { seq: number; c: Case; f: Fact }

const board = signal<Board | null>(null);
const city = signal<{ frame: { width: number; height: number }; areas: Area[] } | null>(null);
const happenings = signal<Happening[]>([]);
const history = signal<Record<string, Point[]>>({});
const failed = signal<unknown>(null);
let map: CityMap | undefined;

const shown = 14;

async function load(): Promise<void> {
  failed.value = null;
  try {
    me.value = await api<Me>("/api/v1/me");
    const [areas, signs] = await Promise.all([api<typeof city.value>("/api/v1/areas"), api<Board>("/api/v1/signs")]);
    city.value = areas;
    board.value = signs;
    await loadHistory();
  } catch (error) {
    failed.value = error;
  }
}

async function loadHistory(): Promise<void> {
  const end = Date.now() / 1000;
  const found: Record<string, Point[]> = {};
  for (const s of board.value?.signs ?? []) {
    const query = new URLSearchParams({ query: `sum(indicator{indicator="${s.indicator}"})`, start: String(end - 3600), end: String(end), step: "60" });
    const answer = await api<{ data: { result: { values: [number, string][] }[] } }>("/prometheus/api/v1/query_range?" + query);
    found[s.indicator] = (answer.data.result[0]?.values ?? []).map(([x, y]) => ({ x, y: Number(y) }));
  }
  history.value = found;
}

function happened(seq: number, c: Case, f: Fact): void {
  if (happenings.value.some((h) => h.seq === seq)) return;
  happenings.value = [{ seq, c, f }, ...happenings.value].slice(0, shown);
  if (f.kind === "accepted") map?.pulse(c.area, c.severity);
}

function Wall() {
  if (failed.value) return <Frame surface="wall"><Failure error={failed.value} again={() => void load()} /></Frame>;
  if (!board.value || !city.value) return <Frame surface="wall"><p class="loading" role="status">{t("loading")}</p></Frame>;
  return (
    <Frame surface="wall">
      <h1 class="hidden">{t("wall.title")}</h1>
      <div class="wall-grid">
        <section class="signs" aria-label={t("wall.title")}>
          <OpenTile board={board.value} />
          {board.value.signs.map((s) => <SignTile key={s.indicator} sign={s} />)}
        </section>
        <MapPanel />
        <section class="stream" aria-label={t("wall.stream")}>
          <h2>{t("wall.stream")}</h2>
          {happenings.value.length === 0 && <p class="quiet">{t("wall.quiet")}</p>}
          <ol aria-live="polite">{happenings.value.map((h) => <Line key={h.seq} {...h} />)}</ol>
        </section>
      </div>
    </Frame>
  );
}

function OpenTile(props: { board: Board }) {
  const n = props.board.open_cases;
  return (
    <a class={"tile open" + (n.overdue ? " attention" : "")} href="/console?open=true">
      <span class="title">{t("wall.open")}</span>
      <span class="value" data-test="open-total">{n.total}<small> {t("unit.cases")}</small></span>
      <span class="foot">{n.overdue} {t("wall.overdue")}</span>
    </a>
  );
}

function SignTile(props: { sign: Sign }) {
  const s = props.sign;
  const old = isOld(s.at);
  return (
    <a class={"tile " + s.band + (old ? " old" : "")} href={"/console?open=true&indicator=" + s.indicator} data-test="sign" data-indicator={s.indicator} data-cases={s.cases}>
      <span class="title">{both(s.title)}<BandMark of={s.band} /></span>
      <span class="value">{Math.round(s.value * 10) / 10}<small> {both(s.unit)}</small></span>
      <Spark points={history.value[s.indicator] ?? []} level={s.bands.attention} band={s.band} />
      <span class="foot">{s.cases} {t("wall.cases")} · {t("wall.asof")} {time(s.at)}{old && <strong> · {t("wall.stale")}</strong>}</span>
    </a>
  );
}

/** A board that does not move is old as a whole; a single sign keeps its value as long as nothing happens. */
function isOld(at: string): boolean {
  const newest = Math.max(Date.parse(at) || 0, Date.parse(board.value?.at ?? "") || 0);
  return newest > 0 && now.value - newest > 1000 * ((board.value?.stale_after_s ?? 15) + 60);
}

function Spark(props: { points: Point[]; level: number; band: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const color = { normal: "#63d2a1", attention: "#ffc861", alarm: "#ff8d8d" }[props.band] ?? "#63d2a1";
    if (canvas.current) draw(canvas.current, props.points, { color, fill: color + "22", floor: 0 });
  });
  return <canvas ref={canvas} class="spark" role="img" aria-label={t("wall.hour") + ": " + props.points.slice(-5).map((p) => p.y).join(", ")} />;
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
      <div class="canvases" onClick={(e) => { const a = under(e); if (a) location.assign("/console?open=true&area=" + a.code); }}
        onMouseMove={(e) => { const a = under(e); map?.hover(a?.code ?? ""); }}>
        <canvas ref={base} aria-hidden="true" />
        <canvas ref={top} aria-hidden="true" />
      </div>
      <p class="legend">
        <span class="key none" /> {t("wall.legend.none")} <span class="key minor" /> <SeverityMark of="minor" /> <span class="key major" /> <SeverityMark of="major" /> <span class="key critical" /> <SeverityMark of="critical" />
      </p>
      <AreaList />
    </section>
  );
}

function areaStates(): Map<string, AreaState> {
  return new Map((board.value?.open_cases.areas ?? []).map((a) => [a.area, a]));
}

/** The same as the map, for whoever does not see it: areas with open cases, as links. */
function AreaList() {
  const names = new Map(city.value!.areas.map((a) => [a.code, a.name]));
  return (
    <ul class="hidden">
      {(board.value?.open_cases.areas ?? []).map((a) => (
        <li key={a.area}><a href={"/console?open=true&area=" + a.area}>{both(names.get(a.area)) || t("case.unplaced")}: {a.open} {t("unit.cases")}</a></li>
      ))}
    </ul>
  );
}

function Line({ c, f }: Happening) {
  return (
    <li class={"line " + c.severity}>
      <a href={caseURL(c.id)}>
        <time dateTime={f.at}>{time(f.at)}</time> <strong>{t("fact." + f.kind)}</strong> {both(c.title)}
        <span class="where">{both(c.area_name)}{f.actor_name ? " · " + f.actor_name : ""}</span>
      </a>
    </li>
  );
}

document.title = t("wall.title") + " · " + t("brand");
render(<Wall />, document.getElementById("app")!);
void load().then(() => {
  setInterval(() => void loadHistory().catch(() => {}), 60_000);
  return follow({ fact: happened, signs: (b) => (board.value = b), reload: () => void load() });
});
