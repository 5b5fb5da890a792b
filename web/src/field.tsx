// The field page: the unit's tasks on a phone, with big buttons.
import { render } from "preact";
import { signal } from "@preact/signals";
import { api, atMost, both, clockWords, command, follow, me, Problem, t, titled, type Case, type Me } from "./lib";
import { Failure, Frame, SeverityMark, StateMark } from "./frame";

const tasks = signal<Case[] | null>(null);
const failed = signal<unknown>(null);
const notes = signal<Record<string, string>>({});
const busy = signal("");
const refusals = signal<Record<string, string>>({});

async function load(): Promise<void> {
  try {
    const page = await api<{ items: Case[] }>("/api/v1/cases?open=true&order=due&limit=100");
    tasks.value = page.items;
    failed.value = null;
  } catch (error) {
    failed.value = error;
  }
}

async function give(c: Case, kind: string): Promise<void> {
  busy.value = c.id;
  refusals.value = { ...refusals.value, [c.id]: "" };
  try {
    await command(c, kind, (notes.value[c.id] ?? "").trim());
    notes.value = { ...notes.value, [c.id]: "" };
  } catch (error) {
    refusals.value = { ...refusals.value, [c.id]: error instanceof Problem ? error.detail : String(error) };
  }
  busy.value = "";
  await load();
}

const groups: [string, string[]][] = [["field.doing", ["handling"]], ["field.todo", ["dispatched"]], ["field.done", ["handled"]]];

function Field() {
  if (failed.value) return <Frame surface="field"><Failure error={failed.value} again={() => void load()} /></Frame>;
  if (!tasks.value) return <Frame surface="field"><p role="status">{t("loading")}</p></Frame>;
  const shown = groups.map(([title, states]) => [title, tasks.value!.filter((c) => states.includes(c.state))] as const).filter(([, list]) => list.length > 0);
  return (
    <Frame surface="field">
      <h1>{t("field.title")}</h1>
      {shown.length === 0 && <p class="empty">{t("field.none")}</p>}
      {shown.map(([title, list]) => <section key={title}><h2>{t(title)} ({list.length})</h2>{list.map((c) => <Task key={c.id} c={c} />)}</section>)}
    </Frame>
  );
}

function Task({ c }: { c: Case }) {
  const kind = c.state === "dispatched" ? "start" : c.state === "handling" ? "finish" : "";
  return (
    <article class={"task " + c.severity} data-test="task" data-id={c.id} data-state={c.state}>
      <h3>{both(c.title)} <SeverityMark of={c.severity} /></h3>
      <p><StateMark of={c.state} /> <strong class={c.overdue ? "overdue" : ""}>{clockWords(c)}</strong></p>
      <p>{both(c.area_name) || t("case.unplaced")} · {c.subject}<span class="sub">{c.number}</span></p>
      {refusals.value[c.id] && <p class="failure" role="alert">{refusals.value[c.id]}</p>}
      {kind === "finish" && (
        <label class="note">{t("field.note")}
          <textarea rows={2} data-test="note" value={notes.value[c.id] ?? ""} onInput={(e) => (notes.value = { ...notes.value, [c.id]: e.currentTarget.value })} />
        </label>
      )}
      {kind && <button type="button" class="do big" disabled={busy.value === c.id} data-test={"task-" + kind} onClick={() => void give(c, kind)}>{t("cmd." + kind)}</button>}
    </article>
  );
}

titled(() => t("field.title"));
const soon = atMost(1000, () => void load());
render(<Field />, document.getElementById("app")!);
void (async () => {
  me.value = await api<Me>("/api/v1/me");
  await load();
  await follow({ fact: soon, begin: soon, reload: soon });
})().catch((error) => (failed.value = error));
