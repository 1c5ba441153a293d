package web

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// most is how much script the pages may have, compressed.
const most = 60_000

func TestScriptIsSmall(t *testing.T) {
	total := 0
	err := fs.WalkDir(FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".js") {
			return err
		}
		data, err := fs.ReadFile(FS(), name)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
		if _, err := w.Write(data); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		total += out.Len()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("script: %d bytes compressed", total)
	if total == 0 || total > most {
		t.Errorf("the script has %d bytes compressed, want at most %d", total, most)
	}
}

// The policy that the pages are served under forbids what is written into the
// page itself, and all of other hosts.
func TestIndexIsFitForThePolicy(t *testing.T) {
	data, err := fs.ReadFile(FS(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for _, forbidden := range []string{`<style`, ` style=`, ` onclick=`, ` onload=`, `<base`, `<form`, `<iframe`} {
		if strings.Contains(page, forbidden) {
			t.Errorf("index.html holds %q", forbidden)
		}
	}
	for _, m := range regexp.MustCompile(`(?s)<script([^>]*)>(.*?)</script>`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(m[1], `src="/assets/`) || strings.TrimSpace(m[2]) != "" {
			t.Errorf("a script that is no asset: %s", m[0])
		}
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(m[1], "/assets/") && !strings.HasPrefix(m[1], "data:") {
			t.Errorf("index.html asks for %s", m[1])
		}
		if name, ok := strings.CutPrefix(m[1], "/"); ok {
			if _, err := fs.Stat(FS(), name); err != nil {
				t.Errorf("index.html asks for %s, which is not there", m[1])
			}
		}
	}
}

func TestAssetsNameNoOtherHost(t *testing.T) {
	// Names of XML namespaces are no addresses that anybody asks for.
	namespace := regexp.MustCompile(`https?://www\.w3\.org/[\w/.]*`)
	address := regexp.MustCompile(`https?://[\w.-]+[^\s"'` + "`" + `)]*|["'(]//[\w-]+\.[\w.-]+`)
	err := fs.WalkDir(FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(FS(), name)
		if err != nil {
			return err
		}
		for _, found := range address.FindAllString(namespace.ReplaceAllString(string(data), ""), -1) {
			t.Errorf("%s names %s", name, found)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWriteReport(t *testing.T) {
	hostile := `</script><script>alert(1)</script><!-- ` + "\u2028 \u202e" + ` & <img src=x onerror=alert(1)>`
	data, err := json.Marshal(map[string]string{"text": hostile})
	if err != nil {
		t.Fatal(err)
	}
	// What other encoders leave as it is.
	data = bytes.ReplaceAll(data, []byte(`\u003c`), []byte("<"))
	data = bytes.ReplaceAll(data, []byte(`\u003e`), []byte(">"))
	var out bytes.Buffer
	if err := WriteReport(&out, hostile, data); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	if n := strings.Count(strings.ToLower(page), "</script"); n != 2 {
		t.Errorf("the file holds %d ends of a script element, want those of the data and the script", n)
	}
	if strings.Contains(page, "<img") {
		t.Error("markup from the data or the title is in the file as markup")
	}
	m := regexp.MustCompile(`(?s)<script type="application/json" id="gepa-data">(.*?)</script>`).FindStringSubmatch(page)
	if m == nil {
		t.Fatal("the file holds no data")
	}
	var back map[string]string
	if err := json.Unmarshal([]byte(m[1]), &back); err != nil || back["text"] != hostile {
		t.Errorf("the data came back as %q (%v)", back["text"], err)
	}
	for kind, pattern := range map[string]string{"script": `(?s)<script type="module">(.*)</script>`, "style": `(?s)<style>(.*)</style>`} {
		m := regexp.MustCompile(pattern).FindStringSubmatch(page)
		if m == nil {
			t.Fatalf("the file holds no %s", kind)
		}
		// The template writes '+' as an entity, which readers of HTML turn back.
		written := strings.ReplaceAll(page, "&#43;", "+")
		written = strings.ReplaceAll(written, "&#39;", "'")
		if !strings.Contains(written, kind+"-src "+source(m[1])) {
			t.Errorf("the policy does not name the %s by its hash", kind)
		}
	}
	head, _, _ := strings.Cut(page, "<style>")
	for _, address := range regexp.MustCompile(`(?:src|href)="[^"]*"`).FindAllString(head, -1) {
		t.Errorf("the file asks for %s", address)
	}
}

func TestWriteReportWantsJSON(t *testing.T) {
	if err := WriteReport(&bytes.Buffer{}, "x", []byte(`{"a":`)); err == nil {
		t.Error("half an object was taken for data")
	}
}
