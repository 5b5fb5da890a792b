package api

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
)

// languageOf is the language that a caller wants refusals in: the first of Accept-Language that the product has, and English when none is asked for.
func languageOf(header string) lang.Tag {
	for wish := range strings.SplitSeq(header, ",") {
		tag, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(wish)), ";")
		switch {
		case strings.HasPrefix(tag, "zh"):
			return lang.Chinese
		case strings.HasPrefix(tag, "en"):
			return lang.English
		}
	}
	return lang.English
}

// listen puts the caller's language into the context.
func listen(ctx huma.Context, next func(huma.Context)) {
	next(huma.WithValue(ctx, languageKey, languageOf(ctx.Header("Accept-Language"))))
}

// translate says a problem in the caller's language. What has no code stays as it is.
func (a *API) translate(ctx context.Context, p *Problem) *Problem {
	if tag, _ := ctx.Value(languageKey).(lang.Tag); tag != lang.Chinese {
		return p
	}
	q := *p
	if said, known := a.inChinese(p.Coded); known {
		q.Detail = said
	}
	q.Problems = append([]fault.Problem(nil), p.Problems...)
	for i := range q.Problems {
		if said, known := a.inChinese(q.Problems[i].Coded); known {
			q.Problems[i].Message = said
		}
	}
	return &q
}

var gap = regexp.MustCompile(`\{(\d)(?::(\w+))?\}`)

// inChinese is a coded message in Chinese; false when the catalogue does not have it.
func (a *API) inChinese(c fault.Coded) (string, bool) {
	form, known := chinese[c.Code]
	if !known {
		return "", false
	}
	return gap.ReplaceAllStringFunc(form, func(at string) string {
		m := gap.FindStringSubmatch(at)
		n, _ := strconv.Atoi(m[1])
		if n < 1 || n > len(c.Params) {
			return ""
		}
		return a.named(c.Params[n-1], m[2])
	}), true
}

// named is what varies in a message as people say it: a word of the pages, or the Chinese half of a name that has two.
func (a *API) named(param, kind string) string {
	if kind == "name" {
		half, _, _ := strings.Cut(param, " / ")
		return half
	}
	if kind != "" && a.o.Words != nil {
		if word := a.o.Words(lang.Chinese, kind+"."+param); word != "" {
			return word
		}
	}
	return param
}
