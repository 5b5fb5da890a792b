package app

import (
	"fmt"
	"path"
	"regexp"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casedesk"
)

// Owner is one entry of the setting owners: who answers for the things whose names match, such as a building site's sensors. Numbers are in the
// configuration and not in a pack, since packs are handed on to other cities.
type Owner struct {
	Subject string `yaml:"subject"` // a name, or a pattern as of file names: "site-*"
	Name    string `yaml:"name"`
	Phone   string `yaml:"phone"`
}

// Owners are tried in their order; the first that matches is it.
type Owners []Owner

var phoneNumber = regexp.MustCompile(`^\+?[0-9][0-9 -]{2,30}$`)

// Check says what is wrong.
func (all Owners) Check() (problems []fault.Problem) {
	for i, o := range all {
		wrong := func(field, format string, args ...any) {
			problems = append(problems, fault.Problem{Field: fmt.Sprintf("owners[%d].%s", i, field), Message: fmt.Sprintf(format, args...)})
		}
		if _, err := path.Match(o.Subject, ""); err != nil || o.Subject == "" {
			wrong("subject", `is %q; it must be a name or a pattern, such as "site-*"`, o.Subject)
		}
		if o.Name == "" {
			wrong("name", "is empty; cases say who was told")
		}
		if !phoneNumber.MatchString(o.Phone) {
			wrong("phone", "is no telephone number")
		}
	}
	return problems
}

// of finds the owner of a detection's subject; it is casedesk.Owners.
func (all Owners) of(subject string) (casedesk.Owner, bool) {
	for _, o := range all {
		if match, err := path.Match(o.Subject, subject); match && err == nil {
			return casedesk.Owner{Name: o.Name, Phone: o.Phone}, true
		}
	}
	return casedesk.Owner{}, false
}
