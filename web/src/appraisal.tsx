// How well work is done: figures by unit, area, person, class and scenario for a period, beside those of the period before, each with the acts behind it.
import { render, type ComponentChildren } from "preact";
import { computed, signal } from "@preact/signals";
import { api, atMost, both, caseURL, count, follow, lang, me, person, span, t, time, titled, type Me, type State, type Text } from "./lib";
import { Failure, Frame } from "./frame";

type Shape = "count" | "rate" | "mean" | "median" | "p90" | "overdue" | "score";
interface Column { id: string; shape: Shape; high: boolean; title: Text; help: Text }
interface Cell { value: number | null; num: number; of: number; before: number | null }
interface Row { key: string; name: Text; cells: Cell[] }
interface Table { by: By; from: string; to: string; columns: Column[]; rows: Row[] }
interface Act { case: string; number: string; title: Text; state: State; area: Text; unit: Text; at: string; who: string; took_s: number; timing: number }
interface Acts { items: Act[]; next: number }

const groupings = ["unit", "area", "worker", "operator", "class", "scenario"] as const;
type By = (typeof groupings)[number];
const spans = ["today", "week", "month", "lastmonth", "year"] as const;
type Span = (typeof spans)[number];

interface Asked { by: By; from: string; to: string }
interface Chosen { key: string; figure: string; against: boolean }

const day = (d: Date) => new Date(d.getTime() + 8 * 3600_000).toISOString().slice(0, 10); // the city's day, wherever the browser is
const today = () => day(new Date());

/** stretch is the first and the last day of a named period, in the city's time. */
function stretch(name: Span): [string, string] {
  const last = new Date(today() + "T00:00:00Z"), at = (year: number, month: number, date: number) => new Date(Date.UTC(year, month, date)).toISOString().slice(0, 10);
  const y = last.getUTCFullYear(), m = last.getUTCMonth(), d = last.getUTCDate();
  switch (name) {
    case "today": return [today(), today()];
    case "week": return [at(y, m, d - ((last.getUTCDay() + 6) % 7)), today()];
    case "month": return [at(y, m, 1), today()];
    case "lastmonth": return [at(y, m - 1, 1), at(y, m, 0)];
    case "year": return [at(y, 0, 1), today()];
  }
}

const asked = signal<Asked>(fromAddress());
const table = signal<Table | null>(null);
const failed = signal<unknown>(null);
const search = signal("");
const sortedBy = signal<{ column: number; down: boolean } | null>(null); // null: nobody has said how
const sorted = computed(() => sortedBy.value ?? { column: 1 + Math.max(0, table.value?.columns.findIndex((c) => c.id === "handled") ?? 0), down: true });
const chosen = signal<Chosen | null>(null);
const acts = signal<Acts | null>(null);

function fromAddress(): Asked {
  const q = new URLSearchParams(location.search), [from, to] = stretch("month"), by = q.get("by") as By;
  return { by: groupings.includes(by) ? by : "unit", from: q.get("from") || from, to: q.get("to") || to };
}

const query = (a: Asked, more: Record<string, string> = {}) => new URLSearchParams({ ...a, ...more }).toString();

async function ask(a: Asked): Promise<void> {
  const other = a.by !== asked.value.by;
  asked.value = a;
  chosen.value = null;
  if (other) {
    sortedBy.value = null;
    table.value = null;
  }
  history.replaceState(null, "", "?" + query(a));
  await load();
}

/** load reads the figures anew; what is sorted and open stays. */
async function load(): Promise<void> {
  const a = asked.value;
  try {
    const answer = await api<Table>("/api/v1/appraisal?" + query(a));
    if (asked.value !== a) return;
    table.value = answer;
    failed.value = null;
  } catch (error) {
    if (asked.value === a) failed.value = error;
  }
}

async function list(c: Chosen, after = 0): Promise<void> {
  chosen.value = c;
  const before = acts.value;
  acts.value = after && before ? { ...before, next: 0 } : null; // the same page is not asked for twice
  try {
    const page = await api<Acts>("/api/v1/appraisal/acts?" + actsQuery(c, { after: String(after) }));
    if (chosen.value === c) acts.value = after ? { ...page, items: [...before!.items, ...page.items] } : page;
  } catch (error) {
    failed.value = error;
  }
}

const actsQuery = (c: Chosen, more: Record<string, string> = {}) => query(asked.value, { key: c.key, figure: c.figure, against: String(c.against), ...more });

/** rows in the order that was asked for; what has no figure comes last either way. */
const rows = computed(() => {
  const words = search.value.trim().toLowerCase(), { column, down } = sorted.value;
  const value = (r: Row) => r.cells[column - 1]?.value ?? null;
  const found = (table.value?.rows ?? []).filter((r) => !words || named(r.name).toLowerCase().includes(words) || r.key.toLowerCase().includes(words));
  return found.sort((a, b) => {
    if (column === 0) return named(a.name).localeCompare(named(b.name), lang.value) * (down ? 1 : -1);
    const x = value(a), y = value(b);
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return (down ? y - x : x - y) || named(a.name).localeCompare(named(b.name), lang.value);
  });
});

/** named is a name in the language of the screen; persons have both in one text. */
const named = (n: Text) => person(both(n));

function App() {
  return (
    <Frame surface="appraisal">
      <h1>{t("appraisal.title")}</h1>
      <p class="sub">{t("appraisal.about")}</p>
      <nav class="kinds" aria-label={t("appraisal.title")}>
        {groupings.map((by) => <a key={by} href={"?" + query({ ...asked.value, by })} aria-current={by === asked.value.by ? "page" : undefined} data-test={"by-" + by} onClick={(e) => { e.preventDefault(); void ask({ ...asked.value, by }); }}>{t("appraisal.by." + by)}</a>)}
      </nav>
      <Period />
      {failed.value ? <Failure error={failed.value} again={() => void ask({ ...asked.value })} /> : !table.value ? <p role="status">{t("loading")}</p> : <Figures t={table.value} />}
    </Frame>
  );
}

function Period() {
  const a = asked.value, now = (name: Span) => stretch(name).join() === [a.from, a.to].join();
  return (
    <form class="filters" onSubmit={(e) => e.preventDefault()}>
      <p class="chips" role="group" aria-label={t("appraisal.period")}>
        {spans.map((s) => <button key={s} type="button" class="chip" aria-pressed={now(s)} data-test={"span-" + s} onClick={() => { const [from, to] = stretch(s); void ask({ ...a, from, to }); }}>{t("appraisal.span." + s)}</button>)}
      </p>
      <label>{t("appraisal.from")}<input type="date" name="from" required max={a.to} value={a.from} onChange={(e) => e.currentTarget.value && void ask({ ...a, from: e.currentTarget.value })} /></label>
      <label>{t("appraisal.to")}<input type="date" name="to" required min={a.from} value={a.to} onChange={(e) => e.currentTarget.value && void ask({ ...a, to: e.currentTarget.value })} /></label>
      <label class="wide">{t("appraisal.search")}<input type="search" value={search.value} onInput={(e) => (search.value = e.currentTarget.value)} /></label>
      <Sheets of="/api/v1/appraisal/sheet?" query={query(a)} />
    </form>
  );
}

/** Sheets are links to the same as files. */
function Sheets(props: { of: string; query: string }) {
  return <p class="sheets">{t("appraisal.take")} {["csv", "xlsx"].map((f) => <a key={f} href={`${props.of}${props.query}&format=${f}&lang=${lang.value}`} download data-test={"take-" + f}>{f.toUpperCase()}</a>)}</p>;
}

function Figures({ t: tab }: { t: Table }) {
  if (tab.rows.length === 0) return <p class="empty" data-test="none">{t("appraisal.none")} <button type="button" class="plain" onClick={() => { const [from, to] = stretch("year"); void ask({ ...asked.value, from, to }); }}>{t("appraisal.longer")}</button></p>;
  const most = tab.columns.map((_, i) => Math.max(0, ...tab.rows.map((r) => r.cells[i].value ?? 0)));
  return (
    <>
      <div class="scroll appraised" tabIndex={0} role="region" aria-label={t("appraisal.by." + tab.by)}>
        <table data-test="figures" data-by={tab.by}>
          <caption class="hidden">{t("appraisal.by." + tab.by)}, {tab.from} – {tab.to}</caption>
          <thead><tr><Head n={0} title={t("appraisal.by." + tab.by)} />{tab.columns.map((c, i) => <Head key={c.id} n={i + 1} title={both(c.title)} help={both(c.help)} />)}</tr></thead>
          <tbody>
            {rows.value.map((r) => (
              <tr key={r.key} data-key={r.key} class={chosen.value?.key === r.key ? "chosen" : undefined}>
                <th scope="row">{named(r.name)}</th>
                {tab.columns.map((c, i) => <td key={c.id} data-figure={c.id}><Figure row={r} column={c} cell={r.cells[i]} most={most[i]} /></td>)}
              </tr>
            ))}
          </tbody>
          {tab.rows.length > 1 && <tfoot><tr><th scope="row">{t("appraisal.all")}</th>{tab.columns.map((c, i) => <td key={c.id}>{total(c, tab.rows.map((r) => r.cells[i]))}</td>)}</tr></tfoot>}
        </table>
      </div>
      {rows.value.length === 0 && <p class="empty">{t("conf.nomatch")}</p>}
      <p class="sub">{t("appraisal.legend")}</p>
      {chosen.value && <Behind c={chosen.value} tab={tab} />}
    </>
  );
}

function Head(props: { n: number; title: string; help?: string }) {
  const s = sorted.value, mine = s.column === props.n;
  const sort = () => (sortedBy.value = { column: props.n, down: mine ? !s.down : true });
  return (
    <th scope="col" aria-sort={mine ? (s.down !== (props.n === 0) ? "descending" : "ascending") : "none"}>
      <button type="button" class="sort" title={props.help} data-test={"sort-" + props.n} onClick={sort}>{props.title}<span aria-hidden="true">{mine ? (s.down !== (props.n === 0) ? " ▼" : " ▲") : ""}</span></button>
    </th>
  );
}

/** Figure is one cell: the number, a bar as long as it is beside the others, what changed, and the way to the acts. */
function Figure({ row, column, cell, most }: { row: Row; column: Column; cell: Cell; most: number }) {
  if (cell.value === null) return <span class="sub">–</span>;
  const share = column.shape === "rate" ? cell.value : column.shape === "score" ? cell.value / 100 : column.shape === "mean" ? cell.value / 5 : most > 0 ? cell.value / most : 0;
  const text = said(column, cell.value), behind = column.shape !== "score" && cell.num + cell.of > 0;
  return (
    <>
      {behind ? <button type="button" class="plain figure" aria-label={t("appraisal.open", { figure: both(column.title), name: named(row.name), value: text })} onClick={() => void list({ key: row.key, figure: column.id, against: false })}>{text}</button> : <span class="figure">{text}</span>}
      <Change column={column} cell={cell} />
      <svg class={"size" + (column.high ? "" : " low")} viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect width="100" height="4" class="ground" /><rect width={Math.min(100, 100 * share)} height="4" /></svg>
    </>
  );
}

/** said is a figure in words. */
function said(c: Column, v: number): string {
  switch (c.shape) {
    case "rate": return (100 * v).toFixed(1) + "%";
    case "median": case "p90": return span(1000 * v);
    case "mean": case "score": return v.toFixed(1);
  }
  return v.toLocaleString(lang.value);
}

/** Change compares with the stretch of equal length before: by sign, and by whether that is for the better. */
function Change({ column, cell }: { column: Column; cell: Cell }) {
  if (cell.before === null || cell.value === null || cell.value === cell.before) return null;
  const up = cell.value > cell.before, better = up === column.high;
  const words = t(up ? "appraisal.up" : "appraisal.down", { before: said(column, cell.before) });
  return <span class={"change " + (better ? "better" : "worse")} title={words}><span aria-hidden="true">{up ? "↑" : "↓"}</span><span class="hidden">{words}</span></span>;
}

/** total is a figure over all rows, where that can be told from theirs. */
function total(c: Column, cells: Cell[]): string {
  const sum = (of: (x: Cell) => number) => cells.reduce((n, x) => n + of(x), 0);
  if (c.shape === "count" || c.shape === "overdue") return said(c, sum((x) => x.value ?? 0));
  if (c.shape === "mean") return sum((x) => x.num) ? said(c, sum((x) => (x.value ?? 0) * x.num) / sum((x) => x.num)) : "–";
  if (c.shape !== "rate" || !sum((x) => x.of)) return "–";
  const share = sum((x) => x.num) / sum((x) => x.of);
  const less = cells.some((x) => x.of > 0 && x.value !== null && Math.abs(x.value - x.num / x.of) > 1e-9); // the rate of what did not happen
  return said(c, less ? 1 - share : share);
}

function Behind({ c, tab }: { c: Chosen; tab: Table }) {
  const row = tab.rows.find((r) => r.key === c.key), column = tab.columns.find((x) => x.id === c.figure);
  if (!row || !column) return null;
  const i = tab.columns.indexOf(column), page = acts.value;
  return (
    <section class="behind" aria-labelledby="h-behind" data-test="behind">
      <h2 id="h-behind" tabIndex={-1} ref={(h) => { if (h && !page) h.focus(); }}>{named(row.name)} · {both(column.title)}: {row.cells[i].value === null ? "–" : said(column, row.cells[i].value!)}{column.shape === "rate" && <span class="sub">{t("appraisal.share", { num: row.cells[i].num, of: row.cells[i].of })}</span>}</h2>
      <p class="sub">{both(column.help)}</p>
      <p class="chips">
        {column.shape === "rate" && [false, true].map((against) => <button key={String(against)} type="button" class="chip" aria-pressed={c.against === against} data-test={against ? "against" : "counted"} onClick={() => void list({ ...c, against })}>{t(against ? "appraisal.against" : "appraisal.counted")}</button>)}
        <button type="button" class="plain" data-test="close" onClick={() => (chosen.value = null)}>{t("photo.close")}</button>
      </p>
      {!page ? <p role="status">{t("loading")}</p> : page.items.length === 0 ? <p class="empty">{t("appraisal.nothing")}</p> : <><ActTable of={page.items} />
        <p class="sub">{count("appraisal.shown", page.items.length)}{page.next > 0 && <> <button type="button" data-test="more" onClick={() => void list(c, page.next)}>{t("console.more")}</button></>}</p>
        <Sheets of="/api/v1/appraisal/acts/sheet?" query={actsQuery(c)} /></>}
    </section>
  );
}

function ActTable(props: { of: Act[] }) {
  const head = ["number", "case", "area", "unit", "state", "at", "who", "took"];
  const cell = (name: string, content: ComponentChildren) => <td data-col={name}>{content}</td>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t("appraisal.cases")}>
      <table data-test="acts">
        <thead><tr>{head.map((k) => <th key={k} scope="col">{t("appraisal.col." + k)}</th>)}</tr></thead>
        <tbody>
          {props.of.map((a, n) => (
            <tr key={a.case + n}>
              {cell("number", <a href={caseURL(a.case)}>{a.number}</a>)}
              {cell("case", both(a.title))}
              {cell("area", both(a.area))}
              {cell("unit", both(a.unit))}
              {cell("state", <span class={"state " + a.state}>{t("state." + a.state)}</span>)}
              {cell("at", <span class="nowrap">{time(a.at)}</span>)}
              {cell("who", a.who ? person(a.who) : t("program"))}
              {cell("took", <>{a.took_s > 0 && span(1000 * a.took_s)} {a.timing > 0 && <span class={a.timing === 2 ? "overdue" : "sub"}>{t("appraisal.timing." + a.timing)}</span>}</>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

titled(() => t("appraisal.title"));
render(<App />, document.getElementById("app")!);
void (async () => {
  me.value = await api<Me>("/api/v1/me");
  await load();
  await follow({ fact: atMost(20_000, () => void (asked.value.to >= today() && load())), reload: () => void load() });
})().catch((error) => (failed.value = error));
