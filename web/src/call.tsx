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
/** What was cleared away last, so that it can be taken back. */
const dropped = signal<Draft | null>(null);

function set(change: Partial<Draft>): void {
  const since = draft.value.since || Date.now();
  draft.value = { ...draft.value, since, ...change };
  sessionStorage.setItem(kept, JSON.stringify(draft.value));
  refused.value = "";
  dropped.value = null;
}

/** afresh empties the form for the next call. */
function afresh(): void {
  sessionStorage.removeItem(kept);
  draft.value = empty();
  [near.value, known.value, earlier.value, point.value, search.value, refused.value] = [[], [], null, null, "", ""];
  (document.getElementById("question") as HTMLDetailsElement).open = false;
  at("phone");
}

/** drop clears away a call that leads to nothing: a wrong number, somebody who hangs up. */
function drop(): void {
  const was = draft.value;
  if (!was.since) return;
  afresh();
  [taken.value, dropped.value] = [null, was];
}

function takeBack(): void {
  const was = dropped.value!;
  set(was);
  void lookCaller();
  lookNear();
  at("text");
}

/** at puts the cursor into a field, once what was changed is on the screen: whoever types never reaches for the mouse. */
function at(id: string): void {
  requestAnimationFrame(() => document.getElementById(id)?.focus());
}

/** fitting are the classes whose words were typed, in the search or in what the caller says; the best first. */
const fitting = computed(() => {
  const words = search.value.trim().toLowerCase(), said = draft.value.text.toLowerCase();
  const score = (c: Class) => {
    const names = [c.title.zh, c.title.en.toLowerCase(), c.id];
    if (words) return names.some((n) => n.includes(words)) ? 2 : (c.major.zh + c.major.en.toLowerCase()).includes(words) ? 1 : 0;
    return names.some((n) => n && said.includes(n)) ? 10 : likeness(c, said);
  };
  return classes.value.map((c) => [score(c), c] as const).filter(([n]) => n > 0).sort((a, b) => b[0] - a[0]).slice(0, 6).map(([, c]) => c);
});

/** pairs are the neighbouring characters of a title, by which Chinese words are recognised without a dictionary. */
function pairs(title: string): string[] {
  return Array.from({ length: Math.max(0, title.length - 1) }, (_, i) => title.slice(i, i + 2));
}

/** commonness is in how many titles a pair is: what is in many says little. */
const commonness = computed(() => {
  const n: Record<string, number> = {};
  for (const c of classes.value) for (const p of new Set(pairs(c.title.zh))) n[p] = (n[p] ?? 0) + 1;
  return n;
});

/** likeness adds up the pairs that were said. The last one counts twice: a title ends in what happened, 积水 in 道路积水, and begins with where. What is said of
 * the class's condition, in which the words of the street stand, counts a little. */
function likeness(c: Class, said: string): number {
  const title = pairs(c.title.zh).reduce((sum, p, i, all) => sum + (said.includes(p) ? (i === all.length - 1 ? 2 : 1) / Math.sqrt(commonness.value[p]) : 0), 0);
  const condition = new Set(pairs(said.replace(/[^\p{Script=Han}]+/gu, " ")).filter((p) => !p.includes(" ") && c.filing.zh.includes(p))).size;
  return title + Math.min(Math.max(condition - 1, 0), 4) / 5; // one pair alone is chance
}

/** asked says whether an answer is still wanted: that of a call before must not be shown beside the next one. */
const asked = (d: Draft, ...of: (keyof Draft)[]) => of.every((name) => d[name] === draft.value[name]);

const lookNear = atMost(400, async () => {
  const d = draft.value;
  if (!d.area && !d.address) { near.value = []; return; }
  const q = new URLSearchParams({ area: d.area, address: d.address });
  if (point.value) { q.set("lon", String(point.value.lon)); q.set("lat", String(point.value.lat)); }
  const all = (await api<{ items: Near[] }>("/api/v1/cases/near?" + q)).items;
  if (!asked(d, "since", "area", "address")) return;
  near.value = all.sort((a, b) => Number(b.class === draft.value.class) - Number(a.class === draft.value.class));
});

const lookAddress = atMost(300, async () => {
  const d = draft.value, q = d.address.trim();
  const found = q.length < 2 ? [] : (await api<{ items: Known[] }>("/api/v1/addresses?q=" + encodeURIComponent(q))).items;
  if (asked(d, "since", "address")) known.value = found;
});

async function lookCaller(): Promise<void> {
  const d = draft.value, phone = d.phone.trim();
  const found = phone.length < 5 ? null : (await api<{ items: Report[] }>("/api/v1/callers", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ phone }) })).items;
  if (!asked(d, "since", "phone")) return;
  earlier.value = found;
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
    dropped.value = null;
    afresh();
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
      {dropped.value && <p class="said" role="status" data-test="dropped">{t("call.dropped")} <button type="button" class="plain" onClick={takeBack}>{t("call.takeback")}</button></p>}
      <div class="talk">
        <form onSubmit={(e) => { e.preventDefault(); void take({}); }}>
          <div class="pair">
            <label>{t("call.phone")}<input id="phone" data-test="phone" inputMode="tel" autoComplete="off" autoFocus value={d.phone} onInput={(e) => set({ phone: e.currentTarget.value })} onChange={() => void lookCaller()} /></label>
            <label>{t("call.name")}<input data-test="name" autoComplete="off" value={d.name} onInput={(e) => set({ name: e.currentTarget.value })} /></label>
          </div>
          <label>{t("call.text")}<textarea id="text" data-test="text" rows={4} required maxLength={4000} value={d.text} onInput={(e) => { taken.value = null; set({ text: e.currentTarget.value }); }} /></label>
          <ClassPicker />
          <div class="pair">
            <label class="grow">{t("call.address")}<input id="address" data-test="address" autoComplete="off" maxLength={200} value={d.address} onInput={(e) => { point.value = null; set({ address: e.currentTarget.value }); lookAddress(); lookNear(); }}
              onKeyDown={(e) => { if (e.key === "Enter" && !e.ctrlKey && known.value[0]) { e.preventDefault(); choose(known.value[0]); } }} /></label>
            <label>{t("filter.area")}<select id="area" data-test="area" value={d.area} onChange={(e) => { set({ area: e.currentTarget.value }); lookNear(); }}>
              <option value="">–</option>{areas.value.map((a) => <option key={a.code} value={a.code}>{both(a.name)}</option>)}
            </select></label>
          </div>
          {known.value.length > 0 && <p class="chips" data-test="known">{known.value.map((k, i) => <button key={k.address} type="button" class="chip" onClick={() => choose(k)}>{k.address} <span class="sub">{k.times}×</span>{i === 0 && <> <kbd>Enter</kbd></>}</button>)}</p>}
          {refused.value && <p class="failure" role="alert" data-test="refused">{refused.value}</p>}
          <p><button id="take" class="do" disabled={busy.value} data-test="take">{t("call.take")} <kbd>Ctrl</kbd>+<kbd>Enter</kbd></button>
            {d.since > 0 && <button type="button" class="plain" data-test="drop" onClick={drop}>{t("call.drop")} <kbd>Alt</kbd>+<kbd>X</kbd></button>}</p>
          <details id="question"><summary>{t("call.question")} <kbd>Alt</kbd>+<kbd>Q</kbd></summary>
            <label>{t("call.answer")}<textarea id="answer" data-test="answer" rows={2} value={d.answer} onInput={(e) => set({ answer: e.currentTarget.value })} /></label>
            <button type="button" class="do other" disabled={busy.value || !d.answer.trim() || !d.text.trim()} data-test="answered" onClick={answered}>{t("call.answered")} <kbd>Ctrl</kbd>+<kbd>Enter</kbd></button>
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
  at("take");
}

/** The cases of this caller that are still open: who calls again mostly calls about one of them. */
const own = computed(() => [...new Map((earlier.value ?? []).filter((r) => r.case && !ended.includes(r.case.state)).map((r) => [r.case!.id, r.case!])).values()].slice(0, 9));
const ended = ["closed", "averted", "voided", "merged"];

/** keys: Ctrl+Enter takes the report, Alt and a digit joins the open case with that number, with Shift one of the caller's own. */
function keys(e: KeyboardEvent): void {
  const target = e.target as HTMLElement;
  if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) return act(e, () => (target.id === "answer" ? answered() : void take({})));
  if (!e.altKey || e.ctrlKey || e.metaKey) return;
  const n = /^Digit[1-9]$/.test(e.code) ? Number(e.code.slice(5)) : 0;
  const of = n > 0 ? (e.shiftKey ? own : near).value[n - 1] : undefined;
  if (of) act(e, () => join(of));
  else if (e.code === "KeyX") act(e, drop);
  else if (e.code === "KeyQ") act(e, question);
}

function act(e: KeyboardEvent, what: () => void): void {
  e.preventDefault();
  what();
}

/** question opens the field for what is answered on the spot. */
function question(): void {
  (document.getElementById("question") as HTMLDetailsElement).open = true;
  at("answer");
}

function answered(): void {
  if (draft.value.answer.trim()) void take({ answer: draft.value.answer, class: "", area: "", address: "", point: undefined });
}

/** join makes the report part of a case: what it is about and where is known by that case. */
function join(c: Case): void {
  const d = draft.value;
  void take({ join: c.id, class: c.class, area: d.area || c.area, address: d.address || c.address });
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
            onKeyDown={(e) => { if (e.key === "Enter" && !e.ctrlKey && fitting.value[0]) { e.preventDefault(); pick(fitting.value[0]); } else walk(e); }} />
          <p class="chips" data-test="fitting" onKeyDown={walk}>{fitting.value.map((c, i) => <button key={c.id} type="button" class="chip" tabIndex={-1} data-class={c.id} onClick={() => pick(c)}>{both(c.title)}{i === 0 && <> <kbd>Enter</kbd></>}</button>)}</p>
        </>
      )}
    </fieldset>
  );
}

/** walk moves between the search and the classes it found by arrow keys, so that Tab goes on to the address at once. */
function walk(e: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
  if (!step) return;
  const all = [...document.querySelectorAll<HTMLElement>(".classes input, .classes .chip")];
  e.preventDefault();
  all[all.indexOf(document.activeElement as HTMLElement) + step]?.focus();
}

function pick(c: Class): void {
  set({ class: c.id });
  search.value = "";
  lookNear();
  at(draft.value.address ? "take" : "address");
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
          {r.case && own.value.some((c) => c.id === r.case!.id) && <JoinOwn c={r.case} n={own.value.findIndex((c) => c.id === r.case!.id) + 1} />}
          <span class="sub">{time(r.at)} · {r.case ? <a href={caseURL(r.case.id)} target="_blank">{both(r.case.title)} {r.case.number}</a> : t("call.wasquestion")} {r.case && <StateMark of={r.case.state} />} {r.answered_at ? t("told.answered", { time: time(r.answered_at) }) : t("told.open")}</span></li>
      ))}
    </ol>
  );
}

function JoinOwn({ c, n }: { c: Case; n: number }) {
  return <button type="button" class="plain" disabled={busy.value || !draft.value.text.trim()} data-test="join-own" onClick={() => join(c)}>{t("call.join")} <kbd>Alt</kbd>+<kbd>Shift</kbd>+<kbd>{n}</kbd></button>;
}

/** Done says what to tell the caller. */
function Done({ of }: { of: Taken }) {
  const box = useRef<HTMLParagraphElement>(null);
  useEffect(() => box.current?.scrollIntoView({ block: "nearest" }), [of.report]);
  if (!of.case) return <p class="said" role="status" ref={box} data-test="taken">{t("call.done.question")}</p>;
  return <p class="said" role="status" ref={box} data-test="taken" data-joined={of.joined}>{t(of.joined ? "call.done.joined" : "call.done")} <a href={caseURL(of.case.id)}><strong>{of.case.number}</strong> {both(of.case.title)}</a> · {both(of.case.unit_name) || t("call.nounit")}</p>;
}

titled(() => t("call.title"));
addEventListener("keydown", keys);
render(<App />, document.getElementById("app")!);
void (async () => {
  me.value = await api<Me>("/api/v1/me");
  const [c, a] = await Promise.all([api<{ items: Class[] }>("/api/v1/classes"), api<{ areas: Area[] }>("/api/v1/areas")]);
  classes.value = c.items;
  areas.value = a.areas;
  if (draft.value.phone) void lookCaller();
  lookNear();
  if (document.activeElement === document.body) document.getElementById("phone")?.focus(); // unless somebody types already
  await follow({ fact: lookNear });
})().catch((error) => (failed.value = error));
