// Package source reads the texts of components from files and writes them back
// in place. A [Spec] says where a text is:
//
//	prompts/reason.md              the whole file; in Markdown without its front matter
//	agent.json#/prompts/system     a string in a JSON file, by JSON pointer (RFC 6901)
//	agent.yaml#/agents/0/prompt    the same in a YAML file
//	agent.py::reason               a marked region; "agent.py::marker reason" and
//	                               "agent.py#region=reason" are the same
//
// A marked region lies between a line that holds "gepa:begin NAME" and one that
// holds "gepa:end NAME", in whatever the file has for comments, or on one line
// between <!-- gepa:begin NAME --> and <!-- gepa:end NAME -->.
//
// A text is what a person sees: line breaks are "\n" whatever the file has, and
// those at the end of the text belong to the file. Writing keeps them, and
// every byte that is not the text's; where the form of a YAML value cannot hold
// the new text, the value alone gets another form. What is written is read
// again before it is used, so that a file never holds another text than asked.
//
// [Plan] makes changes of texts and [Write] carries them out, all or none.
package source
