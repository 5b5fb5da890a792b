// The call-taker's screen: type while talking. Who calls, what was said, where it is; beside it the caller's earlier reports and what is open nearby, so that
// a repeat joins its case with one key.
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { computed, signal } from "@preact/signals";
import { api, atMost, both, caseURL, count, follow, me, now, post, Problem, span, t, time, titled, type Area, type Case, type Me, type Report, type Text } from "./lib";
import { Failure, Frame, StateMark } from "./frame";

interface Class { id: string; title: Text; kind: string; major: Text; filing: Text; unit: string; limits: string[]; light: boolean }
interface Near extends Case { metres: number | null; same: boolean }
interface Known { address: string; area: string; place: { point?: { lon: number; lat: number } }; times: number }
interface Taken { report: string; case: Case | null; joined: boolean }

/** Draft is what was typed so far. It stays in the browser until the report is taken: a reload in the middle of a call loses nothing. */
interface Draft { phone: string; name: string; text: string; class: string; area: string; address: string; answer: string; since: number }
const kept = "twoweave.call";
const empty = (): Draft => ({ phone: "", name: "", text: "", class: "", area: "", address: "", answer: "", since: 0 });
const draft = signal<Draft>({ ...empty(), ...JSON.parse(sessionStorage.getItem(kept) ?? "{}") });

const classes = signal<Class[]>([]);
const areas = signal<Area[]>([]);
const known = signal<Known[]>([]);
const near = signal<Near[]>([]);
const earlier = signal<Report[] | null>(null);
const point = signal<{ lon: number; lat: number } | null>(null);
const search = signal("");
const failed = signal<unknown>(null);
const refused = signal("");
const taken = signal<Taken | null>(null);
const busy = signal(false);

function set(change: Partial<Draft>): void {
  const since = draft.value.since || Date.now();
  draft.value = { ...draft.value, since, ...change };
  sessionStorage.setItem(kept, JSON.stringify(draft.value));
  refused.value = "";
}

/** fitting are the classes whose words were typed, in the search or in what the caller says; the best first. */
const fitting = computed(() => {
  const words = search.value.trim().toLowerCase(), said = draft.value.text.toLowerCase();
  const score = (c: Class) => {
    const names = [c.title.zh, c.title.en.toLowerCase(), c.id];
    if (words) return names.some((n) => n.includes(words)) ? 2 : (c.major.zh + c.major.en.toLowerCase()).includes(words) ? 1 : 0;
    return names.some((n) => n && said.includes(n)) ? 3 : pairs(c.title.zh).filter((p) => said.includes(p)).length;
  };
  return classes.value.map((c) => [score(c), c] as const).filter(([n]) => n > 0).sort((a, b) => b[0] - a[0]).slice(0, 6).map(([, c]) => c);
});

/** pairs are the neighbouring characters of a title, by which Chinese words are recognised without a dictionary. */
function pairs(title: string): string[] {
  return Array.from({ length: Math.max(0, title.length - 1) }, (_, i) => title.slice(i, i + 2));
}

const lookNear = atMost(400, async () => {
  const d = draft.value;
  if (!d.area && !d.address) { near.value = []; return; }
  const q = new URLSearchParams({ area: d.area, address: d.address });
  if (point.value) { q.set("lon", String(point.value.lon)); q.set("lat", String(point.value.lat)); }
  const all = (await api<{ items: Near[] }>("/api/v1/cases/near?" + q)).items;
  near.value = all.sort((a, b) => Number(b.class === draft.value.class) - Number(a.class === draft.value.class));
});

const lookAddress = atMost(300, async () => {
  const q = draft.value.address.trim();
  known.value = q.length < 2 ? [] : (await api<{ items: Known[] }>("/api/v1/addresses?q=" + encodeURIComponent(q))).items;
});

async function lookCaller(): Promise<void> {
  const phone = draft.value.phone.trim();
  earlier.value = phone.length < 5 ? null : (await api<{ items: Report[] }>("/api/v1/callers", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ phone }) })).items;
  const name = earlier.value?.find((r) => r.name)?.name;
  if (name && !draft.value.name) set({ name });
}

async function take(more: Record<string, unknown>): Promise<void> {
  if (busy.value) return;
  const d = draft.value;
  busy.value = true;
  try {
    const body = { channel: "phone", name: d.name, phone: d.phone, text: d.text, class: d.class, area: d.area, address: d.address, point: point.value ?? undefined, ...more };
    taken.value = await post<Taken>("/api/v1/reports", body);
    sessionStorage.removeItem(kept);
    draft.value = empty();
    [near.value, known.value, earlier.value, point.value, search.value, refused.value] = [[], [], null, null, "", ""];
    document.getElementById("phone")?.focus();
  } catch (error) {
    refused.value = error instanceof Problem ? error.reasons() : String(error);
  }
  busy.value = false;
}

function App() {
  if (failed.value) return <Frame surface="call"><h1>{t("call.title")}</h1><Failure error={failed.value} again={() => location.reload()} /></Frame>;
  const d = draft.value;
  return (
    <Frame surface="call">
      <h1>{t("call.title")} {d.since > 0 && <span class="sub" data-test="talking">{span(Math.max(0, now.value - d.since))}</span>}</h1>
      {taken.value && <Done of={taken.value} />}
      <div class="talk" onKeyDown={keys}>
        <form onSubmit={(e) => { e.preventDefault(); void take({}); }}>
          <div class="pair">
            <label>{t("call.phone")}<input id="phone" data-test="phone" inputMode="tel" autoComplete="off" autoFocus value={d.phone} onInput={(e) => set({ phone: e.currentTarget.value })} onChange={() => void lookCaller()} /></label>
            <label>{t("call.name")}<input data-test="name" autoComplete="off" value={d.name} onInput={(e) => set({ name: e.currentTarget.value })} /></label>
          </div>
          <label>{t("call.text")}<textarea data-test="text" rows={4} required maxLength={4000} value={d.text} onInput={(e) => { taken.value = null; set({ text: e.currentTarget.value }); }} /></label>
          <ClassPicker />
          <div class="pair">
            <label>{t("filter.area")}<select data-test="area" value={d.area} onChange={(e) => { set({ area: e.currentTarget.value }); lookNear(); }}>
              <option value="">–</option>{areas.value.map((a) => <option key={a.code} value={a.code}>{both(a.name)}</option>)}
            </select></label>
            <label class="grow">{t("call.address")}<input data-test="address" autoComplete="off" maxLength={200} value={d.address} onInput={(e) => { point.value = null; set({ address: e.currentTarget.value }); lookAddress(); lookNear(); }} /></label>
          </div>
          {known.value.length > 0 && <p class="chips" data-test="known">{known.value.map((k) => <button key={k.address} type="button" class="chip" onClick={() => choose(k)}>{k.address} <span class="sub">{k.times}×</span></button>)}</p>}
          {refused.value && <p class="failure" role="alert" data-test="refused">{refused.value}</p>}
          <button class="do" disabled={busy.value} data-test="take">{t("call.take")} <kbd>Ctrl</kbd>+<kbd>Enter</kbd></button>
          <details><summary>{t("call.question")}</summary>
            <label>{t("call.answer")}<textarea data-test="answer" rows={2} value={d.answer} onInput={(e) => set({ answer: e.currentTarget.value })} /></label>
            <button type="button" class="do other" disabled={busy.value || !d.answer.trim() || !d.text.trim()} data-test="answered" onClick={() => void take({ answer: d.answer, class: "", area: "", address: "", point: undefined })}>{t("call.answered")}</button>
          </details>
        </form>
        <aside>
          <section aria-labelledby="h-near"><h2 id="h-near">{t("call.near")}</h2><Nearby /></section>
          <section aria-labelledby="h-earlier"><h2 id="h-earlier">{t("call.earlier")}</h2><Earlier /></section>
        </aside>
      </div>
    </Frame>
  );
}

function choose(k: Known): void {
  point.value = k.place.point ?? null;
  set({ address: k.address, area: k.area || draft.value.area });
  known.value = [];
  lookNear();
}

/** keys: Ctrl+Enter takes the report, Alt and a digit joins the open case with that number. */
function keys(e: KeyboardEvent): void {
  if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) { e.preventDefault(); void take({}); }
  const n = e.altKey && /^Digit[1-9]$/.test(e.code) ? Number(e.code.slice(5)) : 0;
  if (n > 0 && near.value[n - 1]) { e.preventDefault(); join(near.value[n - 1]); }
}

function join(c: Near): void {
  void take({ join: c.id, class: c.class, area: draft.value.area || c.area });
}

function ClassPicker() {
  const of = classes.value.find((c) => c.id === draft.value.class);
  return (
    <fieldset class="classes"><legend>{t("call.class")}</legend>
      {of ? (
        <p data-test="class" data-class={of.id}><strong>{both(of.title)}</strong> <span class="sub">{both(of.major)}</span> <button type="button" class="plain" onClick={() => set({ class: "" })}>{t("call.other")}</button>
          {both(of.filing) && <span class="sub">{t("call.filing")}: {both(of.filing)}</span>}</p>
      ) : (
        <>
          <input type="search" data-test="class-search" aria-label={t("call.class")} placeholder={t("call.classes", { n: classes.value.length })} value={search.value} onInput={(e) => (search.value = e.currentTarget.value)}
            onKeyDown={(e) => { if (e.key === "Enter" && !e.ctrlKey && fitting.value[0]) { e.preventDefault(); pick(fitting.value[0]); } }} />
          <p class="chips" data-test="fitting">{fitting.value.map((c) => <button key={c.id} type="button" class="chip" data-class={c.id} onClick={() => pick(c)}>{both(c.title)}</button>)}</p>
        </>
      )}
    </fieldset>
  );
}

function pick(c: Class): void {
  set({ class: c.id });
  search.value = "";
  lookNear();
}

function Nearby() {
  if (near.value.length === 0) return <p class="empty">{t(draft.value.area || draft.value.address ? "call.nonear" : "call.where")}</p>;
  return (
    <ol class="near" data-test="near">
      {near.value.slice(0, 9).map((c, i) => (
        <li key={c.id} class={c.same ? "same" : ""} data-id={c.id} data-same={c.same}>
          <a href={caseURL(c.id)} target="_blank">{both(c.title)}</a> <StateMark of={c.state} /> {c.same && <strong class="badge">{t("call.same")}</strong>}
          <span class="sub">{c.number} · {c.address || c.subject} · {c.metres === null ? "" : t("call.metres", { n: c.metres }) + " · "}{count("call.reports", c.reports)} · {time(c.opened_at)}</span>
          <button type="button" class="plain" disabled={busy.value || !draft.value.text.trim()} data-test="join" onClick={() => join(c)}>{t("call.join")} <kbd>Alt</kbd>+<kbd>{i + 1}</kbd></button>
        </li>
      ))}
    </ol>
  );
}

function Earlier() {
  if (earlier.value === null) return <p class="empty">{t("call.nophone")}</p>;
  if (earlier.value.length === 0) return <p class="empty">{t("call.first")}</p>;
  return (
    <ol class="near" data-test="earlier">
      {earlier.value.map((r) => (
        <li key={r.id}><q>{r.text}</q>
          <span class="sub">{time(r.at)} · {r.case ? <a href={caseURL(r.case.id)} target="_blank">{both(r.case.title)} {r.case.number}</a> : t("call.wasquestion")} {r.case && <StateMark of={r.case.state} />} {r.answered_at ? t("told.answered", { time: time(r.answered_at) }) : t("told.open")}</span></li>
      ))}
    </ol>
  );
}

/** Done says what to tell the caller. */
function Done({ of }: { of: Taken }) {
  const box = useRef<HTMLParagraphElement>(null);
  useEffect(() => box.current?.scrollIntoView({ block: "nearest" }), [of.report]);
  if (!of.case) return <p class="said" role="status" ref={box} data-test="taken">{t("call.done.question")}</p>;
  return <p class="said" role="status" ref={box} data-test="taken" data-joined={of.joined}>{t(of.joined ? "call.done.joined" : "call.done")} <a href={caseURL(of.case.id)}><strong>{of.case.number}</strong> {both(of.case.title)}</a> · {both(of.case.unit_name) || t("call.nounit")}</p>;
}

titled(() => t("call.title"));
render(<App />, document.getElementById("app")!);
void (async () => {
  me.value = await api<Me>("/api/v1/me");
  const [c, a] = await Promise.all([api<{ items: Class[] }>("/api/v1/classes"), api<{ areas: Area[] }>("/api/v1/areas")]);
  classes.value = c.items;
  areas.value = a.areas;
  if (draft.value.phone) void lookCaller();
  lookNear();
  await follow({ fact: lookNear });
})().catch((error) => (failed.value = error));
