// The rows that the server sends, as docs/formats/dashboard-api.md specifies
// them. Unknown numbers are null; times are RFC 3339.

export interface Usage {
  calls: number
  cached_calls: number
  input_tokens: number
  output_tokens: number
  unmeasured_calls: number
  cost_nano_usd: number
  unpriced_calls: number
  cost: string
}

export type Status = 'running' | 'finished' | 'interrupted' | 'failed' | 'crashed' | 'unreadable'

export interface Interval {
  low: number | null
  high: number | null
}

export interface Measure {
  name: string
  direction: 'max' | 'min'
  unit: 'share' | 'number'
  verdict: string
  n: number
  base: number
  other: number
  difference: number
  interval: Interval
  p: number
  wins: number
  losses: number
  ties: number
  detectable: number
  method: string
}

export interface RunLine {
  id: string
  folder: string
  status: Status
  detail: string
  resumable: boolean
  created: string | null
  updated: string | null
  program: string
  simulated: boolean
  best: number | null
  base: number | null
  test: Measure | null
  proposals: number
  rollouts: number
  sessions: number
  spend: Usage
  command: string
  error?: string
}

export interface Model {
  name: string
  simulated: boolean
  price?: unknown
}

export interface Range {
  low: number
  expected: number
  high: number
}

export type Phase = 'starting' | 'base' | 'search' | 'stopping' | 'test' | 'over'
export type Control = 'pause' | 'resume' | 'stop' | 'review' | 'rescore' | 'apply'

export interface Objective {
  name: string
  direction: 'max' | 'min'
  min: number | null
  max: number | null
  weight: number
}

export interface LedgerEntry extends Usage {
  role: string
  component: string
  candidate: number
  purpose: string
  failed: boolean
}

export interface Test {
  n: number
  readings: number
  measures: Measure[]
  conclusion: string
}

export interface Note {
  at: string
  level: 'info' | 'warn'
  text: string
}

export interface Head {
  id: string
  folder: string
  program: string
  command: string
  status: Status
  detail: string
  resumable: boolean
  simulated: boolean
  models: { task: Model; reflection: Model; judge: Model }
  phase: Phase
  paused: boolean
  controls: Control[]
  created: string | null
  began: string | null
  updated: string | null
  sessions: number
  elapsed_ms: number
  components: { name: string; text: string }[]
  data: { feedback: number; validation: number; test: number }
  objectives: Objective[]
  seed: number
  options: Record<string, unknown>
  budget: { proposals: number; rollouts: number; time_ms: number; target: number; cost_nano_usd: number }
  planned: { proposals: Range; rollouts: Range; reflections: Range } | null
  left_ms: number | null
  counts: {
    planned: number
    committed: number
    accepted: number
    in_flight: number
    rollouts: number
    validation_rollouts: number
    test_done: number
    test_total: number
    failures: number
  }
  by_fate: { fate: string; count: number }[]
  best: number | null
  frontier: number[]
  stop: { reason: string; detail: string } | null
  test: Test | null
  conclusion: string
  summary: string[]
  spend: { total: Usage; by_role: Record<string, Usage>; rate_calls_per_s: number; cache_share: number | null }
  ledger: LedgerEntry[]
  notes: Note[]
}

/** What the whole run had used when something happened. */
export interface At {
  rollouts: number
  cost_nano_usd: number | null
  tokens: number
  at: string
}

export interface Candidate {
  id: number
  parents: number[]
  proposal: number
  changed: string[]
  validation: number | null
  validated: number
  full: boolean
  frontier: boolean
  best: boolean
  wins: number
  objectives: Record<string, number | null>
  test: number | null
  at: At
  length: number
  cost: { proposal: Usage }
}

export interface Proposal {
  number: number
  kind: string
  parents: number[]
  ancestor: number | null
  components: string[]
  stage: string
  examples: string[]
  fate: string
  before: number | null
  after: number | null
  n: number
  passed: boolean | null
  candidate: number
  reason: string
  spend: Usage
  rollouts: number
  validated: number | null
  began: string
  ended: string | null
  at: At | null
}

export interface ScoreRow {
  candidate: number
  scores: (number | null)[]
  failed: number[]
}

export interface Scores {
  examples: { id: string }[]
  rows: ScoreRow[]
}

export interface ScoreCell {
  candidate: number
  index: number
  score: number | null
  failed: boolean
}

export interface Point extends At {
  best: number
  candidate: number
  score: number
}

export interface Run {
  format: number
  position: number
  head: Head
  candidates: Candidate[]
  proposals: Proposal[]
  scores: Scores
  points: Point[]
}

/** A piece of text with one fate; both spellings that the formats know. */
export interface Words {
  change?: 'kept' | 'removed' | 'added'
  op?: 'equal' | 'delete' | 'insert'
  text: string
}

export interface ComponentTexts {
  name: string
  before: string
  after: string
  changed: boolean
  words: Words[]
}

export interface PairedScore {
  index?: number
  id: string
  before: number
  after: number
}

export interface Pairing {
  n: number
  unpaired: number
  measures: Measure[]
  won?: PairedScore[]
  lost?: PairedScore[]
}

export interface MinibatchRow {
  example: string
  example_hash: string
  before: number | null
  after: number | null
  feedback: string
}

export interface JudgeText {
  component: string
  example: string
  text: string
}

export interface Message {
  role: string
  content: string
}

export interface CallDetail {
  role: string
  component: string
  child: number
  attempt: number
  messages: Message[]
  reply: string
  problem: string
  usage: Usage
}

export interface CandidateDetail {
  id: number
  parents: number[]
  against: number | null
  components: ComponentTexts[]
  validation: Pairing | null
  won: PairedScore[]
  lost: PairedScore[]
  minibatch: MinibatchRow[]
  judge: JudgeText[]
  reflection: CallDetail[]
  spend: Usage
}

export interface ProposalDetail {
  proposal: Proposal
  components: ComponentTexts[]
  minibatch: MinibatchRow[]
  judge: JudgeText[]
  reflection: CallDetail[]
}

export interface Exchange {
  format: string
  messages: Message[]
  reply: string
  problem: string
  usage: Usage
  /** Where the server knows them. */
  latency_ms?: number | null
  retries?: number | null
  cached?: boolean
}

export interface Step {
  component: string
  inputs: Record<string, unknown>
  outputs: Record<string, unknown>
  problem: string
  exchanges: Exchange[]
}

export interface RolloutDetail {
  candidate: number
  example: { index: number; id: string; hash: string }
  set: string
  score: number
  objectives: Record<string, number>
  feedback: { text: string; by_component: Record<string, string> }
  output: Record<string, unknown> | null
  problem: string
  usage: Usage
  steps: Step[]
  others: { candidate: number; score: number | null }[]
}

export interface Evaluation {
  n: number
  measures: { name: string; unit: 'share' | 'number'; n: number; mean: number; interval: Interval; method: string }[]
}

export interface Review {
  texts: Record<string, string> | null
  state: 'none' | 'approved' | 'rejected' | 'edited'
  log: { at: string; by: string; action: string; detail: string }[]
  candidate: number
  rescored: Evaluation | null
  applied: boolean
}

export interface ReviewAction {
  action: 'approve' | 'reject' | 'edit' | 'rescore' | 'apply'
  candidate: number
  texts?: Record<string, string>
  by: string
}

export interface ComparedRun {
  run: string
  candidate: number
  program: string
  simulated: boolean
}

export interface Comparison {
  a: ComparedRun
  b: ComparedRun
  pairing: Pairing
  conclusion: string
  notes: string[]
}

/** What the one-file report holds in itself. */
export interface Inlined {
  run: Run
  candidates: CandidateDetail[]
  proposals: ProposalDetail[]
  rollouts: Record<string, RolloutDetail>
  review?: Review
  left_out?: string
}
