package gepa_test

import (
	"reflect"
	"testing"

	"github.com/gepa-go/gepa"
)

// Add forgets no field: one that did would lose money.
func TestUsageAddsEveryField(t *testing.T) {
	var one, two gepa.Usage
	fill := func(u *gepa.Usage, n int64) {
		var set func(reflect.Value)
		set = func(v reflect.Value) {
			for _, f := range v.Fields() {
				if f.Kind() == reflect.Struct {
					set(f)
				} else {
					f.SetInt(n)
				}
			}
		}
		set(reflect.ValueOf(u).Elem())
	}
	fill(&one, 1)
	fill(&two, 2)
	if got := one.Add(one); got != two {
		t.Errorf("%+v and itself are %+v", one, got)
	}
}

// TestCostString: what is not known is not shown as nothing.
func TestCostString(t *testing.T) {
	tests := map[string]gepa.Cost{
		"$0":                                 {},
		"$0.0123":                            {Nanos: 12_300_000},
		"<$0.0001":                           {Nanos: 20},
		"unknown":                            {Unknown: 3},
		"$0.5000 + 4 calls of unknown price": {Nanos: 500_000_000, Unknown: 4},
	}
	for want, cost := range tests {
		if got := cost.String(); got != want {
			t.Errorf("%+v is shown as %q, want %q", cost, got, want)
		}
	}
}
