// SPDX-License-Identifier: Apache-2.0

package content

import (
	"testing"

	"mach/vn"
)

// The rules of the guidance that a disease has; the line of Article 16 for acute
// diseases that are always there and have none, from the day of the circular on;
// days for all others.
func TestFocusRules(t *testing.T) {
	const line = EndUnderLine
	before, today := vn.NewDate(2026, 6, 30), vn.NewDate(2026, 11, 22)
	for _, c := range []struct {
		disease       string
		on            vn.Date
		closes        FocusEnd
		days, contact int
		own           bool
	}{
		{"dengue", today, EndNoNewCase, 14, 0, true}, {"measles", today, EndNoNewCase, 21, 21, true}, {"hand-foot-mouth", today, EndNoNewCase, 14, 10, true},
		{"diphtheria", before, EndNoNewCase, 14, 14, true}, {"cholera", today, EndNoNewCase, 14, 14, false}, {"", today, EndNoNewCase, 14, 14, false},
		{"influenza", today, line, 14, 7, true}, {"influenza", before, EndNoNewCase, 14, 14, false}, {"varicella", today, line, 14, 14, true},
		{"varicella", before, EndNoNewCase, 14, 14, false}, {"mumps", vn.NewDate(2026, 7, 1), line, 14, 14, true}, {"rabies", today, EndNoNewCase, 14, 14, false},
	} {
		r := FocusRuleOn(c.disease, c.on)
		if r.Days != c.days || r.ContactDays != c.contact || (r.Disease != "") != c.own || r.Closes != c.closes {
			t.Errorf("focus of %q on %v: %+v", c.disease, c.on, r)
		}
		if r.Opens.Vi == "" || r.Opens.En == "" || r.Source == "" || r.Verified {
			t.Errorf("focus of %q lacks words or source: %+v", c.disease, r)
		}
	}
	for _, r := range focusRules() { // the line is drawn from years of an endemic disease
		d, _ := diseases().ByID(r.Disease)
		endemic, _ := OurLaw().Endemic(r.Disease, nil, today)
		if r.Closes == line && (d.Group == "A" || d.Closed || !endemic) {
			t.Errorf("a focus of %s closes by a line that there is none of", r.Disease)
		}
	}
}
