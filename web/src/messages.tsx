// Messages: what left, or shall leave, for people and other systems. A dead letter is mended and sent again here.
import { render } from "preact";
import { signal } from "@preact/signals";
import { api, atMost, both, caseURL, follow, inTurn, me, post, Problem, t, time, titled, type Me, type Text } from "./lib";
import { Failure, Frame } from "./frame";

interface Message { id: string; channel: string; to: string; about: string; status: string; reason: Text; attempts: number; at: string; not_before: string | null; done_at: string | null }
interface Page { items: Message[]; next: number; counts: { channel: string; status: string; n: number }[] }

const statuses = ["waiting", "dead", "sent", "cancelled"];
const page = signal<Page | null>(null);
const failed = signal<unknown>(null);
const said = signal("");
const mending = signal("");
const status = signal(new URLSearchParams(location.search).get("status") ?? "");

const load = inTurn(async () => {
  try {
    page.value = await api<Page>("/api/v1/messages?status=" + status.value);
    failed.value = null;
  } catch (error) {
    failed.value = error;
  }
});

async function more(): Promise<void> {
  const next = await api<Page>(`/api/v1/messages?status=${status.value}&cursor=${page.value!.next}`);
  page.value = { ...next, items: [...page.value!.items, ...next.items] };
}

function choose(s: string): void {
  status.value = s;
  globalThis.history.replaceState(null, "", "/console/messages" + (s ? "?status=" + s : ""));
  void load();
}

async function act(m: Message, what: string, rest: Record<string, unknown> = {}): Promise<void> {
  try {
    await post<Page>("/api/v1/messages", { id: m.id, do: what, ...rest });
    said.value = t("message.done." + what);
    mending.value = "";
  } catch (error) {
    said.value = t("said.failed") + (error instanceof Problem ? error.reasons() : String(error));
  }
  await load();
}

function App() {
  const p = page.value;
  return (
    <Frame surface="messages">
      <h1>{t("message.title")}</h1>
      <p class="said" role="status" data-test="said">{said.value}</p>
      {failed.value ? <Failure error={failed.value} again={() => void load()} /> : !p ? <p role="status">{t("loading")}</p> : (
        <>
          <p class="chips" role="group" aria-label={t("message.status")}>
            {["", ...statuses].map((s) => <button key={s} type="button" class="chip" aria-pressed={status.value === s} data-test={"status-" + (s || "all")} onClick={() => choose(s)}>{t(s ? "message." + s : "console.all")} {s && p.counts.filter((c) => c.status === s).reduce((n, c) => n + c.n, 0)}</button>)}
          </p>
          {p.items.length === 0 ? <p class="empty">{t("message.none")}</p> : <List of={p.items} />}
          {p.next > 0 && <p><button type="button" onClick={() => void more()}>{t("console.more")}</button></p>}
        </>
      )}
    </Frame>
  );
}

function List(props: { of: Message[] }) {
  return (
    <div class="scroll list" tabIndex={0} role="region" aria-label={t("message.title")}>
      <table>
        <thead><tr>{["message.when", "message.channel", "message.to", "message.about", "message.status", "message.do"].map((k) => <th key={k} scope="col">{t(k)}</th>)}</tr></thead>
        <tbody>{props.of.map((m) => <Row key={m.id} m={m} />)}</tbody>
      </table>
    </div>
  );
}

function Row({ m }: { m: Message }) {
  const incident = /^incident\/([0-9a-z]+)$/.exec(m.about)?.[1];
  const about = m.about.replace(/^case\//, "");
  return (
    <tr data-test="message" data-status={m.status}>
      <td class="nowrap">{time(m.at)}</td>
      <td>{t("channel.of." + m.channel)}</td>
      <td>{m.to}</td>
      <td>{incident ? <a href={"/console/incidents/" + incident}>{t("message.incident")}</a> : /^[0-9a-z]{20,}$/.test(about) ? <a href={caseURL(about)}>{t("message.case")}</a> : about}</td>
      <td>{t("message." + m.status)}{m.status === "waiting" && m.not_before && Date.parse(m.not_before) > Date.now() ? " · " + t("message.from", { time: time(m.not_before) }) : ""}{m.attempts > 0 ? " · " + t("message.tries", { n: m.attempts }) : ""}<span class="sub">{both(m.reason)}</span></td>
      <td>
        {m.status === "dead" && mending.value !== m.id && <button type="button" class="plain" data-test="mend" onClick={() => (mending.value = m.id)}>{t("message.mend")}…</button>}
        {(m.status === "dead" || m.status === "cancelled") && <button type="button" class="plain" data-test="resend" onClick={() => void act(m, "resend")}>{t("message.resend")}</button>}
        {(m.status === "dead" || m.status === "waiting") && <button type="button" class="plain" data-test="cancel" onClick={() => void act(m, "cancel")}>{t("message.cancel")}</button>}
        {mending.value === m.id && (
          <form class="inline" onSubmit={(e) => { e.preventDefault(); void act(m, "mend", { to: String(new FormData(e.currentTarget).get("to")) }); }}>
            <label>{t("message.newto")}<input name="to" required maxLength={500} autoFocus /></label>
            <button class="do">{t("message.resend")}</button><button type="button" class="plain" onClick={() => (mending.value = "")}>{t("case.giveup")}</button>
          </form>
        )}
      </td>
    </tr>
  );
}

titled(() => t("message.title"));
render(<App />, document.getElementById("app")!);
void (async () => {
  me.value = await api<Me>("/api/v1/me");
  await load();
  await follow({ fact: atMost(2000, () => void load()) });
})().catch((error) => (failed.value = error));
