// One command for many cases: choose them, see what it would come to for each, do it, and take it back while that is possible.
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { api, both, caseURL, count, lang, now, post, Problem, t, time, type Case, type State, type Text } from "./lib";
import { StateMark } from "./frame";

interface Item { id: string; number: string; title: Text; version: number; state: State | ""; to: State | ""; ok: boolean; refused: string; reason: string }
interface Result { items: Item[]; done: number; refused: number; total: number }
interface Unit { id: string; name: Text }

/** most is how many cases the server takes at once; portion how many are sent in one request, so that there is progress to see. */
const most = 500, portion = 20;
const undoSeconds = 300;

export const picked = signal(new Map<string, Case>());
/** Whether not only the picked ones are meant, but all of the filter. */
const whole = signal(false);
const chosen = signal("");
const stage = signal<"ask" | "preview" | "doing" | "done">("ask");
const preview = signal<Result | null>(null);
const results = signal<Item[]>([]);
const planned = signal(0);
const finishedAt = signal(0);
const failed = signal("");
const units = signal<Unit[]>([]);
let wish: Record<string, unknown> = {};
let queue: Item[] = [];
let stopped = false;

/** What may follow in which state; the preview says what does follow. */
const offers: [string, State[]][] = [
  ["confirm", ["screening", "checking"]], ["file", ["accepted", "warned"]], ["dispatch", ["filed"]], ["close", ["verified"]],
  ["urge", ["screening", "warned", "checking", "accepted", "filed", "dispatched", "handling", "suspended", "returned", "handled", "verified"]],
  ["merge", ["screening", "warned", "checking", "accepted", "filed", "returned", "dispatched", "handling"]],
  ["void", ["screening", "warned", "checking", "accepted", "filed", "returned"]],
];

export function pick(c: Case, on: boolean): void {
  const next = new Map(picked.value);
  if (on) next.set(c.id, c);
  else next.delete(c.id);
  picked.value = next;
  whole.value = false;
}

export function pickAll(items: Case[], on: boolean): void {
  picked.value = on ? new Map([...picked.value, ...items.map((c) => [c.id, c] as const)]) : new Map();
  whole.value = false;
}

/** BulkBar says how many are chosen and what can be done with them. */
export function BulkBar(props: { total: number; shown: number; filter: URLSearchParams }) {
  const n = picked.value.size;
  if (n === 0) return null;
  const states = new Set([...picked.value.values()].map((c) => c.state));
  const possible = offers.filter(([, from]) => whole.value || from.some((s) => states.has(s)));
  return (
    <section class="bulk" aria-label={t("bulk.title")} data-test="bulk">
      <strong data-test="picked">{count("bulk.picked", whole.value ? Math.min(props.total, most) : n)}</strong>
      {!whole.value && n >= props.shown && props.total > n && <button type="button" class="plain" data-test="pick-whole" onClick={() => (whole.value = true)}>{t(props.total > most ? "bulk.first" : "bulk.whole", { n: Math.min(props.total, most) })}</button>}
      {possible.map(([k]) => <button key={k} type="button" class={k === "void" ? "other danger" : "other"} data-test={"bulk-" + k} onClick={() => begin(k)}>{t("cmd." + k)}…</button>)}
      <button type="button" class="plain" onClick={() => pickAll([], false)}>{t("bulk.none")}</button>
      {chosen.value && <Dialog filter={props.filter} />}
    </section>
  );
}

function begin(kind: string): void {
  chosen.value = kind;
  stage.value = "ask";
  preview.value = null;
  failed.value = "";
  if (kind === "dispatch" && units.value.length === 0) void api<{ items: Unit[] }>("/api/v1/units").then((u) => (units.value = u.items));
}

function Dialog({ filter }: { filter: URLSearchParams }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  const end = () => {
    chosen.value = "";
    if (stage.value === "done") pickAll([], false);
  };
  return (
    <dialog ref={box} class="bulkbox" aria-labelledby="h-bulk" data-test="bulk-dialog" onClose={end} onCancel={(e) => { if (stage.value === "doing") e.preventDefault(); }}>
      <h2 id="h-bulk">{t("cmd." + chosen.value)}</h2>
      {failed.value && <p class="failure" role="alert">{failed.value}</p>}
      {(stage.value === "ask" || stage.value === "preview") && <Ask filter={filter} />}
      {stage.value === "preview" && preview.value && <Foreseen close={() => box.current?.close()} />}
      {(stage.value === "doing" || stage.value === "done") && <Progress close={() => box.current?.close()} />}
      {stage.value === "ask" && <button type="button" class="plain" onClick={() => box.current?.close()}>{t("case.giveup")}</button>}
    </dialog>
  );
}

const reasonCount: Record<string, number> = { void: 5, urge: 2 };

/** Ask is what the command must be told; sending it shows what would happen. */
function Ask({ filter }: { filter: URLSearchParams }) {
  const kind = chosen.value;
  const form = useRef<HTMLFormElement>(null);
  const send = (e: Event) => {
    e.preventDefault();
    void foresee(new FormData(form.current!), filter);
  };
  useEffect(() => { if (!(kind in reasonCount) && kind !== "merge" && kind !== "dispatch") form.current?.requestSubmit(); }, []);
  return (
    <form ref={form} class="ask" data-test="bulk-form" onSubmit={send} onInput={() => (stage.value = "ask")}>
      {kind === "dispatch" && <label>{t("field.unit")}<select name="unit"><option value="">{t("bulk.proposed")}</option>{units.value.map((u) => <option key={u.id} value={u.id}>{both(u.name)}</option>)}</select></label>}
      {kind === "merge" && <label>{t("bulk.into")}<select name="into" required>{[...picked.value.values()].sort((a, b) => a.number.localeCompare(b.number)).map((c) => <option key={c.id} value={c.id}>{[c.number, both(c.title), c.address || (c.scenario ? c.subject : "")].filter(Boolean).join(" · ")}</option>)}</select></label>}
      {kind in reasonCount && <p class="chips">{Array.from({ length: reasonCount[kind] }, (_, i) => t(`reason.${kind}.${i + 1}`)).map((r) => (
        <button key={r} type="button" class="chip" onClick={() => { (form.current!.elements.namedItem("note") as HTMLTextAreaElement).value = r; stage.value = "ask"; }}>{r}</button>))}</p>}
      <label class="note"><span>{t(kind in reasonCount ? "case.reason" : "case.note")}</span><textarea name="note" rows={2} maxLength={4000} required={kind in reasonCount} data-test="bulk-note" /></label>
      {stage.value === "ask" && <button class="do" data-test="bulk-preview">{t("bulk.preview")}</button>}
    </form>
  );
}

async function foresee(f: FormData, filter: URLSearchParams): Promise<void> {
  const text = (name: string) => String(f.get(name) ?? "").trim();
  wish = { command: chosen.value, note: text("note"), unit: text("unit"), into: text("into") };
  const which = whole.value ? { filter: filterOf(filter) } : { cases: [...picked.value.keys()].filter((id) => id !== wish.into).map((id) => ({ id })) };
  failed.value = "";
  try {
    preview.value = await api<Result>("/api/v1/cases/bulk", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ...wish, preview: true, ...which }) });
    stage.value = "preview";
  } catch (error) {
    failed.value = words(error);
  }
}

/** filterOf is the list's filter as the body says it. */
function filterOf(q: URLSearchParams): Record<string, unknown> {
  const flags = ["open", "asked", "overdue"];
  return Object.fromEntries([...q].filter(([k]) => k !== "limit" && k !== "cursor").map(([k, v]) => [k, flags.includes(k) ? v === "true" : v]));
}

const words = (error: unknown) => (error instanceof Problem ? error.reasons() : String(error));

function Foreseen({ close }: { close: () => void }) {
  const p = preview.value!;
  const good = p.items.filter((i) => i.ok);
  return (
    <>
      <p role="status" data-test="foreseen" data-done={p.done} data-refused={p.refused}><strong>{count("bulk.would", p.done)}</strong>{p.refused > 0 && <> · {count("bulk.wouldnot", p.refused)}</>}{p.total > p.items.length && <span class="sub">{t("bulk.bounded", { n: p.items.length, of: p.total })}</span>}</p>
      <Items items={[...p.items.filter((i) => !i.ok), ...good]} />
      <p><button type="button" class="do" disabled={good.length === 0} data-test="bulk-do" onClick={() => void run(good)}>{count("bulk.do", good.length)}</button> <button type="button" class="plain" onClick={close}>{t("case.giveup")}</button></p>
    </>
  );
}

function Items({ items }: { items: Item[] }) {
  return (
    <ul class="foreseen" tabIndex={0} aria-label={t("bulk.each")}>
      {items.map((i) => (
        <li key={i.id} class={i.ok ? "" : "refused"} data-test="bulk-item" data-ok={i.ok}>
          <span aria-hidden="true">{i.ok ? "✓" : "✕"}</span> <a href={caseURL(i.id)} target="_blank">{i.number || i.id}</a> {both(i.title)} {i.state && <StateMark of={i.state} />}{i.ok && i.to && i.to !== i.state && <> → <StateMark of={i.to} /></>}
          {!i.ok && <span class="sub">{t("refused." + i.refused)}{lang.value === "en" && i.reason ? ": " + i.reason : ""}</span>}
        </li>
      ))}
    </ul>
  );
}

async function run(items: Item[]): Promise<void> {
  queue = [...items];
  planned.value = items.length;
  results.value = [];
  await go();
}

/** go sends what is left, a portion at a time. When a portion's answer never came, the same portion goes again under the same key. */
async function go(): Promise<void> {
  stage.value = "doing";
  failed.value = "";
  stopped = false;
  while (queue.length > 0 && !stopped) {
    const part = queue.slice(0, portion);
    try {
      const r = await post<Result>("/api/v1/cases/bulk", { ...wish, cases: part.map(({ id, version }) => ({ id, version })) });
      results.value = [...results.value, ...r.items];
      queue = queue.slice(portion);
    } catch (error) {
      failed.value = words(error);
      return;
    }
  }
  finishedAt.value = Date.now();
  stage.value = "done";
}

/** undo takes back what was done, case by case. */
async function undo(): Promise<void> {
  const back = results.value.filter((i) => i.ok);
  wish = { command: "undo" };
  await run(back);
}

function Progress({ close }: { close: () => void }) {
  const doing = stage.value === "doing";
  const ok = results.value.filter((i) => i.ok).length, bad = results.value.filter((i) => !i.ok);
  const left = Math.min(undoSeconds, Math.ceil(undoSeconds - (now.value - finishedAt.value) / 1000));
  const undoable = !doing && ok > 0 && wish.command !== "undo" && wish.command !== "urge" && left > 0;
  return (
    <>
      <label class="progress">{t("bulk.progress", { n: results.value.length, of: planned.value })}<progress max={planned.value} value={results.value.length} /></label>
      {doing && !failed.value && <button type="button" class="plain" onClick={() => (stopped = true)}>{t("bulk.stop")}</button>}
      {doing && failed.value && <button type="button" class="do" onClick={() => void go()}>{t("retry")}</button>}
      {!doing && <p role="status" data-test="bulk-result" data-done={ok} data-refused={bad.length}><strong>{count(wish.command === "undo" ? "bulk.undone" : "bulk.done", ok)}</strong>{bad.length > 0 && <> · {count("bulk.refused", bad.length)}</>}</p>}
      {bad.length > 0 && <Items items={bad} />}
      {undoable && <p class="undo"><button type="button" data-test="bulk-undo" onClick={() => void undo()}>{count("bulk.undo", ok)}</button> <span class="sub">{t("undo.left", { n: Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0") })} · {time(new Date(finishedAt.value).toISOString())}</span></p>}
      {!doing && <button type="button" class="do" data-test="bulk-close" onClick={close}>{t("bulk.close")}</button>}
    </>
  );
}
