// Opens the page in headless Chromium from a server on this machine alone, and waits for what it sends back.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import type { Compared } from "./compare.ts";

const CHROMIUM = process.env.CHROMIUM ?? "chromium";
// The sandbox of Chromium does not start for root, as in containers; the page is ours.
const FLAGS = ["--headless=new", "--no-sandbox", "--enable-unsafe-webgpu"];
const SOFTWARE = ["--use-webgpu-adapter=swiftshader"];
const TIMEOUT_MS = 400_000;
const ORT_FOLDER = dirname(createRequire(import.meta.url).resolve("onnxruntime-web"));
const PAGE = '<!doctype html><script type="module" src="/page.js"></script>';

/** The page's script: everything but the native engine, which browsers do not have. */
async function bundle(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [new URL("./page.ts", import.meta.url).pathname],
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
    // What Node has and browsers do not is imported where it is needed, and not found there.
    external: ["onnxruntime-node", "koffi"],
    logLevel: "warning",
  });
  return outputFiles[0].contents;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}

/** A file of the page: its script, or one of ONNX Runtime's (WebAssembly and what loads it). */
async function fileFor(name: string, script: Uint8Array): Promise<Uint8Array | undefined> {
  if (name === "page.js") return script;
  return /^[\w.-]+$/.test(name) ? readFile(join(ORT_FOLDER, name)).catch(() => undefined) : undefined;
}

function serve(script: Uint8Array, done: (found: Compared) => void): Promise<Server> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const name = new URL(request.url ?? "/", "http://localhost").pathname.slice(1);
    if (name === "result") {
      done(JSON.parse(await bodyOf(request)) as Compared);
      response.end();
      return;
    }
    const content = name === "" ? PAGE : await fileFor(name, script);
    const type = name === "" ? "text/html" : name.endsWith(".wasm") ? "application/wasm" : "text/javascript";
    response.writeHead(content ? 200 : 404, { "content-type": type });
    response.end(content);
  };
  const server = createServer((request, response) => void answer(request, response));
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/** Rejects when the browser ends, or when the time is up. */
function failureOf(browser: ChildProcess): Promise<never> {
  return new Promise((_, reject) => {
    const late = () => reject(new Error(`no result from the page in ${TIMEOUT_MS / 1000} s`));
    setTimeout(late, TIMEOUT_MS).unref();
    browser.on("error", reject);
    browser.on("exit", (code) => reject(new Error(`${CHROMIUM} ended with ${code} before the page had a result`)));
  });
}

/** What the page finds; an error when the browser ends or the time is up before. */
export async function compareInBrowser(software: boolean): Promise<Compared> {
  const script = await bundle();
  const profile = await mkdtemp(join(tmpdir(), "webgpu-"));
  let done: (found: Compared) => void = () => {};
  const found = new Promise<Compared>((resolve) => {
    done = resolve;
  });
  const server = await serve(script, (compared) => done(compared));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const flags = [...FLAGS, ...(software ? SOFTWARE : []), `--user-data-dir=${profile}`];
  const browser = spawn(CHROMIUM, [...flags, url], { stdio: "ignore" });
  try {
    return await Promise.race([found, failureOf(browser)]);
  } finally {
    server.close();
    server.closeAllConnections();
    // Until it has ended it writes to its profile.
    if (browser.exitCode === null && browser.kill()) await once(browser, "exit");
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}
