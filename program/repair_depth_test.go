package program

import (
	"strings"
	"testing"
	"time"
)

// TestDeepNestingIsRefusedAtOnce: a reply of nothing but opening brackets is
// unreadable, and says so before anybody gets impatient.
func TestDeepNestingIsRefusedAtOnce(t *testing.T) {
	sig := MustSignature("q -> a: list[str]", "")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, open := range []string{"[", "{", "[{", `{"a":[`} {
			reply := strings.Repeat(open, 5000)
			if _, err := (ChatFormat{}).Parse(sig, "[[ ## a ## ]]\n"+reply); err == nil {
				t.Errorf("%s… was read in the chat format", open)
			}
			if _, err := (JSONFormat{}).Parse(sig, reply); err == nil {
				t.Errorf("%s… was read in the JSON format", open)
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("brackets without end take time without end")
	}
}
