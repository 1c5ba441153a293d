// Package demodata holds the embedded demonstration data: an original
// multi-hop question-answering set in the form of HotpotQA's distractor
// setting, about a world that does not exist.
//
// There are 200 training and 200 development examples. Each has a question, a
// short answer, ten paragraphs of which two hold the answer between them, and
// the sentences that support it. The two splits are about different countries
// and share no question, no paragraph and no name. README.md in this
// directory describes the set and how it was made.
//
// The data are generated from a seed and an inventory of hand-written
// sentence and question forms; the test regenerates them and compares.
package demodata

import _ "embed"

//go:generate go run ./internal/gen

var (
	//go:embed train.jsonl
	train string
	//go:embed dev.jsonl
	dev string
)

// Train returns the training split as JSON lines. Each line is an object with
// the fields id, question, answer, type ("bridge" or "comparison"), level
// ("easy", "medium" or "hard"), supporting_facts ([[title, sentence index]])
// and context ([[title, [sentence]]]). Sentences after a paragraph's first
// begin with a space, so that joining them with nothing gives the paragraph.
func Train() []byte { return []byte(train) }

// Dev returns the development split, in the form of [Train].
func Dev() []byte { return []byte(dev) }
