// The frame around every surface: name, navigation, state of the link, language, who is signed in.
import type { ComponentChildren } from "preact";
import { both, cityState, count, lang, link, me, now, person, Problem, switchLanguage, t, time, type Level, type Severity, type State, type Band } from "./lib";

export function Frame(props: { surface: "wall" | "console" | "call" | "messages" | "duty" | "citystate" | "field"; children: ComponentChildren }) {
  const who = me.value;
  return (
    <div class={"surface " + props.surface}>
      <header class="bar">
        <a class="skip" href="#main">{t("skip")}</a>
        <a class="brand" href="/">{t("brand")}</a>
        <nav aria-label={t("brand")}>
          {who?.can.wall && <a href="/wall" aria-current={props.surface === "wall" ? "page" : undefined}>{t("nav.wall")}</a>}
          {who?.can.console && <a href="/console?open=true" aria-current={props.surface === "console" ? "page" : undefined}>{t("nav.console")}</a>}
          {who?.can.call && <a href="/console/call" aria-current={props.surface === "call" ? "page" : undefined}>{t("nav.call")}</a>}
          {who?.can.duty && <a href="/console/duty" aria-current={props.surface === "duty" ? "page" : undefined}>{t("nav.duty")}</a>}
          {who?.can.messages && <a href="/console/messages" aria-current={props.surface === "messages" ? "page" : undefined}>{t("nav.messages")}</a>}
          {who?.can.state && <a href="/console/state" aria-current={props.surface === "citystate" ? "page" : undefined}>{t("nav.state")}</a>}
          {who?.can.field && <a href="/field" aria-current={props.surface === "field" ? "page" : undefined}>{t("nav.field")}</a>}
        </nav>
        <CityBadge />
        <span class="spread" />
        {props.surface === "wall" && <span class="clock">{time(new Date(now.value).toISOString())}</span>}
        {who?.demo && <span class="badge">{t("simulated")}</span>}
        <LinkState />
        {who && <span class="who">{person(who.name)}</span>}
        <button type="button" class="plain" data-test="language" onClick={() => void switchLanguage()} lang={lang.value === "en" ? "zh-CN" : "en"}>{t("language")}</button>
        <form method="post" action="/signout"><button class="plain">{t("signout")}</button></form>
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
