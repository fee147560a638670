// The public names of pathkernel.

export * from "./errors.ts";
export * from "./numeric/layout.ts";
export * from "./numeric/tensor.ts";
