package app

import (
	"bytes"
	"encoding/json"
	"net/http"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/gateway/api"
)

// OpenAPI describes the program's HTTP interface, as /openapi.json does, without opening anything. It bears no version of the program, so that it
// changes only with the interface.
func OpenAPI() ([]byte, error) {
	described, err := api.New(http.NewServeMux(), api.Options{Version: "1", Clock: clock.System{}}).Describe()
	if err != nil {
		return nil, fault.Wrap("app.OpenAPI", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, described, "", "  "); err != nil {
		return nil, fault.Wrap("app.OpenAPI", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
