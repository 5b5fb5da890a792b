// The tasks of an incident, as a board by how far they are; each says until when, and what can be done with it.
import { signal } from "@preact/signals";
import { both, count, now, person, t, time } from "./lib";
import { units } from "./step";
import { Form, people, type Post } from "./incident";
import { clockOf, may, type Task } from "./post";

const columns: [string, string[]][] = [["given", ["given"]], ["acknowledged", ["acknowledged"]], ["tocheck", ["done", "impossible"]], ["settled", ["checked", "withdrawn"]]];
const within = ["15m", "30m", "1h", "2h", "4h", "8h", "24h"];
const byTime = signal(false);

export function Tasks(post: Post) {
  const { i } = post;
  return (
    <section class="unprinted" aria-labelledby="h-tasks">
      <h2 id="h-tasks">{t("task.title")}{i.overdue_tasks > 0 && <strong class="overdue"> · {count("incident.late", i.overdue_tasks)}</strong>}</h2>
      {i.tasks.length === 0 ? <p class="empty" data-test="no-tasks">{t("task.none")}</p> : (
        <div class="board" data-test="board">
          {columns.map(([name, states]) => {
            const all = i.tasks.filter((x) => states.includes(x.state)).sort((a, b) => Date.parse(a.due) - Date.parse(b.due));
            return (
              <div key={name} class="column"><h3>{t("column." + name)} <span class="n">{all.length}</span></h3>
                <ul>{all.map((x) => <li key={x.n}><Card post={post} x={x} /></li>)}</ul>
              </div>
            );
          })}
        </div>
      )}
      {may(i, "give") && <Giving {...post} />}
    </section>
  );
}

function Card({ post, x }: { post: Post; x: Task }) {
  const clock = post.i.state === "running" ? clockOf(x) : ""; // clocks are still once it is over
  return (
    <div class={"card " + x.state + (x.overdue ? " late" : "")} data-test="task-card" data-n={x.n} data-state={x.state}>
      <p><strong>{x.n}. {x.what}</strong></p>
      <p class="sub">{x.unit ? both(x.unit_name) : person(x.person.name)} · {t("step.due", { time: time(x.due) })}{x.clock === "urgent-hour" ? " · " + t("clock.urgenthour") : ""}</p>
      {clock && <p class={Date.parse(x.due) < now.value ? "overdue" : ""} data-test="clock">{clock}{x.escalated ? " · " + t("task.escalated") : x.reminded ? " · " + t("task.reminded") : ""}</p>}
      {x.taken_by && <p class="sub">{t("task.takenby", { who: person(x.taken_by), time: time(x.taken_at) })}</p>}
      {x.ended_by && <p class="sub">{t(x.state === "impossible" ? "task.impossible" : "task.doneby")} · {person(x.ended_by)} {time(x.ended_at)}</p>}
      {x.outcome && <q>{x.outcome}</q>}
      {x.checked_by && <p class="sub">{t("task." + x.state)} · {person(x.checked_by)} {time(x.checked_at)}</p>}
      {x.resources.length > 0 && <ul class="sub">{x.resources.map((r, n) => <li key={n}>{r}</li>)}</ul>}
      <Doing post={post} x={x} />
    </div>
  );
}

/** noted are the commands on a task that need a word. */
const noted = ["done", "impossible", "supply", "withdraw"];

function Doing({ post, x }: { post: Post; x: Task }) {
  const more = noted.filter((k) => may(x, k));
  return (
    <div class="unprinted">
      {["acknowledge", "check"].filter((k) => may(x, k)).map((k) => <button key={k} type="button" class="do" data-test={"task-" + k} onClick={() => void post.do({ command: k, task: x.n })}>{t("task.cmd." + k)}</button>)}
      {more.map((k) => (
        <details key={k} class="more" data-test={"task-" + k}><summary>{t("task.cmd." + k)}…</summary>
          <Form post={post} test={"form-" + k} body={(f) => ({ command: k, task: x.n, note: String(f.get("note")).trim() })}>
            <label>{t("task.note." + k)}<input name="note" required maxLength={300} /></label><button class="do">{t("task.cmd." + k)}</button>
          </Form>
        </details>
      ))}
    </div>
  );
}

function Giving(post: Post) {
  const order = (f: FormData) => {
    const [what, who] = String(f.get("to")).split(":");
    const clock = f.get("until") ? { until: new Date(String(f.get("until"))).toISOString() } : { for: f.get("for") };
    return { command: "give", what: String(f.get("what")).trim(), [what]: who, ...clock };
  };
  return (
    <Form post={post} test="give-form" label={t("task.give")} class="filters give" body={order}>
      <h3>{t("task.give")}</h3>
      <label class="wide">{t("task.what")}<input name="what" required maxLength={500} /></label>
      <label>{t("task.to")}
        <select name="to" required>
          <option value="">{t("form.choose")}</option>
          <optgroup label={t("task.units")}>{units.value.map((u) => <option key={u.id} value={"unit:" + u.id}>{both(u.name)}</option>)}</optgroup>
          <optgroup label={t("task.people")}>{people.value.map((p) => <option key={p.id} value={"person:" + p.id}>{person(p.name)}</option>)}</optgroup>
        </select>
      </label>
      <label>{t("task.clock")}
        <select value={byTime.value ? "by" : "for"} onChange={(e) => (byTime.value = e.currentTarget.value === "by")}><option value="for">{t("task.within")}</option><option value="by">{t("task.by")}</option></select>
      </label>
      {byTime.value ? <label>{t("task.until")}<input type="datetime-local" name="until" required /></label>
        : <label>{t("form.for")}<select name="for">{within.map((d) => <option key={d} value={d} selected={d === "1h"}>{t(d.endsWith("m") ? "dur.m" : "dur.h", { n: parseInt(d) })}</option>)}</select></label>}
      <button class="do" data-test="give">{t("task.give")}</button>
    </Form>
  );
}
