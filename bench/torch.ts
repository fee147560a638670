// The peers' script, and what Python it needs.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const PYTHON = "/usr/bin/python3";
const SCRIPT = fileURLToPath(new URL("torch_baseline.py", import.meta.url));

function python(args: readonly string[]): string {
  return execFileSync(PYTHON, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** The version of PyTorch; an Error that says what to do where it is missing. */
export function torchVersion(): string {
  try {
    return python(["-c", "import torch, functorch; print(torch.__version__)"]).trim();
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    const [last] = (stderr || message).trim().split("\n").slice(-1);
    const packages = "python3-torch python3-numpy libopenblas0-pthread";
    throw new Error(
      `${PYTHON} must have torch and functorch, got "${last}"; on Debian: apt-get install --no-install-recommends ${packages}`,
    );
  }
}

/** What a case of torch_baseline.py measures, in a process of its own: milliseconds, or GFLOP/s for the products. */
export function torchResult(name: string): number {
  const { [name]: result } = JSON.parse(python([SCRIPT, name])) as Record<string, number>;
  return result;
}
