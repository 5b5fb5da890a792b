// Photos of a task: taken with the camera, shown while they wait, sent with what is done.
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { count, t, time, type Case, type PhotoKind, type State } from "./lib";
import { drawn, keptPhoto } from "./camera";
import { delivered, shots, snap, type Waiting } from "./outbox";
import { spot } from "./place";

/** What is worth showing in a state: how it was found, how it is left. */
const kinds: Partial<Record<State, PhotoKind[]>> = { dispatched: ["before"], handling: ["before", "after"], handled: ["after"] };

const failed = signal<Record<string, boolean>>({});
const busy = signal<string[]>([]);

async function take(c: Case, kind: PhotoKind, files: FileList | null): Promise<void> {
  busy.value = [...busy.value, c.id];
  let wrong = false;
  for (const file of files ?? []) {
    try {
      await snap(c, file, { kind, spot: spot() });
    } catch {
      wrong = true; // the browser cannot read the picture, or has no room for it
    }
  }
  failed.value = { ...failed.value, [c.id]: wrong };
  const at = busy.value.indexOf(c.id);
  busy.value = busy.value.filter((_, i) => i !== at);
}

export function Photos({ c }: { c: Case }) {
  const waiting = shots(c.id), there = delivered.value[c.id] ?? 0;
  return (
    <div class="photos">
      <p class="pair">{(kinds[c.state] ?? ["scene"]).map((kind) => <Camera key={kind} c={c} kind={kind} />)}</p>
      <p role="status" class="sub">{busy.value.includes(c.id) ? t("photo.busy") : there > 0 ? <span data-test="photos-there" data-n={there}>{count("photo.there", there)}</span> : ""}</p>
      {failed.value[c.id] && <p role="alert" class="failure" data-test="photo-failed">{t("photo.failed")}</p>}
      {waiting.length > 0 && <ul class="strip" aria-label={t("photo.waiting")}>{waiting.map((w) => <li key={w.key}><Thumb w={w} /></li>)}</ul>}
    </div>
  );
}

function Camera({ c, kind }: { c: Case; kind: PhotoKind }) {
  const picked = (e: Event & { currentTarget: HTMLInputElement }) => {
    const input = e.currentTarget;
    void take(c, kind, input.files).then(() => (input.value = ""));
  };
  return (
    <label class="camera big">{t("photo.take." + kind)}
      <input type="file" accept="image/*" capture="environment" data-test={"photo-" + kind} onChange={picked} />
    </label>
  );
}

/** Thumb is a photo that waits; it is drawn, so that no picture needs an address. */
function Thumb({ w }: { w: Waiting }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    void (async () => {
      const jpeg = await keptPhoto(w.key);
      if (!jpeg || !canvas.current) return;
      const picture = await createImageBitmap(jpeg);
      drawn(picture, 160, canvas.current);
      picture.close();
    })().catch(() => {}); // without its picture the words are still there
  }, [w.key]);
  return <canvas ref={canvas} role="img" data-test="thumb" aria-label={t("photo.alt." + w.photo!.kind, { time: time(new Date(w.at).toISOString()) })} />;
}
