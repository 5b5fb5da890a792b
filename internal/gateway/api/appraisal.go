package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/appraisal"
	"twoweave/internal/manage/appraisaldesk"
	"twoweave/internal/platform/sheet"
	"twoweave/internal/registry"
)

// Appraisals is the desk that answers how well work is done.
type Appraisals interface {
	Table(ctx context.Context, reader access.Actor, q appraisaldesk.Query) (appraisaldesk.Table, error)
	Behind(ctx context.Context, reader access.Actor, b appraisaldesk.Behind) (appraisaldesk.Page, error)
}

// AppraisalQuery is which figures of which days.
type AppraisalQuery struct {
	By   string `query:"by" required:"true" enum:"unit,area,worker,operator,class,scenario"`
	From string `query:"from" required:"true" doc:"a day, 2026-10-01"`
	To   string `query:"to" required:"true" doc:"the last day; a period is at most 400 days"`
}

func (q *AppraisalQuery) query() appraisaldesk.Query {
	return appraisaldesk.Query{By: appraisal.By(q.By), From: q.From, To: q.To}
}

// FigureQuery is which acts behind which figure.
type FigureQuery struct {
	AppraisalQuery
	Key     string `query:"key" required:"true" doc:"of a row"`
	Figure  string `query:"figure" required:"true" doc:"the id of a column"`
	Against bool   `query:"against" doc:"those that spoil the figure: the late ones of a rate of being in time"`
	After   int    `query:"after" doc:"how many to leave out"`
	Limit   int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (q *FigureQuery) behind(limit int) appraisaldesk.Behind {
	return appraisaldesk.Behind{Query: q.query(), Key: q.Key, Figure: q.Figure, Against: q.Against, After: q.After, Limit: limit}
}

// SheetQuery is as which file.
type SheetQuery struct {
	Format string `query:"format" required:"true" enum:"csv,xlsx"`
	Lang   string `query:"lang" enum:"zh-CN,en" default:"zh-CN" doc:"of the headings"`
}

type tableOutput struct{ Body appraisaldesk.Table }

type actsOutput struct{ Body appraisaldesk.Page }

type sheetOutput struct {
	Type        string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Nosniff     string `header:"X-Content-Type-Options"`
	Caching     string `header:"Cache-Control"`
	Body        []byte
}

type tableSheetInput struct {
	AppraisalQuery
	SheetQuery
}

type actsSheetInput struct {
	FigureQuery
	SheetQuery
}

func mountAppraisals(a *API) {
	common := route{method: http.MethodGet, tag: "appraisal", action: access.ReadAppraisal, purpose: access.Supervision}
	add := func(id, path, summary string) route {
		r := common
		r.id, r.path, r.summary = id, path, summary
		return r
	}
	mount(a, add("appraise", "/api/v1/appraisal", "How well work was done in a period: figures by unit, area, field worker, operator, class or scenario, beside those of the period before"), a.appraise)
	mount(a, add("appraiseSheet", "/api/v1/appraisal/sheet", "The same as CSV or XLSX"), a.appraiseSheet)
	mount(a, add("listActs", "/api/v1/appraisal/acts", "What one figure counts, each with its case"), a.acts)
	mount(a, add("listActsSheet", "/api/v1/appraisal/acts/sheet", "The same as CSV or XLSX, at most 20,000"), a.actsSheet)
}

func (a *API) appraise(ctx context.Context, in *AppraisalQuery) (*tableOutput, error) {
	t, err := a.o.Appraisals.Table(ctx, actorOf(ctx), in.query())
	return &tableOutput{Body: t}, err
}

func (a *API) acts(ctx context.Context, in *FigureQuery) (*actsOutput, error) {
	page, err := a.o.Appraisals.Behind(ctx, actorOf(ctx), in.behind(in.Limit))
	return &actsOutput{Body: page}, err
}

func (a *API) appraiseSheet(ctx context.Context, in *tableSheetInput) (*sheetOutput, error) {
	t, err := a.o.Appraisals.Table(ctx, actorOf(ctx), in.query())
	if err != nil {
		return nil, err
	}
	return in.answer(fmt.Sprintf("appraisal-%s-%s-%s", in.By, t.From, t.To), a.tableSheet(&t, lang.Tag(in.Lang)))
}

func (a *API) actsSheet(ctx context.Context, in *actsSheetInput) (*sheetOutput, error) {
	page, err := a.o.Appraisals.Behind(ctx, actorOf(ctx), in.behind(appraisaldesk.MaxRows))
	if err != nil {
		return nil, err
	}
	return in.answer(fmt.Sprintf("appraisal-%s-%s-%s-%s", in.By, in.Figure, in.From, in.To), a.actSheet(&page, lang.Tag(in.Lang)))
}

func (q *SheetQuery) answer(name string, t *sheet.Table) (*sheetOutput, error) {
	format := sheet.Format(q.Format)
	var body bytes.Buffer
	if err := sheet.Write(&body, format, t); err != nil {
		return nil, err
	}
	return &sheetOutput{Type: format.Type(), Disposition: fmt.Sprintf(`attachment; filename="%s.%s"`, name, format), Nosniff: "nosniff", Caching: "private, no-store", Body: body.Bytes()}, nil
}

// shapeOf is how a figure stands in a sheet; times are in minutes.
var shapeOf = map[appraisal.Shape]sheet.Shape{
	appraisal.Count: sheet.Whole, appraisal.Open: sheet.Whole, appraisal.Rate: sheet.Percent, appraisal.Mean: sheet.Decimal, appraisal.Median: sheet.Decimal, appraisal.Ninth: sheet.Decimal, appraisal.Score: sheet.Decimal,
}

func (a *API) tableSheet(t *appraisaldesk.Table, tag lang.Tag) *sheet.Table {
	say := func(key string) string { return a.o.Words(tag, "appraisal."+key) }
	out := &sheet.Table{Name: say("title"), Zone: registry.China(), Columns: []sheet.Column{{Title: say("by." + string(t.By))}, {Title: say("id")}}}
	for _, c := range t.Columns {
		title := c.Title.In(tag)
		if c.Shape == appraisal.Median || c.Shape == appraisal.Ninth {
			title += say("minutes")
		}
		out.Columns = append(out.Columns, sheet.Column{Title: title, Shape: shapeOf[c.Shape]})
	}
	for i := range t.Rows {
		row := []any{t.Rows[i].Name.In(tag), t.Rows[i].Key}
		for j, cell := range t.Rows[i].Cells {
			row = append(row, number(t.Columns[j].Shape, cell.Value))
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func number(s appraisal.Shape, v *float64) any {
	switch {
	case v == nil:
		return nil
	case s == appraisal.Count || s == appraisal.Open:
		return int64(*v)
	case s == appraisal.Median || s == appraisal.Ninth:
		return time.Duration(*v * float64(time.Second)).Minutes()
	}
	return *v
}

func (a *API) actSheet(page *appraisaldesk.Page, tag lang.Tag) *sheet.Table {
	say := func(key string) string { return a.o.Words(tag, key) }
	out := &sheet.Table{Name: say("appraisal.cases"), Zone: registry.China()}
	for _, key := range []string{"number", "case", "area", "unit", "state", "at", "who", "took", "timing"} {
		c := sheet.Column{Title: say("appraisal.col." + key)}
		switch key {
		case "at":
			c.Shape = sheet.Moment
		case "took":
			c.Title, c.Shape = c.Title+say("appraisal.minutes"), sheet.Decimal
		}
		out.Columns = append(out.Columns, c)
	}
	for i := range page.Items {
		r := &page.Items[i]
		var took, timing any
		if r.TookSec > 0 {
			took = r.TookSec / 60
		}
		if r.Timing != int(appraisal.Untimed) {
			timing = say(fmt.Sprint("appraisal.timing.", r.Timing))
		}
		out.Rows = append(out.Rows, []any{r.Number, r.Title.In(tag), r.Area.In(tag), r.Unit.In(tag), say("state." + r.State), r.At, r.Who, took, timing})
	}
	if page.Next > 0 {
		out.Rows = append(out.Rows, []any{fmt.Sprintf(say("appraisal.cut"), appraisaldesk.MaxRows)})
	}
	return out
}
