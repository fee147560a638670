// Installs what is missing: `npm ci` when node_modules does not hold what package-lock.json asks for, nothing otherwise.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder that holds package.json. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * Whether an installed tree holds every package of a lock file at its version. The contents are compared, not the times of
 * the files: changing branches touches the lock file, and `npm ci` deletes node_modules first, also under a running process.
 * Optional packages may be absent (they are those of other platforms).
 *
 * @param {{packages: Record<string, {version?: string, optional?: boolean, link?: boolean}>}} lock package-lock.json
 * @param {{packages: Record<string, {version?: string}>} | undefined} installed node_modules/.package-lock.json
 */
export function isInstalled(lock, installed) {
  if (!installed) return false;
  return Object.entries(lock.packages).every(([path, { version, optional, link }]) => {
    if (path === "" || link) return true;
    const found = installed.packages[path];
    return found ? found.version === version : optional === true;
  });
}

function readJson(...path) {
  try {
    return JSON.parse(readFileSync(join(ROOT, ...path), "utf8"));
  } catch {
    return undefined;
  }
}

/** Installs what is missing; ends the process with npm's exit code when that fails. */
export function installMissing() {
  const lock = readJson("package-lock.json");
  if (lock && isInstalled(lock, readJson("node_modules", ".package-lock.json"))) return;
  console.error("installing packages (npm ci) ...");
  // The native engine is complete as it comes from the registry; its install script would fetch CUDA libraries on top.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip" };
  // Under `npm run`, the npm that runs us; it is a script for node. Otherwise the one on the PATH (npm.cmd needs a shell).
  const npm = process.env.npm_execpath;
  const [command, args] = npm?.endsWith(".js") ? [process.execPath, [npm]] : ["npm", []];
  const options = { cwd: ROOT, env, stdio: ["ignore", 2, 2], shell: command === "npm" && process.platform === "win32" };
  const { status, error } = spawnSync(command, [...args, "ci", "--no-audit", "--no-fund"], options);
  if (status === 0) return;
  console.error(`error: packages could not be installed${error ? `: ${error.message}` : ""}. See npm's message above.`);
  process.exit(status || 1);
}
