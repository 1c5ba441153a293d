package parquet

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/gepa-go/gepa"
)

// leafWriter returns what writes the values of a leaf column as JSON.
func leafWriter(t parquet.Type) func(dst []byte, v parquet.Value) ([]byte, error) {
	switch l := logical(t).(type) {
	case *format.JsonType:
		return func(dst []byte, v parquet.Value) ([]byte, error) {
			if raw := v.ByteArray(); json.Valid(raw) {
				return append(dst, raw...), nil
			}
			return appendBytes(dst, v.ByteArray())
		}
	case *format.DecimalType:
		return func(dst []byte, v parquet.Value) ([]byte, error) { return appendDecimal(dst, v, int(l.Scale)) }
	case *format.DateType:
		return func(dst []byte, v parquet.Value) ([]byte, error) {
			return appendText(dst, time.Unix(0, 0).UTC().AddDate(0, 0, int(v.Int32())).Format(time.DateOnly))
		}
	case *format.TimestampType:
		return timestampWriter(l)
	case *format.TimeType:
		return timeWriter(l)
	case *format.IntType:
		if !l.IsSigned {
			return appendUnsigned
		}
	case *format.UUIDType:
		return func(dst []byte, v parquet.Value) ([]byte, error) {
			b := v.ByteArray()
			if len(b) != 16 {
				return nil, fmt.Errorf("a UUID has %d bytes", len(b))
			}
			return appendText(dst, fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]))
		}
	}
	return appendPlain
}

// appendPlain writes a value by its physical type.
func appendPlain(dst []byte, v parquet.Value) ([]byte, error) {
	switch v.Kind() {
	case parquet.Boolean:
		return strconv.AppendBool(dst, v.Boolean()), nil
	case parquet.Int32:
		return strconv.AppendInt(dst, int64(v.Int32()), 10), nil
	case parquet.Int64:
		return strconv.AppendInt(dst, v.Int64(), 10), nil
	case parquet.Int96:
		i := v.Int96() // nanoseconds of the day, and the Julian day
		days := int(int32(i[2])) - 2440588
		nanos := int64(uint64(i[1])<<32 | uint64(i[0]))
		return appendText(dst, time.Unix(0, 0).UTC().AddDate(0, 0, days).Add(time.Duration(nanos)).Format(time.RFC3339Nano))
	case parquet.Float:
		return appendFloat(dst, float64(v.Float()), 32)
	case parquet.Double:
		return appendFloat(dst, v.Double(), 64)
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return appendBytes(dst, v.ByteArray())
	}
	return nil, fmt.Errorf("values of the type %s are not supported", v.Kind())
}

func appendUnsigned(dst []byte, v parquet.Value) ([]byte, error) {
	if v.Kind() == parquet.Int32 {
		return strconv.AppendUint(dst, uint64(v.Uint32()), 10), nil
	}
	return strconv.AppendUint(dst, v.Uint64(), 10), nil
}

// appendFloat writes a number as encoding/json does; what JSON cannot hold is
// null.
func appendFloat(dst []byte, f float64, bits int) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...), nil
	}
	var raw json.RawMessage
	var err error
	if bits == 32 {
		raw, err = gepa.EncodeValue(float32(f))
	} else {
		raw, err = gepa.EncodeValue(f)
	}
	return append(dst, raw...), err
}

func appendText(dst []byte, s string) ([]byte, error) {
	raw, err := gepa.EncodeValue(s)
	return append(dst, raw...), err
}

func appendBytes(dst, b []byte) ([]byte, error) {
	if !utf8.Valid(b) {
		return appendText(dst, base64.StdEncoding.EncodeToString(b))
	}
	return appendText(dst, string(b))
}

// appendDecimal writes an unscaled whole number with so many digits after the
// point.
func appendDecimal(dst []byte, v parquet.Value, scale int) ([]byte, error) {
	var unscaled big.Int
	switch v.Kind() {
	case parquet.Int32:
		unscaled.SetInt64(int64(v.Int32()))
	case parquet.Int64:
		unscaled.SetInt64(v.Int64())
	default:
		b := v.ByteArray() // two's complement, big endian
		unscaled.SetBytes(b)
		if len(b) > 0 && b[0] >= 0x80 {
			unscaled.Sub(&unscaled, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
	}
	if scale < 0 || scale > 1000 {
		return nil, fmt.Errorf("a decimal has %d digits after the point", scale)
	}
	digits := new(big.Int).Abs(&unscaled).String()
	if unscaled.Sign() < 0 {
		dst = append(dst, '-')
	}
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	dst = append(dst, digits[:len(digits)-scale]...)
	if scale > 0 {
		dst = append(append(dst, '.'), digits[len(digits)-scale:]...)
	}
	return dst, nil
}

// timestampWriter writes times in RFC 3339, those that are local to nowhere in
// particular without a zone.
func timestampWriter(t *format.TimestampType) func(dst []byte, v parquet.Value) ([]byte, error) {
	unit := duration(t.Unit)
	layout := "2006-01-02T15:04:05.999999999"
	if t.IsAdjustedToUTC {
		layout = time.RFC3339Nano
	}
	return func(dst []byte, v parquet.Value) ([]byte, error) {
		perSecond := int64(time.Second / unit)
		n := v.Int64()
		seconds, rest := n/perSecond, n%perSecond
		return appendText(dst, time.Unix(seconds, rest*int64(unit)).UTC().Format(layout))
	}
}

func timeWriter(t *format.TimeType) func(dst []byte, v parquet.Value) ([]byte, error) {
	unit := duration(t.Unit)
	return func(dst []byte, v parquet.Value) ([]byte, error) {
		n := v.Int64()
		if v.Kind() == parquet.Int32 {
			n = int64(v.Int32())
		}
		return appendText(dst, time.Unix(0, n*int64(unit)).UTC().Format("15:04:05.999999999"))
	}
}

func duration(u format.TimeUnit) time.Duration {
	if u.Value == nil {
		return time.Millisecond
	}
	return u.Value.Duration()
}

func appendHalf(dst []byte, v parquet.Value) ([]byte, error) {
	b := v.ByteArray()
	if len(b) != 2 {
		return nil, fmt.Errorf("a half-precision number has %d bytes", len(b))
	}
	return appendFloat(dst, halfPrecision(binary.LittleEndian.Uint16(b)), 32)
}

// halfPrecision converts an IEEE 754 binary16.
func halfPrecision(bits uint16) float64 {
	sign := 1.0
	if bits&0x8000 != 0 {
		sign = -1
	}
	exponent, fraction := int(bits>>10&0x1f), float64(bits&0x3ff)
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -24)
	case 0x1f:
		if fraction == 0 {
			return math.Inf(int(sign))
		}
		return math.NaN()
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}
