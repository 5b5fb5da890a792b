// The incident tasks of the own unit, on the field page: they need the network, since a commander waits for the answer.
import { signal } from "@preact/signals";
import { api, me, t, time } from "./lib";
import { clockOf, give, may, said, type OwnTask } from "./post";

const tasks = signal<OwnTask[]>([]);

export async function loadOwnTasks(): Promise<void> {
  tasks.value = (await api<{ items: OwnTask[] }>("/api/v1/incident-tasks")).items;
}

export function OwnTasks() {
  if (tasks.value.length === 0) return null;
  return (
    <section aria-labelledby="h-own" data-test="own-tasks">
      <h2 id="h-own">{t("task.own")} ({tasks.value.length})</h2>
      <p class="said" role="status" data-test="task-said">{said.value}</p>
      {tasks.value.map((x) => <Own key={x.incident + x.n} x={x} />)}
    </section>
  );
}

function Own({ x }: { x: OwnTask }) {
  const act = (command: string, note = "") => give(x.incident, x.version, { command, task: x.n, note }, loadOwnTasks);
  return (
    <article class={"task " + (x.overdue ? "critical" : "major")} data-test="own-task" data-state={x.state}>
      <h3>{x.what}</h3>
      <p><span class="badge">{t("task." + x.state)}</span> <strong class={x.overdue ? "overdue" : ""}>{clockOf(x)}</strong></p>
      <p>{x.title}{x.place && " · " + x.place}<span class="sub">{x.number} · {t("step.due", { time: time(x.due) })}</span></p>
      {x.resources.length > 0 && <ul class="sub">{x.resources.map((r, n) => <li key={n}>{r}</li>)}</ul>}
      {may(x, "acknowledge") && <button type="button" class="do big" data-test="own-acknowledge" onClick={() => void act("acknowledge")}>{t("task.cmd.acknowledge")}</button>}
      {["done", "impossible", "supply"].filter((k) => may(x, k) && x.state !== "given").map((k) => (
        <details key={k} class="more" data-test={"own-" + k}><summary>{t("task.cmd." + k)}…</summary>
          <form class="ask" onSubmit={(e) => { e.preventDefault(); const form = e.currentTarget; void act(k, String(new FormData(form).get("note")).trim()).then((well) => well && form.reset()); }}>
            <label class="note">{t("task.note." + k)}<textarea name="note" rows={2} required maxLength={2000} /></label>
            <button class="do big">{t("task.cmd." + k)}</button>
          </form>
        </details>
      ))}
    </article>
  );
}

/** hasOwnTasks says whether the reader can be given tasks at all. */
export const hasOwnTasks = () => Boolean(me.value?.can.field);
