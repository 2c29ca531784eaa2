// SPDX-License-Identifier: Apache-2.0

package app

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"mach/store"
)

// script is what would run, or end a statement, if it were not escaped.
const script = `'"><script>alert(1)</script>${7*7}'; drop table res;--`

// fields are the names that forms of Mạch have.
var fields = []string{"name", "sex", "birth", "number", "insurance", "phone", "address", "commune", "card", "text", "old", "reason", "advice",
	"diagnosis", "diagnosis1", "medicine1", "dose1", "follow_up", "version", "condition", "encounter", "hospital", "urgency", "question", "expert",
	"conclusion", "decision", "title", "body", "unit", "login", "password", "pin", "code", "next", "class", "disease", "onset", "systolic", "id", "role", "lang"}

// posts are the POST routes, with ids that lead out of their folder.
func (w *world) posts() []string {
	var paths []string
	for _, r := range w.mux.RouteList() {
		if r.Method != http.MethodPost {
			continue
		}
		path := r.Path
		for strings.Contains(path, "{") {
			i, j := strings.Index(path, "{"), strings.Index(path, "}")
			path = path[:i] + `..%2F..%2Fetc%2Fpasswd'%22%3C` + path[j+1:]
		}
		paths = append(paths, path)
	}
	return paths
}

// workers are users of every door that writes.
var workers = []string{"bac-si-a", "truong-tram-a", "tiep-don-a", "cdc", "bo", "dieu-phoi-h", "chuyen-gia-h", "quan-tri", "ra-soat", "nguoi-alpha", "phong-kham"}

// endsSession are the forms that do their work whatever they hold.
var endsSession = []string{"/sign-out", "/khoa", "/doi-nguoi/quen", "/tai-khoan/phien", "/vai"}

// TestHostileForms sends every form what no form should be sent. It wants a
// refusal that a person can read, nothing written and no failure.
func TestHostileForms(t *testing.T) {
	eachWorld(t, func(w *world) {
		before := w.head()
		evil := url.Values{}
		for _, f := range fields {
			evil.Set(f, script)
		}
		for _, path := range w.posts() {
			if strings.HasPrefix(path, "/sign-out") || path == "/khoa" || path == "/tai-khoan/phien" {
				continue // they end the session; crossed below
			}
			for _, login := range workers {
				u := w.users[login]
				w.refused(path, login+" sends nothing", w.post(u, path, url.Values{}))
				w.refused(path, login+" sends markup", w.post(u, path, clone(evil)))
				w.refused(path, login+" sends JSON", w.send(u, http.MethodPost, path, strings.NewReader(`{"name":`), "Content-Type", "application/json"))
			}
			u := w.users["bac-si-a"]
			w.refused(path, "1 MiB and more", w.send(u, http.MethodPost, path, strings.NewReader("name="+strings.Repeat("a", 1<<20)), "Content-Type", "application/x-www-form-urlencoded"))
		}
		for _, path := range append(w.posts(), endsSession...) {
			u := w.users["bac-si-a"]
			crossed := w.send(u, http.MethodPost, path, strings.NewReader("a=b"), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site")
			if crossed.Code != http.StatusForbidden {
				w.Errorf("%s from another site: %d", path, crossed.Code)
			}
			for _, nobody := range []*user{nil, {cookie: "forged"}, {cookie: script}} {
				w.refused(path, "nobody", w.post(nobody, path, url.Values{"name": {"a"}}))
			}
		}
		if after := w.head(); after != before {
			w.Errorf("hostile forms wrote %d changes", after-before)
		}
		w.quiet()
	})
}

func clone(v url.Values) url.Values {
	out := url.Values{}
	for k, list := range v {
		out[k] = list
	}
	return out
}

// refused wants no failure, and nothing that a browser would run.
func (w *world) refused(path, how string, got *httptest.ResponseRecorder) {
	w.Helper()
	if got.Code >= http.StatusInternalServerError {
		w.Errorf("%s, %s: %d", path, how, got.Code)
	}
	if body := got.Body.String(); strings.Contains(body, "<script>alert") {
		w.Errorf("%s, %s: the markup comes back as it was sent", path, how)
	}
	if got.Code >= 400 && !strings.Contains(got.Body.String(), "<h1") && !strings.Contains(got.Body.String(), "class=\"fail") {
		w.Errorf("%s, %s: %d is no page: %.100s", path, how, got.Code, got.Body)
	}
}

// TestMarkupInARecordStaysText writes markup where a record takes text and
// reads it where others see it.
func TestMarkupInARecordStaysText(t *testing.T) {
	eachWorld(t, func(w *world) {
		doctor := w.users["bac-si-a"]
		kept := w.alpha
		kept.visits = map[string]string{}
		w.visitWith(doctor, &kept, "markup", "J06.9", []string{script, script, script, script, script})
		w.settle()
		for _, c := range [][2]string{{"bac-si-a", "/tram"}, {"bac-si-a", "/tram/luot-kham/" + kept.visits["markup"]}, {"bac-si-a", "/tram/so-a1"}, {"nguoi-alpha", "/so"}, {"nguoi-alpha", "/so/luot-kham/" + kept.visits["markup"]}} {
			body := w.get(w.users[c[0]], c[1]).Body.String()
			if strings.Contains(body, "<script>alert") {
				w.Errorf("%s runs what a doctor typed", c[1])
			}
		}
	})
}

// TestOnceIsOnce: the same form twice has one effect.
func TestOnceIsOnce(t *testing.T) {
	eachWorld(t, func(w *world) {
		u, key := w.users["tiep-don-b"], store.NewID()
		form := url.Values{"_once": {key}}
		first := w.post(u, "/tram/nguoi/"+w.bravo.id+"/so", form)
		at := w.head()
		again := w.post(u, "/tram/nguoi/"+w.bravo.id+"/so", form)
		if first.Code != http.StatusSeeOther || again.Code != first.Code || again.Header().Get("Location") != first.Header().Get("Location") {
			w.Errorf("first %d to %s, again %d to %s", first.Code, first.Header().Get("Location"), again.Code, again.Header().Get("Location"))
		}
		if after := w.head(); after != at {
			w.Errorf("the second click wrote %d changes", after-at)
		}
	})
}

// TestLockedComputer: after the lock neither page nor form nor the FHIR
// service answers with anything of a record.
func TestLockedComputer(t *testing.T) {
	eachWorld(t, func(w *world) {
		u := w.users["bac-si-a"]
		w.post(u, "/khoa", url.Values{})
		before := w.head()
		for _, path := range []string{"/tram", "/tram/nguoi/" + w.alpha.id, "/tram/luot-kham/" + w.alpha.visits["open"]} {
			if got := w.get(u, path); got.Code != http.StatusSeeOther || !strings.HasPrefix(got.Header().Get("Location"), "/khoa") {
				w.Errorf("%s on a locked computer: %d %s", path, got.Code, got.Header().Get("Location"))
			}
		}
		if got := w.get(u, "/fhir/Patient/"+w.alpha.id); got.Code != http.StatusUnauthorized {
			w.Errorf("the FHIR service on a locked computer: %d", got.Code)
		}
		w.post(u, "/tram/nguoi/"+w.alpha.id+"/so", url.Values{})
		if after := w.head(); after != before {
			w.Errorf("a locked computer wrote %d changes", after-before)
		}
	})
}
