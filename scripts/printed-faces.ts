// The typefaces that the printed digits and letters are drawn from: npm packages of free fonts, files as those packages name them.

/** A family: the same letters in several weights and slants. Families are on one side of the split each. */
interface Family {
  readonly name: string;
  readonly files: readonly string[];
}

/** Files of a @fontsource package; its .woff of the Latin letters. */
function fontsource(name: string, faces: readonly string[]): Family {
  return { name, files: faces.map((face) => `@fontsource/${name}/files/${name}-latin-${face}.woff`) };
}

function dejavu(name: string, faces: readonly string[]): Family {
  return { name, files: faces.map((face) => `dejavu-fonts-ttf/ttf/${face}.ttf`) };
}

/** [weight, weight italic, ...]. */
const withItalics = (...weights: number[]): string[] =>
  weights.flatMap((weight) => [`${weight}-normal`, `${weight}-italic`]);
const upright = (...weights: number[]): string[] => weights.map((weight) => `${weight}-normal`);

/** Sans, serif, slab, mono and a hand, on both sides; the order is that of the examples. */
export const families: Readonly<Record<"train" | "test", readonly Family[]>> = {
  train: [
    fontsource("lato", withItalics(300, 400, 700, 900)),
    fontsource("open-sans", withItalics(300, 400, 700, 800)),
    fontsource("merriweather", withItalics(300, 400, 700, 900)),
    fontsource("roboto-slab", upright(100, 300, 400, 700, 900)),
    fontsource("inconsolata", upright(200, 400, 700, 900)),
  ],
  test: [
    fontsource("roboto", withItalics(100, 300, 400, 700, 900)),
    fontsource("playfair-display", withItalics(400, 700, 900)),
    fontsource("courier-prime", withItalics(400, 700)),
    fontsource("comic-neue", withItalics(300, 400, 700)),
    dejavu("dejavu-sans", ["DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-ExtraLight"]),
    dejavu("dejavu-sans-condensed", ["DejaVuSansCondensed", "DejaVuSansCondensed-BoldOblique"]),
    dejavu("dejavu-sans-mono", ["DejaVuSansMono", "DejaVuSansMono-BoldOblique"]),
    dejavu("dejavu-serif", ["DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic"]),
    dejavu("dejavu-serif-condensed", ["DejaVuSerifCondensed", "DejaVuSerifCondensed-BoldItalic"]),
  ],
};
