// What can be done with a case now: the next step as a button, everything else behind "more", each with what it needs to be told; and taking back one's own last step.
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { api, both, command, lang, me, now, Problem, t, time, type Case, type Detail, type Fact } from "./lib";
import { actor, loadUnits, step, units, type Unit } from "./step";

const note = signal("");
const busy = signal(false);
/** The command whose form is open, or that a key has chosen and that Ctrl+Enter gives. */
const armed = signal("");
const candidates = signal<Candidate[]>([]);
const into = signal("");
const refusal = signal<Refused | null>(null);

/** Candidate is a case that another could be part of; of those nearby, how far. */
interface Candidate extends Case { metres?: number | null; same?: boolean }

/** Refused is what came of a command that was not done; of a change that somebody else made while something was being written, only changed is there. */
interface Refused { kind?: string; text?: string; version?: number; changed: Fact[]; again?: { kind: string; more: Record<string, unknown> } }

export const keyOf: Record<string, string> = { f: "file", d: "dispatch", D: "dispatch-to", s: "start", h: "finish", v: "verify", c: "close", n: "void" };

/** Commands that need no more than a note, in the order of the loop: they are buttons. */
const plain = ["confirm", "file", "dispatch", "start", "advance", "contribute", "finish", "settle", "verify", "close", "resume", "suspend", "extend"];
/** Commands that must be told more: they open a form. What cannot be taken for granted comes last. */
const told = ["decline", "check", "dispatch-to", "arbitrate", "rework", "involve", "ask-extension", "ask-suspension", "urge", "rate", "return", "reopen", "merge", "void"];
/** Why something is done, as people in the trade say it. */
export const reasons: Record<string, number> = { void: 5, return: 3, decline: 2, rework: 3, reopen: 3, urge: 2, "ask-extension": 3, "ask-suspension": 3 };
const nextCommand: Record<string, string> = { screening: "confirm", checking: "confirm", accepted: "file", filed: "dispatch", dispatched: "start", handling: "finish", suspended: "resume", returned: "arbitrate", handled: "verify", verified: "close" };
const undoSeconds = 300;

let current: Detail | null = null;
let reload: (id: string) => Promise<void> = async () => {};

/** working says whether a command is under way: then what comes over the stream is loaded afterwards. */
export const working = () => busy.value;

/** arm chooses a command that is possible and puts the cursor where it must be told something; nothing happens before it is confirmed. */
export function arm(kind: string): void {
  if (!current?.commands.some((p) => p.command === plainly(kind) && p.allowed)) return;
  armed.value = kind;
  if (kind === "merge") void loadCandidates(current);
  void loadUnits();
  requestAnimationFrame(() => document.querySelector<HTMLElement>(".commands form select, .commands form input, .commands textarea")?.focus());
}

async function loadCandidates(d: Detail): Promise<void> {
  const area = encodeURIComponent(d.area);
  const [page, near] = await Promise.all([
    api<{ items: Case[] }>(`/api/v1/cases?open=true&area=${area}&order=opened&limit=100`),
    api<{ items: Candidate[] }>(`/api/v1/cases/near?class=${encodeURIComponent(d.class)}&area=${area}&address=${encodeURIComponent(d.address)}`),
  ]);
  const close = new Map(near.items.map((c) => [c.id, c]));
  const rank = (c: Candidate) => (c.same ? 0 : c.class === d.class ? 1 : 2);
  const all: Candidate[] = [...near.items, ...page.items.filter((c) => !close.has(c.id))];
  candidates.value = all.filter((c) => c.id !== d.id).sort((a, b) => rank(a) - rank(b));
}

/** plainly is the command behind a form: sending to another unit is a dispatch that says where. */
const plainly = (kind: string) => (kind === "dispatch-to" ? "dispatch" : kind);

async function give(kind: string, more: Record<string, unknown> = {}): Promise<void> {
  const before = current;
  if (!before || busy.value) return;
  busy.value = true;
  refusal.value = null;
  const form = armed.value, text = note.value;
  try {
    await command(before, plainly(kind), text.trim(), more);
    if (armed.value === form && note.value === text) settled(); // else somebody has begun with the next one while the answer was under way
  } catch (error) {
    refusal.value = { ...(await explain(error, before)), again: { kind, more } };
  }
  busy.value = false;
  await reload(before.id);
}

function settled(): void {
  note.value = "";
  armed.value = "";
  (document.activeElement as HTMLElement | null)?.blur(); // Escape goes back at once, and a Ctrl+Enter too many does not give the next command
}

function giveUp(): void {
  armed.value = "";
  refusal.value = null;
}

/** explain says why a command was refused and, when somebody else was faster, who changed what. */
async function explain(error: unknown, before: Detail): Promise<Refused> {
  if (!(error instanceof Problem)) return { kind: "lost", text: String(error), changed: [] };
  const text = error.reasons();
  if (error.status !== 409) return { kind: error.status === 403 ? "denied" : "invalid", text, changed: [] };
  const after = await api<Detail>("/api/v1/cases/" + before.id);
  return { kind: "conflict", text, version: after.version, changed: after.facts.filter((f) => f.version > before.version) };
}

export function Commands(props: { d: Detail; again: (id: string) => Promise<void> }) {
  const d = props.d;
  current = d;
  reload = props.again;
  useNews(d);
  const possible = d.commands.filter((p) => p.allowed).map((p) => p.command);
  const buttons = plain.filter((k) => possible.includes(k));
  const forms = told.filter((k) => possible.includes(plainly(k)));
  const next = d.commands.find((p) => !p.allowed && nextCommand[d.state] === p.command);
  if (possible.length === 0 && !next && !refusal.value) return null;
  const chosen = buttons.includes(armed.value) ? armed.value : buttons.find((k) => k === nextCommand[d.state]) ?? buttons[0];
  const shown = buttons.filter((k) => k === chosen || (d.asked && answers.includes(k)));
  const rest = buttons.filter((k) => !shown.includes(k));
  return (
    <section class="commands" aria-label={t("case.commands")}>
      {refusal.value && <Refusal of={refusal.value} d={d} possible={possible} field={Boolean(chosen) || forms.includes(armed.value)} />}
      {d.asked && <Asked d={d} />}
      {chosen && !forms.includes(armed.value) && <Note kind={chosen} />}
      {!forms.includes(armed.value) && shown.map((k) => (
        <button key={k} type="button" class={k === chosen ? "do" : "do other"} disabled={busy.value} data-test={"cmd-" + k} onClick={() => void give(k)}>
          {t("cmd." + k)} {letterOf(k) && <kbd aria-hidden="true">{letterOf(k)}</kbd>}
        </button>
      ))}
      {d.asked && forms.includes("decline") && !forms.includes(armed.value) && <button type="button" class="do other" data-test="cmd-decline" onClick={() => arm("decline")}>{t("cmd.decline")}…</button>}
      {forms.includes(armed.value) && <Form key={armed.value} d={d} kind={armed.value} />}
      {next && <p class="cannot">{t("case.next")}<strong>{t("cmd." + next.command)}</strong>{t("case.by")}{t("who." + next.command)}</p>}
      {forms.length + rest.length > 0 && !forms.includes(armed.value) && (
        <details class="more" data-test="more"><summary>{t("case.others")}</summary>
          {rest.map((k) => <button key={k} type="button" class="plain" disabled={busy.value} data-test={"cmd-" + k} onClick={() => void give(k)}>{t("cmd." + k)}</button>)}
          {forms.filter((k) => k !== "decline").map((k) => <button key={k} type="button" class={grave.includes(k) ? "plain grave" : "plain"} data-test={"more-" + k} onClick={() => arm(k)}>{t("cmd." + k)}… {letterOf(k) && <kbd aria-hidden="true">{letterOf(k)}</kbd>}</button>)}
        </details>
      )}
      {possible.includes("undo") && <UndoBar d={d} />}
    </section>
  );
}

/** answers grant what a unit has asked for. */
const answers = ["suspend", "extend"];
/** grave is what cannot be taken for granted. */
const grave = ["merge", "void"];

/** useNews shows what somebody else has done while a form is open or a note is written; what is typed stays, and counts for the case as it is now. */
function useNews(d: Detail): void {
  const seen = useRef({ id: d.id, version: d.version });
  useEffect(() => {
    const before = seen.current;
    seen.current = { id: d.id, version: d.version };
    if (before.id !== d.id || d.version <= before.version || (!note.value && !armed.value) || refusal.value) return;
    const changed = d.facts.filter((f) => f.version > before.version && f.actor !== me.value?.id);
    if (changed.length > 0) refusal.value = { changed };
  }, [d.id, d.version]);
}

function letterOf(kind: string): string {
  return Object.keys(keyOf).find((k) => keyOf[k] === kind) ?? "";
}

function Note({ kind }: { kind: string }) {
  const keys = (e: KeyboardEvent) => {
    if (e.key === "Escape") { armed.value = ""; (e.currentTarget as HTMLElement).blur(); }
    if (e.key !== "Enter" || !(e.ctrlKey || e.metaKey)) return;
    e.preventDefault();
    void give(kind);
  };
  return (
    <label class="note"><span>{t("case.note")} · <kbd>Ctrl</kbd>+<kbd>Enter</kbd> {t("cmd." + kind)}</span>
      <textarea data-test="note" rows={2} value={note.value} maxLength={4000} onInput={(e) => (note.value = e.currentTarget.value)} onKeyDown={keys} />
    </label>
  );
}

/** Asked says what the unit wishes about its limit. */
function Asked({ d }: { d: Detail }) {
  const a = d.asked!;
  const asked = d.facts.findLast((f) => f.kind.endsWith("-asked"));
  return <p class="asked" data-test="asked"><strong>{a.until ? t("asked.suspension", { time: time(a.until) }) : t("asked.extension", { amount: limitWords(a.amount) })}</strong> <q>{a.reason}</q> <span class="sub">{asked ? actor(asked) + " · " : ""}{time(a.at)}</span></p>;
}

const clocks = ["working hour", "working day", "urgent hour", "urgent day"];

/** limitWords is a limit in the reader's language: "2 working days". */
export function limitWords(text: string): string {
  const [n, ...unit] = text.split(" ");
  return n + " " + t("clock." + unit.join(" ").replace(/s$/, "").replace(" ", ""));
}

/** Form asks for what a command must be told. What is typed stays until the command is done or given up. */
function Form({ d, kind }: { d: Detail; kind: string }) {
  const needsReason = kind in reasons;
  const send = (e: Event) => {
    e.preventDefault();
    const more = content(kind, new FormData(e.currentTarget as HTMLFormElement));
    if (more) void give(kind, more);
  };
  return (
    <form class="ask" data-test={"form-" + kind} onSubmit={send} onKeyDown={formKeys}>
      <h2>{t("cmd." + kind)}</h2>
      {t("help." + kind) !== "help." + kind && <p class="sub">{t("help." + kind)}</p>}
      <Fields d={d} kind={kind} />
      {needsReason && <p class="chips">{Array.from({ length: reasons[kind] }, (_, i) => t(`reason.${kind}.${i + 1}`)).map((r) => <button key={r} type="button" class="chip" onClick={() => (note.value = r)}>{r}</button>)}</p>}
      <label class="note"><span>{t(needsReason ? "case.reason" : "case.note")}</span>
        <textarea data-test="reason" rows={2} required={needsReason} value={note.value} maxLength={4000} onInput={(e) => (note.value = e.currentTarget.value)} />
      </label>
      <p><button class={grave.includes(kind) ? "do grave" : "do"} disabled={busy.value} data-test={"give-" + kind}>{t("cmd." + kind)} <kbd aria-hidden="true">Ctrl+Enter</kbd></button> <button type="button" class="plain" onClick={giveUp}>{t("case.giveup")}</button></p>
    </form>
  );
}

/** formKeys: Ctrl+Enter gives the command, Escape gives it up. */
function formKeys(e: KeyboardEvent): void {
  if (e.key === "Escape") giveUp();
  if (e.key !== "Enter" || !(e.ctrlKey || e.metaKey)) return;
  e.preventDefault();
  (e.currentTarget as HTMLFormElement).requestSubmit();
}

export function Fields({ d, kind }: { d: Case; kind: string }) {
  switch (kind) {
    case "dispatch-to":
      return <label>{t("field.unit")}<select name="unit" required><option value="">{t("form.choose")}</option>{unitsFor(d).map((u) => <option key={u.id} value={u.id}>{both(u.name)}</option>)}</select></label>;
    case "arbitrate":
      return <label>{t("field.unit")}<select name="unit" required><option value={d.unit}>{both(d.unit_name)} ({t("case.again")})</option>{unitsFor(d).map((u) => <option key={u.id} value={u.id}>{both(u.name)}</option>)}</select></label>;
    case "involve":
      return <label>{t("field.units")}<select name="units" multiple required size={6}>{unitsFor(d).map((u) => <option key={u.id} value={u.id}>{both(u.name)}</option>)}</select></label>;
    case "ask-extension":
      return <label>{t("field.amount")}<span class="pair"><input name="n" type="number" min={1} max={60} value={1} required /><select name="clock">{clocks.map((c) => <option key={c} value={c} selected={c === (d.phases[d.phase]?.clock ?? "working day")}>{t("clock." + c.replace(" ", ""))}</option>)}</select></span></label>;
    case "ask-suspension":
      return <label>{t("field.until")}<input name="until" type="datetime-local" required min={localInput(now.value)} value={localInput(now.value + 24 * 3600_000)} /></label>;
    case "rate":
      return <fieldset class="stars"><legend>{t("field.rating")}</legend>{[5, 4, 3, 2, 1].map((n) => <label key={n}><input type="radio" name="rating" value={n} required /> {n} {t("rating." + n)}</label>)}</fieldset>;
    case "merge":
      return <MergeInto d={d} />;
  }
  return null;
}

/** unitsFor are the units that could be meant: those of the case's area and those of the whole city first. */
function unitsFor(d: Case): Unit[] {
  const rank = (u: Unit) => (u.area === d.area ? 0 : u.area ? 2 : 1);
  return units.value.filter((u) => u.id !== d.unit).sort((a, b) => rank(a) - rank(b));
}

function MergeInto({ d }: { d: Case }) {
  const words = into.value.trim().toLowerCase();
  const found = candidates.value.filter((c) => (c.number + both(c.title) + c.subject + (c.address ?? "")).toLowerCase().includes(words)).slice(0, 8);
  return (
    <fieldset class="merge"><legend>{t("field.into")}</legend>
      <input type="search" aria-label={t("console.search")} placeholder={t("console.search")} value={into.value} onInput={(e) => (into.value = e.currentTarget.value)} />
      {found.length === 0 && <p class="empty">{t("merge.none")}</p>}
      {found.map((c) => (
        <label key={c.id}><input type="radio" name="into" value={c.id} required /> {c.number} <strong>{both(c.title)}</strong> {t("state." + c.state)} {c.same && <span class="badge warn">{t("call.same")}</span>}{c.metres != null && <span class="badge">{t("call.metres", { n: Math.round(c.metres) })}</span>} {c.class === d.class && <span class="badge">{t("merge.same")}</span>} <span class="sub">{c.address || (c.scenario ? c.subject : "")} · {time(c.opened_at)}</span></label>
      ))}
    </fieldset>
  );
}

/** content is what the form says beside the note; null when something is missing. */
export function content(kind: string, f: FormData): Record<string, unknown> | null {
  const text = (name: string) => String(f.get(name) ?? "");
  switch (kind) {
    case "dispatch-to":
    case "arbitrate": return { unit: text("unit") };
    case "involve": return { units: f.getAll("units").map(String) };
    case "ask-extension": return { amount: text("n") + " " + text("clock") + (text("n") === "1" ? "" : "s") };
    case "ask-suspension": return text("until") ? { until: new Date(text("until")).toISOString() } : null;
    case "rate": return { rating: Number(text("rating")) };
    case "merge": return text("into") ? { into: text("into") } : null;
  }
  return {};
}

/** localInput is a moment as a datetime-local input takes it. */
function localInput(ms: number): string {
  const d = new Date(ms);
  return new Date(ms - d.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** UndoBar takes back one's own last step while that is possible. */
function UndoBar({ d }: { d: Detail }) {
  const last = d.facts[d.facts.length - 1];
  const left = Math.max(0, Math.min(undoSeconds, Math.ceil(undoSeconds - (now.value - Date.parse(last.at)) / 1000)));
  if (left === 0) return null;
  return (
    <p class="undo" data-test="undo-bar" role="status">{t("undo.did")} <strong>{step(last)}</strong>
      <button type="button" class="other" disabled={busy.value} data-test="cmd-undo" onClick={() => void give("undo")}>{t("cmd.undo")}</button>
      <span class="sub">{t("undo.left", { n: Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0") })}</span>
    </p>
  );
}

/** Refusal says why a command was not done, what somebody else did meanwhile, and that nothing typed is lost; it can be given again on the case as it is now. */
/** Refusal says what happened instead; field says whether what was typed stands in a field below, otherwise it is shown here. */
function Refusal({ of, d, possible, field }: { of: Refused; d: Detail; possible: string[]; field: boolean }) {
  const again = of.again && d.version >= (of.version ?? 0) && of.kind !== "invalid" && of.kind !== "denied" && possible.includes(plainly(of.again.kind)) ? of.again : undefined;
  return (
    <div class="failure" role="alert" data-test="refusal">
      <p>{of.changed.length > 0 ? t("case.conflict") : t("refused." + of.kind)}{of.changed.length === 0 && lang.value === "en" && <span class="sub">{of.text}</span>}</p>
      {of.changed.map((f) => <p key={f.version}><time dateTime={f.at}>{time(f.at)}</time> <strong>{step(f)}</strong> {actor(f)} {f.note && <q>{f.note}</q>}</p>)}
      {note.value && <p>{t(field ? "case.kept" : "case.moot")}{!field && <q data-test="kept">{note.value}</q>}</p>}
      {again && <button type="button" disabled={busy.value} data-test="again" onClick={() => void give(again.kind, again.more)}>{t("case.anyway")}: {t("cmd." + again.kind)}</button>}
    </div>
  );
}
