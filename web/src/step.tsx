// One step of a case in words: what happened, by whom.
import { person, t, type Fact } from "./lib";

/** actor is who did it; the program says which of its parts. */
export function actor(f: Fact): string {
  return f.actor.startsWith("system:") ? `${t("program")} (${f.actor_name || f.actor.slice(7)})` : person(f.actor_name || f.actor);
}

/** step is what happened; of an undone step, which one. */
export function step(f: Fact): string {
  return f.body?.undoes ? t("fact.undone.of", { what: t("fact." + f.body.undoes) }) : t("fact." + f.kind);
}
