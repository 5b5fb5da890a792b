// What entries of the city's content are made of: their fields in the order of a form, and what a list says of each. A new kind is a line here.
import { both, duration, t, type Text } from "./lib";

export type Kind = "area" | "unit" | "grid" | "class" | "rule" | "person" | "shift" | "post" | "duty" | "holiday";
export const kinds: Kind[] = ["unit", "area", "grid", "class", "rule", "person", "shift", "post", "duty", "holiday"];

export type Value = string | number | boolean | Text | Value[] | { [name: string]: Value } | [number, number][] | undefined;
export type Body = { [name: string]: Value };

/** Field is one thing an entry says. */
export interface Field {
  name: string;
  as: "text" | "long" | "both" | "ref" | "refs" | "number" | "limit" | "duration" | "date" | "time" | "choice" | "flag" | "shape" | "rows" | "states";
  of?: Kind;         // ref, refs: to what
  choices?: string[]; // choice: values; text: what others use
  words?: string;    // choice: where the words for the values are
  fields?: Field[];  // rows: what a row is made of
  need?: boolean;
  label?: string;
}

const name: Field = { name: "name", as: "both", need: true };
const terms: Field[] = [{ name: "limit", as: "limit" }, { name: "reminder", as: "duration" }];

/** keyOf is the field that holds an entry's own name. */
export const keyOf: Record<Kind, string> = { area: "code", unit: "unit", grid: "grid", class: "class", rule: "rule", person: "person", shift: "shift", post: "post", duty: "post", holiday: "date" };

export const fieldsOf: Record<Kind, Field[]> = {
  area: [name, { name: "kind", as: "choice", choices: ["street", "town"], words: "areakind.", need: true }, { name: "shape", as: "shape" }],
  unit: [name, { name: "kind", as: "text", need: true }, { name: "area", as: "ref", of: "area" }],
  grid: [name, { name: "area", as: "ref", of: "area", need: true }, { name: "unit", as: "ref", of: "unit" }, { name: "workers", as: "refs", of: "person" }, { name: "shape", as: "shape" }],
  class: [
    { name: "title", as: "both", need: true }, { name: "kind", as: "choice", choices: ["component", "event"], words: "matterkind.", need: true }, { name: "major", as: "both", need: true },
    { name: "unit", as: "text", need: true, label: "f.unitkind" }, { name: "light", as: "flag" }, ...terms, { name: "phases", as: "rows", fields: [{ name: "title", as: "both", need: true }, ...terms] },
    { name: "filing", as: "both" }, { name: "closing", as: "both" }, { name: "source", as: "long" }, { name: "assumed", as: "flag" },
  ],
  rule: [
    { name: "class", as: "ref", of: "class" }, { name: "area", as: "ref", of: "area" }, { name: "grid", as: "ref", of: "grid" }, { name: "owner", as: "text" }, { name: "scenario", as: "text" }, { name: "kind", as: "text", label: "f.unitkind" },
    { name: "to", as: "ref", of: "unit" }, { name: "to_kind", as: "text" }, { name: "why", as: "both", need: true },
  ],
  person: [name, { name: "unit", as: "ref", of: "unit" }],
  shift: [name, { name: "from", as: "time", need: true }, { name: "to", as: "time", need: true, label: "f.to.time" }, { name: "days", as: "choice", choices: ["every", "working", "off"], words: "days." }],
  post: [name, { name: "unit", as: "ref", of: "unit" }, { name: "shifts", as: "refs", of: "shift" }, { name: "next", as: "ref", of: "post" }, { name: "within", as: "duration" }],
  duty: [{ name: "duties", as: "rows", fields: [
    { name: "shift", as: "ref", of: "shift", need: true }, { name: "persons", as: "refs", of: "person", need: true }, { name: "from", as: "date" }, { name: "until", as: "date" }, { name: "turn", as: "number" },
  ] }],
  holiday: [{ name: "name", as: "text", need: true, label: "f.holiday" }, { name: "off", as: "flag" }, { name: "notice", as: "long" }],
};

/** needs are the other kinds that a form of one refers to. */
export function needs(kind: Kind): Kind[] {
  const all = (fields: Field[]): Kind[] => fields.flatMap((f) => [...(f.of ? [f.of] : []), ...all(f.fields ?? [])]);
  return [...new Set([...all(fieldsOf[kind]), ...(kind === "duty" ? ["post" as Kind] : []), ...(kind === "rule" ? ["unit" as Kind] : [])])];
}

const isText = (v: Value): v is Text => typeof v === "object" && !Array.isArray(v) && typeof (v as Text).zh === "string";

/** nameOf is what people call an entry. */
export function nameOf(id: string, body: Value): string {
  if (!body || Array.isArray(body) || typeof body !== "object" || isText(body)) return id;
  const named = [body.name, body.title].find(isText);
  return named ? both(named) : typeof body.name === "string" ? body.name : id;
}

/** sayings are what an entry says besides its name, as short texts; refs are shown by name. */
export function sayings(kind: Kind, body: Value, called: (kind: Kind, id: string) => string): string[] {
  const fields = kind === "duty" ? fieldsOf.duty[0].fields! : fieldsOf[kind];
  const one = (of: Body) => fields.filter((f) => !["shape", "both", "long"].includes(f.as) && !["name", "assumed", "reminder"].includes(f.name)).map((f) => saying(f, of[f.name], called)).filter(Boolean);
  return Array.isArray(body) ? (body as Body[]).map((row) => one(row).join(" ")) : one((body ?? {}) as Body);
}

function saying(f: Field, v: Value, called: (kind: Kind, id: string) => string): string {
  if (v === undefined || v === "" || v === false) return "";
  if (f.as === "flag") return labelOf(f);
  if (f.of && Array.isArray(v)) return v.map((id) => called(f.of!, String(id))).join(t("list.and"));
  if (f.of) return called(f.of, String(v));
  if (f.as === "choice") return t(f.words + String(v));
  if (f.as === "rows") return (v as Body[]).map((row) => nameOf("", row) + " " + String(row.limit ?? "")).join("; ");
  return f.as === "duration" ? duration(String(v)) : String(v);
}

export const labelOf = (f: Field) => t(f.label ?? "f." + f.name);
