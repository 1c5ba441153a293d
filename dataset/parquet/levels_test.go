package parquet

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/gepa-go/gepa/dataset"
)

// FuzzLevels puts values with any levels together: damaged files hold such.
// What comes out is JSON or an error. The library's own decoding is not
// fuzzed: at damaged pages it may take much memory.
func FuzzLevels(f *testing.F) {
	file, err := os.Open(filepath.Join("testdata", "types.parquet"))
	if err != nil {
		f.Fatal(err)
	}
	defer func() {
		if err := file.Close(); err != nil {
			f.Error(err)
		}
	}()
	info, err := file.Stat()
	if err != nil {
		f.Fatal(err)
	}
	var r reader
	if err := r.open(dataset.File{ReaderAt: file, Size: info.Size()}); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{0, 0, 0, 1, 1, 3, 2, 4, 7, 9})
	f.Fuzz(func(t *testing.T, data []byte) {
		var row parquet.Row
		for column := range r.leaves {
			n := 1
			if len(data) > 0 {
				n, data = int(data[0]%4), data[1:]
			}
			for range n {
				var levels byte
				if len(data) > 0 {
					levels, data = data[0], data[1:]
				}
				v := parquet.Int32Value(7)
				if levels >= 128 {
					v = parquet.ByteArrayValue([]byte("text"))
				}
				row = append(row, v.Level(int(levels%4), int(levels/4%8), column))
			}
		}
		err := guard(func() error {
			fields, err := r.fields(row)
			if err != nil {
				return err
			}
			line, err := fields.MarshalJSON()
			if err == nil && !json.Valid(line) {
				t.Errorf("not JSON: %s", line)
			}
			return err
		})
		if err != nil && err.Error() == "" {
			t.Error("an error without words")
		}
	})
}
