// The report's style sheet: light and dark, readable from 320 pixels to paper, no font or file from elsewhere.

import { darkColours, lightColours } from "../figures/palette.ts";

const names = Object.keys(lightColours) as (keyof typeof lightColours)[];
const variables = (colours: Readonly<Record<string, string>>): string =>
  names.map((name) => `--pk-${name}:${colours[name]}`).join(";");
const figureColours = names
  .map((name) => `.pk-${name}{fill:var(--pk-${name})}.pk-${name}-line{stroke:var(--pk-${name})}`)
  .join("\n");

export const styleSheet = `
:root{color-scheme:light dark;--page:var(--pk-ground);--panel:#f6f7f8;--text:var(--pk-text);--muted:#595f66;--line:#d5d9dd;--link:#00558a;
--good:#00604a;--bad:#a33f00;${variables(lightColours)}}
@media (prefers-color-scheme:dark){:root{--page:var(--pk-ground);--panel:#1e2227;--text:var(--pk-text);--muted:#b0b6bd;--line:#3a4047;--link:#7cc4f2;
--good:#4fd0a5;--bad:#ffab57;${variables(darkColours)}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;padding:24px 20px 48px;max-width:1040px;background:var(--page);color:var(--text);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 8px}
h2{font-size:1.4rem;line-height:1.25;margin:0 0 12px}
h3{font-size:1.05rem;margin:24px 0 8px}
h4{font-size:1rem;margin:0}
p{margin:0 0 12px;max-width:72ch}
a{color:var(--link)}
nav ul{display:flex;flex-wrap:wrap;gap:8px;list-style:none;margin:16px 0 0;padding:0}
nav a{display:flex;align-items:center;gap:8px;padding:6px 10px 6px 6px;min-height:32px;border:1px solid var(--line);border-radius:6px;text-decoration:none}
nav img{width:32px;height:32px;object-fit:contain;image-rendering:pixelated}
.lede{font-size:1.05rem;color:var(--muted)}
.note{border-left:4px solid var(--pk-away);padding:10px 14px;background:var(--panel);margin:20px 0;max-width:80ch}
.note p:last-child{margin:0}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,175px),1fr));gap:12px 20px;margin:12px 0}
dt{color:var(--muted);font-size:.85rem}
dd{margin:0}
.run{background:var(--panel);border-radius:8px;padding:12px 16px}
article{border-top:2px solid var(--line);margin-top:40px;padding-top:24px}
.query{display:grid;grid-template-columns:auto 1fr;gap:20px;align-items:start}
.query img{width:168px;height:auto;image-rendering:pixelated;border:1px solid var(--line);display:block}
.sentence{font-size:1.1rem}
.badge{display:inline-block;font-size:.85rem;font-weight:600;border:1px solid currentColor;border-radius:99px;padding:1px 10px;vertical-align:3px;white-space:nowrap}
.good{color:var(--good)}
.bad{color:var(--bad)}
.amount,data{font-variant-numeric:tabular-nums;overflow-wrap:normal}
data{white-space:nowrap;font-weight:600}
td data{font-weight:400}
.unit,.small{color:var(--muted);font-size:.9em}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,320px),1fr));gap:32px;margin-top:24px}
figure{margin:0;min-width:0}
figcaption p{color:var(--muted);font-size:.9rem;margin:4px 0 10px}
figure svg{display:block;width:100%;height:auto;max-width:420px}
.pk-number{font-variant-numeric:tabular-nums}
${figureColours}
.wide{display:none}
details{margin-top:10px}
summary{cursor:pointer;color:var(--link);font-size:.9rem;padding:4px 0}
.scroll{overflow-x:auto;max-height:420px;overflow-y:auto}
table{border-collapse:collapse;font-size:.9rem;min-width:100%}
caption{text-align:left;color:var(--muted);padding:4px 0}
th,td{text-align:left;padding:4px 14px 4px 0;border-bottom:1px solid var(--line);font-weight:400;overflow-wrap:normal}
thead th{font-weight:600}
.number{text-align:right;font-variant-numeric:tabular-nums}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
footer{margin-top:48px;border-top:1px solid var(--line);padding-top:12px;font-size:.85rem;color:var(--muted)}
footer p{max-width:none}
@media (max-width:559px){.query,.verdict{grid-template-columns:1fr}dl{grid-template-columns:1fr 1fr}body{padding:16px 12px 32px}h1{font-size:1.4rem}.sentence{font-size:1rem}}
@media (min-width:900px),print{.wide{display:block}.narrow{display:none}
.figures{grid-template-columns:1fr 1fr}figure.full{grid-column:1/-1}figure svg{max-width:none}}
@media print{body{max-width:none;padding:0}article{break-before:page}figure{break-inside:avoid}}
`;
