// How much of the long matrices is run: `npm test` takes a part of each that sees every member once, `npm run test:matrix` all of them.

/** Set by `npm run test:matrix`. */
export const FULL_MATRIX = process.env.PATHKERNEL_MATRIX === "full";
