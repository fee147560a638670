// The public names of trainings against an opponent, and of contributions by parts of the pull; `index.ts` gives them all.

export { type ExplainPartsOptions, type ExplanationParts, explainParts } from "./explain/explain-parts.ts";
export {
  type AdversarialForm,
  type AdversarialOptions,
  adversarialForms,
  adversarialLoss,
  type DensityRatioOptions,
  type LogitOf,
  type Mixture,
  networkLogit,
  type OptimalLoss,
  optimalLoss,
} from "./losses/adversarial.ts";
export {
  type AdversariesOptions,
  type LearningOpponent,
  type LearningOpponentOptions,
  learningOpponent,
  type Opponent,
  optimalOpponent,
  type Seen,
  trainAgainst,
} from "./train/adversaries.ts";
export { Discriminator, type DiscriminatorOptions } from "./train/discriminator.ts";
