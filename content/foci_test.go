// SPDX-License-Identifier: Apache-2.0

package content

import "testing"

// Influenza is always there: its foci close by the line of Article 16, and by days
// only where nobody can say.
func TestFocusByTheLine(t *testing.T) {
	if r := FocusRuleOf("influenza"); r.Closes != EndUnderLine || r.Days < 1 {
		t.Errorf("%+v", r)
	}
}

// The rules of the law that has them, and the default for the others.
func TestFocusRules(t *testing.T) {
	for _, c := range []struct {
		disease       string
		days, contact int
		own           bool
	}{
		{"dengue", 14, 0, true}, {"measles", 21, 21, true}, {"hand-foot-mouth", 14, 10, true}, {"diphtheria", 14, 14, true},
		{"cholera", 14, 14, false}, {"", 14, 14, false},
	} {
		r := FocusRuleOf(c.disease)
		if r.Days != c.days || r.ContactDays != c.contact || (r.Disease != "") != c.own || r.Closes != EndNoNewCase {
			t.Errorf("focus of %q: %+v", c.disease, r)
		}
		if r.Opens.Vi == "" || r.Opens.En == "" || r.Source == "" {
			t.Errorf("focus of %q lacks words or source", c.disease)
		}
	}
}
