// The city's state: how each area stands, which orders are behind it, and the two forms by which people order states and silences.
import { render, type ComponentChildren } from "preact";
import { signal } from "@preact/signals";
import { api, atMost, both, cityState, count, follow, inTurn, levels, me, now, person, post, Problem, span, t, time, titled, type Area, type CityState, type Level, type Me, type Text } from "./lib";
import { Failure, Frame, LevelMark } from "./frame";

interface Order {
  id: string; kind: "state" | "silence"; level?: Level; area: string; area_name: Text; scenarios?: string[]; scenario_titles?: Text[]; subjects?: string[]; ground?: string;
  from: string | null; until: string | null; lapses: string | null; why: string; status: string; origin: "person" | "finding"; by: string; by_name: string; at: string;
  second_name?: string; second_at: string | null; ended_by_name?: string; ended_at: string | null; end_why?: string; placed: boolean;
  commands: { command: string; allowed: boolean; reason?: string }[];
}
interface Page { items: Order[]; next: string }
interface Named { id: string; title: Text }

const live = signal<Order[] | null>(null);
const past = signal<Order[]>([]);
const areas = signal<Area[]>([]);
const scenarios = signal<Named[]>([]);
const failed = signal<unknown>(null);
const said = signal(""); // what became of the last command
const ending = signal(""); // the order whose end is being given a reason

const load = inTurn(async () => {
  try {
    const [proposed, ordered, all] = await Promise.all(["status=proposed&limit=200", "status=ordered&limit=200", "limit=30"].map((q) => api<Page>("/api/v1/orders?" + q)));
    live.value = [...proposed.items, ...ordered.items];
    past.value = all.items.filter((o) => o.status !== "proposed" && o.status !== "ordered");
    cityState.value = await api<CityState>("/api/v1/states");
    failed.value = null;
    if (ordered.items.some((o) => !o.placed)) setTimeout(soon, 700); // the log takes it in a moment
  } catch (error) {
    failed.value = error;
  }
});

function App() {
  if (failed.value) return <Frame surface="citystate"><h1>{t("city.title")}</h1><Failure error={failed.value} again={() => void load()} /></Frame>;
  if (!live.value || !cityState.value) return <Frame surface="citystate"><h1>{t("city.title")}</h1><p role="status">{t("loading")}</p></Frame>;
  const states = live.value.filter((o) => o.kind === "state"), silences = live.value.filter((o) => o.kind === "silence");
  return (
    <Frame surface="citystate">
      <h1>{t("city.title")}</h1>
      <p class="said" role="status" data-test="said">{said.value}</p>
      <Board city={cityState.value} />
      <div class="halves">
        <section aria-labelledby="h-orders">
          <h2 id="h-orders">{t("city.orders")}</h2>
          <List of={states} empty={t("city.none")} test="orders" />
          {me.value?.can.order && <StateForm />}
        </section>
        <section aria-labelledby="h-silences">
          <h2 id="h-silences">{t("silence.title")}</h2>
          <p class="sub">{t("silence.about")}</p>
          <List of={silences} empty={t("silence.none")} test="silences" />
          {me.value?.can.order && <SilenceForm />}
        </section>
      </div>
      <Past />
    </Frame>
  );
}

/** Board shows every area with its level as text; the tense ones first. */
function Board(props: { city: CityState }) {
  const rank = (l: Level) => levels.indexOf(l);
  const tense = props.city.areas.filter((a) => a.level !== "daily").sort((a, b) => rank(b.level) - rank(a.level));
  const calm = props.city.areas.filter((a) => a.level === "daily");
  return (
    <section aria-labelledby="h-now">
      <h2 id="h-now">{t("city.now")}</h2>
      <p class="lead"><LevelMark of={props.city.highest} /> · {tense.length === 0 ? t("city.calm", { n: calm.length }) : count("city.above", tense.length)}{props.city.proposed > 0 && <> · <strong>{count("city.waiting", props.city.proposed)}</strong></>}</p>
      {tense.length > 0 && (
        <ul class="areas" data-test="tense">
          {tense.map((a) => (
            <li key={a.area} class={a.level} data-area={a.area} data-level={a.level}>
              <strong>{both(a.name)}</strong> <LevelMark of={a.level} />
              <span class="sub">{a.why} · {until(a.until)}</span>
            </li>
          ))}
        </ul>
      )}
      {calm.length > 0 && (
        <details data-test="calm">
          <summary>{count(tense.length > 0 ? "city.rest" : "city.each", calm.length)}</summary>
          <ul class="areas calm">{calm.map((a) => <li key={a.area} class="daily" data-area={a.area}>{both(a.name)} <LevelMark of={a.level} /></li>)}</ul>
        </details>
      )}
    </section>
  );
}

function until(iso: string | null): string {
  if (!iso) return t("city.open");
  const left = Date.parse(iso) - now.value;
  return t("city.until", { time: time(iso) }) + (left > 0 ? ` (${t("city.left", { d: span(left) })})` : "");
}

function List(props: { of: Order[]; empty: string; test: string }) {
  if (props.of.length === 0) return <p class="empty" data-test={props.test}>{props.empty}</p>;
  return <ul class="orders" data-test={props.test}>{props.of.map((o) => <Card key={o.id} o={o} />)}</ul>;
}

function Card({ o }: { o: Order }) {
  return (
    <li class={"order " + (o.level ?? "silence")} data-id={o.id} data-status={o.status}>
      <h3>{o.level ? <LevelMark of={o.level} /> : <>{t("ground." + o.ground)}</>} · {both(o.area_name)} <span class="badge">{t("order." + o.status)}</span>{o.origin === "finding" && <span class="badge">{t("order.automatic")}</span>}</h3>
      {o.kind === "silence" && <p>{covered(o)}</p>}
      <p><q>{o.why}</q></p>
      <p class="sub">{who(o)}</p>
      <p class="sub">{o.from && Date.parse(o.from) > now.value ? t("city.from", { time: time(o.from) }) + " " : ""}{until(o.until)}{!o.placed ? " · " + t("order.unplaced") : ""}</p>
      {o.status === "proposed" && <Second o={o} />}
      <End o={o} />
    </li>
  );
}

function covered(o: Order): string {
  const titles = (o.scenario_titles ?? []).map(both);
  return [titles.length ? titles.join(t("list.and")) : t("silence.all"), (o.subjects ?? []).join(t("list.and"))].filter(Boolean).join(" · ");
}

function who(o: Order): string {
  const by = o.origin === "finding" ? t("program") : person(o.by_name);
  const given = t(o.status === "proposed" ? "order.proposedby" : "order.by", { who: by, time: time(o.at) });
  return o.second_name ? given + t("order.second", { who: person(o.second_name), time: time(o.second_at) }) : given;
}

/** Second is the second person's word on an emergency, or why this person cannot give it. */
function Second({ o }: { o: Order }) {
  const may = o.commands.find((c) => c.command === "confirm")?.allowed;
  if (may) return <button type="button" class="do" data-test="confirm" onClick={() => void act(o, "confirm", {})}>{t("order.confirm")}</button>;
  return <p class="cannot" data-test="cannot-confirm">{t(o.by === me.value?.id ? "order.own" : "order.nosecond", { time: time(o.lapses) })}</p>;
}

function End({ o }: { o: Order }) {
  if (!o.commands.find((c) => c.command === "end")?.allowed) return null;
  const word = t(o.status === "proposed" ? "order.refuse" : "order.end");
  if (ending.value !== o.id) return <button type="button" class="plain" data-test="end" onClick={() => (ending.value = o.id)} aria-expanded="false">{word}</button>;
  return (
    <form class="inline" onSubmit={(e) => { e.preventDefault(); void act(o, "end", { why: field(e.currentTarget, "why") }).then(() => (ending.value = "")); }}>
      <label>{t("order.endwhy")}<input name="why" required maxLength={300} ref={(input) => { if (input && document.activeElement?.tagName === "BUTTON") input.focus(); }} /></label>
      <button class="do" data-test="end-now">{word}</button>
      <button type="button" class="plain" onClick={() => (ending.value = "")}>{t("order.keep")}</button>
    </form>
  );
}

function field(form: HTMLFormElement, name: string): string {
  return String(new FormData(form).get(name) ?? "").trim();
}

async function act(o: Order, what: string, body: unknown): Promise<void> {
  await tell(() => post<Order>(`/api/v1/orders/${o.id}/${what}`, body));
}

/** tell carries out a command and says what became of it, in place. It reports whether it was done. */
async function tell(command: () => Promise<Order>): Promise<boolean> {
  try {
    const o = await command();
    said.value = t("said." + o.status);
    await load();
    return true;
  } catch (error) {
    said.value = t("said.failed") + (error instanceof Problem ? error.reasons() : String(error));
    return false;
  }
}

const lasting = ["1h", "3h", "6h", "12h", "24h", "72h", "168h"];

function Lasting(props: { open: boolean }) {
  return (
    <label>{t("form.for")}
      <select name="for">
        {lasting.map((d) => <option key={d} value={d} selected={d === "6h"}>{span(parseInt(d) * 3600_000)}</option>)}
        {props.open && <option value="">{t("city.open")}</option>}
      </select>
    </label>
  );
}

function Areas(props: { none: string }) {
  return (
    <label>{t("filter.area")}
      <select name="area"><option value="">{props.none}</option>{areas.value.map((a) => <option key={a.code} value={a.code}>{both(a.name)}</option>)}</select>
    </label>
  );
}

function Why() {
  return <label class="wide">{t("form.why")}<input name="why" required maxLength={300} /></label>;
}

const wanted = signal<Level>("special");

function StateForm() {
  const emergency = wanted.value.startsWith("emergency");
  return (
    <Form title={t("form.state")} test="state-form" send={(f) => post<Order>("/api/v1/states", { level: wanted.value, area: field(f, "area"), for: field(f, "for"), why: field(f, "why") })}>
      <label>{t("form.level")}
        <select name="level" value={wanted.value} onChange={(e) => (wanted.value = e.currentTarget.value as Level)}>
          {levels.slice(1).map((l) => <option key={l} value={l}>{t("level." + l)}</option>)}
        </select>
      </label>
      <Areas none={t("city.whole")} />
      <Lasting open={!emergency} />
      <Why />
      {emergency && <p class="sub">{t("form.two")}</p>}
      <button class="do" data-test="order-state">{t(emergency ? "form.propose" : "form.order")}</button>
    </Form>
  );
}

function SilenceForm() {
  const list = (text: string) => text.split(/[,，、\s]+/).filter(Boolean);
  return (
    <Form title={t("form.silence")} test="silence-form" send={(f) => post<Order>("/api/v1/silences", {
      scenarios: new FormData(f).getAll("scenarios").map(String).filter(Boolean), area: field(f, "area"), subjects: list(field(f, "subjects")), ground: field(f, "ground"), for: field(f, "for"), why: field(f, "why"),
    })}>
      <label>{t("form.scenario")}
        <select name="scenarios" required><option value="">{t("form.choose")}</option>{scenarios.value.map((s) => <option key={s.id} value={s.id}>{both(s.title)}</option>)}</select>
      </label>
      <Areas none={t("silence.everywhere")} />
      <label>{t("form.ground")}<select name="ground"><option value="maintenance">{t("ground.maintenance")}</option><option value="permit">{t("ground.permit")}</option></select></label>
      <Lasting open={false} />
      <label class="wide">{t("form.subjects")}<input name="subjects" /></label>
      <Why />
      <button class="do" data-test="order-silence">{t("form.hush")}</button>
    </Form>
  );
}

function Form(props: { title: string; test: string; send: (form: HTMLFormElement) => Promise<Order>; children: ComponentChildren }) {
  return (
    <form class="filters give" data-test={props.test} aria-label={props.title} onSubmit={(e) => {
      e.preventDefault();
      const form = e.currentTarget;
      void tell(() => props.send(form)).then((done) => { if (done) clear(form); });
    }}>
      <h3>{props.title}</h3>
      {props.children}
    </form>
  );
}

/** clear empties what was typed and goes back to the calmest level; the other choices stay for the next order. */
function clear(form: HTMLFormElement): void {
  form.querySelectorAll("input").forEach((input) => (input.value = ""));
  wanted.value = "special";
}

function Past() {
  if (past.value.length === 0) return null;
  return (
    <details class="past">
      <summary>{t("city.past")}</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label={t("city.past")}>
        <table>
          <thead><tr>{["what", "area", "status", "by", "ended"].map((c) => <th key={c} scope="col">{t("past." + c)}</th>)}</tr></thead>
          <tbody>{past.value.map((o) => (
            <tr key={o.id}>
              <th scope="row">{o.level ? t("level." + o.level) : covered(o)}<span class="sub">{o.why}</span></th>
              <td>{both(o.area_name)}</td><td>{t("order." + o.status)}</td><td>{who(o)}</td>
              <td>{time(o.ended_at)}{o.ended_by_name ? " · " + (o.ended_by_name === "detection" ? t("program") : person(o.ended_by_name)) : ""}<span class="sub">{o.end_why}</span></td>
            </tr>
          ))}</tbody>
        </table>
      </div>
    </details>
  );
}

const soon = atMost(500, () => void load());

async function start(): Promise<void> {
  titled(() => t("city.title"));
  render(<App />, document.getElementById("app")!);
  me.value = await api<Me>("/api/v1/me");
  await load();
  if (failed.value) return;
  areas.value = (await api<{ areas: Area[] }>("/api/v1/areas")).areas;
  scenarios.value = (await api<{ items: Named[] }>("/api/v1/scenarios")).items;
  return follow({ begin: soon, states: soon, reload: soon });
}

void start().catch((error) => (failed.value = error));
