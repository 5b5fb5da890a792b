// The photos of a case: small ones side by side, each to be opened large.
import { useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { person, t, time, type Detail, type Photo } from "./lib";

const large = signal<Photo | null>(null);

const address = (d: Detail, p: Photo) => `/api/v1/cases/${encodeURIComponent(d.id)}/photos/${p.hash}`;
const alt = (p: Photo) => t("photo.alt." + p.kind, { time: time(p.taken_at ?? p.at) });

export function Album({ d }: { d: Detail }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const show = (p: Photo) => { large.value = p; requestAnimationFrame(() => dialog.current?.showModal()); };
  return (
    <section aria-labelledby="h-photos" data-test="photos" data-n={d.photos.length}>
      <h2 id="h-photos">{t("photo.title", { n: d.photos.length })}</h2>
      <ul class="strip">
        {d.photos.map((p) => (
          <li key={p.hash}><figure>
            <button type="button" class="plain" data-test="photo" data-kind={p.kind} onClick={() => show(p)}><img src={address(d, p)} alt={alt(p)} width={p.width} height={p.height} loading="lazy" /></button>
            <figcaption><strong>{t("photo." + p.kind)}</strong><span class="sub">{time(p.taken_at ?? p.at)} · {person(p.by_name)}</span></figcaption>
          </figure></li>
        ))}
      </ul>
      <dialog ref={dialog} class="large" aria-label={large.value ? alt(large.value) : t("photo.title", { n: d.photos.length })} onClose={() => (large.value = null)} onKeyDown={(e) => e.stopPropagation()}>
        {large.value && <Large d={d} p={large.value} close={() => dialog.current?.close()} />}
      </dialog>
    </section>
  );
}

function Large({ d, p, close }: { d: Detail; p: Photo; close: () => void }) {
  return (
    <>
      <img src={address(d, p)} alt={alt(p)} width={p.width} height={p.height} data-test="large" />
      <p>{t("photo." + p.kind)} · {person(p.by_name)} · {t("photo.came", { time: time(p.at) })}{p.taken_at && " · " + t("photo.taken", { time: time(p.taken_at) })}
        {p.point && <> · {t("photo.place", { lat: p.point.lat.toFixed(5), lon: p.point.lon.toFixed(5), m: Math.round(p.accuracy_m) })}</>}</p>
      <button type="button" autoFocus data-test="photo-close" onClick={close}>{t("photo.close")}</button>
    </>
  );
}
