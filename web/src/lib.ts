// What every live surface shares: words in two languages, the API, the live stream, times in words.
import { effect, signal, type Signal } from "@preact/signals";
import en from "../i18n/en.json";
import zh from "../i18n/zh-CN.json";

export type Lang = "zh-CN" | "en";
export type Text = { zh: string; en: string };

export const lang: Signal<Lang> = signal(document.documentElement.lang === "en" ? "en" : "zh-CN");

const words: Record<Lang, Record<string, string>> = { "zh-CN": zh, en };

/** t is the text of a key, with {name} filled in. */
export function t(key: string, values: Record<string, string | number> = {}): string {
  const text = words[lang.value][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** count is t for a text about n things; English says one of them differently. */
export function count(key: string, n: number): string {
  return t(n === 1 ? key + ".one" : key, { n });
}

/** both picks the half of a text in the language of the screen. */
export function both(text: Text | undefined | null): string {
  if (!text) return "";
  return lang.value === "en" ? text.en || text.zh : text.zh || text.en;
}

/** person is a name in the language of the screen: accounts may carry both, "值班长 / Duty officer". */
export function person(name: string): string {
  const [zh, en] = name.split(" / ");
  return lang.value === "en" ? en ?? zh : zh;
}

/** switchLanguage changes the words in place: nothing typed is lost, and the server remembers. */
export async function switchLanguage(): Promise<void> {
  lang.value = lang.value === "en" ? "zh-CN" : "en";
  document.documentElement.lang = lang.value;
  await fetch("/language", { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: "lang=" + lang.value });
}

export type State = "screening" | "warned" | "checking" | "accepted" | "filed" | "dispatched" | "handling" | "suspended" | "returned" | "handled" | "verified" | "closed" | "averted" | "voided" | "merged";
export type Severity = "minor" | "major" | "critical";
export type Band = "normal" | "attention" | "alarm";

export interface Point { lon: number; lat: number }
export type PhotoKind = "before" | "after" | "scene";
export interface Photo { hash: string; kind: PhotoKind; at: string; taken_at: string | null; by: string; by_name: string; point: Point | null; accuracy_m: number; width: number; height: number; bytes: number }

export interface Case {
  id: string; number: string; version: number; state: State; title: Text; class: string; class_title: Text; severity: Severity;
  scenario: string; subject: string; episode: number; area: string; area_name: Text; unit: string; unit_name: Text; why_unit: string;
  handler: string; handler_name: string; verifier: string; opened_at: string; dispatched_at: string | null; due_at: string | null;
  escalated: boolean; overdue: boolean; ended_at: string | null; closed_at: string | null; updated_at: string; paused: boolean; late: boolean;
  address: string; point: Point | null; filed_at: string | null; handled_at: string | null; wake_at: string | null; phase: number; phases: { title: Text; clock: string; length_s: number }[];
  asked: { by: string; at: string; until?: string; amount: string; reason: string } | null; parts: { unit: string; done: boolean }[]; reports: number; into: string;
  light: boolean; returns: number; reworks: number; reopened: number; urged: number; extensions: number; rating: number;
}
export interface Fact {
  version: number; kind: string; at: string; actor: string; actor_name: string; purpose: string; rule: string; note: string;
  body?: { undoes?: string; unit?: string; why_unit?: string; why?: Text; units?: string[]; due_at?: string; amount?: string; wake_at?: string; left_ns?: number; handler_name?: string; opening?: { why?: Text; unit?: string }; late?: boolean; rating?: number; into?: string; spot?: Point & { accuracy_m: number } };
}
export interface Report { id: string; channel: string; at: string; taker_name: string; name: string; phone: string; text: string; address: string; answered_at: string | null; answer: string; case: Case | null }
export interface Reading { seq: number; n: number; id: string; source: string; type: string; time: string; subject: string; area_name: Text; data: Record<string, unknown> }
export interface Rule { scenario: string; version: number; title: Text; operator: string; settings: Named[] | null; where: string; when: string; until: string; for: string; note: string; hash: string }
export interface Named { name: string; value: string }
export interface Detection { id: string; scenario: string; subject: string; episode: number; since: string; started: string; ended: string | null; state: Level; measures: Named[] | null }
export interface Possible { command: string; allowed: boolean; reason: string }
export interface Detail extends Case {
  chain: { readings: Reading[]; more: number; rule: Rule; detection: Detection };
  facts: Fact[];
  photos: Photo[];
  commands: Possible[];
}
export interface Sign {
  indicator: string; title: Text; unit: Text; class: string; from: "events" | "cases"; known: boolean; value: number; band: Band; at: string;
  before: number | null; normal: { mean: number; spread: number; weeks: number } | null; cases: number;
  bands: { attention: number; alarm: number }; areas: { area: string; value: number; band: Band }[];
}
export interface Board {
  at: string; classes: { id: string; title: Text }[]; signs: Sign[]; stale_after_s: number;
  open_cases: { total: number; overdue: number; areas: { area: string; open: number; overdue: number; worst: Severity }[] | null };
}
export interface Area { code: string; name: Text; kind: string; shape?: [number, number][] }
export type Level = "daily" | "special" | "emergency-4" | "emergency-3" | "emergency-2" | "emergency-1";
export const levels: Level[] = ["daily", "special", "emergency-4", "emergency-3", "emergency-2", "emergency-1"];
export interface AreaLevel { area: string; name: Text; level: Level; until: string | null; why: string; orders: string[] }
/** CityState is the level of every area; the live stream brings it. */
export interface CityState { at: string; highest: Level; above: number; areas: AreaLevel[]; silences: number; proposed: number }
export interface Me { id: string; name: string; roles: string[]; unit?: string; demo: boolean; can: Record<string, boolean> }

/** Problem is a refusal of the API, with the case as it is now when somebody else changed it. */
export class Problem extends Error {
  constructor(readonly status: number, readonly detail: string, readonly current?: Case, readonly problems: { field?: string; message: string; code?: string }[] = []) {
    super(detail);
  }

  /** reasons is everything that was wrong. */
  reasons(): string {
    return this.problems.map((p) => (p.code && lang.value !== "en" ? p.message : [p.field, p.message].filter(Boolean).join(" "))).join("; ") || this.detail;
  }
}

/** lastOnField is where the field page remembers, until the sign-out, who worked here last: it opens without a network. */
export const lastOnField = "tw.field.me";

const answerWithin = 30_000; // ms: whoever only asks does not wait for ever on a network that has gone silent

export async function api<T>(path: string, init: RequestInit = {}): Promise<T> {
  const signal = init.signal ?? (init.method ? undefined : AbortSignal.timeout(answerWithin));
  const response = await fetch(path, { ...init, signal, headers: { Accept: "application/json", "Accept-Language": lang.value, ...(init.headers ?? {}) } });
  if (response.status === 401) {
    location.assign("/signin?to=" + encodeURIComponent(location.pathname + location.search));
    return new Promise<T>(() => {});
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, body.detail ?? response.statusText, body.current, body.problems);
  return body as T;
}

/** The key of the last command whose answer never came: the same wish again uses it again, so that it has one effect. */
let unanswered = { wish: "", key: "" };

/** command moves a case. */
export async function command(c: Case, kind: string, note: string, more: Record<string, unknown> = {}): Promise<Case> {
  return post<Case>(`/api/v1/cases/${c.id}/commands`, { command: kind, version: c.version, note, ...more });
}

/** post sends a command. */
export async function post<T>(path: string, content: unknown): Promise<T> {
  const body = JSON.stringify(content);
  const wish = path + body;
  if (unanswered.wish !== wish) unanswered = { wish, key: newKey() };
  const headers = { "Content-Type": "application/json", "Idempotency-Key": unanswered.key };
  try {
    const moved = await api<T>(path, { method: "POST", headers, body });
    unanswered = { wish: "", key: "" };
    return moved;
  } catch (error) {
    if (error instanceof Problem && error.status < 500) unanswered = { wish: "", key: "" };
    throw error;
  }
}

/** newKey is random; crypto.randomUUID is only there on https and on this machine. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

export type Link = "connecting" | "live" | "lost";
export const link: Signal<Link> = signal("connecting");
export const me: Signal<Me | null> = signal(null);
export const cityState: Signal<CityState | null> = signal(null);
/** incidentNews grows whenever some incident has changed. */
export const incidentNews: Signal<number> = signal(0);
/** now moves once a second, for clocks in words. */
export const now: Signal<number> = signal(Date.now());
setInterval(() => (now.value = Date.now()), 1000);

export interface Live {
  fact?: (seq: number, c: Case, f: Fact) => void;
  signs?: (b: Board) => void;
  states?: (s: CityState) => void;
  /** incidents says that some incident has changed. */
  incidents?: () => void;
  /** begin says that from now on nothing is missed: what was loaded before may lack what happened in between. */
  begin?: () => void;
  /** reload says that something may have been missed: load everything anew. */
  reload?: () => void;
}

const silence = 4000; // the server says something every two seconds

/** follow reads the live stream for ever. It reads the bytes itself, since a browser's EventSource hides the heartbeats. */
export async function follow(on: Live): Promise<void> {
  let last = "";
  for (;;) {
    const stop = new AbortController();
    let timer = setTimeout(() => stop.abort(), silence);
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(), silence);
      link.value = "live";
    };
    try {
      const headers: Record<string, string> = last ? { "Last-Event-ID": last } : {};
      const response = await fetch("/api/v1/stream", { headers, signal: stop.signal });
      if (response.status === 401) return void location.assign("/signin");
      if (!response.ok || !response.body) throw new Error(String(response.status));
      for await (const m of messages(response.body, alive)) {
        if (m.event === "hello" && !last) {
          last = String((JSON.parse(m.data) as { position: number }).position);
          on.begin?.();
        }
        if (m.id && Number(m.id) <= Number(last || 0)) continue;
        if (m.id) last = m.id;
        dispatch(on, m);
      }
    } catch {
      // the link is lost: shown below, tried again after a moment
    }
    clearTimeout(timer);
    link.value = "lost";
    await new Promise((done) => setTimeout(done, 1000));
  }
}

interface Message { event: string; id: string; data: string }

function dispatch(on: Live, m: Message): void {
  if (m.event === "reset") on.reload?.();
  if (!m.data) return;
  const body = JSON.parse(m.data);
  if (m.event === "fact") on.fact?.(body.seq, body.case, body.fact);
  if (m.event === "signs") on.signs?.(body);
  if (m.event === "incidents") {
    incidentNews.value++;
    on.incidents?.();
  }
  if (m.event === "states") {
    cityState.value = body;
    on.states?.(body);
  }
}

async function* messages(stream: ReadableStream<Uint8Array<ArrayBuffer>>, alive: () => void): AsyncGenerator<Message> {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (let buffer = ""; ; ) {
    const { value, done } = await reader.read();
    if (done) return;
    alive();
    buffer += value;
    for (let end = buffer.indexOf("\n\n"); end >= 0; end = buffer.indexOf("\n\n")) {
      yield parse(buffer.slice(0, end));
      buffer = buffer.slice(end + 2);
    }
  }
}

function parse(block: string): Message {
  const m: Message = { event: "message", id: "", data: "" };
  for (const line of block.split("\n")) {
    const at = line.indexOf(": ");
    if (at <= 0) continue;
    const name = line.slice(0, at) as keyof Message;
    if (name in m) m[name] = line.slice(at + 2);
  }
  return m;
}

/** span is a length of time in at most two units. */
export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  const parts: [number, string][] = [[Math.floor(s / 86400), "dur.d"], [Math.floor(s / 3600) % 24, "dur.h"], [Math.floor(s / 60) % 60, "dur.m"], [s % 60, "dur.s"]];
  const from = parts.findIndex(([n]) => n > 0);
  if (from < 0) return t("dur.s", { n: 0 });
  const shown = parts.slice(from, from + 2).filter(([n, unit]) => n > 0 && !(unit === "dur.s" && from < 2));
  return shown.map(([n, unit]) => t(unit, { n })).join(" ").replaceAll(" ", "\u00a0"); // a time is not broken over lines
}

/** duration puts a length like "10m0s", as rules write it, into words. */
export function duration(text: string): string {
  const unit: Record<string, number> = { h: 3600_000, m: 60_000, s: 1000, ms: 1 };
  return span([...text.matchAll(/([\d.]+)(ms|h|m|s)/g)].reduce((sum, [, n, u]) => sum + Number(n) * unit[u], 0));
}

/** clockWords says how a case stands against its limit. */
export function clockWords(c: Case): string {
  if (["closed", "handled", "verified", "averted", "voided", "merged"].includes(c.state)) return t("clock.done");
  if (c.paused) return t("clock.stands");
  if (!c.due_at) return t("clock.none");
  const left = Date.parse(c.due_at) - now.value;
  return left >= 0 ? t("clock.left", { d: span(left) }) : t("clock.over", { d: span(-left) });
}

export function time(iso: string | null | undefined): string {
  if (!iso || iso.startsWith("0001")) return "–";
  const d = new Date(iso);
  const today = new Date(now.value).toDateString() === d.toDateString();
  return d.toLocaleString(lang.value, today ? { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }
    : { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false });
}

/** titled keeps the browser's title in the language of the screen. */
export function titled(words: () => string): void {
  effect(() => { document.title = words() + " · " + t("brand"); });
}

/** atMost runs a task at most once within ms, the last call never lost. */
export function atMost(ms: number, task: () => void): () => void {
  let timer = 0, last = 0;
  return () => {
    if (timer) return;
    const wait = Math.max(0, last + ms - performance.now());
    timer = setTimeout(() => { timer = 0; last = performance.now(); task(); }, wait) as unknown as number;
  };
}

/** inTurn lets one load run at a time, so that an answer that was long under way never replaces a later one. Who asks meanwhile gets what was loaded after the asking. */
export function inTurn<A extends unknown[]>(load: (...of: A) => Promise<void>): (...of: A) => Promise<void> {
  let running: Promise<void> | null = null, next: Promise<void> | null = null;
  const run = (...of: A) => (running = load(...of).finally(() => (running = null)));
  return (...of: A) => {
    if (!running) return run(...of);
    return (next ??= running.catch(() => {}).then(() => { next = null; return run(...of); }));
  };
}

/** states in the order of the loop. */
export const states: State[] = ["screening", "warned", "checking", "accepted", "filed", "dispatched", "handling", "suspended", "returned", "handled", "verified", "closed", "averted", "voided", "merged"];

export const caseURL = (id: string) => "/console/cases/" + id;
