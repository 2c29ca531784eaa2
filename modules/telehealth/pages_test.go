// SPDX-License-Identifier: Apache-2.0

package telehealth

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"mach/i18n"
	"mach/store"
	"mach/web/components/stat"
	"mach/web/webtest"
)

// Measurements stand in the reader's language, units too.
func TestVitalsInBothLanguages(t *testing.T) {
	list := []Measured{{"8867-4", "98", "lần/phút"}, {"8310-5", "38.9", "°C"}}
	page := templ.ComponentFunc(func(ctx context.Context, w io.Writer) error { return stat.List(vitals(ctx, list)).Render(ctx, w) })
	for lang, want := range map[i18n.Lang][]string{
		i18n.Vietnamese: {"Mạch", "98\u00a0lần/phút", "38,9\u00a0°C"}, i18n.English: {"Heart rate", "98\u00a0beats/min", "38.9\u00a0°C"},
	} {
		html := webtest.HTML(t, lang, webtest.As(store.Expert), page)
		for _, w := range want {
			if !strings.Contains(html, w) {
				t.Errorf("%s: no %q in %s", lang, w, html)
			}
		}
		if lang == i18n.English && strings.Contains(html, "phút") {
			t.Errorf("Vietnamese in the English page: %s", html)
		}
	}
}
