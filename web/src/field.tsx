// The field page: the unit's tasks on a phone, with big buttons, also where there is no network.
import { render } from "preact";
import { signal } from "@preact/signals";
import { api, atMost, both, caseURL, clockWords, count, follow, inTurn, lang, lastOnField, link, me, Problem, t, time, titled, type Case, type Me, type State } from "./lib";
import { Failure, Frame, SeverityMark, StateMark } from "./frame";
import { content, Fields, limitWords, reasons } from "./commands";
import { ahead, confirmOutbox, drop, openOutbox, outbox, put, sending, shots, type Waiting } from "./outbox";
import { Photos } from "./shots";
import { away, here, look, looking, mapURI, nearest, spot, stop, told } from "./place";
import { hasOwnTasks, loadOwnTasks, OwnTasks } from "./fieldtasks";

const tasks = signal<Case[] | null>(null);
const light = signal(new Set<string>());
const failed = signal<unknown>(null);
const notes = signal<Record<string, string>>({});
/** The form that is open: of which case, for which command. */
const form = signal<{ id: string; kind: string } | null>(null);

const load = inTurn(async () => {
  try {
    const page = await api<{ items: Case[] }>("/api/v1/cases?open=true&order=due&limit=200");
    tasks.value = page.items;
    if (hasOwnTasks()) await loadOwnTasks();
    failed.value = null;
  } catch (error) {
    failed.value = error;
  }
});

/** moved takes in what a command answered, before the list comes anew. */
function moved(c: Case): void {
  tasks.value = (tasks.value ?? []).map((x) => (x.id === c.id && x.version < c.version ? c : x));
}

const leads: Record<string, State> = { start: "handling", finish: "handled", settle: "closed", return: "returned", resume: "handling" };

/** foreseen is a case as it will be when what waits has been sent. */
function foreseen(c: Case): Case {
  return ahead(c.id).reduce((x, w) => (w.version < x.version ? x : { ...x, version: w.version + 1, state: leads[w.command] ?? x.state, asked: w.command.startsWith("ask-") ? { by: "", at: "", amount: "", reason: w.note } : x.asked }), c);
}

function give(c: Case, kind: string, more: Record<string, unknown> = {}): void {
  const at = kind === "start" || kind === "finish" || kind === "settle" ? spot() : undefined;
  put(c, kind, (notes.value[c.id] ?? "").trim(), at ? { ...more, spot: at } : more);
  notes.value = { ...notes.value, [c.id]: "" };
  form.value = null;
}

const mine = (c: Case) => c.unit === me.value?.unit;
const next: Partial<Record<State, string>> = { dispatched: "start", handling: "finish", suspended: "resume" };

/** others are what else the unit may do in a state; the server has the last word. */
function others(c: Case): string[] {
  const running = c.state === "dispatched" || c.state === "handling";
  if (!mine(c)) return [];
  return [
    light.value.has(c.class) && (running || c.state === "filed") && "settle",
    c.state === "handling" && c.phase + 1 < c.phases.length && "advance",
    running && c.due_at && !c.asked && "ask-extension",
    c.state === "handling" && c.due_at && !c.asked && "ask-suspension",
    running && "return",
  ].filter((k): k is string => Boolean(k));
}

const groups: [string, State[]][] = [["field.doing", ["handling"]], ["field.todo", ["dispatched"]], ["field.light", ["filed"]], ["field.standing", ["suspended"]], ["field.done", ["handled"]]];

function Field() {
  if (!tasks.value && unreachable(failed.value) && me.value) return <Frame surface="field"><h1>{t("field.title")}</h1><Outbox /><p class="empty" data-test="closed">{t("field.closed")}</p></Frame>;
  if (failed.value && !tasks.value) return <Frame surface="field"><Failure error={failed.value} again={() => void load()} /></Frame>;
  if (!tasks.value) return <Frame surface="field"><p role="status">{t("loading")}</p></Frame>;
  const all = tasks.value.map(foreseen);
  const fits = (c: Case, states: State[]) => states.includes(c.state) && (c.state !== "filed" || others(c).includes("settle"));
  const shown = groups.map(([title, states]) => [title, nearest(all.filter((c) => fits(c, states)))] as const).filter(([, list]) => list.length > 0);
  return (
    <Frame surface="field">
      <h1>{t("field.title")}</h1>
      <Outbox />
      <Place />
      <OwnTasks />
      {shown.length === 0 && <p class="empty">{t("field.none")}</p>}
      {shown.map(([title, list]) => <section key={title}><h2>{t(title)} ({list.length})</h2>{list.map((c) => <Task key={c.id} c={c} />)}</section>)}
    </Frame>
  );
}

/** Place asks where this device is when its owner wants that, and whether it may be told. */
function Place() {
  const state = looking.value, at = here.value;
  if (!at) return <p class="place"><button type="button" class="plain big" data-test="near" disabled={state === "asking"} onClick={look}>{t("place.near")}</button>{state && <span class="sub" role="status" data-test="place-state">{t("place." + state)}</span>}</p>;
  return (
    <div class="place" data-test="place">
      <p role="status">{t("place.here", { m: at.accuracy_m, time: time(new Date(at.at).toISOString()) })}</p>
      <label><input type="checkbox" data-test="tell" checked={told.value} onChange={(e) => (told.value = e.currentTarget.checked)} /> {t("place.tell")}</label>
      <button type="button" class="plain" data-test="place-stop" onClick={stop}>{t("place.stop")}</button>
    </div>
  );
}

/** Way is how far a case is and the way into the device's map. */
function Way({ c }: { c: Case }) {
  const d = away(c), uri = mapURI(c);
  if (!uri) return null;
  return <span class="way">{d !== null && <strong data-test="away" data-m={Math.round(d)}>{d < 950 ? t("place.m", { n: Math.round(d / 10) * 10 }) : t("place.km", { n: (d / 1000).toFixed(1) })}</strong>} <a href={uri} data-test="map">{t("place.map")}</a></span>;
}

/** offline is what the device says of its network; the link to the server may be lost without it. */
const offline = signal(!navigator.onLine);
for (const event of ["online", "offline"]) addEventListener(event, () => (offline.value = event === "offline"));

/** Outbox says what waits for the network, and keeps what was refused until it is read. */
function Outbox() {
  const waiting = outbox.value.filter((w) => !w.refused), refused = outbox.value.filter((w) => w.refused);
  const lost = link.value === "lost" || offline.value;
  return (
    <div aria-live="polite">
      {lost && <p class="outbox" data-test="offline">{t("field.offline")}</p>}
      {waiting.length > 0 && (
        <section class="outbox" data-test="waiting" data-n={waiting.length}><strong>{count("field.waiting", waiting.length)}</strong>
          <ol>{waiting.map((w) => <li key={w.key}>{what(w)} · {both(w.title)} {w.number} <span class="sub">{time(new Date(w.at).toISOString())}{sending.value === w.key && !lost ? " · " + t("field.sending") : ""}</span></li>)}</ol>
        </section>
      )}
      {refused.map((w) => <Refused key={w.key} w={w} />)}
    </div>
  );
}

/** what is what waits, in words. */
const what = (w: Waiting) => t(w.photo ? "photo." + w.photo.kind : "cmd." + w.command);

function Refused({ w }: { w: Waiting }) {
  const c = tasks.value?.find((x) => x.id === w.id);
  return (
    <section class="failure" role="alert" data-test="refused">
      <p><strong>{t("field.refused", { what: what(w) })}</strong> {both(w.title)} <a href={caseURL(w.id)}>{w.number}</a>: {t("refused." + w.kind)}{lang.value === "en" && <span class="sub">{w.refused}</span>}</p>
      {c && <p>{t("field.isnow")} <StateMark of={c.state} />{c.handler_name && " · " + c.handler_name}</p>}
      {w.note && <q>{w.note}</q>}
      <p class="pair">
        {c && !w.photo && w.kind === "conflict" && <button type="button" class="big" onClick={() => { drop(w.key); put(c, w.command, w.note, w.more); }}>{t("case.anyway")}</button>}
        <button type="button" class="big" data-test="read" onClick={() => drop(w.key)}>{t("field.read")}</button>
      </p>
    </section>
  );
}

function Task({ c }: { c: Case }) {
  const waits = ahead(c.id);
  const part = c.parts.find((p) => p.unit === me.value?.unit && !p.done);
  const kind = mine(c) ? next[c.state] : part && waits.length === 0 && (c.state === "dispatched" || c.state === "handling") ? "contribute" : undefined;
  const more = others(c);
  const open = form.value?.id === c.id ? form.value.kind : "";
  return (
    <article class={"task " + c.severity} data-test="task" data-id={c.id} data-state={c.state}>
      <h3><a href={caseURL(c.id)}>{both(c.title)}</a> <SeverityMark of={c.severity} /></h3>
      <p><StateMark of={c.state} /> <strong class={c.overdue ? "overdue" : ""}>{clockWords(c)}</strong>{waits.length + shots(c.id).length > 0 && <span class="badge warn" data-test="task-waits">{t("field.notsent")}</span>}{c.urged > 0 && <span class="badge warn">{t("mark.urged", { n: c.urged })}</span>}</p>
      <p>{both(c.area_name) || t("case.unplaced")} · {c.address || (c.scenario ? c.subject : "")}<span class="sub">{c.number}{c.phases.length > 1 && c.phases[c.phase] ? " · " + both(c.phases[c.phase].title) : ""}{c.wake_at ? " · " + t("mark.suspended", { time: time(c.wake_at) }) : ""}</span></p>
      <Way c={c} />
      {c.asked && <p class="sub">{c.asked.until ? t("asked.suspension", { time: time(c.asked.until) }) : c.asked.amount ? t("asked.extension", { amount: limitWords(c.asked.amount) }) : t("field.asked")}</p>}
      {(mine(c) || part) && <Photos c={c} />}
      {!open && kind && kind !== "start" && <Note c={c} label={t(kind === "finish" ? "field.note" : "case.note")} />}
      {!open && kind && <button type="button" class="do big" data-test={"task-" + kind} onClick={() => give(c, kind)}>{t("cmd." + kind)}</button>}
      {open ? <Form c={c} kind={open} /> : more.length > 0 && (
        <details class="more" data-test="task-more"><summary>{t("case.others")}</summary>
          {more.map((k) => <button key={k} type="button" class={"big" + (k === "return" ? " danger" : "")} data-test={"task-" + k} onClick={() => (form.value = { id: c.id, kind: k })}>{t("cmd." + k)}…</button>)}
        </details>
      )}
    </article>
  );
}

function Note({ c, label, needed }: { c: Case; label: string; needed?: boolean }) {
  return (
    <label class="note">{label}
      <textarea rows={2} data-test="note" required={needed} maxLength={4000} value={notes.value[c.id] ?? ""} onInput={(e) => (notes.value = { ...notes.value, [c.id]: e.currentTarget.value })} />
    </label>
  );
}

function Form({ c, kind }: { c: Case; kind: string }) {
  const needed = kind in reasons;
  const send = (e: Event) => {
    e.preventDefault();
    const more = content(kind, new FormData(e.currentTarget as HTMLFormElement));
    if (more) give(c, kind, more);
  };
  return (
    <form class="ask" data-test={"form-" + kind} onSubmit={send}>
      <h4>{t("cmd." + kind)}</h4>
      {t("help." + kind) !== "help." + kind && <p class="sub">{t("help." + kind)}</p>}
      <Fields d={c} kind={kind} />
      {needed && <p class="chips">{Array.from({ length: reasons[kind] }, (_, i) => t(`reason.${kind}.${i + 1}`)).map((r) => <button key={r} type="button" class="chip" onClick={() => (notes.value = { ...notes.value, [c.id]: r })}>{r}</button>)}</p>}
      <Note c={c} label={t(needed ? "case.reason" : kind === "settle" ? "field.note" : "case.note")} needed={needed} />
      <button class="do big" data-test={"give-" + kind}>{t("cmd." + kind)}</button>
      <button type="button" class="plain big" onClick={() => (form.value = null)}>{t("case.giveup")}</button>
    </form>
  );
}

titled(() => t("field.title"));
const soon = atMost(1000, () => void load());
render(<Field />, document.getElementById("app")!);

/** unreachable says whether an error means that there is no server to hear, not that it said no. */
function unreachable(error: unknown): boolean {
  return error !== null && (!(error instanceof Problem) || error.status >= 500);
}

/** enter finds out who works here: from the server, or without a network from the last time. Only the account is remembered, no task. */
async function enter(): Promise<void> {
  try {
    const who = await api<Me>("/api/v1/me");
    if (me.value && me.value.id !== who.id) return location.reload(); // somebody else has signed in meanwhile
    localStorage.setItem(lastOnField, JSON.stringify(who));
    if (!me.value) openOutbox(who.id, moved);
    me.value = who;
    confirmOutbox();
    await load();
    if (light.value.size > 0) return;
    const classes = await api<{ items: { id: string; light: boolean }[] }>("/api/v1/classes");
    light.value = new Set(classes.items.filter((x) => x.light).map((x) => x.id));
  } catch (error) {
    failed.value = error;
    const last = localStorage.getItem(lastOnField);
    if (!unreachable(error)) localStorage.removeItem(lastOnField);
    if (me.value || !last || !unreachable(error)) return;
    me.value = JSON.parse(last) as Me;
    openOutbox(me.value.id, moved);
  }
}

const entering = atMost(1000, () => void enter());
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/field/worker.js", { scope: "/field" }).catch(() => {}); // without it the page needs a network to open
void enter().then(() => follow({ fact: soon, begin: entering, reload: soon, incidents: soon }));
