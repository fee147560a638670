// Keeps the sessions of the most recently used graphs, and frees each of the others once nothing runs on it any more.

import type { InferenceSession } from "onnxruntime-common";
import type { Graph } from "../graph/types.ts";

interface Held {
  readonly session: Promise<InferenceSession>;
  /** Runs that have begun and not ended. */
  users: number;
  /** Out of the cache: to be freed by the last user. */
  dropped: boolean;
}

async function free({ session }: Held): Promise<void> {
  // A session that could not be opened has told whoever waited for it; there is nothing to free.
  await session.then(
    (opened) => opened.release(),
    () => {},
  );
}

/** At most `capacity` sessions beside those that are running. */
export class SessionCache {
  private readonly capacity: number;
  private readonly open: (graph: Graph) => Promise<InferenceSession>;
  /** In the order of last use. */
  private readonly held = new Map<Graph, Held>();

  constructor(capacity: number, open: (graph: Graph) => Promise<InferenceSession>) {
    this.capacity = capacity;
    this.open = open;
  }

  /** What `use` makes of the graph's session, opened if need be; the session lives at least until then. */
  async with<T>(graph: Graph, use: (session: InferenceSession) => Promise<T>): Promise<T> {
    const held = this.take(graph);
    held.users++;
    try {
      if (this.held.size > this.capacity) await this.drop(this.held.keys().next().value as Graph);
      return await use(await held.session);
    } finally {
      held.users--;
      if (held.dropped && held.users === 0) await free(held);
    }
  }

  /** Empties the cache; a session that is running is freed when its run ends. */
  async release(): Promise<void> {
    for (const graph of [...this.held.keys()]) await this.drop(graph);
  }

  private take(graph: Graph): Held {
    const known = this.held.get(graph);
    const held = known ?? { session: this.open(graph), users: 0, dropped: false };
    // Deleting and setting again moves the entry to the end of the map's order.
    this.held.delete(graph);
    this.held.set(graph, held);
    if (!known) held.session.catch(() => this.held.get(graph) === held && this.held.delete(graph));
    return held;
  }

  private async drop(graph: Graph): Promise<void> {
    const held = this.held.get(graph);
    if (!held) return;
    this.held.delete(graph);
    held.dropped = true;
    if (held.users === 0) await free(held);
  }
}
