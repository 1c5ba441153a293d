package program

import (
	"encoding/json"
	"math"
	"slices"
	"strings"

	jsonrepair "github.com/RealAlexandreAI/json-repair"

	"github.com/gepa-go/gepa/program/internal/py"
)

// repairJSON reads JSON, repairing what is broken as far as possible; text in
// which there is no JSON gives "". It stands for Python's json_repair.loads.
func repairJSON(text string) py.Value {
	if v, err := py.Decode([]byte(text)); err == nil {
		return v
	}
	switch strings.Trim(text, " \t\r\n") {
	case "NaN":
		return math.NaN()
	case "Infinity":
		return math.Inf(1)
	case "-Infinity":
		return math.Inf(-1)
	}
	if !strings.ContainsAny(text, "{[(") {
		// Bare words and numbers are no JSON to json_repair unless valid.
		return ""
	}
	result, err := jsonrepair.RepairWithOptions(text, jsonrepair.RepairOptions{})
	if err != nil {
		return ""
	}
	v, err := py.Decode(json.RawMessage(result.JSON))
	if err != nil {
		return ""
	}
	return inSourceOrder(v, text)
}

// inSourceOrder puts the keys of objects back into the order of their first
// appearance in the text: the repair library sorts them.
func inSourceOrder(v py.Value, text string) py.Value {
	switch v := v.(type) {
	case py.List:
		for i := range v {
			v[i] = inSourceOrder(v[i], text)
		}
		return v
	case *py.Dict:
		at := func(key string) int {
			if i := strings.Index(text, key); i >= 0 {
				return i
			}
			return len(text)
		}
		items := slices.Clone(v.Items)
		slices.SortStableFunc(items, func(a, b py.Item) int { return at(a.Key) - at(b.Key) })
		out := &py.Dict{}
		for _, it := range items {
			out.Set(it.Key, inSourceOrder(it.Value, text))
		}
		return out
	default:
		return v
	}
}
