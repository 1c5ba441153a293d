package dataset

import (
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"math"
	"runtime"
	"slices"
	"sync"
	"unicode"

	"github.com/gepa-go/gepa"
)

// How near duplicates are looked for. Texts are compared as sets of shingles
// (Broder 1997), and candidates found by MinHash with one permutation
// (Li, Owen, Zhang 2012), densified (Shrivastava 2017), in bands.
const (
	shingleRunes = 5  // characters of a shingle
	shortRunes   = 20 // shorter texts are near only if equal
	bands        = 16
	rowsInBand   = 4
	// crowd is how many members of a bucket an example is compared with:
	// texts made from one template fill whole buckets.
	crowd = 16
	// mostExact is how many candidates are compared shingle by shingle; past
	// it, the sketches decide.
	mostExact = 20_000
)

// A text is one input field of an example, as it is compared.
type text struct {
	hash   uint64
	sketch []uint32 // nil for a short text
	length int      // in characters, normalised
}

// finder looks for near duplicates among examples.
type finder struct {
	fields     []string
	similarity float64
	examples   []gepa.Example
	texts      [][]text // by example and field
}

// nearPair is two examples by number, first < second, and how alike they are.
type nearPair struct {
	first, second int
	similarity    float64
}

// nearPairs returns the pairs of examples whose every compared input is alike.
// Pairs that equal reports are left out.
func nearPairs(examples []gepa.Example, fields []string, similarity float64, equal func(i, j int) bool) []nearPair {
	f := &finder{fields: fields, similarity: similarity, examples: examples, texts: make([][]text, len(examples))}
	inParallel(len(examples), func(i int) { f.texts[i] = f.sketches(examples[i]) })

	buckets := make([]map[uint64][]int, bands)
	for b := range buckets {
		buckets[b] = map[uint64][]int{}
	}
	var out []nearPair
	exact := 0
	for j := range examples {
		tried := map[int]bool{}
		for b := range bands {
			key, ok := f.key(j, b)
			if !ok {
				break
			}
			members := buckets[b][key]
			for _, i := range members[max(0, len(members)-crowd):] {
				if tried[i] || equal(i, j) {
					continue
				}
				tried[i] = true
				if near, s := f.compare(i, j, exact < mostExact); near {
					exact++
					out = append(out, nearPair{i, j, s})
				}
			}
			buckets[b][key] = append(members, j)
		}
	}
	return out
}

// inParallel calls f for all numbers below n.
func inParallel(n int, f func(i int)) {
	workers := runtime.GOMAXPROCS(0)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w; i < n; i += workers {
				f(i)
			}
		})
	}
	group.Wait()
}

// sketches reduces an example's fields to what they are compared by.
func (f *finder) sketches(ex gepa.Example) []text {
	out := make([]text, len(f.fields))
	long := 0
	runes := make([][]rune, len(f.fields))
	for i, name := range f.fields {
		raw, _ := ex.Inputs.Get(name)
		runes[i] = normalised(raw)
		out[i] = text{hash: hashRunes(runes[i]), length: len(runes[i])}
		if len(runes[i]) >= shortRunes {
			long++
		}
	}
	rows := max(1, rowsInBand/max(1, long))
	for i := range out {
		if out[i].length >= shortRunes {
			out[i].sketch = minHashes(runes[i], bands*rows)
		}
	}
	return out
}

// key returns the key of an example in a band, which equals that of another
// one if the short texts are equal and the rows of the band that belong to the
// long ones are. An example without long texts has none.
func (f *finder) key(i, band int) (uint64, bool) {
	h, used := mix(uint64(band)+1), 0
	for number, t := range f.texts[i] {
		if t.sketch == nil {
			h = mix(h ^ t.hash ^ uint64(number))
			continue
		}
		if used++; used > rowsInBand {
			continue
		}
		rows := len(t.sketch) / bands
		for _, v := range t.sketch[band*rows : (band+1)*rows] {
			h = mix(h ^ uint64(v))
		}
	}
	return h, used > 0
}

// compare says how alike two examples are: as much as their least alike texts.
func (f *finder) compare(i, j int, exact bool) (bool, float64) {
	a, b := f.texts[i], f.texts[j]
	least := 1.0
	for n := range a {
		switch {
		case a[n].hash == b[n].hash:
		case a[n].sketch == nil || b[n].sketch == nil || len(a[n].sketch) != len(b[n].sketch):
			return false, 0
		case shorter(a[n].length, b[n].length) < f.similarity:
			return false, 0
		default:
			least = min(least, agreement(a[n].sketch, b[n].sketch))
		}
	}
	const margin = 0.25 // four standard errors of the sketch, or more
	if !exact || least < f.similarity-margin {
		return least >= f.similarity, least
	}
	least = 1
	for n, name := range f.fields {
		if a[n].hash != b[n].hash {
			x, _ := f.examples[i].Inputs.Get(name)
			y, _ := f.examples[j].Inputs.Get(name)
			least = min(least, jaccard(shingles(normalised(x)), shingles(normalised(y))))
		}
	}
	return least >= f.similarity, least
}

func shorter(a, b int) float64 { return float64(min(a, b)) / float64(max(a, b)) }

// agreement is the share of equal places of two sketches, which estimates the
// Jaccard similarity of what they are of.
func agreement(a, b []uint32) float64 {
	same := 0
	for i := range a {
		if a[i] == b[i] {
			same++
		}
	}
	return float64(same) / float64(len(a))
}

// jaccard returns the share of common items of two sorted sets.
func jaccard(a, b []uint64) float64 {
	same := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			same++
			i++
			j++
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	return float64(same) / float64(max(1, len(a)+len(b)-same))
}

// shingles returns the set of a text's shingles, sorted.
func shingles(runes []rune) []uint64 {
	var out []uint64
	eachShingle(runes, func(h uint64) { out = append(out, h) })
	slices.Sort(out)
	return slices.Compact(out)
}

// eachShingle calls f with a hash of every run of shingleRunes characters.
func eachShingle(runes []rune, f func(uint64)) {
	const base = 0x9e3779b97f4a7c15
	top := uint64(1)
	for range shingleRunes {
		top *= base
	}
	var h uint64
	for i, r := range runes {
		h = h*base + uint64(r)
		if i >= shingleRunes {
			h -= top * uint64(runes[i-shingleRunes])
		}
		if i >= shingleRunes-1 {
			f(mix(h))
		}
	}
}

// minHashes returns a sketch of n places: of the shingles that fall into each,
// the least. An empty place borrows from one that is drawn by its number.
func minHashes(runes []rune, n int) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		out[i] = math.MaxUint32
	}
	eachShingle(runes, func(h uint64) {
		place := (h >> 32) * uint64(n) >> 32
		out[place] = min(out[place], uint32(h))
	})
	full := slices.Clone(out)
	for i := range out {
		for try := uint64(1); out[i] == math.MaxUint32; try++ {
			from := full[(mix(uint64(i)<<32|try)>>32)*uint64(n)>>32]
			if from != math.MaxUint32 {
				out[i] = uint32(mix(uint64(from) + try<<40))
			}
		}
	}
	return out
}

// mix spreads the bits of a number (the finaliser of SplitMix64).
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

func hashRunes(runes []rune) uint64 {
	h := fnv.New64a()
	var b [4]byte
	for _, r := range runes {
		binary.LittleEndian.PutUint32(b[:], uint32(r))
		_, _ = h.Write(b[:])
	}
	return h.Sum64()
}

// normalised returns the letters and digits of a value, in lower case, with
// single spaces between words. Of a list or an object these are the texts and
// numbers in it.
func normalised(raw json.RawMessage) []rune {
	out := make([]rune, 0, len(raw))
	for _, r := range plainText(raw) {
		switch {
		case unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r):
			out = append(out, unicode.ToLower(r))
		case len(out) > 0 && out[len(out)-1] != ' ':
			out = append(out, ' ')
		}
	}
	if len(out) > 0 && out[len(out)-1] == ' ' {
		out = out[:len(out)-1]
	}
	return out
}

// plainText returns the texts of a JSON value, without the names of fields.
func plainText(raw json.RawMessage) string {
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	var s string
	if raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		return s
	}
	if raw[0] != '[' && raw[0] != '{' {
		return string(raw)
	}
	var out []byte
	if raw[0] == '[' {
		var items []json.RawMessage
		if json.Unmarshal(raw, &items) != nil {
			return string(raw)
		}
		for _, item := range items {
			out = append(append(out, plainText(item)...), '\n')
		}
		return string(out)
	}
	var fields gepa.Fields
	if json.Unmarshal(raw, &fields) != nil {
		return string(raw)
	}
	for _, f := range fields {
		out = append(append(out, plainText(f.Value)...), '\n')
	}
	return string(out)
}
