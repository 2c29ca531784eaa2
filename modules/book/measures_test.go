// SPDX-License-Identifier: Apache-2.0

package book

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"mach/fhir"
	"mach/i18n"
	"mach/store"
	"mach/web/components/stat"
	"mach/web/webtest"
)

func TestMeasuresInBothLanguages(t *testing.T) {
	list := []Measure{{Code: fhir.LOINCPulse, Value: "98 lần/phút"}, {Code: fhir.LOINCSystolic, Value: "112 mmHg"}, {Code: fhir.LOINCDiastolic, Value: "71 mmHg"}}
	page := templ.ComponentFunc(func(ctx context.Context, w io.Writer) error { return stat.List(measureItems(ctx, list)).Render(ctx, w) })
	for lang, want := range map[i18n.Lang]string{i18n.Vietnamese: "98\u00a0lần/phút", i18n.English: "98\u00a0beats/min"} {
		html := webtest.HTML(t, lang, webtest.As(store.Person), page)
		if !strings.Contains(html, want) || !strings.Contains(html, "112/71\u00a0mmHg") {
			t.Errorf("%s: no %q in %s", lang, want, html)
		}
	}
}
