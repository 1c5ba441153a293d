package store

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gepa-go/gepa"
)

// check refuses records that could not be read back as they are.
func check(records []gepa.Record) error {
	for i := range records {
		if err := records[i].Validate(); err != nil {
			return fmt.Errorf("append record %d of %d (kind %q): %w", i+1, len(records), records[i].Kind, err)
		}
	}
	return nil
}

// stamp is the stored form of a time: UTC without the process's own clock.
func stamp(t time.Time) time.Time { return t.Round(0).UTC() }

// plain reports whether s is UTF-8 text without NUL, which not every tool that
// reads SQLite files can take.
func plain(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// checksum is the CRC-32C of everything in a row, each part with its length
// before it; docs/formats/journal.md specifies it.
func checksum(seq int64, r *gepa.Record, at string) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli) // made once by hash/crc32
	var head [8]byte
	binary.BigEndian.PutUint64(head[:], uint64(seq))
	sum := crc32.Update(0, table, head[:])
	for _, part := range [...][]byte{[]byte(r.Kind), []byte(r.Key), []byte(at), r.Data} {
		binary.BigEndian.PutUint64(head[:], uint64(len(part)))
		sum = crc32.Update(sum, table, head[:])
		sum = crc32.Update(sum, table, part)
	}
	return sum
}
