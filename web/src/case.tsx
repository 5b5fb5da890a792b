// The page of one case: readings → rule → detection → case → every step, and what can be done now.
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { api, both, clockWords, command, Problem, span, t, time, type Case, type Detail, type Fact, type Reading } from "./lib";
import { Failure, SeverityMark, StateMark } from "./frame";
import { draw } from "./chart";

const detail = signal<Detail | null>(null);
const failed = signal<unknown>(null);
const note = signal("");
const busy = signal(false);
const refusal = signal<{ text: string; changed: Fact[] } | null>(null);

export async function loadCase(id: string): Promise<void> {
  try {
    detail.value = await api<Detail>("/api/v1/cases/" + encodeURIComponent(id));
    failed.value = null;
    document.title = both(detail.value.title) + " " + detail.value.number;
    startFromHash();
  } catch (error) {
    failed.value = error;
  }
}

/** touched is told of every change of a case; our own changes come this way too. */
export function touched(c: Case): void {
  if (detail.value && c.id === detail.value.id && c.version > detail.value.version && !busy.value) void loadCase(c.id);
}

const keyOf: Record<string, string> = { f: "file", d: "dispatch", s: "start", h: "finish", v: "verify", c: "close" };

export function caseKeys(key: string): void {
  if (key === "Escape") return void globalThis.history.back();
  const kind = keyOf[key];
  if (kind && detail.value?.commands.some((p) => p.command === kind && p.allowed)) void give(kind);
}

/** A key pressed in the list leads here with its letter: the command is given once, when it is possible. */
function startFromHash(): void {
  const key = location.hash.slice(1);
  if (!keyOf[key]) return;
  globalThis.history.replaceState(null, "", location.pathname + location.search);
  caseKeys(key);
}

async function give(kind: string): Promise<void> {
  const before = detail.value;
  if (!before || busy.value) return;
  busy.value = true;
  refusal.value = null;
  try {
    await command(before, kind, note.value.trim());
    note.value = "";
  } catch (error) {
    refusal.value = await explain(error, before);
  }
  busy.value = false;
  await loadCase(before.id);
}

/** explain says why a command was refused and, when somebody else was faster, who changed what. */
async function explain(error: unknown, before: Detail) {
  const text = error instanceof Problem ? error.detail : String(error);
  if (!(error instanceof Problem) || error.status !== 409) return { text, changed: [] };
  const now = await api<Detail>("/api/v1/cases/" + before.id);
  return { text, changed: now.facts.filter((f) => f.version > before.version) };
}

export function CasePage() {
  if (failed.value) return <Failure error={failed.value} again={() => location.reload()} />;
  const d = detail.value;
  if (!d) return <p role="status">{t("loading")}</p>;
  return (
    <article class="case">
      <p><a href="/console?open=true">← {t("case.back")}</a></p>
      <h1>{both(d.title)} <SeverityMark of={d.severity} /></h1>
      <p class="lead">
        <span data-test="state" data-state={d.state}><StateMark of={d.state} /></span> {d.number} · {both(d.area_name)} · {both(d.unit_name)} · <span class={d.overdue ? "overdue" : ""}>{clockWords(d)}</span>
        {d.escalated && <span class="badge warn">{t("escalated")}</span>}
      </p>
      <Commands d={d} />
      <ol class="chain">
        <li data-test="chain-readings"><h2>{t("case.readings")}</h2><Readings d={d} /></li>
        <li data-test="chain-rule"><h2>{t("case.rule")}</h2><RuleBox d={d} /></li>
        <li data-test="chain-detection"><h2>{t("case.detection")}</h2><DetectionBox d={d} /></li>
        <li data-test="chain-steps"><h2>{t("case.steps")}</h2><Steps d={d} /></li>
      </ol>
    </article>
  );
}

function Commands({ d }: { d: Detail }) {
  const possible = d.commands.filter((p) => p.allowed);
  const next = d.commands.find((p) => !p.allowed && nextCommand[d.state] === p.command);
  if (possible.length === 0 && !next && !refusal.value) return null;
  return (
    <section class="commands" aria-label={t("case.commands")}>
      {refusal.value && (
        <div class="failure" role="alert" data-test="refusal">
          <p>{refusal.value.changed.length ? t("case.conflict") : refusal.value.text}</p>
          {refusal.value.changed.map((f) => <p key={f.version}><strong>{t("fact." + f.kind)}</strong> {f.actor_name} {time(f.at)} {f.note}</p>)}
          {note.value && <p>{t("case.kept")}</p>}
        </div>
      )}
      {possible.length > 0 && (
        <label class="note">{t("case.note")}
          <textarea data-test="note" rows={2} value={note.value} maxLength={4000} onInput={(e) => (note.value = e.currentTarget.value)}
            onKeyDown={(e) => { if (e.ctrlKey && e.key === "Enter") { e.preventDefault(); void give(possible[0].command); } }} />
        </label>
      )}
      {possible.map((p) => <button key={p.command} type="button" class="do" disabled={busy.value} data-test={"cmd-" + p.command} onClick={() => void give(p.command)}>{t("cmd." + p.command)}</button>)}
      {next && <p class="cannot">{t("case.cannot")}{t("cmd." + next.command)} — {next.reason}</p>}
    </section>
  );
}

const nextCommand: Record<string, string> = { accepted: "file", filed: "dispatch", dispatched: "start", handling: "finish", handled: "verify", verified: "close" };

function Readings({ d }: { d: Detail }) {
  const all = d.chain.readings;
  if (all.length === 0) return <p>{t("case.noreadings")}</p>;
  return (
    <>
      <ReadingChart readings={all} when={d.chain.rule.when} />
      <div class="scroll" tabIndex={0} role="region" aria-label={t("case.readings")}>
        <table>
          <thead><tr><th scope="col">{t("reading.time")}</th><th scope="col">{t("reading.data")}</th><th scope="col">{t("reading.source")}</th><th scope="col">{t("reading.position")}</th></tr></thead>
          <tbody>{all.map((r) => (
            <tr key={r.seq + "." + r.n}><td class="nowrap">{time(r.time)}</td><td>{content(r)}</td><td>{r.source}</td><td>{r.seq}.{r.n}</td></tr>
          ))}</tbody>
        </table>
      </div>
      {d.chain.more > 0 && <p>{t("case.more", { n: d.chain.more })}</p>}
    </>
  );
}

function content(r: Reading): string {
  return Object.entries(r.data ?? {}).filter(([k]) => k !== "$person").map(([k, v]) => `${k} ${typeof v === "string" && v.startsWith("tink1:") ? "🔒" : v}`).join(" · ");
}

/** The number that the rule speaks of, over time, with the rule's threshold when it is a plain one. */
function ReadingChart(props: { readings: Reading[]; when: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const field = /data\.(\w+)/.exec(props.when)?.[1] ?? "";
  const threshold = new RegExp(`data\\.${field}\\s*[<>]=?\\s*(-?[\\d.]+)`).exec(props.when)?.[1];
  const points = props.readings.filter((r) => typeof r.data?.[field] === "number").map((r) => ({ x: Date.parse(r.time), y: r.data[field] as number }));
  useEffect(() => {
    if (canvas.current) draw(canvas.current, points, { color: "#0b4f6c", fill: "#0b4f6c18", marks: true, floor: 0, level: threshold ? Number(threshold) : undefined, levelColor: "#b83232" });
  });
  if (points.length === 0) return null;
  return <canvas ref={canvas} class="readings" role="img" aria-label={`${field}: ${points.map((p) => p.y).join(", ")}${threshold ? "; " + threshold : ""}`} />;
}

function RuleBox({ d }: { d: Detail }) {
  const r = d.chain.rule;
  return (
    <>
      <p><strong>{both(r.title)}</strong> · {r.scenario} · {t("case.rule.version", { n: r.version })} · {r.operator} <code class="hash">{r.hash.slice(0, 12)}</code></p>
      <dl class="facts">
        {r.where && <><dt>{t("case.rule.where")}</dt><dd><code>{r.where}</code></dd></>}
        <dt>{t("case.rule.when")}</dt><dd><code>{r.when}</code></dd>
        {r.for && <><dt>{t("case.rule.for")}</dt><dd>{r.for}</dd></>}
        <dt>{t("case.rule.until")}</dt><dd>{r.until ? <code>{r.until}</code> : t("case.rule.otherwise")}</dd>
        {r.note && <><dt>{t("case.rule.note")}</dt><dd>{r.note}</dd></>}
      </dl>
    </>
  );
}

function DetectionBox({ d }: { d: Detail }) {
  const x = d.chain.detection;
  return (
    <dl class="facts">
      <dt>{t("case.episode", { n: x.episode })}</dt><dd>{x.subject}</dd>
      <dt>{t("case.since")}</dt><dd>{time(x.since)}</dd>
      <dt>{t("case.started")}</dt><dd>{time(x.started)}</dd>
      <dt>{t("case.ended")}</dt><dd>{x.ended ? `${time(x.ended)} (${span(Date.parse(x.ended) - Date.parse(x.since))})` : t("case.lasting")}</dd>
    </dl>
  );
}

function Steps({ d }: { d: Detail }) {
  return (
    <>
      <p class="sub">{t("case.why")}: {d.why_unit}</p>
      <ol class="steps">
        {d.facts.map((f) => (
          <li key={f.version}>
            <time dateTime={f.at}>{time(f.at)}</time> <strong>{t("fact." + f.kind)}</strong> {f.actor_name || f.actor}
            {f.note && <q>{f.note}</q>}
            <span class="sub">{t("case.purpose")}: {t("purpose." + f.purpose)} · {t("case.ruleRow")}: {f.rule}</span>
          </li>
        ))}
      </ol>
    </>
  );
}
