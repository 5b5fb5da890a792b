// The console: the list of cases under one filter, and the page of one case. Which of the two is shown follows from the address.
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { api, atMost, both, caseURL, clockWords, count, follow, inTurn, me, Problem, states, t, time, titled, type Area, type Board, type Case, type Me, type Text } from "./lib";
import { Failure, Frame, SeverityMark, StateMark } from "./frame";
import { BulkBar, pick, pickAll, picked } from "./bulk";
import { CasePage, caseKeys, loadCase, touched } from "./case";
import { keyOf } from "./commands";

interface Page { items: Case[]; total: number; next: string }

const filterNames = ["open", "state", "asked", "overdue", "area", "indicator", "scenario", "class", "unit", "handler", "into", "q"];
const page = signal<Page | null>(null);
const failed = signal<unknown>(null);
const chosen = signal(0);
const help = signal(false);
const waiting = signal<Record<string, number>>({});
const areas = signal<Area[]>([]);
const board = signal<Board | null>(null);
const classes = signal<{ id: string; title: Text; major: Text }[]>([]);
const query = signal(new URLSearchParams(location.search));

const caseID = location.pathname.startsWith("/console/cases/") ? decodeURIComponent(location.pathname.slice("/console/cases/".length)) : "";

const load = inTurn(async () => {
  try {
    const [cases, counts] = await Promise.all([api<Page>("/api/v1/cases?" + listQuery("")), api<{ items: { name: string; total: number }[] }>("/api/v1/queues?" + listQuery(""))]);
    page.value = cases;
    waiting.value = Object.fromEntries(counts.items.map((q) => [q.name, q.total]));
    failed.value = null;
    chosen.value = Math.min(chosen.value, Math.max(0, page.value.items.length - 1));
  } catch (error) {
    failed.value = error;
  }
});

async function loadMore(): Promise<void> {
  const more = await api<Page>("/api/v1/cases?" + listQuery(page.value!.next));
  page.value = { ...more, items: [...page.value!.items, ...more.items] };
}

function listQuery(cursor: string): URLSearchParams {
  const q = new URLSearchParams();
  for (const name of filterNames) if (query.value.get(name)) q.set(name, query.value.get(name)!);
  q.set("order", "due");
  q.set("limit", "50");
  if (cursor) q.set("cursor", cursor);
  return q;
}

/** setFilter puts a filter into the address, so that Back works and a link can be sent. */
function setFilter(name: string, value: string): void {
  const q = new URLSearchParams(query.value);
  if (value) q.set(name, value);
  else q.delete(name);
  globalThis.history.pushState(null, "", "/console?" + q);
  query.value = q;
  void load();
}

/** queueOf is the part of the filter that makes a queue: the work that waits for somebody of the centre. */
const queueOf: Record<string, Record<string, string>> = {
  open: { open: "true" }, screening: { state: "screening" }, accepted: { state: "accepted" }, checking: { state: "checking" }, filed: { state: "filed" }, returned: { state: "returned" },
  asked: { asked: "true" }, handled: { state: "handled" }, verified: { state: "verified" }, overdue: { overdue: "true" },
};
const queueFilters = ["open", "state", "asked", "overdue"];

/** Queues are the tabs above the list, in the order of the day, with what waits in each. */
function Queues() {
  const here = (q: Record<string, string>) => queueFilters.every((name) => (query.value.get(name) ?? "") === (q[name] ?? "") || (name === "open" && (q.state || q.asked || q.overdue)));
  const address = (q: Record<string, string>) => {
    const next = new URLSearchParams(query.value);
    for (const name of queueFilters) next.delete(name);
    for (const [name, value] of Object.entries(q)) next.set(name, value);
    return next;
  };
  const go = (q: Record<string, string>) => (e: Event) => {
    e.preventDefault();
    query.value = address(q);
    globalThis.history.pushState(null, "", "/console?" + query.value);
    pickAll([], false);
    void load();
  };
  return (
    <nav class="queues" aria-label={t("queue.title")} data-test="queues">
      {Object.entries(queueOf).map(([name, q]) => (
        <a key={name} href={"/console?" + address(q)} aria-current={here(q) ? "page" : undefined} class={waiting.value[name] === 0 ? "none" : name === "overdue" ? "late" : ""} data-test={"queue-" + name} onClick={go(q)}>
          {t("queue." + name)}{name in waiting.value && <span class="n">{waiting.value[name]}</span>}
        </a>
      ))}
    </nav>
  );
}

addEventListener("popstate", () => {
  query.value = new URLSearchParams(location.search);
  void load();
});

const denied = () => failed.value instanceof Problem && failed.value.status === 403;

function List() {
  return (
    <Frame surface="console">
      <h1>{t("console.title")}</h1>
      {!denied() && <Queues />}
      {!denied() && <Filters />}
      {failed.value ? <Failure error={failed.value} again={() => void load()} /> : !page.value ? <p role="status">{t("loading")}</p> : <Table page={page.value} />}
      {help.value && <Help />}
    </Frame>
  );
}

function Filters() {
  const value = (name: string) => query.value.get(name) ?? "";
  const pick = (name: string) => (e: Event) => setFilter(name, (e.currentTarget as HTMLSelectElement).value);
  return (
    <form class="filters" role="search" onSubmit={(e) => e.preventDefault()}>
      <label>{t("filter.open")}
        <select value={value("open")} onChange={pick("open")}>
          <option value="true">{t("console.open")}</option><option value="false">{t("console.closed")}</option><option value="">{t("console.all")}</option>
        </select>
      </label>
      <label>{t("filter.state")}
        <select value={value("state")} onChange={pick("state")}>
          <option value="">{t("console.all")}</option>
          {states.map((s) => <option key={s} value={s}>{t("state." + s)}</option>)}
        </select>
      </label>
      <label>{t("filter.area")}
        <select value={value("area")} onChange={pick("area")}>
          <option value="">{t("console.all")}</option>
          {areas.value.map((a) => <option key={a.code} value={a.code}>{both(a.name)}</option>)}
          <option value="unplaced">{t("case.unplaced")}</option>
        </select>
      </label>
      {classes.value.length > 0 && <label>{t("filter.class")}
        <select data-test="filter-class" value={value("class")} onChange={pick("class")}>
          <option value="">{t("console.all")}</option>
          {[...new Set(classes.value.map((c) => both(c.major)))].map((major) => <optgroup key={major} label={major}>{classes.value.filter((c) => both(c.major) === major).map((c) => <option key={c.id} value={c.id}>{both(c.title)}</option>)}</optgroup>)}
        </select>
      </label>}
      <label>{t("filter.indicator")}
        <select value={value("indicator")} onChange={pick("indicator")}>
          <option value="">{t("console.all")}</option>
          {(board.value?.signs ?? []).map((s) => <option key={s.indicator} value={s.indicator}>{both(s.title)}</option>)}
        </select>
      </label>
      {["scenario", "class", "unit", "handler", "into"].filter((name) => value(name) && !(name === "class" && classes.value.length > 0)).map((name) => (
        <button key={name} type="button" class="chip" onClick={() => setFilter(name, "")} aria-label={`${t("console.remove")} ${t("filter." + name)}: ${value(name)}`}>{t("filter." + name)}: {value(name)} <span aria-hidden="true">✕</span></button>
      ))}
      <label class="wide">{t("console.search")}
        <input type="search" data-test="search" value={value("q")} onChange={(e) => setFilter("q", e.currentTarget.value)} />
      </label>
      <button type="button" class="plain" onClick={() => { globalThis.history.pushState(null, "", "/console"); query.value = new URLSearchParams(); void load(); }}>{t("console.clear")}</button>
    </form>
  );
}

function Table(props: { page: Page }) {
  const p = props.page;
  return (
    <>
      <p class="total" data-test="total" data-total={p.total} role="status">{count("console.total", p.total)} · <button type="button" class="plain" aria-expanded={help.value} onClick={() => (help.value = !help.value)}><kbd>?</kbd> {t("keys.title")}</button></p>
      <BulkBar total={p.total} shown={p.items.length} filter={listQuery("")} />
      {p.total === 0 ? <p class="empty">{t("console.empty")}</p> : (
        <div class="scroll list" tabIndex={0} role="region" aria-label={t("console.title")}>
          <table class="cases" role="table">
            <thead role="rowgroup"><tr role="row">{["clock", "state", "title", "area", "unit", "number", "opened"].map((c) => <th key={c} role="columnheader" scope="col">{c === "clock" && <input type="checkbox" class="pick" aria-label={t("bulk.page")} data-test="pick-page" checked={p.items.every((x) => picked.value.has(x.id))} onChange={(e) => pickAll(p.items, e.currentTarget.checked)} />}{t("col." + c)}</th>)}</tr></thead>
            <tbody role="rowgroup">{p.items.map((c, i) => <Row key={c.id} c={c} chosen={i === chosen.value} />)}</tbody>
          </table>
        </div>
      )}
      {p.next && <p><button type="button" onClick={() => void loadMore()}>{t("console.more")}</button></p>}
    </>
  );
}

/** placed is what tells a case from another of its kind: the address, or the thing that was detected. */
const placed = (c: Case) => c.address || (c.scenario ? c.subject : "");

function Row(props: { c: Case; chosen: boolean }) {
  const c = props.c;
  const row = useRef<HTMLTableRowElement>(null);
  useEffect(() => { if (props.chosen) row.current?.scrollIntoView({ block: "nearest" }); }, [props.chosen]);
  return (
    <tr ref={row} role="row" class={props.chosen ? "chosen" : ""} data-test="case-row" data-id={c.id}>
      <td role="cell" class={c.overdue ? "overdue" : ""}><input type="checkbox" class="pick" aria-label={t("bulk.pick", { number: c.number })} checked={picked.value.has(c.id)} onChange={(e) => pick(c, e.currentTarget.checked)} />{c.overdue && <span aria-hidden="true">▲ </span>}{clockWords(c)}{c.escalated && <span class="badge warn">{t("escalated")}</span>}</td>
      <td role="cell"><StateMark of={c.state} /></td>
      <th role="rowheader" scope="row"><a href={caseURL(c.id)}>{both(c.title)}</a> <SeverityMark of={c.severity} /><span class="sub">{placed(c)}</span></th>
      <td role="cell">{both(c.area_name) || t("case.unplaced")}</td>
      <td role="cell">{both(c.unit_name)}</td>
      <td role="cell" class="nowrap">{c.number}</td>
      <td role="cell" class="nowrap">{time(c.opened_at)}</td>
    </tr>
  );
}

const keys: [string, string][] = [["j / k", "keys.move"], ["Enter", "keys.open"], ["x", "keys.pick"], ["f", "cmd.file"], ["d", "cmd.dispatch"], ["D", "cmd.dispatch-to"], ["s", "cmd.start"], ["h", "cmd.finish"],
  ["v", "cmd.verify"], ["c", "cmd.close"], ["n", "cmd.void"], ["Esc", "keys.back"], ["Ctrl+Enter", "keys.send"], ["?", "keys.help"]];

export function Help() {
  return (
    <aside class="help" aria-label={t("keys.title")}>
      <h2>{t("keys.title")}</h2>
      <dl>{keys.map(([k, text]) => <div key={k}><dt><kbd>{k}</kbd></dt><dd>{t(text)}</dd></div>)}</dl>
    </aside>
  );
}

addEventListener("keydown", (e) => {
  const target = e.target as HTMLElement;
  if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || target.closest("dialog")) return;
  if (e.key === "Enter" && /^(A|BUTTON|SUMMARY)$/.test(target.tagName)) return; // it is for what has the focus
  if (e.key === "?") help.value = !help.value;
  else if (caseID) caseKeys(e.key);
  else listKeys(e.key);
  if (keyOf[e.key] || e.key === "Escape") e.preventDefault(); // the letter is no part of the note into which the cursor goes now; Escape stops no loading
});

function listKeys(key: string): void {
  const items = page.value?.items ?? [];
  if (key === "j") chosen.value = Math.min(chosen.value + 1, items.length - 1);
  else if (key === "k") chosen.value = Math.max(chosen.value - 1, 0);
  else if (key === "x" && items[chosen.value]) pick(items[chosen.value], !picked.value.has(items[chosen.value].id));
  else if (items[chosen.value] && (key === "Enter" || keyOf[key])) location.assign(caseURL(items[chosen.value].id) + (key === "Enter" ? "" : "#" + key));
}

function App() {
  return caseID ? <Frame surface="console"><CasePage />{help.value && <Help />}</Frame> : <List />;
}

/** What happened is followed by one fresh page, at most once a second, so that list and total always agree. */
const soon = atMost(1000, () => void load());

async function start(): Promise<void> {
  if (!caseID) titled(() => t("console.title"));
  if (!caseID && !location.search) query.value = new URLSearchParams({ open: "true" });
  render(<App />, document.getElementById("app")!);
  me.value = await api<Me>("/api/v1/me");
  if (caseID) {
    await loadCase(caseID);
    return follow({ fact: (_, c) => touched(c), begin: () => void loadCase(caseID), reload: () => void loadCase(caseID) });
  }
  await load();
  areas.value = (await api<{ areas: Area[] }>("/api/v1/areas")).areas;
  board.value = await api<Board>("/api/v1/signs");
  classes.value = await api<{ items: typeof classes.value }>("/api/v1/classes").then((c) => c.items, () => []); // a viewer does without
  return follow({ fact: soon, begin: soon, signs: (b) => (board.value = b), reload: () => void load() });
}

void start().catch((error) => (failed.value = error));
