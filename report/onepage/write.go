package onepage

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"unicode"
)

// An App is the application that draws the pages: one script, a module, and one
// style sheet. The script draws into the element "app" what the element
// "gepa-data" holds as JSON.
type App struct {
	Script, Style []byte
}

// Built reads the application as it was built for the dashboard: index.html
// with one script and one style sheet.
func Built(dist fs.FS) (App, error) {
	index, err := fs.ReadFile(dist, "index.html")
	if err != nil {
		return App{}, fmt.Errorf("read the application: %w", err)
	}
	var app App
	for _, part := range []struct {
		what    string
		pattern string
		into    *[]byte
	}{
		{"script", `<script[^>]*\ssrc="([^"]+)"`, &app.Script},
		{"style sheet", `<link[^>]*\shref="([^"]+\.css)"`, &app.Style},
	} {
		found := regexp.MustCompile(part.pattern).FindAllSubmatch(index, -1)
		if len(found) != 1 {
			return App{}, fmt.Errorf("read the application: index.html has %d references to a %s, want one", len(found), part.what)
		}
		name := strings.TrimPrefix(path.Clean("/"+string(found[0][1])), "/")
		if *part.into, err = fs.ReadFile(dist, name); err != nil {
			return App{}, fmt.Errorf("read the application: %w", err)
		}
	}
	return app, nil
}

// Write writes the report file. No secret is in it, whatever the run holds.
func Write(w io.Writer, app App, d *Data, secrets ...string) error {
	if err := app.check(); err != nil {
		return err
	}
	data, err := json.Marshal(d) // writes <, >, & and the line separators as escapes
	if err != nil {
		return fmt.Errorf("encode the report: %w", err)
	}
	var head bytes.Buffer
	fmt.Fprintf(&head, `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="%s">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>%s</title>
<style>%s</style>
<style>%s</style>
</head>
<body>
<div id="app"></div>
`, app.policy(), shown("gepa: "+d.title), app.Style, noteStyle)
	if d.LeftOut != "" {
		fmt.Fprintf(&head, "<footer class=\"gepa-left-out\">%s gepa serve shows them.</footer>\n", shown(d.LeftOut))
	}
	fmt.Fprintf(&head, "<noscript><h1>%s</h1><p>%s</p>", shown(d.title), shown(d.conclusion))
	for _, line := range d.about {
		fmt.Fprintf(&head, "<p>%s</p>", shown(line))
	}
	head.WriteString("<p>The pages are drawn by a script. The same figures are printed by: gepa show RUN</p></noscript>\n")
	head.WriteString(`<script type="application/json" id="gepa-data">`)
	for _, part := range [][]byte{
		without(head.Bytes(), secrets), without(data, secrets),
		[]byte("</script>\n<script type=\"module\">"), app.Script, []byte("</script>\n</body>\n</html>\n"),
	} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// noteStyle is for what the application does not draw.
const noteStyle = `.gepa-left-out{font:13px/1.5 system-ui,sans-serif;text-align:center;padding:1rem;opacity:.75}`

// check refuses an application that would end its own element.
func (a App) check() error {
	lower := bytes.ToLower(a.Script)
	switch {
	case len(a.Script) == 0:
		return errors.New("the application has no script")
	case bytes.Contains(lower, []byte("</script")) || bytes.Contains(lower, []byte("<!--")):
		return errors.New("the application's script cannot stand in a page: it holds </script or <!--")
	case bytes.Contains(bytes.ToLower(a.Style), []byte("</style")):
		return errors.New("the application's style cannot stand in a page: it holds </style")
	}
	return nil
}

// policy allows the application and nothing else: no request, no other script,
// no frame, no form.
func (a App) policy() string {
	return fmt.Sprintf("default-src 'none'; script-src '%s'; style-src '%s' '%s'; img-src data:; base-uri 'none'; form-action 'none'",
		digest(a.Script), digest(a.Style), digest([]byte(noteStyle)))
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// shown makes a text of a run fit to stand in a page, as text: in a length that
// can be read, without what is not visible.
func shown(text string) string {
	const most = 2000
	var b strings.Builder
	n := 0
	for _, r := range text {
		if n++; n > most {
			b.WriteString("…")
			break
		}
		if unicode.IsSpace(r) {
			r = ' '
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			continue
		}
		b.WriteRune(r)
	}
	return html.EscapeString(b.String())
}

// without takes secrets out of a part of the page, in the forms in which JSON
// and HTML write them. A secret has six characters or more.
func without(part []byte, secrets []string) []byte {
	for _, s := range secrets {
		if s = strings.TrimSpace(s); len(s) < 6 {
			continue
		}
		quoted, err := json.Marshal(s)
		if err != nil {
			continue // not reached: a text can be encoded
		}
		for _, form := range []string{s, string(quoted[1 : len(quoted)-1]), html.EscapeString(s)} {
			part = bytes.ReplaceAll(part, []byte(form), []byte("[redacted]"))
		}
	}
	return part
}
