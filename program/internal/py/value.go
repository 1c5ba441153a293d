// Package py models the few Python values and text rules on which DSPy's wire
// formats rest: how a value prints, what counts as white space, where a line
// ends.
package py

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// maxDepth bounds the nesting of decoded values.
const maxDepth = 500

// A Value is nil, a bool, an [Int], a float64, a string, a [List] or a *[Dict].
type Value any

// Int is an integer of any size in canonical decimal digits.
type Int string

// List is a Python list.
type List []Value

// Dict is a Python dict: keys keep the order of their first insertion.
type Dict struct {
	Items []Item
	index map[string]int
}

// An Item is one entry of a [Dict].
type Item struct {
	Key   string
	Value Value
}

// Set adds or replaces a key's value.
func (d *Dict) Set(key string, v Value) {
	if i, ok := d.index[key]; ok {
		d.Items[i].Value = v
		return
	}
	if d.index == nil {
		d.index = map[string]int{}
	}
	d.index[key] = len(d.Items)
	d.Items = append(d.Items, Item{key, v})
}

// Get returns a key's value and whether it is there.
func (d *Dict) Get(key string) (Value, bool) {
	if i, ok := d.index[key]; ok {
		return d.Items[i].Value, true
	}
	return nil, false
}

// Len returns the number of entries.
func (d *Dict) Len() int { return len(d.Items) }

// IntOf returns the Int of n.
func IntOf(n int64) Int { return Int(strconv.FormatInt(n, 10)) }

// ParseInt reads decimal digits with an optional sign.
func ParseInt(s string) (Int, bool) {
	digits := strings.TrimLeft(s, "+-")
	if digits == "" || len(s)-len(digits) > 1 || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		return "", false
	}
	return Int(n.String()), true
}

// Float returns the nearest float64, infinite if there is none.
func (n Int) Float() float64 {
	f, _ := strconv.ParseFloat(string(n), 64)
	return f
}

// Decode reads one JSON value: integers stay integers, object keys keep their
// order, and the last of two equal keys wins.
func Decode(data []byte) (Value, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	v, err := decode(dec, 0)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err == nil {
		return nil, errors.New("more than one JSON value")
	} else if dec.InputOffset() < int64(len(bytes.TrimRight(data, " \t\r\n"))) {
		return nil, errors.New("text after the JSON value")
	}
	return v, nil
}

func decode(dec *json.Decoder, depth int) (Value, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("JSON is nested more than %d deep", maxDepth)
	}
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := tok.(type) {
	case json.Delim:
		if t == '[' {
			return decodeList(dec, depth)
		}
		return decodeDict(dec, depth)
	case json.Number:
		return number(string(t))
	case string, bool, nil:
		return t, nil
	default:
		return nil, fmt.Errorf("unexpected token %v", tok)
	}
}

func decodeList(dec *json.Decoder, depth int) (Value, error) {
	list := List{}
	for dec.More() {
		v, err := decode(dec, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := dec.Token()
	return list, err
}

func decodeDict(dec *json.Decoder, depth int) (Value, error) {
	d := &Dict{}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return nil, err
		}
		key, ok := tok.(string)
		if !ok {
			return nil, errors.New("object key is not a string")
		}
		v, err := decode(dec, depth+1)
		if err != nil {
			return nil, err
		}
		d.Set(key, v)
	}
	_, err := dec.Token()
	return d, err
}

func number(s string) (Value, error) {
	if !strings.ContainsAny(s, ".eE") {
		if n, ok := ParseInt(s); ok {
			return n, nil
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil, err
	}
	return f, nil
}

// Equal reports whether two values are equal as Python's == sees JSON values
// of the same type; numbers of different types and booleans are not equal.
func Equal(a, b Value) bool {
	switch a := a.(type) {
	case List:
		b, ok := b.(List)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !Equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case *Dict:
		b, ok := b.(*Dict)
		if !ok || a.Len() != b.Len() {
			return false
		}
		for _, it := range a.Items {
			if v, ok := b.Get(it.Key); !ok || !Equal(it.Value, v) {
				return false
			}
		}
		return true
	default:
		switch b.(type) {
		case List, *Dict:
			return false
		}
		return a == b
	}
}
