import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FileError } from "../../src/errors.ts";
import { fileErrorFrom, pathExists, readFileBytes, writeFileAtomic } from "../../src/numeric/files.node.ts";
import { sha256 } from "../../src/numeric/sha256.node.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pathkernel-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);

describe("readFileBytes", () => {
  test("gives all bytes, also none", () => {
    writeFileSync(at("a"), Uint8Array.of(1, 2, 255));
    writeFileSync(at("b"), "");
    expect(readFileBytes(at("a"))).toEqual(Uint8Array.of(1, 2, 255));
    expect(readFileBytes(at("b"))).toEqual(new Uint8Array(0));
  });

  test("names the path and the reason when there is no such file, or a folder, or a file as a folder", () => {
    writeFileSync(at("a"), "");
    expect(() => readFileBytes(at("none"))).toThrow(
      new FileError(`cannot read ${at("none")}: no such file or folder`, at("none")),
    );
    expect(() => readFileBytes(folder)).toThrow(`cannot read ${folder}: it is a folder, a file is needed`);
    expect(() => readFileBytes(at("a/b"))).toThrow("a part of the path must be a folder and is a file");
    expect(() => readFileBytes(at("none"))).toThrow(FileError);
  });
});

describe("writeFileAtomic", () => {
  test("writes bytes or text, replaces what was there, and leaves nothing else", () => {
    writeFileAtomic(at("a"), "first");
    writeFileAtomic(at("a"), Uint8Array.of(65));
    expect(readFileSync(at("a"), "utf8")).toBe("A");
    expect(readdirSync(folder)).toEqual(["a"]);
  });

  test("keeps a symbolic link and replaces the file behind it", () => {
    mkdirSync(at("real"));
    writeFileSync(at("real/a"), "old");
    symlinkSync(at("real/a"), at("link"));
    writeFileAtomic(at("link"), "new");
    expect(readFileSync(at("real/a"), "utf8")).toBe("new");
    expect(readdirSync(folder).sort()).toEqual(["link", "real"]);
    expect(readdirSync(at("real"))).toEqual(["a"]);
  });

  test("refuses a missing folder, a path under a file and a folder, with nothing left behind", () => {
    writeFileSync(at("file"), "x");
    mkdirSync(at("folder"));
    const before = readdirSync(folder);
    expect(() => writeFileAtomic(at("none/a"), "x")).toThrow(
      `cannot write ${at("none/a")}: the folder ${at("none")} does not exist`,
    );
    expect(() => writeFileAtomic(at("file/a"), "x")).toThrow("a part of the path must be a folder and is a file");
    expect(() => writeFileAtomic(at("folder"), "x")).toThrow("it is a folder, a file is needed");
    expect(() => writeFileAtomic(at("none/a"), "x")).toThrow(FileError);
    expect(readdirSync(folder)).toEqual(before);
  });

  test("removes the temporary file when the write fails midway, and keeps the old content", () => {
    writeFileSync(at("a"), "old");
    const broken = { toString: () => "x" } as unknown as Uint8Array; // refused by the write itself, after the file is open
    expect(() => writeFileAtomic(at("a"), broken)).toThrow(TypeError);
    expect(readdirSync(folder)).toEqual(["a"]);
    expect(readFileSync(at("a"), "utf8")).toBe("old");
  });

  test.skipIf(!existsSync("/dev/full"))("says that a device is full (needs Linux's /dev/full)", () => {
    expect(() => writeFileAtomic("/dev/full", "x")).toThrow("cannot write /dev/full: no space left on the device");
    expect(existsSync("/dev/full")).toBe(true);
  });
});

test("fileErrorFrom names reasons that a test cannot provoke as root, and leaves other errors alone", () => {
  const denied = Object.assign(new Error("EACCES: permission denied, open 'a'"), { code: "EACCES" });
  expect(fileErrorFrom("read", "a", denied)).toEqual(new FileError("cannot read a: permission denied", "a"));
  expect(fileErrorFrom("write", "a", Object.assign(new Error(), { code: "EIO", syscall: "write" }))).toHaveProperty(
    "message",
    "cannot write a: EIO",
  );
  const bug = new TypeError("x is not a function");
  expect(fileErrorFrom("write", "a", bug)).toBe(bug);
});

test("pathExists knows files and folders, and not a path under a file", () => {
  writeFileSync(at("a"), "");
  expect(["a", "", "b", "a/b"].map((name) => pathExists(at(name)))).toEqual([true, true, false, false]);
});

test("sha256 is that of the parts in a row (FIPS 180-2: 'abc'), and of a view only what it shows", () => {
  const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  expect(sha256("abc")).toBe(abc);
  expect(sha256(new TextEncoder().encode("a"), new TextEncoder().encode("xbcx").subarray(1, 3))).toBe(abc);
});
