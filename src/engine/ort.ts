// Finds ONNX Runtime: the native package where it is installed, else WebAssembly. Everything else speaks the common API.

import type { Env, InferenceSessionFactory, TensorConstructor } from "onnxruntime-common";
import { EngineError } from "../errors.ts";

/** The part of ONNX Runtime's common API that the engine uses. */
export interface Ort {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
  readonly env: Env;
}

export interface LoadedOrt {
  readonly ort: Ort;
  readonly name: "onnxruntime-node" | "onnxruntime-web";
}

/**
 * Loads ONNX Runtime; `warn` is told in one line when only the WebAssembly build is there.
 * EngineError when neither can be loaded.
 */
export async function loadOrt(warn: (message: string) => void = () => {}): Promise<LoadedOrt> {
  try {
    return { ort: (await import("onnxruntime-node")) as unknown as Ort, name: "onnxruntime-node" };
  } catch {
    warn("native ONNX Runtime is not available here, using WebAssembly (slower): npm install onnxruntime-node");
  }
  try {
    return { ort: (await import("onnxruntime-web")) as unknown as Ort, name: "onnxruntime-web" };
  } catch (cause) {
    throw new EngineError("no engine could be loaded: onnxruntime-node or onnxruntime-web must be installed", {
      cause,
    });
  }
}
