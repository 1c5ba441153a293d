package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// noise returns a JSON string of about so many bytes that no packing makes
// much smaller.
func noise(bytes int) string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for b.Len() < bytes {
		fmt.Fprintf(&b, "%016x", r.Uint64())
	}
	return `"` + b.String() + `"`
}

// stored returns packed data as it comes back from the file.
func stored(p packed) ([]byte, int64) {
	if text, ok := p.data.(string); ok {
		return []byte(text), int64(p.size)
	}
	return p.data.([]byte), int64(p.size)
}

func TestPackedComesBack(t *testing.T) {
	var p packer
	var u unpacker
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Repeat(rapid.StringN(0, 40, -1).Draw(t, "text"), rapid.IntRange(0, 200).Draw(t, "times"))
		want, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		data, size := stored(p.pack(want))
		if len(data) > len(want) {
			t.Fatalf("%d bytes became %d", len(want), len(data))
		}
		if got, err := u.unpack(data, size); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%.60s, %v; want %.60s", got, err, want)
		}
	})
}

func TestPackingPays(t *testing.T) {
	for _, c := range []struct {
		name, data string
		packed     bool
	}{
		{"small", `"short"`, false},
		{"repeating", `"` + strings.Repeat("the context again and ", 500) + `"`, true},
		{"barely", noise(600), true}, // hexadecimal digits have four bits each
	} {
		p := new(packer).pack(json.RawMessage(c.data))
		if (p.size != 0) != c.packed {
			t.Errorf("%s: packed to %v of %d", c.name, p.size, len(c.data))
		}
	}
}

// Whatever bytes stand in a file, unpacking them ends, with as many bytes as
// were noted or with an error.
func FuzzUnpack(f *testing.F) {
	data, size := stored(new(packer).pack(json.RawMessage(`"` + strings.Repeat("again ", 200) + `"`)))
	f.Add(data, size)
	f.Add(data[:len(data)-3], size)
	f.Add(data, size-1)
	f.Add(data, size+1)
	f.Add(data, int64(1)<<60)
	f.Add(data, int64(-1))
	f.Fuzz(func(t *testing.T, data []byte, size int64) {
		var u unpacker
		for range 2 { // the second time from a used reader
			got, err := u.unpack(data, size)
			if err == nil && size != 0 && int64(len(got)) != size {
				t.Fatalf("%d bytes, %d were noted", len(got), size)
			}
		}
	})
}
