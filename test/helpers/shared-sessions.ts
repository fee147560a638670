// ONNX Runtime with one session for all graphs of the same bytes: opening sessions was a quarter of the time of the tests that explain.

import { createHash } from "node:crypto";
import type { InferenceSession, InferenceSessionFactory } from "onnxruntime-common";
import type { LoadedOrt } from "../../src/engine/ort.ts";

/** Sessions that stay open though nobody uses them, the least recently used ones going first. */
const KEPT = 300;

interface Shared {
  readonly session: Promise<InferenceSession>;
  users: number;
}

/** A session holds no state between runs, so that what runs on a shared one cannot tell; `release` gives it back. */
export function sharingSessions({ ort, name }: LoadedOrt): LoadedOrt {
  const open = new Map<string, Shared>();
  const trim = async (): Promise<void> => {
    for (const [key, { session, users }] of open) {
      if (open.size <= KEPT) return;
      if (users > 0) continue;
      open.delete(key);
      await (await session).release();
    }
  };
  const create = async (bytes: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> => {
    const key = createHash("sha1").update(bytes).update(JSON.stringify(options)).digest("base64");
    const shared = open.get(key) ?? { session: ort.InferenceSession.create(bytes, options), users: 0 };
    open.delete(key);
    open.set(key, shared);
    shared.users++;
    try {
      const session = await shared.session;
      const release = async (): Promise<void> => {
        shared.users--;
        await trim();
      };
      return Object.assign(Object.create(session) as InferenceSession, { run: session.run.bind(session), release });
    } catch (error) {
      open.delete(key);
      throw error;
    }
  };
  return {
    name,
    ort: { InferenceSession: { create } as unknown as InferenceSessionFactory, Tensor: ort.Tensor, env: ort.env },
  };
}
