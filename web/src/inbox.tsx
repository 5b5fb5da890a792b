// The inbox in the frame of every page: how many notices wait for who is signed in, what they say, and where they lead.
import { effect, signal } from "@preact/signals";
import { api, both, caseURL, count, incidentNews, me, post, t, time, type Text } from "./lib";

interface Notice { id: string; about: string; at: string; subject: Text }
interface Inbox { items: Notice[]; next: number }

const inbox = signal<Inbox>({ items: [], next: 0 });
const open = signal(false);
const every = 15000; // ms between quiet looks, while somebody sees the page

/** look asks for what is unread. No answer is no news: a page that works without a network is not disturbed. */
async function look(): Promise<void> {
  if (!me.value || document.visibilityState === "hidden") return;
  inbox.value = await api<Inbox>("/api/v1/inbox").catch(() => inbox.value);
}

effect(() => { if (me.value) void look(); });
effect(() => { if (incidentNews.value > 0) void look(); });
setInterval(() => void look(), every);
document.addEventListener("visibilitychange", () => void look());
document.addEventListener("keydown", (e) => {
  if (e.key !== "Escape" || !open.value) return;
  open.value = false;
  document.getElementById("inbox-button")?.focus();
});

async function read(ids: string[]): Promise<void> {
  inbox.value = await post<Inbox>("/api/v1/inbox/read", { ids }).catch(() => inbox.value);
}

/** place is where a notice leads; empty when it is about nothing that has a page for the reader. */
function place(about: string): string {
  const [kind, id] = about.split("/");
  if (!id) return "";
  if (kind === "case") return me.value?.can.console ? caseURL(id) : "";
  if (kind === "incident") return me.value?.can.incidents ? "/console/incidents/" + id : me.value?.can.field ? "/field" : "";
  return me.value?.can.duty ? "/console/duty" : "";
}

const number = () => inbox.value.items.length + (inbox.value.next > 0 ? "+" : "");

export function InboxBell() {
  const n = inbox.value.items.length;
  return (
    <>
      <button type="button" class="plain bell" id="inbox-button" data-test="inbox" data-n={n} title={t("inbox.title")} aria-expanded={open.value} aria-controls="inbox" onClick={() => { open.value = !open.value; void look(); }}>
        <svg aria-hidden="true" viewBox="0 0 16 16" width="16" height="16"><path fill="currentColor" d="M8 1a4 4 0 0 0-4 4v3L2.5 11h11L12 8V5a4 4 0 0 0-4-4Zm-1.8 11a1.9 1.9 0 0 0 3.6 0Z" /></svg>
        <span class="hidden">{t("inbox.title")} </span><span class={n > 0 ? "n" : "hidden"}>{number()}</span>
      </button>
      {open.value && <Panel />}
    </>
  );
}

function Panel() {
  const all = inbox.value.items;
  return (
    <section class="inbox" id="inbox" aria-labelledby="h-inbox" data-test="inbox-panel">
      <h2 id="h-inbox">{t("inbox.title")} <span class="sub" role="status">{all.length > 0 ? count("inbox.unread", all.length) : t("inbox.none")}</span></h2>
      {all.length > 0 && <ul>{all.map((x) => <Line key={x.id} x={x} />)}</ul>}
      {all.length > 1 && <button type="button" class="plain" data-test="inbox-all" onClick={() => void read(all.map((x) => x.id))}>{t("inbox.readall")}</button>}
    </section>
  );
}

function Line({ x }: { x: Notice }) {
  const to = place(x.about);
  const go = (e: Event) => {
    e.preventDefault();
    void read([x.id]).then(() => location.assign(to));
  };
  return (
    <li data-test="notice" data-about={x.about}>
      {to ? <a href={to} onClick={go}>{both(x.subject)}</a> : both(x.subject)}
      <span class="sub">{time(x.at)} <button type="button" class="plain" data-test="notice-read" aria-label={t("inbox.readone", { what: both(x.subject) })} onClick={() => void read([x.id])}>{t("inbox.read")}</button></span>
    </li>
  );
}
