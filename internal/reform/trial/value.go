package trial

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// leaves visits the single values of a definition, in a fixed order, with their dotted paths in its YAML form: "limits.high.daily". v must be settable;
// what visit sets stays set.
func leaves(v reflect.Value, path string, visit func(path string, leaf reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			leaves(v.Elem(), path, visit)
		}
	case reflect.Struct:
		for f, fv := range v.Fields() {
			tag, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			switch {
			case options == "inline":
				leaves(fv, path, visit)
			case tag != "" && tag != "-":
				leaves(fv, join(path, tag), visit)
			}
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		for i := range v.Len() {
			leaves(v.Index(i), join(path, strconv.Itoa(i)), visit)
		}
	case reflect.Map:
		leavesOfMap(v, path, visit)
	default:
		visit(path, v)
	}
}

func leavesOfMap(v reflect.Value, path string, visit func(path string, leaf reflect.Value)) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, k := range keys {
		elem := reflect.New(v.Type().Elem()).Elem()
		elem.Set(v.MapIndex(k))
		leaves(elem, join(path, k.String()), visit)
		v.SetMapIndex(k, elem)
	}
}

func join(path, word string) string {
	if path == "" {
		return word
	}
	return path + "." + word
}

// copied is a deep copy of a definition.
func copied(v reflect.Value) reflect.Value {
	own := reflect.New(v.Type()).Elem()
	own.Set(v)
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			own.Set(reflect.New(v.Type().Elem()))
			own.Elem().Set(copied(v.Elem()))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if own.Field(i).CanSet() {
				own.Field(i).Set(copied(v.Field(i)))
			}
		}
	case reflect.Slice:
		if v.IsNil() {
			break
		}
		own.Set(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v))
		for i := range v.Len() {
			own.Index(i).Set(copied(v.Index(i)))
		}
	case reflect.Map:
		if v.IsNil() {
			break
		}
		own.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for _, k := range v.MapKeys() {
			own.SetMapIndex(k, copied(v.MapIndex(k)))
		}
	}
	return own
}

// edited is a copy of a definition with the value at a path set.
func edited[T any](def *T, path string, set func(leaf reflect.Value)) *T {
	own := copied(reflect.ValueOf(def))
	leaves(own.Elem(), "", func(at string, leaf reflect.Value) {
		if at == path {
			set(leaf)
		}
	})
	return own.Interface().(*T)
}

// textAt is the text at a path of a definition; empty when there is none.
func textAt[T any](def *T, path string) (text string) {
	leaves(copied(reflect.ValueOf(def)).Elem(), "", func(at string, leaf reflect.Value) {
		if at == path && leaf.Kind() == reflect.String {
			text = leaf.String()
		}
	})
	return text
}

// step is one way to change a number: what it becomes, as a setting and as a text.
type step struct {
	set func(leaf reflect.Value)
	to  string
}

var durationType = reflect.TypeFor[time.Duration]()

// steps are a little less and a little more of a number: a duration by by, a whole number by one, a place by a hundredth of a degree, another number by
// a hundredth of itself, but a whole one of 1 to 100 by one. None for what is no number, or is not said.
func steps(path string, leaf reflect.Value, by time.Duration) (from string, ways []step) {
	switch {
	case leaf.Type() == durationType && leaf.Int() != 0:
		d := time.Duration(leaf.Int())
		for _, to := range []time.Duration{d - by, d + by} {
			ways = append(ways, step{func(l reflect.Value) { l.SetInt(int64(to)) }, to.String()})
		}
		return d.String(), ways
	case leaf.Type() == durationType:
		return "", nil
	case leaf.CanInt() && leaf.Int() != 0:
		for _, to := range []int64{leaf.Int() - 1, leaf.Int() + 1} {
			ways = append(ways, step{func(l reflect.Value) { l.SetInt(to) }, fmt.Sprint(to)})
		}
		return fmt.Sprint(leaf.Int()), ways
	case leaf.CanFloat():
		f := leaf.Float()
		size := stepOf(path, f)
		for _, to := range []float64{rounded(f - size), rounded(f + size)} {
			ways = append(ways, step{func(l reflect.Value) { l.SetFloat(to) }, number(to)})
		}
		return number(f), ways
	}
	return "", nil
}

func stepOf(path string, f float64) float64 {
	switch size := math.Abs(f); {
	case strings.HasSuffix(path, ".lon") || strings.HasSuffix(path, ".lat"), f == 0:
		return 0.01
	case f == math.Trunc(f) && size <= 100:
		return 1
	default:
		return size / 100
	}
}

// rounded drops what only binary fractions have: 16.5, not 16.500000000000004.
func rounded(f float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 12, 64), 64)
	return r
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
