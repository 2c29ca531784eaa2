// SPDX-License-Identifier: Apache-2.0

package field

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"mach/i18n"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
	"mach/web/webtest"
)

// all is every kind of field around one form.
func all(f *web.Form) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		options := []Option{{Value: "a", Text: "Một"}, {Value: "b", Text: "Hai", Hint: "gợi ý"}}
		fields := templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
			for _, c := range []templ.Component{
				Text(f, Props{Name: "name", Label: "Họ tên", Required: true, Max: 80, List: []string{"An"}}),
				Number(f, Props{Name: "weight", Label: "Cân nặng", Unit: "kg", Last: "52,5 kg", LastOn: vn.NewDate(2026, 10, 12), Hint: "không giày"}),
				Date(f, Props{Name: "onset", Label: "Khởi phát"}),
				Area(f, Props{Name: "reason", Label: "Lý do"}),
				Select(f, Props{Name: "code", Label: "Chẩn đoán"}, options),
				Radios(f, Props{Name: "way", Label: "Hướng"}, options),
				Checks(f, Props{Name: "signs", Label: "Dấu hiệu"}, options),
				Check(f, Props{Name: "agree", Label: "Đồng ý"}),
				File(f, Props{Name: "paper", Label: "Tệp"}),
				Text(f, Props{Name: "find", Label: "Tìm mã", Live: "/tim"}),
				Hidden("case", "7"),
			} {
				if err := c.Render(ctx, w); err != nil {
					return err
				}
			}
			return nil
		})
		return Form(FormProps{ID: "x", Form: f, Submit: "Lưu", Draft: true}).Render(templ.WithChildren(ctx, fields), w)
	})
}

func TestFields(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	wrong := web.Blank(r, "name", "An", "onset", "2026-03-05", "way", "b", "signs", "a", "signs", "b", "code", "b", "weight", "5<2")
	for _, name := range []string{"name", "weight", "onset", "reason", "code", "way", "signs", "agree", "paper", "find"} {
		wrong.Fail(name, issue.Required, "web.field.required")
	}
	wrong.Fail("", issue.BusinessRule, "web.fail.twice")
	webtest.Check(t, webtest.As(store.Nurse), all(nil))
	webtest.Check(t, webtest.As(store.Nurse), all(wrong))
	page := webtest.HTML(t, i18n.Vietnamese, webtest.As(store.Nurse), all(wrong))
	for _, want := range []string{
		`value="05/03/2026"`, `value="5&lt;2"`, `value="b" selected`, "Còn 11 điểm cần sửa", `href="#f-weight">Cân nặng</a>`,
		`href="#f-way"`, `<strong>52,5 kg</strong>`, "12/10/2026", `data-draft="x"`, `aria-describedby="f-weight-hint f-weight-error f-weight-last"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the form lacks %s", want)
		}
	}
	if n := strings.Count(page, " checked"); n != 3 {
		t.Errorf("%d choices are ticked, want 3", n)
	}
	if fresh := webtest.HTML(t, i18n.Vietnamese, webtest.As(store.Nurse), all(nil)); strings.Contains(fresh, `class="errors"`) || strings.Contains(fresh, `value="52`) {
		t.Error("a new form shows errors, or begins with the last value")
	}
}

// What could not be read as a date stands there as it was typed.
func TestDateAsTyped(t *testing.T) {
	for in, want := range map[string]string{"2026-11-22": "22/11/2026", "31/02/2026": "31/02/2026", "": "", "hôm qua": "hôm qua"} {
		f := web.Blank(httptest.NewRequest(http.MethodGet, "/", nil), "onset", in)
		if got := shown(f, Props{Name: "onset", date: true}); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
		if got := shown(f, Props{Name: "onset"}); got != in {
			t.Errorf("a text %q is shown as %q", in, got)
		}
	}
}
