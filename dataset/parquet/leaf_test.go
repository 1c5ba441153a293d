package parquet

import (
	"math"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
)

func TestLeaves(t *testing.T) {
	half := func(low, high byte) parquet.Value { return parquet.FixedLenByteArrayValue([]byte{low, high}) }
	for _, tt := range []struct {
		name  string
		write func([]byte, parquet.Value) ([]byte, error)
		value parquet.Value
		want  string // "" for an error
	}{
		{"JSON", leafWriter(parquet.JSON().Type()), parquet.ByteArrayValue([]byte(`{"a": 1}`)), `{"a": 1}`},
		{"broken JSON", leafWriter(parquet.JSON().Type()), parquet.ByteArrayValue([]byte(`{`)), `"{"`},
		{"UUID", leafWriter(parquet.UUID().Type()), parquet.FixedLenByteArrayValue([]byte("0123456789abcdef")), `"30313233-3435-3637-3839-616263646566"`},
		{"short UUID", leafWriter(parquet.UUID().Type()), parquet.FixedLenByteArrayValue([]byte("0")), ""},
		{"time in milliseconds", leafWriter(parquet.Time(parquet.Millisecond).Type()), parquet.Int32Value(3_723_004), `"01:02:03.004"`},
		{"timestamp in nanoseconds", leafWriter(parquet.Timestamp(parquet.Nanosecond).Type()), parquet.Int64Value(-1), `"1969-12-31T23:59:59.999999999Z"`},
		{"Spark's timestamp", appendPlain, parquet.Int96Value(deprecated.Int96{1_000_000_000, 0, 2440589}), `"1970-01-02T00:00:01Z"`},
		{"decimal of 32 bits", leafWriter(parquet.Decimal(2, 9, parquet.Int32Type).Type()), parquet.Int32Value(-7), "-0.07"},
		{"decimal of 64 bits", leafWriter(parquet.Decimal(0, 9, parquet.Int64Type).Type()), parquet.Int64Value(70), "70"},
		{"unsigned", leafWriter(parquet.Uint(64).Type()), parquet.Int64Value(-1), "18446744073709551615"},
		{"half", appendHalf, half(0x00, 0x3c), "1"},
		{"the smallest half", appendHalf, half(0x01, 0x00), "5.9604645e-8"},
		{"no half", appendHalf, half(0x00, 0x7e), "null"},
		{"infinite half", appendHalf, half(0x00, 0xfc), "null"},
		{"half of a half", appendHalf, parquet.FixedLenByteArrayValue([]byte{1}), ""},
		{"float", appendPlain, parquet.FloatValue(float32(math.Inf(-1))), "null"},
	} {
		got, err := tt.write(nil, tt.value)
		if string(got) != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%s: %s, %v; want %s", tt.name, got, err, tt.want)
		}
	}
}
