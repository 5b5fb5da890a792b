// The outbox of a phone: commands are written down first and sent afterwards, in their order, each under a key of its own. So one that was given without a
// network, or whose answer never came, has its effect exactly once, also when the page is loaded anew in between. What is refused stays until it is read.
// A photo is a thing of its own in the same row, sent before the command that was given after it; its bytes are in the browser's database under its key.
import { signal } from "@preact/signals";
import { api, newKey, Problem, type Case, type PhotoKind } from "./lib";
import { dropPhoto, keepPhoto, keptPhoto, shrink, sweep } from "./camera";

export interface Shot { kind: PhotoKind; spot?: { lon: number; lat: number; accuracy_m: number } }

export interface Waiting { key: string; id: string; number: string; title: Case["title"]; command: string; version: number; note: string; more: Record<string, unknown>; at: number; photo?: Shot; refused?: string; kind?: string }

export const outbox = signal<Waiting[]>([]);
/** sending is the key of what is under way. */
export const sending = signal("");

let place = "";
let answered: (c: Case) => void = () => {};

/** delivered counts the photos of each case that came to the server while this page was open. */
export const delivered = signal<Record<string, number>>({});

let sure = false;

/** openOutbox reads what this account left on this device. Nothing is sent before confirmOutbox. on is told of every case that a command has moved. */
export function openOutbox(account: string, on: (c: Case) => void): void {
  place = "tw.outbox." + account;
  answered = on;
  outbox.value = kept();
  addEventListener("online", () => void send());
  addEventListener("storage", (e) => { if (e.key === place) outbox.value = kept(); });
  setInterval(() => void send(), 3000);
  sweep((key) => named(key)).catch(() => {}); // without a store there is nothing to sweep
}

/** confirmOutbox says that the server knows this page as the account whose outbox it is: now it is sent. */
export function confirmOutbox(): void {
  sure = true;
  void send();
}

/** named says whether any account's outbox on this device has an entry with the key. */
const named = (key: string) => Object.keys(localStorage).some((k) => k.startsWith("tw.outbox.") && (localStorage.getItem(k) ?? "").includes(key));

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

/** snap keeps a photo of a case and its place in the row; its bytes first, so that what stands in the row can be sent. It throws when it cannot. */
export async function snap(c: Case, file: Blob, photo: Shot): Promise<void> {
  const key = newKey();
  await keepPhoto(key, await shrink(file));
  keep((all) => [...all, { key, id: c.id, number: c.number, title: c.title, command: "photo", version: c.version, note: "", more: {}, at: Date.now(), photo }]);
  void send();
}

/** drop forgets what was refused and has been read. */
export function drop(key: string): void {
  const photo = kept().some((w) => w.key === key && w.photo);
  keep((all) => all.filter((w) => w.key !== key));
  if (photo) dropPhoto(key).catch(() => {}); // what stays is swept later
}

/** ahead are the commands for a case that have not been answered. */
export const ahead = (id: string) => outbox.value.filter((w) => w.id === id && !w.refused && !w.photo);
/** shots are the photos of a case that have not come to the server. */
export const shots = (id: string) => outbox.value.filter((w) => w.id === id && !w.refused && w.photo);

/** send sends what waits, one after the other. Without a network it stops, and begins again later with the same command under the same key. */
async function send(): Promise<void> {
  if (sending.value || !sure) return;
  for (let next; (next = kept().find((w) => !w.refused)); ) {
    sending.value = next.key;
    const done = await one(next);
    sending.value = "";
    if (!done) return;
  }
}

async function one(w: Waiting): Promise<boolean> {
  try {
    if (w.photo) await deliver(w, w.photo);
    else answered(await api<Case>(`/api/v1/cases/${w.id}/commands`, { method: "POST", headers: { "Content-Type": "application/json", "Idempotency-Key": w.key }, body: JSON.stringify({ command: w.command, version: w.version, note: w.note, ...w.more }) }));
    drop(w.key);
    return true;
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500 || error.status === 429 || error.status === 408) return false;
    if (error.current) answered(error.current);
    keep((all) => all.map((x) => (x.key === w.key ? { ...x, refused: error.reasons(), kind: w.photo && error.status === 410 ? "gone" : error.status === 409 ? "conflict" : error.status === 403 ? "denied" : "invalid" } : x)));
    return true;
  }
}

/** deliver sends a photo. One whose bytes the browser has lost is refused here: whoever took it must hear of it. */
async function deliver(w: Waiting, photo: Shot): Promise<void> {
  const body = await keptPhoto(w.key);
  if (!body && kept().every((x) => x.key !== w.key)) return; // another tab has sent it
  if (!body) throw new Problem(410, "this device no longer has the photo");
  const query = new URLSearchParams({ kind: photo.kind, taken: new Date(w.at).toISOString() });
  if (photo.spot) for (const [name, value] of [["lon", photo.spot.lon], ["lat", photo.spot.lat], ["accuracy", photo.spot.accuracy_m]] as const) query.set(name, String(value));
  await api(`/api/v1/cases/${w.id}/photos?${query}`, { method: "POST", headers: { "Content-Type": "image/jpeg", "Idempotency-Key": w.key }, body });
  delivered.value = { ...delivered.value, [w.id]: (delivered.value[w.id] ?? 0) + 1 };
}
