// Writes measured tables into docs/benchmarks.md or another page, a section for each command, with the machine and the date.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const FILE = fileURLToPath(new URL("../docs/benchmarks.md", import.meta.url));

const TITLE = `# Benchmarks

Measured by the commands of \`bench/README.md\`, which says what each case is; each section by one run of its command.
`;

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Processor, cores, Node and date of this run, on one line. */
export function machineLine(): string {
  const cores = cpus();
  const date = new Date().toISOString().slice(0, 10);
  return `${cores[0]?.model.trim() ?? "unknown processor"}, ${cores.length} threads, Node ${process.versions.node}, ${date}.`;
}

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

export function markdownTable({ head, rows }: Table): string {
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Replaces one section of docs/benchmarks.md, or adds it; the others stay. Its parts are tables and paragraphs. */
export function writeSection(title: string, ...parts: readonly (Table | string)[]): void {
  writeSectionOf(FILE, title, parts);
}

/** The same for another page. */
export function writeSectionOf(file: string, title: string, parts: readonly (Table | string)[]): void {
  const text = existsSync(file) ? readFileSync(file, "utf8") : TITLE;
  const [top, ...sections] = text.split(/^(?=## )/m);
  const blocks = parts.map((part) => (typeof part === "string" ? part : markdownTable(part)));
  const section = `## ${title}\n\n${[machineLine(), ...blocks].join("\n\n")}\n`;
  const place = sections.findIndex((old) => old.startsWith(`## ${title}\n`));
  const placed = place < 0 ? [...sections, section] : sections.toSpliced(place, 1, section);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${[top, ...placed].map((part) => part.trimEnd()).join("\n\n")}\n`);
}
