// The duty room: what somebody is being called for, who is on duty where, what one shift leaves to the next, and the log of it all.
import { render } from "preact";
import { signal } from "@preact/signals";
import { api, atMost, both, caseURL, count, follow, inTurn, me, now, person, post, Problem, span, t, time, titled, type Me, type Text } from "./lib";
import { Failure, Frame } from "./frame";

interface Person { person: string; name: Text; for?: string; for_name?: Text; until: string; why: Text }
interface Post { post: string; name: Text; unit: string; unit_name: Text; within: number; people: Person[]; gaps: unknown[] }
interface Offer { command: string; allowed: boolean; reason?: string }
interface Rung { name: Text; people: Person[]; outcome: string; by?: string }
interface Call { id: string; about: string; title: Text; unit_name: Text; at: string; status: string; rungs: Rung[]; due: string | null; taken_by?: string; mine: boolean; commands: Offer[] }
interface HandOver { id: string; post_name: Text; from_name: string; points: string; at: string; due: string; by_name?: string; accepted_at: string | null; escalated: string | null; commands: Offer[] }
interface Entry { id: string; at: string; by?: string; text: Text; about?: string }

const posts = signal<Post[] | null>(null);
const calls = signal<Call[]>([]);
const shifts = signal<HandOver[]>([]);
const log = signal<Entry[]>([]);
const failed = signal<unknown>(null);
const said = signal("");
const search = signal("");

const load = inTurn(async () => {
  try {
    const [board, live, open, entries] = await Promise.all([
      api<{ posts: Post[] }>("/api/v1/duty"), api<{ items: Call[] }>("/api/v1/duty/calls?live=true"),
      api<{ items: HandOver[] }>("/api/v1/duty/handovers?limit=5"), api<{ items: Entry[] }>("/api/v1/duty/log?limit=30"),
    ]);
    [posts.value, calls.value, shifts.value, log.value] = [board.posts, live.items.sort((a, b) => Number(b.mine) - Number(a.mine)), open.items, entries.items];
    failed.value = null;
  } catch (error) {
    failed.value = error;
  }
});

async function act(path: string, body: unknown, done: string): Promise<boolean> {
  let well = true;
  try {
    await post(path, body);
    said.value = t(done);
  } catch (error) {
    well = false;
    said.value = t("said.failed") + (error instanceof Problem ? error.reasons() : String(error));
  }
  await load();
  return well;
}

function App() {
  if (failed.value) return <Frame surface="duty"><h1>{t("duty.title")}</h1><Failure error={failed.value} again={() => void load()} /></Frame>;
  if (!posts.value) return <Frame surface="duty"><h1>{t("duty.title")}</h1><p role="status">{t("loading")}</p></Frame>;
  return (
    <Frame surface="duty">
      <h1>{t("duty.title")}</h1>
      <p class="said" role="status" data-test="said">{said.value}</p>
      <section aria-labelledby="h-calls"><h2 id="h-calls">{t("duty.calls")}</h2><Calls /></section>
      <div class="halves">
        <section aria-labelledby="h-posts"><h2 id="h-posts">{t("duty.now")}</h2><Posts /></section>
        <div>
          <section aria-labelledby="h-shift"><h2 id="h-shift">{t("duty.shifts")}</h2><Shifts /></section>
          <section aria-labelledby="h-log"><h2 id="h-log">{t("duty.log")}</h2><Log /></section>
        </div>
      </div>
    </Frame>
  );
}

const may = (of: { commands: Offer[] }, command: string) => of.commands.some((c) => c.command === command && c.allowed);

function About({ of }: { of: string }) {
  if (of.startsWith("incident/")) return <a href={"/console/incidents/" + of.slice(9)}>{t("message.incident")}</a>;
  return of.startsWith("case/") ? <a href={caseURL(of.slice(5))}>{t("message.case")}</a> : null;
}

function Calls() {
  if (calls.value.length === 0) return <p class="empty" data-test="calls">{t("duty.nocalls")}</p>;
  return (
    <ul class="near" data-test="calls">
      {calls.value.map((c) => {
        const at = c.rungs[c.rungs.length - 1];
        return (
          <li key={c.id} class={c.mine ? "same" : ""} data-id={c.id} data-mine={c.mine}>
            <strong>{both(c.title)}</strong> <About of={c.about} />
            <span class="sub">{both(c.unit_name)} · {time(c.at)} · {at ? t("duty.called", { who: at.people.map((p) => both(p.name)).join(t("list.and")) || both(at.name) }) : ""}
              {c.due && ` · ${Date.parse(c.due) > now.value ? t("city.left", { d: span(Date.parse(c.due) - now.value) }) : t("duty.next")}`}{c.status === "unanswered" ? " · " + t("duty.unanswered") : ""}</span>
            {may(c, "acknowledge") && <button type="button" class="do" data-test="acknowledge" onClick={() => void act(`/api/v1/duty/calls/${c.id}/acknowledge`, {}, "duty.said.taken")}>{t("duty.take")}</button>}
            {may(c, "pass") && <button type="button" class="plain" data-test="pass" onClick={() => void act(`/api/v1/duty/calls/${c.id}/pass`, {}, "duty.said.passed")}>{t("duty.pass")}</button>}
          </li>
        );
      })}
    </ul>
  );
}

function Posts() {
  const words = search.value.trim().toLowerCase();
  const found = posts.value!.filter((p) => !words || [p.name, p.unit_name, ...p.people.map((x) => x.name)].some((x) => (x.zh + x.en).toLowerCase().includes(words)));
  return (
    <>
      <input type="search" aria-label={t("duty.search")} placeholder={t("duty.search")} value={search.value} onInput={(e) => (search.value = e.currentTarget.value)} />
      <div class="scroll list" tabIndex={0} role="region" aria-label={t("duty.now")}>
        <table data-test="posts">
          <thead><tr><th scope="col">{t("duty.post")}</th><th scope="col">{t("duty.who")}</th><th scope="col">{t("duty.until")}</th></tr></thead>
          <tbody>{found.slice(0, 60).map((p) => (
            <tr key={p.post}>
              <th scope="row">{both(p.name)}{p.gaps.length > 0 && <span class="badge warn">{count("duty.gaps", p.gaps.length)}</span>}<span class="sub">{both(p.unit_name)}</span></th>
              <td>{p.people.length === 0 ? <strong class="overdue">{t("duty.nobody")}</strong> : p.people.map((x) => <span key={x.person} title={both(x.why)}>{both(x.name)}{x.for_name && <span class="sub">{t("duty.for", { who: both(x.for_name) })}</span>} </span>)}</td>
              <td class="nowrap">{p.people[0] ? time(p.people[0].until) : "–"}</td>
            </tr>
          ))}</tbody>
        </table>
      </div>
      {found.length > 60 && <p class="sub">{t("duty.more", { n: found.length - 60 })}</p>}
    </>
  );
}

function Shifts() {
  const mine = posts.value!.filter((p) => p.people.some((x) => x.person === me.value?.id));
  return (
    <>
      {shifts.value.length === 0 && <p class="empty">{t("duty.noshifts")}</p>}
      <ul class="near" data-test="handovers">
        {shifts.value.map((h) => (
          <li key={h.id}><strong>{both(h.post_name)}</strong> <q>{h.points}</q>
            <span class="sub">{person(h.from_name)} · {time(h.at)} · {h.accepted_at ? t("duty.accepted", { who: person(h.by_name ?? ""), time: time(h.accepted_at) }) : h.escalated ? t("duty.escalated") : t("duty.waits", { time: time(h.due) })}</span>
            {may(h, "accept") && <button type="button" class="do" data-test="accept" onClick={() => void act(`/api/v1/duty/handovers/${h.id}/accept`, {}, "duty.said.accepted")}>{t("duty.accept")}</button>}</li>
        ))}
      </ul>
      {mine.length === 0 && <p class="sub">{t("duty.notmine")}</p>}
      {mine.length > 0 && (
        <form class="ask" data-test="hand-over" onSubmit={(e) => {
          e.preventDefault();
          const form = e.currentTarget, f = new FormData(form);
          void act("/api/v1/duty/handovers", { post: f.get("post"), points: f.get("points") }, "duty.said.left").then((well) => well && form.reset());
        }}>
          <label>{t("duty.post")}<select name="post">{mine.map((p) => <option key={p.post} value={p.post}>{both(p.name)}</option>)}</select></label>
          <label>{t("duty.points")}<textarea name="points" rows={3} required maxLength={4000} /></label>
          <button class="do">{t("duty.leave")}</button>
        </form>
      )}
    </>
  );
}

function Log() {
  if (log.value.length === 0) return <p class="empty">{t("duty.nolog")}</p>;
  return <ol class="steps" data-test="log">{log.value.map((e) => <li key={e.id}><time dateTime={e.at}>{time(e.at)}</time> {both(e.text)} {e.by && <span class="sub">{person(e.by)}</span>} {e.about && <About of={e.about} />}</li>)}</ol>;
}

titled(() => t("duty.title"));
const soon = atMost(1500, () => void load());
render(<App />, document.getElementById("app")!);
void (async () => {
  me.value = await api<Me>("/api/v1/me");
  await load();
  await follow({ fact: soon, begin: soon, reload: soon });
})().catch((error) => (failed.value = error));
