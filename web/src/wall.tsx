// The wall: the city's vital signs, its open cases on the schematic map, and what is happening.
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { signal, effect } from "@preact/signals";
import { api, atMost, both, caseURL, count, follow, inTurn, lang, me, person, t, time, titled, type Area, type Board, type Case, type Fact, type Me } from "./lib";
import { BandMark, bandMark, Failure, Frame, SeverityMark, severityMark } from "./frame";
import { CityMap, type AreaState } from "./map";
import { figure, fresh, loadHistory, seesCases, SignPanel, Way } from "./sign";

interface Happening { id: string; c: Case; kind: string; at: string; who: string }

const board = signal<Board | null>(null);
const city = signal<{ frame: { width: number; height: number }; areas: Area[] } | null>(null);
const happenings = signal<Happening[]>([]);
const failed = signal<unknown>(null);
const layer = signal(""); // what the map shows: "" = open cases, else an indicator
let map: CityMap | undefined;

const shown = 16; // happenings
const pace = 500; // ms: no tile changes more often than twice a second

const load = inTurn(async () => {
  failed.value = null;
  try {
    me.value = await api<Me>("/api/v1/me");
    const [areas, signs] = await Promise.all([api<typeof city.value>("/api/v1/areas"), api<Board>("/api/v1/signs")]);
    city.value = areas;
    fresh(signs);
    board.value = signs;
    await Promise.all([loadHistory(), loadOpened()]);
  } catch (error) {
    failed.value = error;
  }
});

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
const showBoard = atMost(pace, () => {
  if (newest) fresh(newest);
  board.value = newest;
});

function Wall() {
  if (failed.value) return <Frame surface="wall"><Failure error={failed.value} again={() => void load()} /></Frame>;
  if (!board.value || !city.value) return <Frame surface="wall"><p class="loading" role="status">{t("loading")}</p></Frame>;
  return (
    <Frame surface="wall">
      <h1 class="hidden">{t("wall.title")}</h1>
      <div class={"wall-grid" + (seesCases() ? "" : " figures")}>
        <SignPanel board={board.value}><OpenTile board={board.value} /></SignPanel>
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
  const sign = board.value?.signs.find((s) => s.indicator === layer.value);
  return "/console?area=" + area + (sign?.from === "cases" ? "" : "&open=true") + (sign ? "&indicator=" + sign.indicator : "");
}

/** Layers choose what the map tells: open cases, or one sign's values. */
function Layers() {
  const { classes, signs } = board.value!;
  const groups = [...classes.map((c) => ({ title: both(c.title), id: c.id })), { title: t("wall.others"), id: "" }];
  return (
    <label class="layers">
      {t("wall.layers")} <select value={layer.value} onChange={(e) => (layer.value = e.currentTarget.value)}>
        <option value="">{t("wall.open")}</option>
        {groups.map((g) => ({ ...g, signs: signs.filter((s) => s.class === g.id) })).filter((g) => g.signs.length > 0).map((g) => (
          <optgroup key={g.id} label={g.title}>{g.signs.map((s) => <option key={s.indicator} value={s.indicator}>{both(s.title)} ({both(s.unit)})</option>)}</optgroup>
        ))}
      </select>
    </label>
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
  if (sign) return new Map(sign.areas.map((a) => [a.area, { level: a.band, text: `${bandMark[a.band]} ${figure(a.value)}` }]));
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
  setInterval(() => void loadHistory().catch(() => {}), 30_000);
  return follow({ fact: happened, begin: () => void loadOpened().catch(() => {}), signs: (b) => { newest = b; showBoard(); }, reload: () => void load() });
});
