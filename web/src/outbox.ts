// The outbox of a phone: commands are written down first and sent afterwards, in their order, each under a key of its own. So one that was given without a
// network, or whose answer never came, has its effect exactly once, also when the page is loaded anew in between. What is refused stays until it is read.
import { signal } from "@preact/signals";
import { api, newKey, Problem, type Case } from "./lib";

export interface Waiting { key: string; id: string; number: string; title: Case["title"]; command: string; version: number; note: string; more: Record<string, unknown>; at: number; refused?: string; kind?: string }

export const outbox = signal<Waiting[]>([]);
/** sending is the key of what is under way. */
export const sending = signal("");

let place = "";
let answered: (c: Case) => void = () => {};

/** openOutbox reads what this account left on this device and begins to send. on is told of every case that a command has moved. */
export function openOutbox(account: string, on: (c: Case) => void): void {
  place = "tw.outbox." + account;
  answered = on;
  outbox.value = kept();
  addEventListener("online", () => void send());
  addEventListener("storage", (e) => { if (e.key === place) outbox.value = kept(); });
  setInterval(() => void send(), 3000);
  void send();
}

function kept(): Waiting[] {
  try {
    return JSON.parse(localStorage.getItem(place) ?? "[]") as Waiting[];
  } catch {
    return []; // what is not ours to read is not ours to send
  }
}

function keep(change: (all: Waiting[]) => Waiting[]): void {
  outbox.value = change(kept());
  localStorage.setItem(place, JSON.stringify(outbox.value));
}

/** put writes a command down; it is sent when what was given before it has been. */
export function put(c: Case, command: string, note: string, more: Record<string, unknown> = {}): void {
  keep((all) => [...all, { key: newKey(), id: c.id, number: c.number, title: c.title, command, version: c.version, note, more, at: Date.now() }]);
  void send();
}

/** drop forgets what was refused and has been read. */
export function drop(key: string): void {
  keep((all) => all.filter((w) => w.key !== key));
}

/** ahead are the commands for a case that have not been answered. */
export const ahead = (id: string) => outbox.value.filter((w) => w.id === id && !w.refused);

/** send sends what waits, one after the other. Without a network it stops, and begins again later with the same command under the same key. */
async function send(): Promise<void> {
  if (sending.value) return;
  for (let next; (next = kept().find((w) => !w.refused)); ) {
    sending.value = next.key;
    const done = await one(next);
    sending.value = "";
    if (!done) return;
  }
}

async function one(w: Waiting): Promise<boolean> {
  const body = JSON.stringify({ command: w.command, version: w.version, note: w.note, ...w.more });
  try {
    const moved = await api<Case>(`/api/v1/cases/${w.id}/commands`, { method: "POST", headers: { "Content-Type": "application/json", "Idempotency-Key": w.key }, body });
    answered(moved);
    drop(w.key);
    return true;
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500 || error.status === 429) return false;
    if (error.current) answered(error.current);
    keep((all) => all.map((x) => (x.key === w.key ? { ...x, refused: error.reasons(), kind: error.status === 409 ? "conflict" : error.status === 403 ? "denied" : "invalid" } : x)));
    return true;
  }
}
