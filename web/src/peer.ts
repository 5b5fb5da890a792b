// Work orders of and for other systems, as the exchange shows them.
import { api, both, type State, type Text } from "./lib";

export interface PeerOrder {
  id: string; peer: string; peer_name: Text; direction: "in" | "out"; number: string; ref: string; case: string; case_number: string; state: State; word: string; theirs: string;
  ended: boolean; note: Text; at: string; updated_at: string;
}
export interface PeerOrders { items: PeerOrder[]; next: string }

export const ordersOf = async (id: string): Promise<PeerOrder[]> => (await api<PeerOrders>("/api/v1/exchange/orders?case=" + encodeURIComponent(id))).items;

/** numbers are the order's own, and the peer's for an order of ours. */
export const numbers = (o: PeerOrder): string => [both(o.peer_name), o.number, o.ref].filter(Boolean).join(" · ");
