// The form of one entry of the city's content. What is typed is kept in a draft until it is saved or discarded.
import type { ComponentChildren } from "preact";
import { t, type Text } from "./lib";
import { labelOf, type Body, type Field, type Kind, type Value } from "./kinds";
import { Shape, type Frame } from "./shape";

export interface Choice { id: string; name: string }
export interface Surroundings {
  choices: (kind: Kind) => Choice[];
  unitKinds: string[];
  beside: { id: string; shape: [number, number][] }[];
  frame: Frame;
  may: boolean;
  wrong: (path: string) => string;
}

/** Fields are the inputs for some fields of a body. */
export function Fields(props: { of: Field[]; body: Body; path: string; around: Surroundings; change: (to: Body) => void }) {
  return <>{props.of.map((f) => <One key={f.name} f={f} value={props.body[f.name]} path={props.path + f.name} around={props.around} change={(v) => props.change(without({ ...props.body, [f.name]: v }))} />)}</>;
}

/** without leaves out what says nothing, as packs do. */
function without(body: Body): Body {
  return Object.fromEntries(Object.entries(body).filter(([, v]) => v !== undefined && v !== "" && v !== false && !(Array.isArray(v) && v.length === 0)));
}

interface Input { f: Field; value: Value; path: string; around: Surroundings; change: (to: Value) => void }

const simple: Partial<Record<Field["as"], (p: Input) => ComponentChildren>> = { both: Both, limit: Limit, flag: Flag, refs: Refs, rows: Rows, shape: Outline };

function One(props: Input) {
  const Part = simple[props.f.as];
  if (Part) return <Part {...props} />;
  const { f, path, around } = props, wrong = around.wrong(path);
  const common = { id: "f-" + path, name: path, disabled: !around.may, required: f.need, "aria-invalid": wrong ? true : undefined, "aria-describedby": wrong ? "e-" + path : undefined };
  const value = props.value === undefined ? "" : String(props.value);
  return <Labelled f={f} path={path} wrong={wrong}>{control(props, common, value)}</Labelled>;
}

function control({ f, around, change }: Input, common: Record<string, unknown>, value: string) {
  switch (f.as) {
    case "long":
      return <textarea {...common} rows={2} value={value} onInput={(e) => change(e.currentTarget.value)} />;
    case "number":
      return <input {...common} type="number" min={0} value={value} onInput={(e) => change(e.currentTarget.value ? Number(e.currentTarget.value) : undefined)} />;
    case "duration":
      return <input {...common} value={short(value)} placeholder="30m" onInput={(e) => change(e.currentTarget.value)} />;
    case "date":
      return <input {...common} type="date" value={value} onInput={(e) => change(e.currentTarget.value)} />;
    case "time":
      return <input {...common} value={value} placeholder="08:30" pattern="([01][0-9]|2[0-3]):[0-5][0-9]|24:00" onInput={(e) => change(e.currentTarget.value)} />;
    case "choice":
      return <select {...common} value={value} onChange={(e) => change(e.currentTarget.value)}>{!f.need && <option value="">{t("conf.nothing")}</option>}{f.choices!.map((c) => <option key={c} value={c}>{t(f.words + c)}</option>)}</select>;
    case "ref":
      return <Ref common={common} kind={f.of!} value={value} around={around} change={change} />;
    default:
      return <input {...common} value={value} list={f.name.includes("kind") || f.label === "f.unitkind" ? "unit-kinds" : undefined} onInput={(e) => change(e.currentTarget.value)} />;
  }
}

/** short is a duration without the zeros that programs write: 16h0m0s is 16h. */
const short = (text: string) => text.replace(/(\d+h)0m0s$/, "$1").replace(/(\d+m)0s$/, "$1");

function Labelled(props: { f: Field; path: string; wrong: string; children: ComponentChildren }) {
  return <div class={"question" + (props.wrong ? " wrong" : "")}><label for={"f-" + props.path}>{labelOf(props.f)}</label>{props.children}{props.wrong && <p class="error" id={"e-" + props.path}>{props.wrong}</p>}</div>;
}

function Ref(props: { common: Record<string, unknown>; kind: Kind; value: string; around: Surroundings; change: (to: Value) => void }) {
  const all = props.around.choices(props.kind);
  return (
    <select {...props.common} value={props.value} onChange={(e) => props.change(e.currentTarget.value)}>
      <option value="">{t("conf.nothing")}</option>
      {props.value && !all.some((c) => c.id === props.value) && <option value={props.value}>{t("conf.unknown", { id: props.value })}</option>}
      {all.map((c) => <option key={c.id} value={c.id}>{c.name}</option>)}
    </select>
  );
}

function Both({ f, value, path, around, change }: Input) {
  const v = { zh: "", en: "", ...(value as Text | undefined) };
  const put = (to: Text) => change(to.zh || to.en ? to : undefined);
  return (
    <div class={"question pair" + (around.wrong(path) ? " wrong" : "")}>
      {(["zh", "en"] as const).map((half) => (
        <div key={half}>
          <label for={`f-${path}.${half}`}>{t("both." + half, { label: labelOf(f) })}</label>
          <input id={`f-${path}.${half}`} lang={half === "zh" ? "zh-CN" : "en"} value={v[half]} required={f.need} disabled={!around.may} onInput={(e) => put({ ...v, [half]: e.currentTarget.value })} />
        </div>
      ))}
      {around.wrong(path) && <p class="error">{around.wrong(path)}</p>}
    </div>
  );
}

const clocks = ["working hour", "working day", "urgent hour", "urgent day"];

/** Limit is an amount on one of the clocks; what is shorter than an hour is written as minutes round the clock. */
function Limit({ f, value, path, around, change }: Input) {
  const text = String(value ?? ""), brief = /^[0-9.]+(m|h|s)/.test(text);
  const amount = parseInt(text) || "", clock = brief ? "minutes" : clocks.find((c) => text.includes(c)) ?? "working hour";
  const write = (n: number | "", c: string) => change(n === "" ? undefined : c === "minutes" ? `${n}m` : `${n} ${c}${n === 1 ? "" : "s"}`);
  const minutes = brief ? [...text.matchAll(/([\d.]+)(h|m)/g)].reduce((sum, [, n, u]) => sum + Number(n) * (u === "h" ? 60 : 1), 0) : amount;
  return (
    <Labelled f={f} path={path} wrong={around.wrong(path)}>
      <span class="amount">
        <input id={"f-" + path} type="number" min={1} value={minutes} disabled={!around.may} onInput={(e) => write(e.currentTarget.value ? Number(e.currentTarget.value) : "", clock)} />
        <select aria-label={labelOf(f)} value={clock} disabled={!around.may} onChange={(e) => write(minutes === "" ? "" : Number(minutes), e.currentTarget.value)}>
          {[...clocks, "minutes"].map((c) => <option key={c} value={c}>{t("clock." + c.replace(" ", "-"))}</option>)}
        </select>
      </span>
    </Labelled>
  );
}

function Flag({ f, value, path, around, change }: Input) {
  return <div class="question"><label class="check"><input type="checkbox" id={"f-" + path} checked={value === true} disabled={!around.may} onChange={(e) => change(e.currentTarget.checked)} /> {labelOf(f)}</label></div>;
}

function Refs({ f, value, path, around, change }: Input) {
  const chosen = (value ?? []) as string[], all = around.choices(f.of!);
  const name = (id: string) => all.find((c) => c.id === id)?.name ?? t("conf.unknown", { id });
  return (
    <Labelled f={f} path={path} wrong={around.wrong(path)}>
      <ul class="chips">{chosen.map((id) => <li key={id}>{name(id)}{around.may && <button type="button" class="plain" aria-label={t("conf.delrow") + " " + name(id)} onClick={() => change(chosen.filter((c) => c !== id))}>✕</button>}</li>)}</ul>
      {around.may && (
        <select id={"f-" + path} value="" onChange={(e) => e.currentTarget.value && change([...chosen, e.currentTarget.value])}>
          <option value="">{t("conf.addrow")}</option>
          {all.filter((c) => !chosen.includes(c.id)).map((c) => <option key={c.id} value={c.id}>{c.name}</option>)}
        </select>
      )}
    </Labelled>
  );
}

/** Rows are a list of small bodies: the phases of a limit, the duties of a post. */
export function Rows({ f, value, path, around, change }: Input) {
  const rows = (value ?? []) as Body[];
  return (
    <fieldset class="rows" data-test={"rows-" + path}>
      <legend>{labelOf(f)}</legend>
      {rows.map((row, i) => (
        <div class="row" key={i}>
          <Fields of={f.fields!} body={row} path={`${path}.${i}.`} around={around} change={(to) => change(rows.map((r, j) => (j === i ? to : r)))} />
          {around.may && <button type="button" class="plain" onClick={() => change(rows.filter((_, j) => j !== i))}>{t("conf.delrow")}</button>}
        </div>
      ))}
      {rows.length === 0 && <p class="sub">{t("conf.nothing")}</p>}
      {around.may && <button type="button" class="plain" onClick={() => change([...rows, {}])}>{t("conf.addrow")}</button>}
    </fieldset>
  );
}

function Outline({ value, around, change }: Input) {
  if (!around.frame.width || !value) return null;
  return <Shape of={value as [number, number][]} beside={around.beside} frame={around.frame} may={around.may} change={(to) => change(to)} />;
}

