// Package sim is an offline stand-in for a language model: a deterministic,
// seeded, rule-following reader behind the [lm.Model] interface, which makes a
// whole optimization run for real without a key, a network or a bill.
//
// It is not a language model. It sees what any model would see, the messages
// of the request, and works from that text alone: it finds the question and
// the paragraphs, matches words, follows a link from one paragraph to
// another, compares two things, picks a span. How well it does that depends
// on what the prompt's instruction asks for, which it reads as English; a demand
// that is missing, contradicted or drowned in text is met less often. Asked
// for feedback it compares an answer with the expected one; asked for a new
// instruction it writes one from feedback, with the failings of a hurried
// writer: it forgets, drops, over-fits and now and then ignores the format.
//
// # What it can show
//
// That a program, a metric, a search and their plumbing work together; that a
// better instruction is found, kept and used; that gates and validation throw
// out bad proposals; that equal seeds give equal runs.
//
// # What it cannot show
//
// Anything about real models. Its scores, the size of its improvements and
// the instructions that help it say nothing about what would help a model
// that understands language. It knows nothing about the world and does not
// generalise beyond the tasks that its skills were written for.
//
// # How it is made
//
// Paragraphs are weighed by the rarity of the words they share with the
// question, pairs of them by what they cover together and whether one names
// the other; spans are ranked by a linear model over some two hundred
// features (counts, positions, overlaps and the English words around) whose
// weights were fitted on training halves. No feature looks at how a name is
// spelled, and luck is drawn from the shape of the material, never from its
// words: examples that differ in their names alone get the same scores. An
// instruction is read sentence by sentence: single words have meanings,
// meanings that stand together make a demand, negation turns a demand
// around, and sentences whose function words are out of place are not read.
//
// # Skills
//
// A [Skill] is one kind of task. The built-in ones are the reader, which
// answers questions about paragraphs and checks proposed answers, the judge
// and the reflector; [Options] adds others.
package sim
