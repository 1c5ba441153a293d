package gemini

import (
	"bytes"
	"context"
	"io"
	"log" //nolint:depguard // Google's library writes to it
	"os"

	"google.golang.org/genai"
)

// newLibrary makes a client of Google's library. Where both of the library's
// variables are set, it logs that it uses GOOGLE_API_KEY even though it is given
// a key; that would send its reader after the wrong one, so it is kept from the
// log.
func newLibrary(config *genai.ClientConfig) (*genai.Client, error) {
	if os.Getenv("GOOGLE_API_KEY") != "" && os.Getenv("GEMINI_API_KEY") != "" {
		before := log.Writer()
		log.SetOutput(withoutWarning{before})
		defer log.SetOutput(before)
	}
	return genai.NewClient(context.Background(), config)
}

// withoutWarning passes everything on but one line.
type withoutWarning struct{ to io.Writer }

func (w withoutWarning) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("Both GOOGLE_API_KEY and GEMINI_API_KEY are set")) {
		return len(line), nil
	}
	return w.to.Write(line)
}
