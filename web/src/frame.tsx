// The frame around every surface: name, navigation, state of the link, language, who is signed in.
import type { ComponentChildren } from "preact";
import { InboxBell } from "./inbox";
import { both, cityState, count, lang, lastOnField, link, me, now, person, Problem, switchLanguage, t, time, type Level, type Severity, type State, type Band } from "./lib";

/** Where one can go, in the order of the bar: what one must be able to do, the address, the surface. */
const places = [
  ["wall", "/wall", "wall"],
  ["console", "/console?open=true", "console"],
  ["call", "/console/call", "call"],
  ["duty", "/console/duty", "duty"],
  ["incidents", "/console/incidents", "incidents"],
  ["messages", "/console/messages", "messages"],
  ["exchange", "/console/exchange", "exchange"],
  ["state", "/console/state", "citystate"],
  ["appraisal", "/console/appraisal", "appraisal"],
  ["city", "/console/city", "settings"],
  ["people", "/console/people", "people"],
  ["audit", "/console/audit", "audit"],
  ["field", "/field", "field"],
] as const;

export function Frame(props: { surface: (typeof places)[number][2]; children: ComponentChildren }) {
  const who = me.value;
  return (
    <div class={"surface " + props.surface}>
      <header class="bar">
        <a class="skip" href="#main">{t("skip")}</a>
        <a class="brand" href="/">{t("brand")}</a>
        <nav aria-label={t("brand")}>
          {places.map(([can, to, surface]) => who?.can[can] && <a key={to} href={to} aria-current={props.surface === surface ? "page" : undefined}>{t("nav." + can)}</a>)}
        </nav>
        <CityBadge />
        <span class="spread" />
        {props.surface === "wall" && <span class="clock">{time(new Date(now.value).toISOString())}</span>}
        {who?.demo && <span class="badge">{t("simulated")}</span>}
        <LinkState />
        {who && props.surface !== "wall" && <InboxBell />}
        {who && <a class="who" href="/me">{person(who.name)}</a>}
        <button type="button" class="plain" data-test="language" onClick={() => void switchLanguage()} lang={lang.value === "en" ? "zh-CN" : "en"}>{t("language")}</button>
        <form method="post" action="/signout" onSubmit={() => { localStorage.removeItem(lastOnField); sessionStorage.clear(); }}><button class="plain">{t("signout")}</button></form>
      </header>
      <main id="main">{props.children}</main>
    </div>
  );
}

/** CityBadge says how the city stands, on every surface that follows the stream. */
function CityBadge() {
  const s = cityState.value;
  if (!s) return null;
  return (
    <span class="city" role="status" data-test="city-level" data-level={s.highest} data-above={s.above}>
      <span class={me.value?.can.state ? "hidden" : "city-title"}>{t("city.title")}</span> <LevelMark of={s.highest} />{s.above > 0 && <span>{count("city.areas", s.above)}</span>}
    </span>
  );
}

const levelMark = (l: Level) => (l === "daily" ? "●" : l === "special" ? "◆" : "▲");

/** LevelMark says a level by word and shape. */
export function LevelMark(props: { of: Level }) {
  return <span class={"level " + props.of}><span aria-hidden="true">{levelMark(props.of)}</span> {t("level." + props.of)}</span>;
}

function LinkState() {
  return (
    <span class={"link " + link.value} role="status" data-test="link" data-state={link.value}>
      <span aria-hidden="true">{link.value === "live" ? "●" : link.value === "lost" ? "✕" : "…"}</span> {t("link." + link.value)}
    </span>
  );
}

export function Failure(props: { error: unknown; again: () => void }) {
  if (props.error instanceof Problem && props.error.status === 403) return <Denied why={props.error.detail} />;
  return (
    <div class="failure" role="alert">
      <p>{t("error")}{props.error instanceof Error ? props.error.message : String(props.error)}</p>
      <button type="button" onClick={props.again}>{t("retry")}</button>
    </div>
  );
}

/** Denied is for who is signed in but may not see this: trying again would not help, going elsewhere does. */
function Denied(props: { why: string }) {
  return (
    <div class="failure" role="alert" data-test="denied">
      <p>{t("denied")}</p>
      <p><a href={me.value?.can.wall ? "/wall" : "/"}>{t(me.value?.can.wall ? "nav.wall" : "home")}</a></p>
      {lang.value === "en" && <p class="sub">{props.why}</p>}
    </div>
  );
}

export const severityMark: Record<Severity, string> = { minor: "▽", major: "◆", critical: "▲" };
export const bandMark: Record<Band, string> = { normal: "●", attention: "◆", alarm: "▲" };

/** Severity and Band are said by word and shape; colour only repeats them. */
export function SeverityMark(props: { of: Severity }) {
  return <span class={"severity " + props.of}><span aria-hidden="true">{severityMark[props.of]}</span> {t("severity." + props.of)}</span>;
}

export function BandMark(props: { of: Band }) {
  return <span class={"band " + props.of}><span aria-hidden="true">{bandMark[props.of]}</span> {t("band." + props.of)}</span>;
}

export function StateMark(props: { of: State }) {
  return <span class={"state " + props.of} data-state={props.of}>{t("state." + props.of)}</span>;
}

export { both };
