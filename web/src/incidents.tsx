// Incidents: the list of those that run and those that are over, and the form that opens one. The page of one is in incident.tsx.
import { render } from "preact";
import { signal } from "@preact/signals";
import { api, atMost, both, count, follow, inTurn, me, now, person, post, Problem, span, t, time, titled, type Area, type Me } from "./lib";
import { Failure, Frame, LevelMark } from "./frame";
import { IncidentPage, loadIncident, titleOf } from "./incident";
import { incidentURL, kinds, said, type Heading } from "./post";

const live = signal<Heading[] | null>(null);
const over = signal<Heading[]>([]);
const areas = signal<Area[]>([]);
const failed = signal<unknown>(null);
const id = /^\/console\/incidents\/([^/]+)$/.exec(location.pathname)?.[1] ?? "";

const load = inTurn(async () => {
  try {
    if (id) await loadIncident(id);
    else {
      const all = (await api<{ items: Heading[] }>("/api/v1/incidents?limit=100")).items;
      [live.value, over.value] = [all.filter((i) => i.state !== "closed"), all.filter((i) => i.state === "closed")];
    }
    failed.value = null;
  } catch (error) {
    failed.value = error;
  }
});

function App() {
  if (failed.value) return <Frame surface="incidents"><h1>{t("incident.title")}</h1><Failure error={failed.value} again={() => void load()} /></Frame>;
  if (id) return <Frame surface="incidents"><IncidentPage again={load} areas={areas.value} /></Frame>;
  if (!live.value) return <Frame surface="incidents"><h1>{t("incident.title")}</h1><p role="status">{t("loading")}</p></Frame>;
  return (
    <Frame surface="incidents">
      <h1>{t("incident.title")}</h1>
      <p class="said" role="status" data-test="said">{said.value}</p>
      <div class="halves">
        <section aria-labelledby="h-live">
          <h2 id="h-live">{t("incident.live")}</h2>
          {live.value.length === 0 ? <Nothing /> : <List of={live.value} test="incidents" />}
          {over.value.length > 0 && <details class="past"><summary>{count("incident.over", over.value.length)}</summary><List of={over.value} test="past" /></details>}
        </section>
        {me.value?.can.command && <section aria-labelledby="h-open"><h2 id="h-open">{t("incident.open")}</h2><OpenForm /></section>}
      </div>
    </Frame>
  );
}

/** Nothing teaches what an incident is for, since most days there is none. */
function Nothing() {
  return (
    <div class="teach" data-test="empty">
      <p>{t("incident.none")}</p>
      <ol>{[1, 2, 3, 4].map((n) => <li key={n}>{t("incident.teach." + n)}</li>)}</ol>
      <p class="sub">{t("incident.teach.not")}</p>
    </div>
  );
}

function List(props: { of: Heading[]; test: string }) {
  return (
    <ul class="orders" data-test={props.test}>
      {props.of.map((i) => (
        <li key={i.id} class={"order " + i.level} data-id={i.id}>
          <h3><a href={incidentURL(i.id)}>{i.title}</a> <span class="badge">{t("stage." + i.state)}</span></h3>
          <p>{t("kind." + i.kind)} · <LevelMark of={i.level} /> · {where(i)}</p>
          <p>{t("incident.commander")}: <strong>{person(i.commander.name)}</strong> · {i.state === "running" ? t("incident.since", { d: span(now.value - Date.parse(i.opened_at)) }) : time(i.opened_at)}</p>
          <p class="sub">{i.number} · {count("incident.cases", i.case_count)} · {count("incident.opentasks", i.open_tasks)}{i.overdue_tasks > 0 && <strong class="overdue"> · {count("incident.late", i.overdue_tasks)}</strong>} · {count("incident.reports", i.report_count)}</p>
        </li>
      ))}
    </ul>
  );
}

export function where(i: Heading): string {
  return [i.areas.map((a) => both(a.name)).join(t("list.and")) || t("city.whole"), i.place].filter(Boolean).join(" · ");
}

function OpenForm() {
  const open = async (form: HTMLFormElement) => {
    const f = new FormData(form);
    try {
      const made = await post<Heading>("/api/v1/incidents", { title: String(f.get("title")).trim(), kind: f.get("kind"), place: String(f.get("place")).trim(), areas: f.getAll("areas").map(String).filter(Boolean) });
      location.assign(incidentURL(made.id));
    } catch (error) {
      said.value = t("said.failed") + (error instanceof Problem ? error.reasons() : String(error));
    }
  };
  return (
    <form class="ask give" data-test="open-form" aria-label={t("incident.open")} onSubmit={(e) => { e.preventDefault(); void open(e.currentTarget); }}>
      <label>{t("incident.what")}<input name="title" required maxLength={100} placeholder={t("incident.example")} /></label>
      <label>{t("incident.kind")}<select name="kind">{kinds.map((k) => <option key={k} value={k} selected={k === "accident"}>{t("kind." + k)}</option>)}</select></label>
      <details class="more" data-test="areas"><summary>{t("filter.area")}</summary>
        <fieldset class="row many"><legend>{t("incident.areas.help")}</legend>{areas.value.map((a) => <label key={a.code}><input type="checkbox" name="areas" value={a.code} /> {both(a.name)}</label>)}</fieldset>
      </details>
      <label>{t("incident.place")}<input name="place" maxLength={100} /></label>
      <p class="sub">{t("incident.youcommand")}</p>
      <button class="do" data-test="open">{t("incident.open")}</button>
    </form>
  );
}

titled(() => (id && titleOf()) || t("incident.title"));
const soon = atMost(400, () => void load());
render(<App />, document.getElementById("app")!);
void (async () => {
  me.value = await api<Me>("/api/v1/me");
  areas.value = (await api<{ areas: Area[] }>("/api/v1/areas")).areas;
  await load();
  await follow({ begin: soon, reload: soon, incidents: soon });
})().catch((error) => (failed.value = error));
