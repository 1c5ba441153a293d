package store

import (
	"bytes"
	"compress/flate"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"io"
	"sync"

	"github.com/gepa-go/gepa"
)

// packed is a record's data as it is stored.
type packed struct {
	// data is the JSON text itself, a string, or its DEFLATE form, a []byte.
	data driver.Value
	// size is the number of bytes of the JSON text where data is its DEFLATE
	// form, and else 0.
	size int
}

// packAt is the size from which data is packed. Most decisions are smaller,
// and stay readable in any SQLite shell.
const packAt = 512

// A packer packs records' data. It is safe for concurrent use.
type packer struct {
	idle sync.Pool // of *packing
}

type packing struct {
	out   bytes.Buffer
	write *flate.Writer
}

// entries returns records as a file of the format holds them.
func (p *packer) entries(records []gepa.Record, format int64) []entry {
	out := make([]entry, len(records))
	for i := range records {
		out[i].Record = &records[i]
		if format == formatPlain {
			out[i].packed = plainly(records[i].Data)
		} else {
			out[i].packed = p.pack(records[i].Data)
		}
	}
	return out
}

// plainly returns data that is stored as it is.
func plainly(data json.RawMessage) packed { return packed{data: string(data)} }

// pack returns the data as it is to be stored. A rollout holds the same texts
// several times over (inputs, and every message that repeats them), which is
// what DEFLATE is for; its fastest level finds nearly all of it.
func (p *packer) pack(data json.RawMessage) packed {
	if len(data) < packAt {
		return plainly(data)
	}
	w, ok := p.idle.Get().(*packing)
	if !ok {
		w = &packing{}
		w.write, _ = flate.NewWriter(nil, flate.BestSpeed) // fails for an unknown level only
	}
	defer p.idle.Put(w)
	w.out.Reset()
	w.write.Reset(&w.out)
	// Writing to memory does not fail.
	_, _ = w.write.Write(data)
	_ = w.write.Close()
	if w.out.Len() >= len(data) {
		return plainly(data)
	}
	return packed{data: bytes.Clone(w.out.Bytes()), size: len(data)}
}

// An unpacker reads packed data. It is for one goroutine.
type unpacker struct {
	in   bytes.Reader
	read io.ReadCloser
}

// maxRatio is more than what DEFLATE can gain: 258 bytes for two bits.
const maxRatio = 1100

var errUnpack = errors.New("packed data is not of the size that was noted")

// unpack returns the JSON text of stored data with its noted size.
func (u *unpacker) unpack(data []byte, size int64) (json.RawMessage, error) {
	if size == 0 {
		return data, nil
	}
	if size < 0 || size > maxRatio*int64(len(data)) {
		return nil, errUnpack
	}
	u.in.Reset(data)
	if u.read == nil {
		u.read = flate.NewReader(&u.in)
	} else if err := u.read.(flate.Resetter).Reset(&u.in, nil); err != nil {
		return nil, err
	}
	out := make([]byte, size)
	if _, err := io.ReadFull(u.read, out); err != nil {
		return nil, err
	}
	if n, err := u.read.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		return nil, errUnpack
	}
	return out, nil
}
