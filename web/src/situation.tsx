// Situation reports: numbered, never changed, each on a sheet of its own when it is printed.
import { signal } from "@preact/signals";
import { both, now, person, span, t, time } from "./lib";
import { Form, type Post } from "./incident";
import { may, type Situation } from "./post";

/** printing is the number of the report that is being printed. */
export const printing = signal(0);
const next = ["30m", "1h", "2h", "4h", "12h", "24h"];

/** print shows one report alone, for as long as the browser prints it. */
function print(n: number): void {
  printing.value = n;
  setTimeout(() => { window.print(); printing.value = 0; }, 50); // once the page shows it
}

export function Reports(post: Post) {
  const { i } = post;
  const last = i.reports[0];
  return (
    <section aria-labelledby="h-reports">
      <h2 id="h-reports" class="unprinted">{t("report.title")}</h2>
      <p class="sub unprinted">{t("report.about")}</p>
      {i.report_due && <p class={"unprinted" + (Date.parse(i.report_due) < now.value ? " overdue" : "")} data-test="report-due">{Date.parse(i.report_due) < now.value ? t("report.late", { d: span(now.value - Date.parse(i.report_due)) }) : t("report.due", { d: span(Date.parse(i.report_due) - now.value) })}</p>}
      {may(i, "report") && <Writing key={last?.n ?? 0} {...post} />}
      {i.reports.length === 0 && <p class="empty unprinted">{t("report.none")}</p>}
      {i.reports.map((r) => <Sheet key={r.n} post={post} r={r} />)}
    </section>
  );
}

/** Writing begins with what the last report said: what has not changed need not be written again. */
function Writing(post: Post) {
  const last = post.i.reports[0];
  const text = (f: FormData, name: string) => String(f.get(name)).trim();
  return (
    <details class="more unprinted" open={!last} data-test="write"><summary>{t("report.write", { n: post.i.reports.length + 1 })}</summary>
      <Form post={post} test="report-form" label={t("report.title")} body={(f) => ({ command: "report", known: text(f, "known"), done: text(f, "done"), expected: text(f, "expected"), for: text(f, "next") || undefined, corrects: Number(f.get("corrects") ?? 0) || undefined })}>
        {last && <p class="sub">{t("report.prefilled", { n: last.n })}</p>}
        <label>{t("report.known")}<textarea name="known" rows={3} required maxLength={8000} defaultValue={last?.known} /></label>
        <label>{t("report.done")}<textarea name="done" rows={3} maxLength={8000} defaultValue={last?.done} /></label>
        <label>{t("report.expected")}<textarea name="expected" rows={2} maxLength={8000} defaultValue={last?.expected} /></label>
        <label>{t("report.next")}<select name="next">{next.map((d) => <option key={d} value={d} selected={d === "1h"}>{t(d.endsWith("m") ? "dur.m" : "dur.h", { n: parseInt(d) })}</option>)}<option value="">{t("report.nonext")}</option></select></label>
        {last && <label>{t("report.corrects")}<select name="corrects"><option value="0">{t("report.nocorrects")}</option>{post.i.reports.map((r) => <option key={r.n} value={r.n}>{t("report.n", { n: r.n })}</option>)}</select></label>}
        <button class="do" data-test="send-report">{t("report.send")}</button>
      </Form>
    </details>
  );
}

function Sheet({ post, r }: { post: Post; r: Situation }) {
  const { i } = post;
  const corrected = i.reports.find((x) => x.corrects === r.n);
  return (
    <article class={"sheet" + (printing.value === r.n ? " printed" : "")} data-test="report" data-n={r.n}>
      <h3>{t("report.n", { n: r.n })} · {time(r.at)} <span class="sub">{i.title} · {i.number} · {i.areas.map((a) => both(a.name)).join(t("list.and")) || t("city.whole")}</span></h3>
      {r.corrects ? <p class="badge">{t("report.correctsn", { n: r.corrects })}</p> : null}{corrected && <p class="badge warn">{t("report.correctedby", { n: corrected.n })}</p>}
      <h4>{t("report.known")}</h4><p class="written">{r.known}</p>
      {r.done && <><h4>{t("report.done")}</h4><p class="written">{r.done}</p></>}
      {r.expected && <><h4>{t("report.expected")}</h4><p class="written">{r.expected}</p></>}
      <p class="sub">{person(r.by)}{r.next_due && " · " + t("report.nextat", { time: time(r.next_due) })}</p>
      <button type="button" class="plain unprinted" data-test="print" onClick={() => print(r.n)}>{t("report.print")}</button>
    </article>
  );
}
