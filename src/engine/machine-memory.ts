// How much memory there is, where the platform tells it.

/** What WebAssembly can address, and what a browser's page may have. */
const UNKNOWN = 2 ** 32;

/** The part of Node's `process` that is asked; absent in browsers. Its modules are had without an import, which browsers could not follow. */
interface NodeProcess {
  getBuiltinModule?(name: "node:os"): { totalmem(): number } | undefined;
  /** Bytes that a container allows (Node 20); 0 or a number beyond all memory where there is no limit. */
  constrainedMemory?(): number | undefined;
}

/** Bytes of memory of this machine, or that its container allows this process; 4 GiB where that is not known. */
export function machineMemory(): number {
  const { process: node } = globalThis as { readonly process?: NodeProcess };
  const total = node?.getBuiltinModule?.("node:os")?.totalmem() ?? UNKNOWN;
  const allowed = node?.constrainedMemory?.() ?? 0;
  return allowed > 0 ? Math.min(total, allowed) : total;
}
