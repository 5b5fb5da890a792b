// Where this device is: asked only when its owner presses the button, told to the server only when they say so, forgotten with the page.
import { signal } from "@preact/signals";
import { now, type Case } from "./lib";

export interface Here { lon: number; lat: number; accuracy_m: number; at: number }
export type Looking = "" | "asking" | "here" | "denied" | "failed" | "missing";

export const here = signal<Here | null>(null);
export const looking = signal<Looking>("");
/** told says whether the place goes along with an arrival and with photos. */
export const told = signal(false);

let watch = 0;

/** look asks the browser where it is, and goes on following. Browsers tell it on https and on this machine only. */
export function look(): void {
  if (!("geolocation" in navigator) || !isSecureContext) return void (looking.value = "missing");
  looking.value = "asking";
  watch = navigator.geolocation.watchPosition((p) => {
    here.value = { lon: p.coords.longitude, lat: p.coords.latitude, accuracy_m: Math.round(p.coords.accuracy), at: p.timestamp };
    looking.value = "here";
  }, (error) => {
    looking.value = error.code === error.PERMISSION_DENIED ? "denied" : here.value ? "here" : "failed";
  }, { enableHighAccuracy: true, maximumAge: 15_000, timeout: 30_000 });
}

/** stop forgets where the device is. */
export function stop(): void {
  navigator.geolocation?.clearWatch(watch);
  here.value = null;
  looking.value = "";
  told.value = false;
}

const fresh = 5 * 60_000;

/** spot is what goes along, or nothing: only with consent, and not an old place. */
export function spot(): { lon: number; lat: number; accuracy_m: number } | undefined {
  const h = here.value;
  return told.value && h && now.value - h.at < fresh ? { lon: h.lon, lat: h.lat, accuracy_m: h.accuracy_m } : undefined;
}

/** metres between two places on a sphere of the earth's mean radius: right to half a percent. */
export function metres(a: { lon: number; lat: number }, b: { lon: number; lat: number }): number {
  const rad = Math.PI / 180, dLat = (b.lat - a.lat) * rad, dLon = (b.lon - a.lon) * rad;
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(dLon / 2) ** 2;
  return 2 * 6371_008.8 * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** away is how far a case is, or null when that is not known. */
export const away = (c: Case): number | null => (here.value && c.point ? metres(here.value, c.point) : null);

/** nearest puts the near ones first. A case whose point is not known goes by its area: behind the nearest case there is in it, and else behind all. */
export function nearest(cases: Case[]): Case[] {
  if (!here.value) return cases;
  const ofArea = new Map<string, number>();
  for (const c of cases) {
    const d = away(c);
    if (d !== null) ofArea.set(c.area, Math.min(d, ofArea.get(c.area) ?? Infinity));
  }
  const known = (c: Case) => away(c) ?? ofArea.get(c.area) ?? Infinity;
  return [...cases].sort((a, b) => order(known(a), known(b)) || order(away(a) ?? Infinity, away(b) ?? Infinity) || order(a.area, b.area));
}

const order = <T,>(a: T, b: T) => (a === b ? 0 : a < b ? -1 : 1);

/** mapURI opens a case in the device's map app (RFC 5870); nothing when neither its point nor its address is known. */
export function mapURI(c: Case): string {
  if (c.point) return `geo:${c.point.lat},${c.point.lon}?q=${c.point.lat},${c.point.lon}`;
  return c.address ? "geo:0,0?q=" + encodeURIComponent(c.address) : "";
}
