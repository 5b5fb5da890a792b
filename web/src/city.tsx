// The city's own content: areas, units, grids, classes and limits, routing, the roster, holidays. Every change stays on record and is in force at once.
import { render } from "preact";
import { signal } from "@preact/signals";
import { api, both, follow, me, person, post, Problem, t, time, titled, type Area, type Me, type Text } from "./lib";
import { Failure, Frame } from "./frame";
import { Fields, type Surroundings } from "./entry";
import { fieldsOf, keyOf, kinds, nameOf, needs, sayings, type Body, type Kind, type Value } from "./kinds";
import { History, Proposals, Route, Year, type Revision, type Rule } from "./cityside";

interface Entry { id: string; body: Value | null; revision: number; what?: string }
interface List { kind: Kind; items: Entry[]; may: boolean }
type View = Kind | "history";

const view = signal<View>("unit");
const lists = signal<Partial<Record<Kind, List>>>({});
const chosen = signal<string | null>(null); // an entry's id; "" for a new one
const draft = signal<Body>({});
const base = signal(0); // the revision that the draft was made from
const newID = signal("");
const why = signal("");
const search = signal("");
const said = signal("");
const problems = signal<{ field?: string; message: string }[]>([]);
const map = signal<{ frame: { width: number; height: number }; areas: Area[] }>({ frame: { width: 0, height: 0 }, areas: [] });
const failed = signal<unknown>(null);
const saved = signal(0); // counts what was saved here, so that the history is read again

async function load(...which: Kind[]): Promise<void> {
  const all = await Promise.all(which.map((k) => api<List>("/api/v1/city/" + k)));
  lists.value = { ...lists.value, ...Object.fromEntries(all.map((l) => [l.kind, l])) };
}

function show(v: View, id: string | null = null, push = true): void {
  view.value = v;
  search.value = said.value = "";
  if (push) history.pushState(null, "", "?" + new URLSearchParams(id === null ? { kind: v } : { kind: v, id }));
  chosen.value = null;
  if (v === "history") return;
  void load(v, ...needs(v)).then(() => id !== null && open(id)).catch((error) => (failed.value = error));
}

/** toForm and toBody: the duties of a post are a list, which the form shows as rows. */
const toForm = (kind: Kind, body: Value | null): Body => structuredClone(kind === "duty" ? { duties: (body ?? []) as Value } : ((body ?? {}) as Body));
const toBody = (kind: Kind, id: string, form: Body): Value => (kind === "duty" ? ((form.duties ?? []) as Body[]).map((row) => ({ ...row, post: id })) : { ...form, [keyOf[kind]]: id });

function open(id: string, from?: Body): void {
  const kind = view.value as Kind, e = lists.value[kind]?.items.find((x) => x.id === id);
  chosen.value = id;
  draft.value = from ?? toForm(kind, e?.body ?? null);
  base.value = e?.revision ?? 0;
  newID.value = why.value = said.value = "";
  problems.value = [];
  if (!from) history.replaceState(null, "", "?" + new URLSearchParams({ kind, id }));
}

async function send(what: "put" | "remove" | "back", trial = false): Promise<void> {
  const kind = view.value as Kind, id = chosen.value || newID.value.trim();
  problems.value = [];
  try {
    const body = what === "put" ? toBody(kind, id, draft.value) : undefined;
    const r = await post<Revision>(`/api/v1/city/${kind}/${encodeURIComponent(id)}`, { what, body, base: base.value, why: why.value || (trial ? "–" : ""), trial });
    if (trial) return void (said.value = t("conf.fits"));
    saved.value++;
    await load(kind, ...needs(kind));
    open(id);
    said.value = t("conf.saved", { n: r.number });
  } catch (error) {
    refused(error);
  }
}

function refused(error: unknown): void {
  if (!(error instanceof Problem)) return void (said.value = t("said.failed") + String(error));
  const current = error.current as unknown as Revision | undefined;
  if (current) {
    base.value = current.number;
    said.value = t("conf.stale", { who: person(current.by_name), time: time(current.at) });
    return;
  }
  said.value = "";
  problems.value = error.problems.length ? error.problems : [{ message: error.detail }];
}

const called = (kind: Kind, id: string) => {
  const e = lists.value[kind]?.items.find((x) => x.id === id);
  return e ? nameOf(id, e.body ?? undefined) : id;
};

function surroundings(kind: Kind): Surroundings {
  const shapes = lists.value[kind]?.items ?? [];
  return {
    choices: (k) => (lists.value[k]?.items ?? []).filter((e) => e.body).map((e) => ({ id: e.id, name: nameOf(e.id, e.body ?? undefined) })),
    unitKinds: [...new Set((lists.value.unit?.items ?? []).map((e) => String((e.body as Body | null)?.kind ?? "")))].filter(Boolean).sort(),
    beside: shapes.flatMap((e) => (e.id !== chosen.value && (e.body as Body | null)?.shape ? [{ id: e.id, shape: (e.body as Body).shape as [number, number][] }] : [])),
    frame: map.value.frame,
    may: lists.value[kind]?.may ?? false,
    wrong: (path) => problems.value.filter((p) => fieldIn(p.field) === path).map((p) => p.message).join("; "),
  };
}

/** fieldIn is where the form has a field that a problem names: the halves of a text are one field, a post's duties are rows. */
const fieldIn = (field = "") => (view.value === "duty" && field ? "duties.0." + field : field).replace(/\.(zh|en)$/, "");

function App() {
  if (failed.value) return <Frame surface="settings"><h1>{t("conf.title")}</h1><Failure error={failed.value} again={() => location.reload()} /></Frame>;
  const kind = view.value;
  return (
    <Frame surface="settings">
      <h1>{t("conf.title")}</h1>
      <p class="sub">{t("conf.about")}</p>
      <nav class="kinds" aria-label={t("conf.title")}>
        {[...kinds, "history" as const].map((k) => <a key={k} href={"?kind=" + k} aria-current={k === kind ? "page" : undefined} onClick={(e) => { e.preventDefault(); show(k); }}>{t("conf." + k)}</a>)}
      </nav>
      {kind === "history" ? <History kind="" id="" again={saved.value} undo={undo} /> : (
        <div class="halves">
          <Entries kind={kind} />
          <div>
            <p class="said" role="status" data-test="said">{said.value}</p>
            {chosen.value === null ? <p class="empty">{t("conf.pick")}</p> : <Form kind={kind} />}
            {kind === "rule" && chosen.value === null && <><Route classes={lists.value.class?.items ?? []} areas={map.value.areas} /><Proposals again={saved.value} take={take} /></>}
            {kind === "holiday" && chosen.value === null && <Year again={saved.value} />}
          </div>
        </div>
      )}
    </Frame>
  );
}

function Entries({ kind }: { kind: Kind }) {
  const list = lists.value[kind];
  if (!list) return <p role="status">{t("loading")}</p>;
  const words = search.value.trim().toLowerCase();
  const rows = list.items.map((e) => ({ e, name: kind === "duty" ? called("post", e.id) : nameOf(e.id, e.body ?? undefined), says: sayings(kind, e.body ?? undefined, called).join(" · ") }));
  const found = rows.filter((r) => !words || [r.e.id, r.name, r.says].some((s) => s.toLowerCase().includes(words)));
  return (
    <section aria-labelledby="h-list">
      <h2 id="h-list">{t("conf." + kind)} <span class="badge">{list.items.length}</span></h2>
      <p class="tools"><input type="search" aria-label={t("conf.search")} placeholder={t("conf.search")} value={search.value} onInput={(e) => (search.value = e.currentTarget.value)} />
        {list.may && <button type="button" class="do" data-test="new" onClick={() => open("")}>{t("conf.new")}</button>}</p>
      {found.length === 0 && <p class="empty">{t(words ? "conf.nomatch" : "conf.none")}</p>}
      <ul class="entries" data-test="entries">
        {found.slice(0, 150).map(({ e, name, says }) => (
          <li key={e.id}>
            <a href={"?" + new URLSearchParams({ kind, id: e.id })} data-id={e.id} aria-current={e.id === chosen.value ? "true" : undefined} onClick={(ev) => { ev.preventDefault(); open(e.id); }}>
              {e.body ? name : <s>{e.id}</s>} {e.revision > 0 && <span class={"badge" + (e.body ? "" : " warn")}>{t(e.body ? "conf.changed" : "conf.gone")}</span>}
              <span class="sub">{name !== e.id && e.id} {says}</span>
            </a>
          </li>
        ))}
      </ul>
      {found.length > 150 && <p class="sub">{t("conf.more", { n: found.length - 150 })}</p>}
    </section>
  );
}

function Form({ kind }: { kind: Kind }) {
  const around = surroundings(kind), id = chosen.value!, e = lists.value[kind]?.items.find((x) => x.id === id);
  const gone = id !== "" && e !== undefined && !e.body;
  return (
    <section aria-labelledby="h-entry" data-test="entry">
      <h2 id="h-entry">{id ? (kind === "duty" ? called("post", id) : nameOf(id, e?.body ?? undefined)) : t("conf.new")}</h2>
      {!around.may && <p class="sub">{t("conf.readonly")}</p>}
      <Wrong />
      <form class="entry" onSubmit={(ev) => { ev.preventDefault(); void send("put"); }}>
        <datalist id="unit-kinds">{around.unitKinds.map((k) => <option key={k} value={k} />)}</datalist>
        {id === "" ? <NewID kind={kind} around={around} /> : <p class="sub">{t("f." + keyOf[kind])}: <code>{id}</code></p>}
        {!gone && <Fields of={fieldsOf[kind]} body={draft.value} path="" around={around} change={(to) => (draft.value = to)} />}
        {around.may && <Save kind={kind} gone={gone} entry={e} />}
      </form>
      {id !== "" && <History kind={kind} id={id} again={saved.value} undo={around.may ? undo : undefined} />}
    </section>
  );
}

function NewID({ kind, around }: { kind: Kind; around: Surroundings }) {
  const label = <label for="f-id">{t("f." + keyOf[kind])}</label>;
  if (kind === "duty") return <div class="question">{label}<select id="f-id" required value={newID.value} onChange={(e) => (newID.value = e.currentTarget.value)}><option value="" />{around.choices("post").map((c) => <option key={c.id} value={c.id}>{c.name}</option>)}</select></div>;
  return <div class="question">{label}<input id="f-id" required type={kind === "holiday" ? "date" : "text"} value={newID.value} onInput={(e) => (newID.value = e.currentTarget.value)} /></div>;
}

function Save({ kind, gone, entry }: { kind: Kind; gone: boolean; entry?: Entry }) {
  return (
    <fieldset class="save">
      <div class="question"><label for="f-reason">{t("conf.why")}</label><input id="f-reason" required maxLength={1000} value={why.value} aria-describedby="why-hint" onInput={(e) => (why.value = e.currentTarget.value)} /><p class="sub" id="why-hint">{t("conf.whyhint")}</p></div>
      {!gone && <button class="do" data-test="save">{t("conf.save")}</button>}
      {!gone && <button type="button" class="plain" data-test="check" onClick={() => void send("put", true)}>{t("conf.check")}</button>}
      {entry?.body && kind !== "class" && <button type="button" class="plain" data-test="remove" onClick={() => reasoned(() => send("remove"))}>{t("conf.remove")}</button>}
      {entry && entry.revision > 0 && entry.what !== "back" && <button type="button" class="plain" data-test="back" onClick={() => reasoned(() => send("back"))}>{t("conf.back")}</button>}
      <button type="button" class="plain" onClick={() => (chosen.value = null)}>{t("conf.cancel")}</button>
    </fieldset>
  );
}

/** reasoned does something once a reason was given, and else points to where it goes. */
function reasoned(then: () => Promise<void>): void {
  const input = document.getElementById("f-reason") as HTMLInputElement;
  if (input.reportValidity()) void then();
}

/** Wrong sums up what must be put right, each with a link to its field. */
function Wrong() {
  if (problems.value.length === 0) return null;
  return (
    <div class="failure" role="alert" data-test="wrong" tabIndex={-1} ref={(box) => box?.focus()}>
      <strong>{t("conf.bad")}</strong>
      <ul>{problems.value.map((p, i) => <li key={i}>{p.field ? <a href={"#f-" + fieldIn(p.field)}>{p.message}</a> : p.message}</li>)}</ul>
    </div>
  );
}

/** undo puts an entry as it was before a revision. */
async function undo(r: Revision): Promise<void> {
  try {
    const done = await post<Revision>(`/api/v1/city/${r.kind}/${encodeURIComponent(r.id)}`, { what: r.before === null ? "remove" : "put", body: r.before ?? undefined, base: r.number, why: t("conf.undone", { n: r.number }) });
    saved.value++;
    if (view.value !== "history") {
      await load(view.value, ...needs(view.value));
      open(r.id);
    }
    said.value = t("conf.saved", { n: done.number });
  } catch (error) {
    refused(error);
  }
}

/** take opens the form with a rule that arbitration proposes, and its reason. */
function take(rule: Rule): void {
  const { rule: id, ...body } = rule;
  open("", body as unknown as Body);
  newID.value = id;
  why.value = both(rule.why as Text);
}

titled(() => t("conf.title"));
addEventListener("popstate", start);
render(<App />, document.getElementById("app")!);

function start(): void {
  const q = new URLSearchParams(location.search), kind = q.get("kind") as View;
  show(kinds.includes(kind as Kind) || kind === "history" ? kind : "unit", q.get("id"), false);
}

void (async () => {
  me.value = await api<Me>("/api/v1/me");
  const drawn = await api<{ frame: { width: number; height: number }; areas: Area[] }>("/api/v1/areas");
  map.value = { frame: drawn.frame, areas: drawn.areas };
  start();
  await follow({});
})().catch((error) => (failed.value = error));

