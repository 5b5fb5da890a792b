// The commander's page of one incident: who commands, tasks by how far they are, situation reports, cases, and the log that is the record.
import { useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { api, both, count, me, now, person, span, t, time, type Area } from "./lib";
import { LevelMark } from "./frame";
import { loadUnits } from "./step";
import { give, may, said, stuck, type Incident, type Line, type Task } from "./post";
import { Tasks } from "./tasks";
import { Cases } from "./gather";
import { printing, Reports } from "./situation";

export interface PersonOf { id: string; name: string; unit?: string; commands: boolean }

const shown = signal<Incident | null>(null);
export const people = signal<PersonOf[]>([]);
export const titleOf = () => shown.value?.title ?? "";

export async function loadIncident(id: string): Promise<void> {
  shown.value = await api<Incident>("/api/v1/incidents/" + encodeURIComponent(id));
  if (people.value.length === 0) people.value = (await api<{ items: PersonOf[] }>("/api/v1/incident-people")).items;
  await loadUnits();
}

/** Post is what every part of the page gets. do gives a command on the version that was seen when a form was begun, or on the one shown. */
export interface Post { i: Incident; areas: Area[]; do: (body: Record<string, unknown>, seen?: number, done?: () => void) => Promise<boolean> }

export function IncidentPage(props: { again: () => Promise<void>; areas: Area[] }) {
  const i = shown.value;
  if (!i) return <p role="status">{t("loading")}</p>;
  const post: Post = { i, areas: props.areas, do: (body, seen, done) => give(i.id, seen ?? i.version, body, props.again, done) };
  return (
    <article class={"incident" + (printing.value ? " printing" : "")}>
      <p class="unprinted"><a href="/console/incidents">← {t("incident.back")}</a></p>
      <h1>{i.title} <span class="badge" data-test="stage" data-state={i.state}>{t("stage." + i.state)}</span></h1>
      <p class="lead">{t("kind." + i.kind)} · <LevelMark of={i.level} /> · {i.areas.map((a) => both(a.name)).join(t("list.and")) || t("city.whole")}{i.place && " · " + i.place}</p>
      <p class="lead">{t("incident.commander")}: <strong data-test="commander">{person(i.commander.name)}</strong> · {since(i)} <span class="sub">{i.number}</span></p>
      <p class="said" role="status" data-test="said">{said.value}</p>
      <Changed post={post} />
      <Command {...post} />
      <Tasks {...post} />
      <div class="halves">
        <Reports {...post} />
        <Cases {...post} />
      </div>
      <section class="unprinted" aria-labelledby="h-log"><h2 id="h-log">{t("incident.log")}</h2><p class="sub">{t("incident.log.about")}</p><Log of={i.log} tasks={i.tasks} test="log" /></section>
    </article>
  );
}

function since(i: Incident): string {
  const end = i.ended_at ? Date.parse(i.ended_at) : now.value;
  return t(i.ended_at ? "incident.lasted" : "incident.since", { d: span(end - Date.parse(i.opened_at)) });
}

/** Changed says what others did since the command that was refused was begun, and offers to give it all the same. */
function Changed({ post }: { post: Post }) {
  const s = stuck.value;
  if (!s || s.id !== post.i.id) return null;
  const since = post.i.log.filter((f) => f.version > s.seen);
  return (
    <div class="failure unprinted" role="alert" data-test="conflict">
      <p>{t(since.length > 0 ? "incident.conflict" : "incident.refused")}</p>
      {since.length > 0 ? <Log of={since} tasks={post.i.tasks} /> : <p>{s.detail}</p>}
      <p><button type="button" class="do" data-test="anyway" onClick={() => void post.do(s.body, post.i.version, s.done)}>{t("incident.anyway")}</button> <button type="button" class="plain" onClick={() => (stuck.value = null)}>{t("case.giveup")}</button></p>
    </div>
  );
}

/** Command is what is done with the incident as a whole: passing command on, standing down, closing, reopening. */
function Command(post: Post) {
  const { i } = post;
  const mine = i.offered?.id === me.value?.id;
  return (
    <div class="commands unprinted">
      {i.offered && (
        <div class="asked" data-test="offered"><p>{t("incident.offered", { who: person(i.offered.name) })}</p>
          {may(i, "accept") && <button type="button" class="do" data-test="accept" onClick={() => void post.do({ command: "accept" })}>{t("incident.accept")}</button>}
          {may(i, "decline") && <button type="button" class="plain" data-test="decline" onClick={() => void post.do({ command: "decline" })}>{t(mine ? "incident.decline" : "incident.takeback")}</button>}
        </div>
      )}
      {may(i, "offer") && !i.offered && <Offering {...post} />}
      {may(i, "stand-down") && <Ending {...post} kind="stand-down" />}
      {may(i, "close") && <Ending {...post} kind="close" />}
      {may(i, "reopen") && <Ending {...post} kind="reopen" />}
      {i.left.length > 0 && <p class="sub" data-test="left">{t("incident.left", { n: i.left.join(t("list.and")) })}</p>}
    </div>
  );
}

function Offering(post: Post) {
  const others = people.value.filter((p) => p.commands && p.id !== post.i.commander.id);
  return (
    <details class="more" data-test="offer"><summary>{t("incident.offer")}…</summary>
      {others.length === 0 ? <p class="empty">{t("incident.nobody")}</p> : (
        <Form post={post} test="offer-form" body={(f) => ({ command: "offer", to: f.get("to") })}>
          <label>{t("incident.to")}<select name="to">{others.map((p) => <option key={p.id} value={p.id}>{person(p.name)}</option>)}</select></label>
          <button class="do">{t("incident.offer")}</button>
        </Form>
      )}
    </details>
  );
}

/** Ending stands down, closes or reopens. The tasks that are open are named one by one: none is left by oversight. */
function Ending(post: Post & { kind: "stand-down" | "close" | "reopen" }) {
  const { i, kind } = post;
  const open = kind === "reopen" ? [] : i.tasks.filter((x) => x.state !== "checked" && x.state !== "withdrawn");
  return (
    <details class="more" data-test={kind}><summary class={kind === "stand-down" ? "grave" : ""}>{t("incident.cmd." + kind)}…</summary>
      <Form post={post} test={kind + "-form"} body={(f) => ({ command: kind, note: String(f.get("note")).trim(), open: f.getAll("open").map(Number) })}>
        <label>{t("incident.note." + kind)}<textarea name="note" rows={kind === "close" ? 6 : 2} required maxLength={8000} /></label>
        {open.length > 0 && (
          <fieldset><legend>{t("incident.name")}</legend>
            {open.map((x) => <label key={x.n}><input type="checkbox" name="open" value={x.n} /> {x.n}. {x.what} <span class="sub">{t("task." + x.state)}</span></label>)}
          </fieldset>
        )}
        <button class={"do" + (kind === "stand-down" ? " grave" : "")}>{t("incident.cmd." + kind)}</button>
      </Form>
    </details>
  );
}

/** Form gives a command on the incident as it was when somebody began to fill it in: what others did meanwhile is shown before it is done. */
export function Form(props: { post: Post; test: string; label?: string; body: (f: FormData) => Record<string, unknown> | null; children: ComponentChildren; class?: string }) {
  const begun = useRef(0);
  const begin = () => { begun.current ||= props.post.i.version; };
  return (
    <form class={props.class ?? "ask"} data-test={props.test} aria-label={props.label} onFocusCapture={begin} onSubmit={(e) => {
      e.preventDefault();
      const form = e.currentTarget, body = props.body(new FormData(form));
      const done = () => { clear(form); begun.current = 0; form.closest("details")?.removeAttribute("open"); };
      if (body) void props.post.do(body, begun.current || undefined, done);
    }}>{props.children}</form>
  );
}

/** clear empties what was typed; choices stay for the next time. */
function clear(form: HTMLFormElement): void {
  form.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input:not([type=checkbox]), textarea").forEach((x) => (x.value = x.defaultValue));
  form.querySelectorAll<HTMLInputElement>("input[type=checkbox]").forEach((x) => (x.checked = false));
}

function Log(props: { of: Line[]; tasks: Task[]; test?: string }) {
  return (
    <ol class="steps" data-test={props.test} reversed>
      {[...props.of].reverse().map((f) => (
        <li key={f.version} data-kind={f.kind}><time dateTime={f.at}>{time(f.at)}</time> <strong>{t("log." + f.kind)}</strong>{f.task ? ` ${t("task.n", { n: f.task })}` : ""}{f.report ? ` ${t("report.n", { n: f.report })}` : ""} {detail(f, props.tasks)}
          {f.note && <q>{f.note}</q>} <span class="sub">{f.by.id.startsWith("system:") ? t("program") : person(f.by.name)}</span></li>
      ))}
    </ol>
  );
}

/** detail is what a line says beside its note. */
function detail(f: Line, tasks: Task[]): string {
  return [f.task ? tasks[f.task - 1]?.what : "", f.unit_name && both(f.unit_name), f.to && person(f.to), f.due && t("step.due", { time: time(f.due) }), f.cases ? count("incident.cases", f.cases) : "",
    f.open?.length ? t("incident.left", { n: f.open.join(t("list.and")) }) : ""].filter(Boolean).join(" · ");
}
