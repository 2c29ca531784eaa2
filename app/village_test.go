// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/fhir"
	"mach/vn"
)

// TestVillageOnlyRecords: a village health worker writes down what was found of a
// contact, by the page and over FHIR, and neither ends the following nor hands
// it on, by whichever way; the station does.
func TestVillageOnlyRecords(t *testing.T) {
	eachWorld(t, func(w *world) {
		today, commune := vn.DateOf(time.Now()), w.commune(province, 0)
		check := func(result string, on vn.Date) fhir.TaskParameter {
			return fhir.TaskParameter{Type: fhir.Code(fhir.Base+"/cs/contact-check", result, ""), ValueDateTime: on.String()}
		}
		task := fhir.Task{ID: "tiep-xuc", Status: "in-progress", Intent: "order", Code: fhir.Code(fhir.CSTask, "contact-village", ""), Extension: unitExtension(commune),
			Focus: fhir.Ref("Communication", "su-kien"), Owner: fhir.Ref("Practitioner", "cb-thon-a"), Input: []fhir.TaskParameter{{Type: fhir.Code(fhir.Base+"/cs/contact", "name", ""), ValueString: "Trần Văn Bình"}},
			Restriction: fhir.TaskRestriction{Period: fhir.Period{Start: (today - 2).String(), End: (today + 7).String()}}, Output: []fhir.TaskParameter{check("well", today-2)}}
		w.put(fhir.Communication{ID: "su-kien", Status: "completed", Extension: unitExtension(commune), Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "event", ""), fhir.Code(fhir.Base+"/cs/event-step", "signal", "")}}, task)
		w.settle()
		worker, director := w.users["thon-a"], w.users["truong-tram-a"]
		patched := func(login string, patch string) int {
			w.Helper()
			return w.send(w.users[login], http.MethodPatch, "/fhir/Task/tiep-xuc", strings.NewReader(patch), "Content-Type", "application/json-patch+json", "Sec-Fetch-Site", "same-origin").Code
		}
		refused := func(what string, edit func(*fhir.Task)) {
			w.Helper()
			changed := task
			changed.Output = slices.Clone(task.Output)
			edit(&changed)
			body := fhir.MustNew(changed).Text()
			for _, way := range [][3]string{
				{http.MethodPut, "/fhir/Task/tiep-xuc", body},
				{http.MethodPut, "/fhir/Task?_id=tiep-xuc", body},
				{http.MethodPost, "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":` + body + `,"request":{"method":"PUT","url":"Task/tiep-xuc"}}]}`},
			} {
				got := w.send(worker, way[0], way[1], strings.NewReader(way[2]), "Content-Type", "application/fhir+json", "Sec-Fetch-Site", "same-origin")
				if got.Code != http.StatusForbidden && got.Code != http.StatusNotFound {
					w.Errorf("%s by %s %s: %d\n%s", what, way[0], way[1], got.Code, got.Body)
				}
			}
		}
		refused("ended", func(t *fhir.Task) { t.Status = "completed" })
		refused("taken back", func(t *fhir.Task) { t.Status = "entered-in-error" })
		refused("cut short", func(t *fhir.Task) { t.Restriction.Period.End = (today - 1).String() })
		refused("handed on", func(t *fhir.Task) { t.Owner = fhir.Ref("Practitioner", "cb-bac-si-a") })
		refused("made another kind", func(t *fhir.Task) { t.Code = fhir.Code(fhir.CSTask, "response", "") })
		refused("led away", func(t *fhir.Task) { t.Focus = fhir.Reference{} })
		refused("rewritten", func(t *fhir.Task) { t.Output[0] = check("fever", today-2) })
		refused("forgotten", func(t *fhir.Task) { t.Output = nil })
		refused("asked tomorrow", func(t *fhir.Task) { t.Output = append(t.Output, check("well", today+2)) })
		refused("called a case", func(t *fhir.Task) { t.Output = append(t.Output, check("case", today)) })
		for _, patch := range []string{`[{"op":"replace","path":"/status","value":"cancelled"}]`, `[{"op":"replace","path":"/owner/reference","value":"Practitioner/cb-bac-si-a"}]`, `[{"op":"remove","path":"/focus"}]`} {
			if code := patched("thon-a", patch); code != http.StatusForbidden {
				w.Errorf("%s: %d", patch, code)
			}
		}
		if got := w.send(worker, http.MethodDelete, "/fhir/Task/tiep-xuc", nil, "Sec-Fetch-Site", "same-origin").Code; got == http.StatusOK || got == http.StatusNoContent {
			w.Errorf("deleted: %d", got)
		}
		found := fmt.Sprintf(`[{"op":"add","path":"/output/-","value":%s}]`, `{"valueDateTime":"`+(today-1).String()+`","type":{"coding":[{"system":"`+fhir.Base+`/cs/contact-check","code":"fever"}],"text":"38,4 °C"}}`)
		if code := patched("thon-a", found); code != http.StatusOK {
			w.Errorf("what was found: %d", code)
		}
		w.settle()
		if got := w.post(worker, "/su-kien/thon/hoi/tiep-xuc", url.Values{"result": {"left"}, "on": {today.String()}}); got.Code == http.StatusSeeOther {
			w.Errorf("ended by the page: %d", got.Code)
		}
		if got := w.post(worker, "/su-kien/thon/hoi/tiep-xuc", url.Values{"result": {"well"}, "on": {today.String()}}); got.Code != http.StatusSeeOther {
			w.Errorf("what was found, by the page: %d\n%s", got.Code, got.Body)
		}
		d, err := w.app.Store.For(system()).Read(w.Context(), "Task", "tiep-xuc")
		w.ok(err)
		if d.Get("status").String() != "in-progress" || d.Get("output").Len() != 3 || d.Get("owner").RefID("Practitioner") != "cb-thon-a" {
			w.Errorf("afterwards: %s", d.Text())
		}
		if code := patched("truong-tram-a", `[{"op":"replace","path":"/status","value":"cancelled"}]`); code != http.StatusOK {
			w.Errorf("ended by %s: %d", director.login, code)
		}
		if code := patched("thon-a", strings.Replace(found, "fever", "well", 1)); code != http.StatusForbidden {
			w.Errorf("asked after the end: %d", code)
		}
	})
}
