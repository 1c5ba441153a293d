package config

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/gepa-go/gepa/internal/strictyaml"
)

// A FileKey is one key of a [File] that holds a value.
type FileKey struct {
	// Path is the key with those that it stands in: "search.minibatch".
	Path string
	// Flag is the flag of "gepa optimize" that takes its place; "" for none.
	Flag string
	// Value is its value as text; "" if the file does not say.
	Value string
	// Default says what holds then.
	Default string
	// Choices are all values there are; nil if there are others.
	Choices []string
	// Least is the smallest value; nil for none.
	Least *int64
	// Special keys take the place of another key for a part of the file, and are
	// worth showing where they are given.
	Special bool
	// Required keys must be there, where the one that they stand in is.
	Required bool

	present bool  // what it stands in is there
	number  int64 // of a whole number
}

// FileKeys lists the keys of a file, in the order of the format's description.
// Those of a system's kinds that are not given are left out.
func FileKeys(f File) []FileKey {
	var out []FileKey
	addKeys(&out, reflect.ValueOf(f), "", "", "")
	return out
}

func addKeys(out *[]FileKey, v reflect.Value, path, prefix, otherwise string) {
	for _, f := range reflect.VisibleFields(v.Type()) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			continue
		}
		at := strings.TrimPrefix(path+"."+name, ".")
		value := v.FieldByIndex(f.Index)
		k := FileKey{
			Path: at, Default: f.Tag.Get("default"), present: true,
			Required: !strings.Contains(options, "omit") && path != "",
		}
		if flag := f.Tag.Get("flag"); flag != "" {
			k.Flag = prefix + flag
		}
		if name == "model" && k.Default == "" {
			k.Default = otherwise
		}
		if c := f.Tag.Get("enum"); c != "" {
			k.Choices = strings.Split(c, ",")
		}
		if n, err := strconv.ParseInt(f.Tag.Get("min"), 10, 64); err == nil {
			k.Least = &n
		}
		addKey(out, k, value, f)
	}
}

// addKey adds a key, or those in it.
func addKey(out *[]FileKey, k FileKey, v reflect.Value, f reflect.StructField) {
	if v.Kind() == reflect.Pointer && v.Type().Elem().Kind() == reflect.Struct {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	_, isText := reflect.TypeAssert[encoding.TextMarshaler](v)
	switch {
	case v.Kind() == reflect.Struct && !isText && k.Flag != "":
		addSet(out, k, v)
	case v.Kind() == reflect.Struct && !isText:
		addKeys(out, v, k.Path, f.Tag.Get("prefix"), f.Tag.Get("default"))
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		for i := range v.Len() {
			addKeys(out, v.Index(i), fmt.Sprintf("%s[%d]", k.Path, i), "", "")
		}
		if v.Len() == 0 {
			*out = append(*out, k)
		}
	default:
		k.Value = valueText(v)
		if n := reflect.Indirect(v); n.CanInt() {
			k.number = n.Int()
		}
		*out = append(*out, k)
	}
}

// addSet adds the keys of a struct that has a flag: it is that of the value that
// may stand for the struct.
func addSet(out *[]FileKey, k FileKey, v reflect.Value) {
	var own []FileKey
	addKeys(&own, v, k.Path, "", "")
	short := ""
	if s, ok := reflect.TypeAssert[strictyaml.Shorthand](v); ok {
		short = k.Path + "." + s.Shorthand()
	}
	for i := range own {
		if own[i].Path == short {
			own[i].Path, own[i].Flag, own[i].Default = k.Path, k.Flag, k.Default
		} else {
			own[i].Special = true
		}
	}
	*out = append(*out, own...)
}

// valueText returns a value as one would write it; "" for the zero value.
func valueText(v reflect.Value) string {
	if v.IsZero() {
		return ""
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if m, ok := reflect.TypeAssert[encoding.TextMarshaler](v); ok {
		text, err := m.MarshalText()
		return string(text) + errorText(err)
	}
	switch v.Kind() {
	case reflect.Slice:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = fmt.Sprint(v.Index(i))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case reflect.Map:
		var items []string
		for _, key := range v.MapKeys() {
			items = append(items, fmt.Sprintf("%s: %v", key, v.MapIndex(key)))
		}
		slices.Sort(items)
		return "{" + strings.Join(items, ", ") + "}"
	}
	return fmt.Sprint(v)
}
