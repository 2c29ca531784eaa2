// SPDX-License-Identifier: Apache-2.0

package content_test

import (
	"testing"

	"mach/content"
	"mach/i18n"
)

func TestUnitWord(t *testing.T) {
	for _, c := range []struct {
		code, unit string
		lang       i18n.Lang
		want       string
	}{
		{"8867-4", "lần/phút", i18n.English, "beats/min"}, {"8867-4", "lần/phút", i18n.Vietnamese, "lần/phút"},
		{"8867-4", "/min", i18n.Vietnamese, "lần/phút"}, {"9279-1", "lần/phút", i18n.English, "breaths/min"},
		{"8310-5", "°C", i18n.English, "°C"}, {"8867-4", "bpm", i18n.English, "bpm"}, {"1234-5", "lần/phút", i18n.English, "lần/phút"},
	} {
		if got := content.UnitWord(c.code, c.unit, c.lang); got != c.want {
			t.Errorf("%s %q in %s: %q, want %q", c.code, c.unit, c.lang, got, c.want)
		}
	}
}
