package series

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"

	"twoweave/internal/base/fault"
)

// Form says which field of a Result holds the answer. Its values are Prometheus' "resultType".
type Form string

const (
	Scalar Form = "scalar" // one number: Points[0]
	String Form = "string" // one text: Text, at Points[0].At
	Vector Form = "vector" // Series, each with one point
	Matrix Form = "matrix" // Series, each with its points in time order
)

// Result is the answer to a query. As JSON it is the "data" object of the Prometheus HTTP API; Warnings and Infos are not in it, since
// that API puts them beside it. The caller owns it.
type Result struct {
	Form     Form
	Series   []Series
	Points   []Point
	Text     string
	Warnings []string
	Infos    []string
}

// Series is a metric and its points. The name is the label "__name__"; an expression that changes the meaning of the numbers has none.
type Series struct {
	Metric map[string]string
	Points []Point
}

// Point is one value at one time.
type Point struct {
	At    time.Time // UTC, whole milliseconds
	Value float64
}

func resultOf(v any) (Result, error) {
	switch v := v.(type) {
	case promql.Scalar:
		return Result{Form: Scalar, Points: []Point{pointOf(v.T, v.V)}}, nil
	case promql.String:
		return Result{Form: String, Points: []Point{pointOf(v.T, 0)}, Text: v.V}, nil
	case promql.Vector:
		return vectorOf(v)
	case promql.Matrix:
		return matrixOf(v)
	}
	return Result{}, fault.New(fault.Internal, "series.resultOf", "the query has a result of an unknown type")
}

func vectorOf(v promql.Vector) (Result, error) {
	r := Result{Form: Vector, Series: make([]Series, len(v))}
	for i, sample := range v {
		if sample.H != nil {
			return Result{}, histogramFault()
		}
		r.Series[i] = Series{sample.Metric.Map(), []Point{pointOf(sample.T, sample.F)}}
	}
	return r, nil
}

func matrixOf(m promql.Matrix) (Result, error) {
	r := Result{Form: Matrix, Series: make([]Series, len(m))}
	for i, series := range m {
		if len(series.Histograms) > 0 {
			return Result{}, histogramFault()
		}
		points := make([]Point, len(series.Floats))
		for j, p := range series.Floats {
			points[j] = pointOf(p.T, p.F)
		}
		r.Series[i] = Series{series.Metric.Map(), points}
	}
	return r, nil
}

// histogramFault cannot happen while Append takes numbers only; it stands here so that such a result would not be shown as nothing.
func histogramFault() error {
	return fault.New(fault.Internal, "series.resultOf", "the query's result is a native histogram, which this store does not hold")
}

func pointOf(ms int64, v float64) Point { return Point{time.UnixMilli(ms).UTC(), v} }

// MarshalJSON gives {"resultType":…,"result":…}, numbers as Prometheus writes them.
func (r Result) MarshalJSON() ([]byte, error) {
	b := append([]byte(`{"resultType":`), strconv.Quote(string(r.Form))...)
	b = append(b, `,"result":`...)
	switch r.Form {
	case Scalar:
		b = appendPoint(b, r.Points[0])
	case String:
		text, err := json.Marshal(r.Text)
		if err != nil {
			return nil, err
		}
		b = appendTime(append(b, '['), r.Points[0].At)
		b = append(append(append(b, ','), text...), ']')
	default:
		var err error
		if b, err = r.appendSeries(b); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func (r Result) appendSeries(b []byte) ([]byte, error) {
	b = append(b, '[')
	for i, s := range r.Series {
		if i > 0 {
			b = append(b, ',')
		}
		metric, err := json.Marshal(labels.FromMap(s.Metric)) // {} rather than null for no labels
		if err != nil {
			return nil, err
		}
		b = append(append(b, `{"metric":`...), metric...)
		if r.Form == Vector {
			b = appendPoint(append(b, `,"value":`...), s.Points[0])
		} else {
			b = appendPoints(append(b, `,"values":`...), s.Points)
		}
		b = append(b, '}')
	}
	return append(b, ']'), nil
}

func appendPoints(b []byte, points []Point) []byte {
	b = append(b, '[')
	for i, p := range points {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendPoint(b, p)
	}
	return append(b, ']')
}

func appendPoint(b []byte, p Point) []byte {
	b = appendTime(append(b, '['), p.At)
	b = appendNumber(append(b, `,"`...), p.Value)
	return append(b, `"]`...)
}

// appendTime writes seconds with as many of three decimals as needed.
func appendTime(b []byte, t time.Time) []byte {
	return strconv.AppendFloat(b, float64(t.UnixMilli())/1000, 'f', -1, 64)
}

// appendNumber writes very small and very large numbers with an exponent, as JavaScript and Prometheus do.
func appendNumber(b []byte, v float64) []byte {
	form := byte('f')
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		form = 'e'
	}
	return strconv.AppendFloat(b, v, form, -1, 64)
}
