// The page of one case: readings → rule → detection → case → every step, and what can be done now.
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { api, both, caseURL, clockWords, duration, inTurn, me, person, Problem, span, t, time, titled, type Case, type Detail, type Fact, type Reading, type Report, type Rule } from "./lib";
import { arm, Commands, keyOf, limitWords, working } from "./commands";
import { actor, loadUnits, step, unitName } from "./step";
import { Failure, SeverityMark, StateMark } from "./frame";
import { draw, type Level } from "./chart";
import { Album } from "./album";
import { numbers, ordersOf, type PeerOrder } from "./peer";
import { incidentOf, incidentURL, type Heading } from "./post";

const detail = signal<Detail | null>(null);
const reports = signal<Report[]>([]);
const incident = signal<Heading | null>(null);
const orders = signal<PeerOrder[]>([]); // of and for other systems
const failed = signal<unknown>(null);
titled(() => (detail.value ? both(detail.value.title) + " " + detail.value.number : t("console.title")));

export const loadCase = inTurn(async (id: string) => {
  try {
    const d = await api<Detail>("/api/v1/cases/" + encodeURIComponent(id));
    if (d.reports > 0) reports.value = (await api<{ items: Report[] }>(`/api/v1/cases/${encodeURIComponent(id)}/reports`)).items;
    detail.value = d;
    failed.value = null;
    void loadUnits();
    if (me.value?.can.exchange) orders.value = await ordersOf(id);
    if (me.value?.can.incidents) incident.value = await incidentOf(d);
    armFromHash();
  } catch (error) {
    if (detail.value?.id === id && !(error instanceof Problem)) return; // no network for a moment: what is typed stays on the page
    failed.value = error;
  }
});

/** touched is told of every change of a case; our own changes come this way too. */
export function touched(c: Case): void {
  if (detail.value && c.id === detail.value.id && c.version > detail.value.version && !working()) void loadCase(c.id);
}

export function caseKeys(key: string): void {
  if (key === "Escape") return void globalThis.history.back();
  if (keyOf[key]) arm(keyOf[key]);
}

/** A key pressed in the list leads here with its letter. */
function armFromHash(): void {
  const key = location.hash.slice(1);
  if (!keyOf[key]) return;
  globalThis.history.replaceState(null, "", location.pathname + location.search);
  arm(keyOf[key]);
}

/** backToList goes to the list as it was left, with its filter, when that is where one comes from. */
function backToList(e: Event): void {
  if (!document.referrer.startsWith(location.origin + "/console?") && document.referrer !== location.origin + "/console") return;
  e.preventDefault();
  globalThis.history.back();
}

export function CasePage() {
  if (failed.value) return <Failure error={failed.value} again={() => location.reload()} />;
  const d = detail.value;
  if (!d) return <p role="status">{t("loading")}</p>;
  return (
    <article class="case">
      <p><a href="/console?open=true" onClick={backToList}>← {t("case.back")}</a></p>
      <h1>{both(d.title)} <SeverityMark of={d.severity} /></h1>
      <p class="lead">
        <span data-test="state" data-state={d.state}><StateMark of={d.state} /></span> {d.number} · {both(d.area_name)} · {both(d.unit_name)} · <span class={d.overdue ? "overdue" : ""}>{clockWords(d)}</span>
        {d.escalated && <span class="badge warn">{t("escalated")}</span>}
      </p>
      <Marks d={d} />
      <Commands d={d} again={loadCase} />
      {d.phases.length > 1 && <Phases d={d} />}
      {d.reports > 0 && <section aria-labelledby="h-reports"><h2 id="h-reports">{t("case.reports", { n: d.reports })}</h2><Reports /></section>}
      {orders.value.length > 0 && <p class="sub" data-test="peer-orders">{t("case.orders")}: {orders.value.map((o) => <a key={o.id} href={"/console/exchange?peer=" + o.peer}>{t("case.order", { order: numbers(o), word: o.word })}</a>)}</p>}
      {d.photos.length > 0 && <Album d={d} />}
      <ol class="chain">
        {d.scenario && <>
        <li data-test="chain-readings"><h2>{t("case.readings")}</h2><Readings d={d} /></li>
        <li data-test="chain-rule"><h2>{t("case.rule")}</h2><RuleBox d={d} /></li>
        <li data-test="chain-detection"><h2>{t("case.detection")}</h2><DetectionBox d={d} /></li>
        </>}
        <li data-test="chain-steps"><h2>{t("case.steps")}</h2><Steps d={d} /></li>
      </ol>
    </article>
  );
}

/** Marks are what is particular about a case, in a line. */
function Marks({ d }: { d: Detail }) {
  const counted: [string, number][] = [["mark.returns", d.returns], ["mark.reworks", d.reworks], ["mark.reopened", d.reopened], ["mark.urged", d.urged], ["mark.extensions", d.extensions]];
  return (
    <p class="marks" data-test="marks">
      {d.address && <span>{d.address}</span>}
      {incident.value && <a href={incidentURL(incident.value.id)} data-test="incident">{t(incident.value.state === "closed" ? "incident.waspartof" : "incident.partof", { title: incident.value.title })}</a>}
      {d.into && <a href={caseURL(d.into)} data-test="into">{t("mark.into")}</a>}
      {d.light && <span class="badge">{t("mark.light")}</span>}
      {d.late && <span class="badge warn">{t("mark.late")}</span>}
      {d.wake_at && <span class="badge" data-test="stands">{t(d.state === "warned" ? "mark.warned" : "mark.suspended", { time: time(d.wake_at) })}{d.state === "suspended" && left(d)}</span>}
      {counted.filter(([, n]) => n > 0).map(([key, n]) => <span key={key} class="badge">{t(key, { n })}</span>)}
      {d.parts.map((p) => <span key={p.unit} class="badge" data-test="part">{unitName(p.unit)} {t(p.done ? "mark.part.done" : "mark.part.open")}</span>)}
      {d.rating > 0 && <span class="badge" data-test="rating">{t("rating." + d.rating)}</span>}
    </p>
  );
}

/** left is how much of its limit a case that stands still has. */
function left(d: Detail): string {
  const ns = d.facts.findLast((f) => f.kind === "suspended")?.body?.left_ns ?? 0;
  return ns > 0 ? " · " + t("mark.leftover", { d: span(ns / 1e6) }) : "";
}

/** whyUnit is why the unit is responsible: as the case was opened, or as whoever decided said. */
function whyUnit(d: Detail): string {
  const told = d.facts.map((f) => f.body).findLast((b) => (b?.why_unit && b.unit === d.unit) || (b?.opening && (b.opening.unit ?? "") === d.unit));
  const why = told?.why ?? told?.opening?.why;
  return why ? both(why) : d.why_unit;
}

/** Phases shows where in its limit a case stands. */
function Phases({ d }: { d: Detail }) {
  const at = d.handled_at ? d.phases.length : d.dispatched_at ? d.phase : -1;
  return (
    <ol class="phases" aria-label={t("case.phases")} data-test="phases">
      {d.phases.map((p, i) => <li key={i} class={i < at ? "past" : i === at ? "now" : ""} aria-current={i === at ? "step" : undefined}><strong>{both(p.title)}</strong><span class="sub">{i === at && d.due_at ? time(d.due_at) : span(p.length_s * 1000)}{p.clock.startsWith("working") ? " · " + t("clock.workinghour") : ""}</span></li>)}
    </ol>
  );
}

/** Reports are what people told, in their words. */
function Reports() {
  return (
    <ul class="told" data-test="reports">
      {reports.value.map((r) => (
        <li key={r.id}><q>{r.text}</q> <span class="sub">{t("channel." + r.channel)} · {time(r.at)} · {person(r.taker_name)}{r.address ? " · " + r.address : ""}</span>
          {r.answered_at ? <span class="sub" data-test="answered">{t("told.answered", { time: time(r.answered_at) })}: {r.answer}</span> : <span class="sub">{t("told.open")}</span>}</li>
      ))}
    </ul>
  );
}

/** about is what a step says beside its note: the unit, the time until which, by how much. */
function about(f: Fact) {
  const b = f.body ?? {};
  const parts = [b.unit ? unitName(b.unit) : "", (b.units ?? []).map(unitName).join(t("list.and")), b.handler_name && f.kind !== "started" && f.kind !== "handled" && f.kind !== "settled" ? person(b.handler_name) : "", b.due_at ? t("step.due", { time: time(b.due_at) }) : "", b.amount ? limitWords(b.amount) : "",
    b.wake_at ? t("city.until", { time: time(b.wake_at) }) : "", b.late ? t("mark.late") : "", b.rating ? t("rating." + b.rating) : "", b.spot ? t("step.spot", { lat: b.spot.lat.toFixed(5), lon: b.spot.lon.toFixed(5), m: Math.round(b.spot.accuracy_m) }) : ""].filter(Boolean);
  return <>{parts.length > 0 && <span class="sub">{parts.join(" · ")}</span>}{b.into && <a href={caseURL(b.into)}>{t("step.other")}</a>}</>;
}

function Readings({ d }: { d: Detail }) {
  const all = d.chain.readings;
  if (all.length === 0) return <p>{t("case.noreadings")}</p>;
  return (
    <>
      <ReadingChart readings={all} rule={d.chain.rule} />
      <div class="scroll" tabIndex={0} role="region" aria-label={t("case.readings")}>
        <table>
          <thead><tr><th scope="col">{t("reading.time")}</th><th scope="col">{t("reading.of")}</th><th scope="col">{t("reading.area")}</th><th scope="col">{t("reading.data")}</th><th scope="col">{t("reading.position")}</th></tr></thead>
          <tbody>{all.map((r) => (
            <tr key={r.seq + "." + r.n}><td class="nowrap">{time(r.time)}</td><td>{r.subject}{r.source !== r.subject && <span class="sub">{t("reading.source")} {r.source}</span>}</td><td class="nowrap">{both(r.area_name)}</td><td>{content(r)}</td><td>{r.seq}.{r.n}</td></tr>
          ))}</tbody>
        </table>
      </div>
      {d.chain.more > 0 && <p>{t("case.more", { n: d.chain.more })}</p>}
    </>
  );
}

function content(r: Reading): string {
  return Object.entries(r.data ?? {}).filter(([k]) => k !== "$person").map(([k, v]) => `${k} ${typeof v === "string" && v.startsWith("tink1:") ? t("reading.sealed") : v}`).join(" · ");
}

const comparison = /data\.(\w+)\s*(>=|<=|>|<)\s*(-?[\d.]+)/;

/** The number that the rule speaks of, over time, with the rule's thresholds when they are plain ones. */
function ReadingChart(props: { readings: Reading[]; rule: Rule }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const holds = comparison.exec(props.rule.when), over = comparison.exec(props.rule.until);
  const field = holds?.[1] ?? /data\.(\w+)/.exec(props.rule.when)?.[1] ?? "";
  const points = props.readings.filter((r) => typeof r.data?.[field] === "number").map((r) => ({ x: Date.parse(r.time), y: r.data[field] as number }));
  const levels: Level[] = [];
  if (holds) levels.push({ y: Number(holds[3]), color: "#a4232b", text: `${t("case.rule.when")}: ${field} ${holds[2]} ${holds[3]}` });
  if (over && over[1] === field && over[3] !== holds?.[3]) levels.push({ y: Number(over[3]), color: "#0f6b43", text: `${t("case.rule.until")}: ${field} ${over[2]} ${over[3]}` });
  const first = props.readings[0].time, last = props.readings[props.readings.length - 1].time;
  useEffect(() => {
    if (canvas.current) draw(canvas.current, points, { color: "#0b4f6c", fill: "#0b4f6c18", ink: "#4a5a66", marks: true, levels, always: true, left: first === last ? "" : time(first), right: time(last) });
  });
  if (points.length === 0) return null;
  return <canvas ref={canvas} class="readings" role="img" aria-label={`${field}: ${points.map((p) => p.y).join(", ")}; ${levels.map((l) => l.text).join("; ")}`} />;
}

function RuleBox({ d }: { d: Detail }) {
  const r = d.chain.rule;
  return (
    <>
      <p><strong>{both(r.title)}</strong> · {r.scenario} · {t("case.rule.version", { n: r.version })} · {t("operator." + r.operator)} <code class="hash">{r.hash.slice(0, 12)}</code></p>
      <dl class="facts">
        {r.where && <><dt>{t("case.rule.where")}</dt><dd><code>{r.where}</code></dd></>}
        {(r.settings ?? []).map((x) => <><dt key={x.name}>{settingName(x.name)}</dt><dd>{settingValue(x.value)}</dd></>)}
        <dt>{t("case.rule.when")}</dt><dd>{r.when ? <code>{r.when}</code> : t("holds." + r.operator)}</dd>
        {r.for && <><dt>{t("case.rule.for")}</dt><dd>{duration(r.for)}</dd></>}
        <dt>{t("case.rule.until")}</dt><dd>{ends(r)}</dd>
        {r.note && <><dt>{t("case.rule.note")}</dt><dd>{r.note}</dd></>}
      </dl>
    </>
  );
}

/** ends says what ends an episode; clusters and sequences that say nothing are ended by time alone. */
function ends(r: Rule) {
  if (r.until && r.until !== "false") return <code>{r.until}</code>;
  return t(r.until || r.operator === "cluster" || r.operator === "sequence" ? "case.rule.hold" : "case.rule.otherwise");
}

/** settingName is the plain word for a line of a scenario's definition; a limit and a measure that a pack names keeps that name. */
function settingName(name: string) {
  return name.startsWith("limit.") ? <>{t("setting.limit")} <code>{name.slice(6)}</code></> : t("setting." + name);
}

/** settingValue puts lengths of time and city states into words. */
function settingValue(value: string) {
  if (/^([\d.]+(ms|h|m|s))+$/.test(value)) return duration(value);
  if (/^daily [\d.e+-]+/.test(value)) return value.split(" · ").map((part) => part.split(" ")).map(([level, n]) => `${t("level." + level)} ${n}`).join(" · ");
  return <code>{value}</code>;
}

function DetectionBox({ d }: { d: Detail }) {
  const x = d.chain.detection;
  return (
    <dl class="facts">
      <dt>{t("case.episode", { n: x.episode })}</dt><dd>{x.subject}</dd>
      {(x.measures ?? []).map((m) => <><dt key={m.name}>{measureName(m.name)}</dt><dd data-test="measure" data-name={m.name}>{measured(m.value)}</dd></>)}
      <dt>{t("case.citystate")}</dt><dd>{t("level." + (x.state || "daily"))}</dd>
      <dt>{t("case.since")}</dt><dd>{time(x.since)}</dd>
      <dt>{t("case.started")}</dt><dd>{time(x.started)}</dd>
      <dt>{t("case.ended")}</dt><dd>{x.ended ? `${time(x.ended)} (${span(Date.parse(x.ended) - Date.parse(x.since))})` : t("case.lasting")}</dd>
      <dt>{t("case.explain")}</dt><dd><code data-test="explain">twoweave explain {x.id}</code></dd>
    </dl>
  );
}

/** measureName is the plain word for what an operator measures, or for the limit that was in force. */
function measureName(name: string) {
  return name.startsWith("limit.") ? <>{t("measure.limit")} <code>{name.slice(6)}</code></> : <>{t("measure." + name)} <code>{name}</code></>;
}

/** measured leaves out digits that nobody reads and says yes and no in words. */
function measured(value: string): string {
  if (value === "true" || value === "false") return t(value === "true" ? "yes" : "no");
  return /^-?\d+\.\d{4,}(e[+-]\d+)?$/.test(value) ? String(Number(Number(value).toPrecision(4))) : value;
}

function Steps({ d }: { d: Detail }) {
  return (
    <>
      <p class="sub">{t("case.why")}: {whyUnit(d)}</p>
      <ol class="steps">
        {d.facts.map((f) => (
          <li key={f.version}>
            <time dateTime={f.at}>{time(f.at)}</time> <strong>{step(f)}</strong> {actor(f)}
            {f.note && <q>{f.note}</q>} {about(f)}
            <span class="sub">{t("case.purpose")}: {t("purpose." + f.purpose)} · {t("case.ruleRow")}: {f.rule}</span>
          </li>
        ))}
      </ol>
    </>
  );
}
