// `npm run build`: TypeScript to dist/ with declarations, and the files beside the sources that are not TypeScript.

import { spawnSync } from "node:child_process";
import { cpSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./install.mjs";

rmSync(join(ROOT, "dist"), { recursive: true, force: true });
const tsc = [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json"];
const { status } = spawnSync(process.execPath, tsc, { cwd: ROOT, stdio: "inherit" });
if (status !== 0) process.exit(status ?? 1);
cpSync(join(ROOT, "src"), join(ROOT, "dist"), {
  recursive: true,
  filter: (source) => statSync(source).isDirectory() || !/\.ts$|README\.md$/.test(source),
});
