// Photos on the device: made small before they are kept, drawn anew so that nothing but pixels is left, and kept until the server has them.

const longest = 1600; // pixels
const most = 300 * 1024; // bytes
const qualities = [0.8, 0.65, 0.5, 0.4];

/** shrink makes a camera's picture a small upright JPEG without what the camera wrote beside it. It throws when the browser cannot read the file. */
export async function shrink(file: Blob): Promise<Blob> {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  try {
    for (let side = longest; ; side = Math.round(side * 0.75)) {
      const canvas = drawn(picture, side);
      for (const quality of qualities) {
        const jpeg = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", quality));
        if (!jpeg) throw new Error("the picture could not be written");
        if (jpeg.size <= most || side < 400) return jpeg;
      }
    }
  } finally {
    picture.close();
  }
}

/** drawn is a picture on a canvas, its longest side at most so many pixels, on white. */
export function drawn(picture: ImageBitmap, side: number, canvas = document.createElement("canvas")): HTMLCanvasElement {
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const pen = canvas.getContext("2d")!;
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}

interface Kept { at: number; bytes: ArrayBuffer }

let opening: Promise<IDBDatabase> | null = null;

function store(): Promise<IDBDatabase> {
  return (opening ??= new Promise((done, failed) => {
    const request = indexedDB.open("twoweave", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("photos");
    request.onsuccess = () => done(request.result);
    request.onerror = () => { opening = null; failed(request.error ?? new Error("no storage")); };
  }));
}

/** inside does one thing in the store, and comes back when that is durable. */
async function inside<T>(mode: IDBTransactionMode, what: (photos: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const transaction = (await store()).transaction("photos", mode, { durability: "strict" });
  const request = what(transaction.objectStore("photos"));
  return new Promise((done, failed) => {
    transaction.oncomplete = () => done(request.result);
    transaction.onabort = transaction.onerror = () => failed(transaction.error ?? new Error("no storage"));
  });
}

export async function keepPhoto(key: string, jpeg: Blob): Promise<void> {
  const kept: Kept = { at: Date.now(), bytes: await jpeg.arrayBuffer() };
  await inside("readwrite", (photos) => photos.put(kept, key));
}

/** keptPhoto is a photo of this device; null when there is none under the key. */
export async function keptPhoto(key: string): Promise<Blob | null> {
  const kept = (await inside("readonly", (photos) => photos.get(key))) as Kept | undefined;
  return kept ? new Blob([kept.bytes], { type: "image/jpeg" }) : null;
}

export async function dropPhoto(key: string): Promise<void> {
  await inside("readwrite", (photos) => photos.delete(key));
}

/** sweep drops photos that no outbox of this device names, as a page leaves them that is closed in the middle. */
export async function sweep(named: (key: string) => boolean): Promise<void> {
  const keys = (await inside("readonly", (photos) => photos.getAllKeys())) as string[];
  for (const key of keys.filter((k) => !named(k))) {
    const kept = (await inside("readonly", (photos) => photos.get(key))) as Kept | undefined;
    if (kept && Date.now() - kept.at > 3600_000 && !named(key)) await dropPhoto(key);
  }
}
