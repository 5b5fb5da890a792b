// One step of a case in words: what happened, by whom.
import { signal } from "@preact/signals";
import { api, both, person, t, type Fact, type Text } from "./lib";

export interface Unit { id: string; name: Text; kind: string; area?: string }

/** units are all units of the city, for names and to choose from. */
export const units = signal<Unit[]>([]);

export async function loadUnits(): Promise<void> {
  if (units.value.length === 0) units.value = (await api<{ items: Unit[] }>("/api/v1/units")).items;
}

/** unitName is a unit's name; its id while the names are not there, or for one that the city no longer has. */
export function unitName(id: string): string {
  return both(units.value.find((u) => u.id === id)?.name) || id;
}

/** actor is who did it; the program says which of its parts. */
export function actor(f: Fact): string {
  return f.actor.startsWith("system:") ? `${t("program")} (${f.actor_name || f.actor.slice(7)})` : person(f.actor_name || f.actor);
}

/** step is what happened; of an undone step, which one. */
export function step(f: Fact): string {
  return f.body?.undoes ? t("fact.undone.of", { what: t("fact." + f.body.undoes) }) : t("fact." + f.kind);
}
