// The systems with which work orders are exchanged: how each does, its orders, and what of it was not carried out.
import { render } from "preact";
import { signal } from "@preact/signals";
import { api, atMost, both, caseURL, count, follow, inTurn, me, span, t, time, titled, type Me, type Text } from "./lib";
import { Failure, Frame, StateMark } from "./frame";
import { numbers, type PeerOrder, type PeerOrders } from "./peer";

interface Peer {
  id: string; name: Text; pushes: boolean; pulls: boolean; units: { id: string; name: Text }[]; heard_at: string | null; pulled_at: string | null; told_at: string | null; sent: number; sent_at: string | null;
  waiting: number; waiting_since: string | null; dead: number; orders: number; messages: number; refused: number; turned: number; turned_at: string | null; turned_why: string;
}
interface Trouble { peer: string; id: string; type: string; order: string; at: string; outcome: string; why: string }

const peers = signal<Peer[] | null>(null);
const orders = signal<PeerOrders>({ items: [], next: "" });
const troubles = signal<Trouble[]>([]);
const peer = signal(new URLSearchParams(location.search).get("peer") ?? "");
const failed = signal<unknown>(null);

const query = (more = "") => "peer=" + encodeURIComponent(peer.value) + more;

const load = inTurn(async () => {
  try {
    const [all, page, wrong] = await Promise.all([
      api<{ items: Peer[] }>("/api/v1/exchange"), api<PeerOrders>("/api/v1/exchange/orders?" + query("&limit=50")), api<{ items: Trouble[] }>("/api/v1/exchange/troubles?" + query()),
    ]);
    peers.value = all.items;
    orders.value = page;
    troubles.value = wrong.items;
    failed.value = null;
  } catch (error) {
    failed.value = error;
  }
});

async function more(): Promise<void> {
  const before = orders.value;
  orders.value = { ...before, next: "" }; // the same page is not asked for twice
  const page = await api<PeerOrders>("/api/v1/exchange/orders?" + query("&limit=50&cursor=" + before.next));
  orders.value = { ...page, items: [...before.items, ...page.items] };
}

function choose(id: string): void {
  peer.value = id;
  history.replaceState(null, "", "/console/exchange" + (id ? "?peer=" + id : ""));
  void load();
}

function App() {
  return (
    <Frame surface="exchange">
      <h1>{t("exchange.title")}</h1>
      <p class="sub">{t("exchange.about")}</p>
      {failed.value ? <Failure error={failed.value} again={() => void load()} /> : !peers.value ? <p role="status">{t("loading")}</p> : peers.value.length === 0 ? <p class="empty" data-test="none">{t("exchange.none")}</p> : <All of={peers.value} />}
    </Frame>
  );
}

function All({ of }: { of: Peer[] }) {
  return (
    <>
      <ul class="peers" data-test="peers">{of.map((p) => <Card key={p.id} p={p} />)}</ul>
      <h2>{t("exchange.orders")}</h2>
      <p class="chips" role="group" aria-label={t("exchange.peer")}>
        {["", ...of.map((p) => p.id)].map((id) => <button key={id} type="button" class="chip" aria-pressed={peer.value === id} data-test={"peer-" + (id || "all")} onClick={() => choose(id)}>{id ? both(of.find((p) => p.id === id)!.name) : t("console.all")}</button>)}
      </p>
      {orders.value.items.length === 0 ? <p class="empty">{t("exchange.noorder")}</p> : <Orders of={orders.value.items} />}
      {orders.value.next && <p><button type="button" data-test="more" onClick={() => void more()}>{t("console.more")}</button></p>}
      {troubles.value.length > 0 && <Troubles of={troubles.value} />}
    </>
  );
}

/** health says in a word whether a system can be reached and is heard of. */
function health(p: Peer): ["good" | "attention" | "alarm", string] {
  if (p.dead > 0) return ["alarm", count("exchange.dead", p.dead)];
  if (p.waiting > 0 && p.waiting_since && Date.now() - Date.parse(p.waiting_since) > 60_000) return ["attention", t("exchange.unreached", { n: p.waiting, d: span(Date.now() - Date.parse(p.waiting_since)) })];
  return p.heard_at || p.sent_at ? ["good", t("exchange.talking")] : ["attention", t("exchange.silent")];
}

function Card({ p }: { p: Peer }) {
  const [band, words] = health(p);
  const does = p.units.length > 0 ? t("exchange.does", { units: p.units.map((u) => both(u.name)).join(t("list.and")) }) : t("exchange.sends");
  const row = (key: string, value: string) => <><dt>{t("exchange." + key)}</dt><dd>{value}</dd></>;
  return (
    <li data-peer={p.id} data-health={band}>
      <h3>{both(p.name)} <span class={"band " + (band === "good" ? "normal" : band)}>{band === "good" ? "●" : "▲"} {words}</span></h3>
      <p class="sub">{does}</p>
      <dl class="facts">
        {row("count.orders", String(p.orders))}
        {row("heard", `${p.messages} · ${time(p.heard_at)}`)}
        {p.pulls && row("pulled", time(p.pulled_at))}
        {p.pushes && row("sent", `${p.sent} · ${time(p.sent_at)}`)}
        {p.waiting > 0 && row("waiting", `${p.waiting} · ${time(p.waiting_since)}`)}
      </dl>
      {p.dead > 0 && <p><a href="/console/messages?status=dead">{t("exchange.mend")}</a></p>}
      {p.refused > 0 && <p class="sub">{count("exchange.refused", p.refused)}</p>}
      {p.turned > 0 && <p class="sub" data-test="turned">{count("exchange.turned", p.turned)}: {p.turned_why} ({time(p.turned_at)})</p>}
    </li>
  );
}

function Orders(props: { of: PeerOrder[] }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t("exchange.orders")}>
      <table data-test="orders">
        <thead><tr>{["order", "direction", "case", "state", "word", "theirs", "at"].map((k) => <th key={k} scope="col">{t("exchange.col." + k)}</th>)}</tr></thead>
        <tbody>
          {props.of.map((o) => (
            <tr key={o.id} data-number={o.number} data-word={o.word}>
              <th scope="row">{numbers(o)}{both(o.note) && <span class="sub">{both(o.note)}</span>}</th>
              <td>{t("exchange." + o.direction)}</td>
              <td>{o.case ? <a href={caseURL(o.case)}>{o.case_number}</a> : "–"}</td>
              <td>{o.state && <StateMark of={o.state} />}</td>
              <td>{o.word || "–"}{o.ended && <span class="sub">{t("exchange.ended")}</span>}</td>
              <td>{o.theirs ? t("exchange.theirs." + o.theirs) : "–"}</td>
              <td class="nowrap">{time(o.updated_at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Troubles(props: { of: Trouble[] }) {
  return (
    <section aria-labelledby="h-troubles" data-test="troubles">
      <h2 id="h-troubles">{t("exchange.troubles")}</h2>
      <p class="sub">{t("exchange.troubles.about")}</p>
      <div class="scroll" tabIndex={0} role="region" aria-labelledby="h-troubles">
        <table>
          <thead><tr>{["order", "type", "why", "at"].map((k) => <th key={k} scope="col">{t("exchange.col." + k)}</th>)}</tr></thead>
          <tbody>{props.of.map((m) => <tr key={m.peer + m.id + m.at}><th scope="row">{m.order || m.id}</th><td>{m.type.replace("twoweave.order.", "")}</td><td>{m.why}</td><td class="nowrap">{time(m.at)}</td></tr>)}</tbody>
        </table>
      </div>
    </section>
  );
}

titled(() => t("exchange.title"));
render(<App />, document.getElementById("app")!);
void (async () => {
  me.value = await api<Me>("/api/v1/me");
  await load();
  await follow({ fact: atMost(5000, () => void load()), reload: () => void load() });
})().catch((error) => (failed.value = error));
