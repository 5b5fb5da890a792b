// What the command post's pages share: the shapes of the API, and how a command is given.
import { signal } from "@preact/signals";
import { api, now, post, Problem, span, t, type Case, type Level, type Severity, type State, type Text } from "./lib";

export interface Who { id: string; name: string }
export interface Offer { command: string; allowed: boolean; reason?: string }
export type Stage = "running" | "stood-down" | "closed";
export interface Heading {
  id: string; number: string; version: number; state: Stage; title: string; kind: string; level: Level; areas: { area: string; name: Text }[]; place: string;
  commander: Who; offered: Who | null; opened_at: string; opened_by: Who; ended_at: string | null; closed_at: string | null; report_due: string | null;
  case_count: number; open_tasks: number; overdue_tasks: number; report_count: number; commands: Offer[];
}
export interface Task {
  n: number; what: string; unit?: string; unit_name: Text; person: Who; clock: string; due: string; state: string; overdue: boolean; given_by: string; given_at: string;
  taken_by?: string; taken_at: string | null; ended_by?: string; ended_at: string | null; outcome?: string; checked_by?: string; checked_at: string | null; resources: string[];
  reminded: string | null; escalated: string | null; commands: Offer[];
}
export interface OwnTask extends Task { incident: string; version: number; number: string; title: string; place: string }
export interface Gathered { id: string; number: string; title: Text; class_title: Text; state: State; open: boolean; severity: Severity; area_name: Text; unit_name: Text; opened_at: string; overdue: boolean }
export interface Situation { n: number; known: string; done: string; expected: string; next_due: string | null; corrects?: number; by: string; at: string }
export interface Line { version: number; kind: string; at: string; by: Who; note: string; task?: number; what?: string; unit_name?: Text; to?: string; due?: string; cases?: number; report?: number; open?: number[] }
export interface Incident extends Heading { tasks: Task[]; cases: Gathered[]; reports: Situation[]; left: number[]; log: Line[] }

export const kinds = ["disaster", "accident", "health", "security", "occasion"];
export const incidentURL = (id: string) => "/console/incidents/" + id;
export const may = (of: { commands: Offer[] }, command: string) => of.commands.some((c) => c.command === command && c.allowed);

/** said is what became of the last command. */
export const said = signal("");
/** stuck is a command that was refused because somebody changed what it is about; `seen` is the version that it was given on. */
export const stuck = signal<{ id: string; seen: number; body: Record<string, unknown>; detail: string; done?: () => void } | null>(null);

/** give carries out a command on an incident and says what became of it. It reports whether it was done. */
export async function give(id: string, version: number, body: Record<string, unknown>, after: () => Promise<void>, done?: () => void): Promise<boolean> {
  stuck.value = null;
  try {
    await post(`/api/v1/incidents/${id}/commands`, { ...body, version });
    said.value = t("incident.said." + body.command);
    done?.();
    await after();
    return true;
  } catch (error) {
    const conflict = error instanceof Problem && error.status === 409 && error.current;
    if (conflict) stuck.value = { id, seen: version, body, detail: (error as Problem).detail, done };
    said.value = conflict ? "" : t("said.failed") + (error instanceof Problem ? error.reasons() : String(error));
    if (conflict) await after();
    return false;
  }
}

/** clockOf says how a task stands against its time. */
export function clockOf(task: Task): string {
  if (task.state !== "given" && task.state !== "acknowledged") return "";
  const left = Date.parse(task.due) - now.value;
  return left >= 0 ? t("clock.left", { d: span(left) }) : t("clock.over", { d: span(-left) });
}

/** incidentOf is the incident that a case is in, when there is one and the reader may know. */
export async function incidentOf(c: Pick<Case, "id">): Promise<Heading | null> {
  return (await api<{ items: Heading[] }>("/api/v1/incidents?case=" + encodeURIComponent(c.id))).items[0] ?? null;
}
