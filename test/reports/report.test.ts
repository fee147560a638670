// A report of a made-up run: well-formed, complete, self-contained, and its sums come back.

import { describe, expect, it } from "vitest";
import { examplesFor80 } from "../../src/explain/summary.ts";
import { formatNumber } from "../../src/figures/format.ts";
import { sum } from "../../src/numeric/sum.ts";
import { CAVEAT, renderReport } from "../../src/reports/report.ts";
import { all, attribute, type Element, parseHtml, rowsOf, textOf } from "./html-tree.ts";
import { type SyntheticOptions, syntheticReport } from "./synthetic.ts";

const KINDS: readonly [string, SyntheticOptions][] = [
  ["pictures", {}],
  ["colour pictures", { inputShape: [3, 12, 10], classes: ["a", "b", "c"] }],
  ["rows of numbers", { inputShape: [40], classes: ["no", "yes"] }],
  ["a regression", { inputShape: [7], classes: [] }],
  ["a single query", { queries: 1, readout: () => "loss" }],
  ["a coarse rule", { rule: "left", residual: 0.05, steps: 400 }],
  ["a hundred classes", { classes: Array.from({ length: 100 }, (_, k) => `class ${k}`), examples: 300 }],
];

const input = syntheticReport();
const html = renderReport(input);
const { root } = parseHtml(html);
const articles = all(root, "article");

/** Text and exact value of every number below an element. */
const numbersOf = (element: Element): [string, number][] =>
  all(element, "data").map((data) => [textOf(data), Number(attribute(data, "value"))]);

/** The table of the figure with that title. */
function tableOf(article: Element, title: string): (string | number)[][] {
  const figure = all(article, "figure").find((one) => textOf(all(one, "h4")[0]).startsWith(title));
  return rowsOf(all(figure!, "table")[0]);
}

describe("renderReport(input)", () => {
  it.each(KINDS)("of %s is well-formed HTML without an empty number", (_, options) => {
    const parsed = parseHtml(renderReport(syntheticReport(options)));
    expect(parsed.errors).toEqual([]);
    expect(textOf(all(parsed.root, "body")[0])).not.toMatch(/NaN|undefined|\[object/);
  });

  it.each(KINDS)("of %s asks for nothing from elsewhere", (_, options) => {
    const text = renderReport(syntheticReport(options));
    const parsed = parseHtml(text);
    const active = ["script", "link", "iframe", "object", "embed", "base", "form"];
    const elements = all(parsed.root, "*");
    expect(elements.filter(({ tagName }) => active.includes(tagName))).toEqual([]);
    const attributes = elements.flatMap(({ attrs }) => attrs);
    const links = attributes.filter(({ name }) => ["src", "href", "xlink:href"].includes(name));
    expect(links.filter(({ value }) => !/^(data:image\/png;base64,|#)/.test(value))).toEqual([]);
    expect(attributes.filter(({ name }) => name.startsWith("on"))).toEqual([]);
    expect(text.replaceAll('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(/https?:|url\(|@import/);
    const policy = all(parsed.root, "meta").find((meta) => attribute(meta, "http-equiv") === "Content-Security-Policy");
    expect(attribute(policy!, "content")).toMatch(/^default-src 'none'; style-src 'unsafe-inline'; img-src data:;/);
  });

  it("tells of weights of examples, of dropout, and of where the gradient's norm ended the training", () => {
    const { run } = input;
    const exampleWeights = { file: "importance.npy", sha256: "0".repeat(64) };
    const recorded = {
      ...run,
      plannedSteps: run.steps + 1,
      stopGradientNorm: 0.25,
      sampling: { name: "shuffled", file: null, sha256: null, exampleWeights } as const,
      random: { generator: "philox4x32-10", dropout: [0.1, 0.5] },
    };
    const text = textOf(all(parseHtml(renderReport({ ...input, run: recorded })).root, "body")[0]);
    for (const fact of ["importance.npy", "0.1, 0.5", "the next gradient has a norm of at most 0.25"])
      expect(text).toContain(fact);
  });

  it("is the same every time", () => {
    expect(renderReport(syntheticReport())).toBe(html);
  });

  it("has one article a query, with its picture, its label and what was predicted", () => {
    expect(articles).toHaveLength(3);
    expect(articles.map((article) => textOf(all(article, "h2")[0]))).toEqual([
      "test:0: predicted 0, labelled 0 \u2713 correct",
      "test:1: predicted 0, labelled 1 \u2717 misclassified",
      "test:2: predicted 2, labelled 2 \u2713 correct",
    ]);
    for (const article of articles) {
      const [image] = all(article, "img");
      expect(attribute(image, "alt")).toMatch(/^The input test:\d, labelled \d$/);
      // Five on each side, drawn for wide and for narrow screens.
      expect(all(article, "image")).toHaveLength(20);
    }
  });

  it("prints output, prior, net, terms, residual and closure of every row, each with its unit", () => {
    const { output, prior, net, residual, closure, terms } = input.explanation;
    articles.forEach((article, r) => {
      const facts = all(article, "dl")[0];
      const wide = [output[r], prior[r], net[r], terms[0].values[r]];
      const small = [residual[r], closure[r]];
      const expected = [
        ...wide.map((value): [string, number] => [formatNumber(value, { signed: true, digits: 4 }), value]),
        ...small.map((value): [string, number] => [formatNumber(value, { signed: true, digits: 2 }), value]),
      ];
      expect(numbersOf(facts)).toEqual(expect.arrayContaining(expected));
      const units = all(facts, "span").filter((span) => attribute(span, "class") === "unit");
      expect(units.map(textOf)).toEqual(new Array(expected.length).fill("logit margin"));
    });
  });

  it("has ledgers whose rows add up to the output", () => {
    articles.forEach((article, r) => {
      const amounts = tableOf(article, "From the prior").map((row) => row[2] as number);
      const output = amounts.pop();
      expect(output).toBe(input.explanation.output[r]);
      expect(Math.abs(sum(amounts) - output!)).toBeLessThanOrEqual(1e-14 * input.explanation.gross[r]);
    });
  });

  it("has pulls that add up to the net contribution, and with the other parts to the output", () => {
    const { output, prior, net, residual, closure, terms, gross } = input.explanation;
    articles.forEach((article, r) => {
      const pulls = tableOf(article, "Pull by label").map((row) => row[2] as number);
      expect(Math.abs(sum(pulls) - net[r])).toBeLessThanOrEqual(1e-14 * gross[r]);
      const total = sum([...pulls, prior[r], terms[0].values[r], residual[r], closure[r]]);
      expect(Math.abs(total - output[r])).toBeLessThanOrEqual(1e-14 * gross[r]);
    });
  });

  it("shows the five strongest contributions on each side as they are", () => {
    const { contributions, examples } = input.explanation;
    articles.forEach((article, r) => {
      const row = contributions.subarray(r * examples, (r + 1) * examples);
      const sorted = [...row].sort((a, b) => b - a);
      const shown = tableOf(article, "Strongest examples");
      expect(shown.map((cells) => cells[3])).toEqual([...sorted.slice(0, 5), ...sorted.slice(-5).reverse()]);
      for (const [id, , , value] of shown) expect(row[Number(String(id).slice("train:".length))]).toBe(value);
    });
  });

  it("shows each row's own residual by step, gross, net, and how many examples make 80 % of gross", () => {
    const { explanation } = input;
    const { gross, net, residualByStep, steps } = explanation;
    articles.forEach((article, r) => {
      const sizes = residualByStep.subarray(r * steps, (r + 1) * steps).map(Math.abs);
      expect(tableOf(article, "Residual of each step").map((row) => row[1])).toEqual([...sizes]);
      expect(tableOf(article, "Cancellation").map((row) => row[1])).toEqual([gross[r], net[r]]);
      expect(textOf(article)).toContain(`Examples for 80 % of gross${examplesFor80(explanation, r)} of 59`);
    });
  });

  it("says of chords that they are, by how much they move contributions, and has one residual for each", () => {
    const { explanation } = input;
    const shift = { relative: 0.0123, correlation: 1, queries: ["test:0"], chords: 1, ofChords: 2, cost: 0.2 };
    const chords = { ...explanation, path: "chords", chord: 20, lineEnds: Int32Array.of(19, 39), shift } as const;
    const told = (e: typeof explanation) =>
      all(parseHtml(renderReport({ ...input, explanation: e })).root, "article")[0];
    expect(textOf(told(chords))).toContain("along chords of 20 steps, which moves single contributions by about 1.2 %");
    const sizes = [19, 39].map((last) => Math.abs(explanation.residualByStep[last]));
    expect(tableOf(told(chords), "Residual of each chord").map((row) => row[1])).toEqual(sizes);
    expect(textOf(told({ ...chords, path: "superposition", shift: undefined }))).toContain(
      "from a superposition; how far that moves single contributions was not measured",
    );
    expect(textOf(articles[0])).not.toContain("chord");
  });

  it("says the run's facts, every option of the optimizer, and the caveat once", () => {
    const head = textOf(all(root, "header")[0]);
    for (const fact of [
      "synthetic: 60 training examples, 3 for testing",
      "mlp:16:tanh, 1 of 3 parameter arrays frozen",
      "adam: lr 0.001, beta1 0.9, beta2 0.999, eps 1e-8, amsgrad false, weightDecay 0.01",
      "cross-entropy",
      "40 steps, batches of 8 (5.33 epochs)",
      "float64, seed 3",
      "test 95.1 %, training 98.4 %",
      "rule auto, tolerance 1e\u22124",
    ]) {
      expect(head).toContain(fact);
    }
    const text = textOf(all(root, "body")[0]);
    expect(text.split(CAVEAT)).toHaveLength(2);
  });

  it("says when the sums do not hold and when training was cut short", () => {
    const coarse = syntheticReport({ rule: "left", residual: 0.05 });
    const text = textOf(all(parseHtml(renderReport(coarse)).root, "header")[0]);
    expect(text).toContain("\u2717 above tolerance");
    expect(text).toContain("\u2713 rounding");
    const closure = input.explanation.closure.map(() => 0.5);
    const broken = { ...input, explanation: { ...input.explanation, closure } };
    expect(renderReport(broken)).toContain("\u2717 more than rounding");
    const run = { ...input.run, status: "interrupted" as const, plannedSteps: 100 };
    expect(renderReport({ ...input, run })).toContain("interrupted: 40 of 100 planned steps are recorded");
  });

  it("lets no name become markup", () => {
    const name = `<script>alert("1")</script>&'`;
    const text = renderReport({ ...syntheticReport({ classes: [name, "b"] }), title: `</title>${name}` });
    const parsed = parseHtml(text);
    expect(parsed.errors).toEqual([]);
    expect(all(parsed.root, "script")).toEqual([]);
    expect(textOf(all(parsed.root, "h1")[0])).toBe(`</title>${name}`);
  });

  it("can be read without the pictures: landmarks, headings in order, captions, named figures", () => {
    expect(attribute(all(root, "html")[0], "lang")).toBe("en");
    for (const landmark of ["header", "nav", "main", "footer"]) expect(all(root, landmark)).toHaveLength(1);
    const levels = all(root, "*").flatMap(({ tagName }) => (/^h[1-6]$/.test(tagName) ? [Number(tagName[1])] : []));
    expect(levels[0]).toBe(1);
    levels.slice(1).forEach((level, k) => {
      expect(level - levels[k]).toBeLessThanOrEqual(1);
    });
    for (const figure of all(root, "figure")) {
      expect(all(figure, "figcaption")).toHaveLength(1);
      expect(all(figure, "caption")).toHaveLength(1);
      for (const svg of all(figure, "svg")) {
        expect(attribute(svg, "role")).toBe("img");
        expect(textOf(all(svg, "title")[0]).length).toBeGreaterThan(3);
      }
    }
    const ids = all(root, "*").flatMap((element) => attribute(element, "id") ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    for (const link of all(root, "a")) expect(ids).toContain(attribute(link, "href")?.slice(1));
  });

  it("is below 500 kB for three pictures of 28 x 28, even when they are noise", () => {
    const size = new TextEncoder().encode(
      renderReport(syntheticReport({ inputShape: [1, 28, 28], steps: 400 })),
    ).length;
    expect(size).toBeLessThan(500_000);
  });

  it("refuses an explanation of queries that are not there, and of another data set", () => {
    const message = "report: queries must hold every explained query, got test:0 without test:1";
    expect(() => renderReport({ ...input, queries: input.queries.slice(0, 1) })).toThrow(new RangeError(message));
    const other = syntheticReport({ examples: 61 }).dataset;
    expect(() => renderReport({ ...input, dataset: other })).toThrow(
      "must hold the 60 examples of the explanation, got 61",
    );
  });
});

describe("these checks", () => {
  it.each([
    ["<p>fine</p>", []],
    ['<p id="a" id="b"></p>', ["duplicate-attribute"]],
    ["<p>", ["p never ends"]],
    ["<p></p></div>", ["6 end tags for 5 elements"]],
    ["<svg><g></svg>", ["g never ends"]],
  ])("find in %s: %j", (body, errors) => {
    const page = `<!doctype html><html><head><title>a</title></head><body>${body}</body></html>`;
    expect(parseHtml(page).errors).toEqual(errors);
  });
});
