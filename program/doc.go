// Package program builds the systems that this module optimizes: signatures,
// predictors, and compound programs in the manner of DSPy.
//
// A [Signature] says what goes into a model and what comes out of it. Make one
// of Go structs ([SignatureOf]), of DSPy's strings ([ParseSignature]), or by
// hand. A [Predictor] asks a model for a signature's outputs; [Predict] and
// [ChainOfThought] are the same with compile-time types. A [Program] is
// ordinary Go code that calls predictors ([New], [Of]), or predictors wired by
// field name ([Chain]). [NewSystem] joins a program with a model and a metric
// into what gepa.Optimize takes.
//
// # Candidates
//
// A program is never changed or copied to try other texts. Each run carries
// its candidate, its model and its trace in the context; a predictor looks up
// there, by its own identity, which component it is and which text is its. So
// one program runs any number of candidates at once, and two predictors with
// equal signatures have texts and traces of their own. A predictor that is not
// among the program's modules works, as it was made and under no name.
//
// # Failures
//
// A reply that cannot be read, a missing input, an error or a panic of the
// program's code is a failure of the program: a [Failure], in the end a rollout
// of the lowest score with feedback. An error of the model or the context is
// one of the world: it is returned even where the program's code went on
// without the answer, and never becomes a score.
//
// # Formats
//
// [ChatFormat], [JSONFormat] and [XMLFormat] send what DSPy 3.3.1 sends, byte
// for byte, and read replies as it does. What differs is known:
//
//   - Broken JSON is repaired by another library than DSPy's json_repair.
//     Prose around JSON, fences, cut-off ends, single quotes, missing quotes
//     and commas, comments and Python's constants come out the same; text that
//     mixes several faults in one place may not.
//   - Numbers that are not finite are refused; JSON cannot hold them.
//   - Sets keep the order of their items.
//   - Items of a list given for a text field may be numbers, true, false or
//     null; DSPy raises an error for those.
//   - In XML, elements with a namespace prefix keep it in their tag.
//   - Where DSPy's own error text shows the inner state of Python (a syntax
//     tree, a module's path), a [SignatureError] says it in plain words.
//   - Replies that the provider cut off or withheld are failures without being
//     read, and the JSON format is asked once, not with a schema first.
//
// # Saved programs
//
// A [State] is DSPy's JSON file: [Program.Apply] makes a program behave as the
// saved one, [Program.State] and [State.Save] write one that DSPy loads.
package program
