// Package rollout holds the systems that are not Go programs: a worker process
// in any language, a command that is run once an example, an HTTP service, and
// a file whose worth a command measures.
//
//   - [StartWorkers] keeps worker processes that answer a line of JSON for a
//     line of JSON. It is the way for an existing agent; clients/ has the other
//     side in Python and TypeScript, and [Serve] has it in Go.
//   - [NewCommand] runs a command for each rollout, with the candidate's texts
//     as files, and takes exit status and output for the result.
//   - [NewWebhook] posts the workers' lines to an HTTP service; [Handler] is the
//     other side in Go.
//   - [NewArtefact] is for a text without data: a prompt, a pattern, a
//     configuration, code; whatever a command can score.
//
// All of them are [gepa.System], and keep its promise: what the program under
// test does wrong is a scored rollout that says so, and what goes wrong around
// it is an error. docs/systems.md says which is which for each; the lines are
// specified in docs/formats/worker.md. Package rollouttest has the tests that
// any system should pass, a stranger's too.
//
// What the programs get to see is the whole environment of this process, so
// that an agent finds its keys.
package rollout
