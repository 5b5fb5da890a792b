// The cases of an incident: those gathered, those that would fit, and a search for any other.
import { signal } from "@preact/signals";
import { api, both, caseURL, count, t, time } from "./lib";
import { SeverityMark, StateMark } from "./frame";
import type { Post } from "./incident";
import { may, type Gathered } from "./post";

interface Proposal { items: Gathered[]; total: number }

const proposal = signal<Proposal | null>(null);
const leaving = signal(new Set<string>()); // of the proposal, those not to be gathered
const before = signal("");
const found = signal<Gathered[] | null>(null);

async function propose(id: string): Promise<void> {
  proposal.value = await api<Proposal>(`/api/v1/incidents/${id}/proposal${before.value ? "?before=" + before.value : ""}`);
  leaving.value = new Set();
}

async function search(text: string): Promise<void> {
  found.value = text.trim() ? (await api<{ items: Gathered[] }>("/api/v1/cases?limit=8&order=opened&q=" + encodeURIComponent(text.trim()))).items : null;
}

export function Cases(post: Post) {
  const { i } = post;
  const open = i.cases.filter((c) => c.open).length;
  return (
    <section class="unprinted" aria-labelledby="h-cases">
      <h2 id="h-cases">{t("incident.gathered", { n: i.cases.length, open })}</h2>
      <p class="sub">{t("incident.gather.about")}</p>
      {i.cases.length === 0 ? <p class="empty">{t("incident.nocases")}</p> : (
        <ul class="near" data-test="gathered">{i.cases.map((c) => (
          <li key={c.id} data-id={c.id}><One c={c} />{may(i, "release") && <button type="button" class="plain" data-test="release" onClick={() => void post.do({ command: "release", cases: [c.id] })}>{t("incident.release")}</button>}</li>
        ))}</ul>
      )}
      {i.areas.length === 1 && <p><a href={"/console?open=true&area=" + encodeURIComponent(i.areas[0].area)}>{t("incident.areacases", { area: both(i.areas[0].name) })}</a></p>}
      {may(i, "gather") && <Gather {...post} />}
    </section>
  );
}

function One({ c }: { c: Gathered }) {
  return <><a href={caseURL(c.id)}>{both(c.title)}</a> <SeverityMark of={c.severity} /> <StateMark of={c.state} /><span class="sub">{c.number} · {both(c.area_name)} · {time(c.opened_at)}{c.overdue ? " · " + t("incident.overduecase") : ""}</span></>;
}

function Gather(post: Post) {
  const { i } = post, p = proposal.value;
  const chosen = (p?.items ?? []).filter((c) => !leaving.value.has(c.class_title.zh));
  const classes = [...new Map((p?.items ?? []).map((c) => [c.class_title.zh, c.class_title])).values()];
  const flip = (zh: string) => { const s = new Set(leaving.value); if (!s.delete(zh)) s.add(zh); leaving.value = s; };
  return (
    <div class="give">
      <h3>{t("incident.gather")}</h3>
      <p class="inline">
        <label>{t("incident.before")}<select data-test="before" value={before.value} onChange={(e) => (before.value = e.currentTarget.value)}>{["", "1h", "6h", "24h", "72h"].map((d) => <option key={d} value={d}>{d ? t("incident.beforen", { d: t("dur.h", { n: parseInt(d) }) }) : t("incident.sinceopening")}</option>)}</select></label>
        <button type="button" data-test="propose" onClick={() => void propose(i.id)}>{t("incident.propose")}</button>
      </p>
      {p && <div aria-live="polite">
        <p data-test="fit">{count("incident.fit", p.total)}</p>
        {classes.length > 1 && <fieldset class="row"><legend>{t("incident.classes")}</legend>{classes.map((c) => <label key={c.zh}><input type="checkbox" checked={!leaving.value.has(c.zh)} onChange={() => flip(c.zh)} /> {both(c)} </label>)}</fieldset>}
        {chosen.length > 0 && <>
          <details><summary>{count("incident.cases", chosen.length)}</summary><ul class="near">{chosen.slice(0, 50).map((c) => <li key={c.id}><One c={c} /></li>)}</ul></details>
          <button type="button" class="do" data-test="gather-all" onClick={() => void post.do({ command: "gather", cases: chosen.map((c) => c.id) }, undefined, () => (proposal.value = null))}>{count("incident.gathern", chosen.length)}</button>
        </>}
      </div>}
      <form class="inline" data-test="search" onSubmit={(e) => { e.preventDefault(); void search(String(new FormData(e.currentTarget).get("q"))); }}>
        <label>{t("incident.search")}<input type="search" name="q" maxLength={100} /></label><button>{t("incident.find")}</button>
      </form>
      {found.value && (found.value.length === 0 ? <p class="empty">{t("incident.notfound")}</p> : (
        <ul class="near" data-test="found">{found.value.filter((c) => !i.cases.some((x) => x.id === c.id)).map((c) => <li key={c.id}><One c={c} /><button type="button" data-test="gather-one" onClick={() => void post.do({ command: "gather", cases: [c.id] })}>{t("incident.gather")}</button></li>)}</ul>
      ))}
    </div>
  );
}
