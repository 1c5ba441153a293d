package wire

import (
	"strings"

	"github.com/gepa-go/gepa/lm"
)

// SplitSystem takes the system messages out of a conversation, for providers
// that have a field of their own for them: joined by blank lines. A
// conversation of nothing else stays as it is, since those providers want at
// least one turn; each then sends it as the user's.
func SplitSystem(messages []lm.Message) (system string, turns []lm.Message) {
	var texts []string
	for _, m := range messages {
		if m.Role == "system" {
			texts = append(texts, m.Content)
			continue
		}
		turns = append(turns, m)
	}
	if turns == nil {
		return "", messages
	}
	return strings.Join(texts, "\n\n"), turns
}
