// What stands beside the forms of the city's content: who changed what, the rules that arbitration proposes, who would be responsible, the year.
import { useEffect, useState } from "preact/hooks";
import { api, both, count, lang, person, t, time, type Area, type Text } from "./lib";
import { nameOf, type Kind, type Value } from "./kinds";

export interface Revision { number: number; kind: Kind; id: string; what: "put" | "remove" | "back"; body: Value | null; before: Value | null; why: string; by_name: string; at: string }
export interface Rule { rule: string; class?: string; area?: string; to?: string; why: Text }

/** History is what was changed, of one entry or of all; what was changed last can be undone. */
export function History(props: { kind: Kind | ""; id: string; again: number; undo?: (r: Revision) => Promise<void> }) {
  const [page, put] = useState<{ items: Revision[]; next: number } | null>(null);
  const query = (before: number) => "/api/v1/revisions?" + new URLSearchParams({ kind: props.kind, id: props.id, before: String(before), limit: "30" });
  useEffect(() => void api<{ items: Revision[]; next: number }>(query(0)).then(put), [props.kind, props.id, props.again]);
  if (!page) return null;
  const newest = new Set<number>(), seen = new Set<string>();
  for (const r of page.items) if (!seen.has(r.kind + r.id)) { seen.add(r.kind + r.id); newest.add(r.number); }
  return (
    <section aria-labelledby="h-history">
      <h2 id="h-history">{t("conf.history")}</h2>
      {page.items.length === 0 && <p class="empty" data-test="history">{t("conf.nohistory")}</p>}
      <ol class="steps" data-test="history">
        {page.items.map((r) => (
          <li key={r.number} data-number={r.number}>
            <time dateTime={r.at}>{time(r.at)}</time> <strong>{person(r.by_name)}</strong> {t({ put: "conf.put", remove: "conf.removed", back: "conf.backed" }[r.what])}
            {props.id === "" && <> {t("conf." + r.kind)} <a href={"?" + new URLSearchParams({ kind: r.kind, id: r.id })}>{nameOf(r.id, r.body ?? r.before ?? undefined)}</a></>}
            <q>{r.why}</q>
            <Differences of={r} />
            {props.undo && newest.has(r.number) && <button type="button" class="plain" data-test="undo" onClick={() => void props.undo!(r)}>{t("conf.undo")}</button>}
          </li>
        ))}
      </ol>
      {page.next > 0 && <button type="button" class="plain" onClick={() => void api<{ items: Revision[]; next: number }>(query(page.next)).then((more) => put({ items: [...page.items, ...more.items], next: more.next }))}>{t("more")}</button>}
    </section>
  );
}

/** Differences are the values that a revision changed, before and after. */
function Differences({ of }: { of: Revision }) {
  const before = flat(of.before), after = flat(of.body);
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((n) => before[n] !== after[n]);
  if (of.body === null || of.before === null || names.length === 0) return null;
  return <ul class="diff">{names.slice(0, 12).map((n) => <li key={n}><code>{n}</code> {before[n] !== undefined && <del>{before[n]}</del>} {after[n] !== undefined && <ins>{after[n]}</ins>}</li>)}</ul>;
}

/** flat is a value as its parts by their path; an outline is one part. */
function flat(v: Value | null, path = ""): Record<string, string> {
  if (v === null || v === undefined) return {};
  if (typeof v !== "object" || path.endsWith("shape")) return { [path]: String(v) };
  return Object.assign({}, ...Object.entries(v).map(([name, member]) => flat(member as Value, path ? path + "." + name : name)));
}

interface Proposal { rule: Rule; cases: string[]; against?: string[]; why: Text }

export function Proposals(props: { again: number; take: (r: Rule) => void }) {
  const [all, put] = useState<Proposal[] | null>(null);
  useEffect(() => void api<{ items: Proposal[] }>("/api/v1/proposals").then((p) => put(p.items)), [props.again]);
  return (
    <section aria-labelledby="h-proposals">
      <h2 id="h-proposals">{t("conf.proposals")}</h2>
      {all?.length === 0 && <p class="empty" data-test="proposals">{t("conf.noproposals")}</p>}
      <ul class="near" data-test="proposals">
        {all?.map((p) => (
          <li key={p.rule.rule}>{both(p.why)} <span class="sub">{count("conf.speaks", p.cases.length)}{p.against?.length ? " · " + count("conf.against", p.against.length) : ""}</span>
            <button type="button" class="do" data-test="take" onClick={() => props.take(p.rule)}>{t("conf.takeover")}</button></li>
        ))}
      </ul>
    </section>
  );
}

interface Answer { unit: string; ok: boolean; steps: { step: string; taken: boolean; unit?: string; text: Text }[] }

/** Route asks who would be responsible, and why. */
export function Route(props: { classes: { id: string; body: Value | null }[]; areas: Area[] }) {
  const [answer, put] = useState<Answer | null>(null);
  const ask = (form: HTMLFormElement) => {
    const f = new FormData(form), id = String(f.get("class")), body = props.classes.find((c) => c.id === id)?.body as { unit?: string } | undefined;
    void api<Answer>("/api/v1/responsible?" + new URLSearchParams({ class: id, kind: body?.unit ?? "", area: String(f.get("area")), owner: String(f.get("owner")) })).then(put);
  };
  return (
    <section aria-labelledby="h-try">
      <h2 id="h-try">{t("conf.try")}</h2>
      <form class="ask" data-test="route" onSubmit={(e) => { e.preventDefault(); ask(e.currentTarget); }}>
        <label>{t("f.class")}<select name="class">{props.classes.map((c) => <option key={c.id} value={c.id}>{nameOf(c.id, c.body ?? undefined)}</option>)}</select></label>
        <label>{t("f.area")}<select name="area">{props.areas.map((a) => <option key={a.code} value={a.code}>{both(a.name)}</option>)}</select></label>
        <label>{t("f.owner")}<input name="owner" /></label>
        <button class="do">{t("conf.tryit")}</button>
      </form>
      {answer && !answer.ok && <p class="overdue">{t("conf.nobody")}</p>}
      {answer && <ol class="steps" data-test="answer">{answer.steps.map((s, i) => <li key={i} class={s.taken ? "taken" : "sub"}>{s.taken ? "✓ " : ""}{both(s.text)}</li>)}</ol>}
    </section>
  );
}

interface YearOf { year: number; provisional: boolean; days: { date: string; name: string; off: boolean }[] }

/** Year shows the days that are not like others, this year and the next. */
export function Year(props: { again: number }) {
  const [years, put] = useState<YearOf[]>([]);
  const first = new Date().getFullYear();
  useEffect(() => void Promise.all([first, first + 1].map((y) => api<YearOf>("/api/v1/calendar/" + y))).then(put), [props.again]);
  const weekday = (date: string) => new Date(date + "T00:00:00Z").toLocaleDateString(lang.value, { weekday: "short", timeZone: "UTC" });
  return <>{years.map((y) => (
    <section key={y.year} aria-labelledby={"h-" + y.year}>
      <h2 id={"h-" + y.year}>{t("conf.year", { y: y.year })}</h2>
      {y.provisional && <p class="empty">{t("conf.provisional")}</p>}
      <ul class="days" data-test="year">{y.days.map((d) => <li key={d.date} class={d.off ? "off" : "on"}><time dateTime={d.date}>{d.date.slice(5)} {weekday(d.date)}</time> {d.name} <span class="badge">{t(d.off ? "conf.off" : "conf.works")}</span></li>)}</ul>
    </section>
  ))}</>;
}
