// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/e2e/harness"
	"mach/i18n"
	"mach/store"
)

// alertWithin is how soon a case of the 24-hour list has to stand before
// station and CDC, counted from the answer to the report.
const alertWithin = 5 * time.Second

// TestAlertStory: a case of diphtheria is sent, and both the station and the CDC,
// whose pages lie open, see the alert within five seconds; two more attach to
// it. Of pertussis, which is reported within 48 hours, three are needed. The
// station opens an event from the one, the CDC finds the other wrong.
func TestAlertStory(t *testing.T) {
	s, vi := server(t), says(t, i18n.Vietnamese)
	b, axe := harness.Open(t), harness.Axe(t)
	director := b.Desk(s, "director of alerts").Become(s.Of(t, store.StationDirector)).Go("/canh-bao")
	cdc := b.Desk(s, "CDC of alerts").Become(s.Of(t, store.CDC)).Go("/canh-bao")
	token := strings.TrimSpace(s.Run(t, "token", "--scope", "system/*.cruds"))
	client := s.Client(t, s.Of(t, store.StationDirector))
	someone := path.Base(link(t, client.Get(t, "/tram/tiep-don?q=nguyen").Body, `/tram/nguoi/[0-9a-f-]{36}`))
	station := s.FHIR(t, token, "GET", "/Patient/"+someone, nil)["managingOrganization"].(map[string]any)["reference"].(string)
	people, _ := s.FHIR(t, token, "GET", "/Patient?_count=20&organization="+url.QueryEscape(station), nil)["entry"].([]any)
	if len(people) < 6 {
		t.Fatalf("%d people live in the commune", len(people))
	}
	code := func(system, code string) map[string]any {
		return map[string]any{"coding": []any{map[string]any{"system": system, "code": code}}}
	}
	sent := 0
	send := func(icd string) {
		t.Helper()
		person := people[sent].(map[string]any)["resource"].(map[string]any)["id"].(string)
		sent++
		id := fmt.Sprint("alert-", sent)
		s.FHIR(t, token, "PUT", "/Condition/"+id, map[string]any{"resourceType": "Condition", "id": id,
			"subject": map[string]any{"reference": "Patient/" + person}, "recordedDate": time.Now().Format(time.RFC3339),
			"clinicalStatus":     code("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
			"verificationStatus": code("http://terminology.hl7.org/CodeSystem/condition-ver-status", "provisional"),
			"category":           []any{code("https://mach.vn/cs/category", "case-report")},
			"code":               code("http://hl7.org/fhir/sid/icd-10", icd)})
	}
	send("A36.9")
	at := time.Now()
	for _, p := range []*harness.Page{director, cdc} {
		p.SeeWithin(time.Until(at.Add(alertWithin)), "Bạch hầu ·", vi("detection.open.answer"))
	}
	t.Logf("station and CDC saw the alert %.1f s after the report was taken", time.Since(at).Seconds())
	send("A36.9")
	send("A37.9")
	send("A37.9")
	director.Until("two cases of diphtheria in one alert", func() bool {
		lines := slices.DeleteFunc(director.Texts(".work-row"), func(line string) bool { return !strings.Contains(line, "Bạch hầu ·") })
		return len(lines) == 1 && strings.Contains(lines[0], "2 ca")
	})
	director.Never("Ho gà ·")
	send("A37.9")
	for _, p := range []*harness.Page{director, cdc} {
		p.See("Ho gà ·", "3 ca có thể liên quan trong tuần")
		for _, v := range p.Violations(axe) {
			t.Errorf("%s: %s", p.Name, v)
		}
	}
	cdc.Follow("Ho gà ·").See(vi("detection.why"), vi("detection.answer"))
	for _, v := range cdc.Violations(axe) {
		t.Errorf("%s: %s", cdc.Name, v)
	}
	cdc.Follow(vi("detection.answer.data-error")).See(vi("detection.answered"), vi("detection.kind.data-error"))
	director.See("Bạch hầu ·").Never("Ho gà ·")
	director.Follow("Bạch hầu ·").See("24 giờ", vi("detection.answer.real"))
	director.Follow(vi("detection.answer.real")).See(vi("events.new.lead"))
	director.Fill(vi("events.q.words"), "Hai ca bạch hầu nghi ngờ cùng xã")
	director.Fill(vi("events.q.place"), "Thôn Đoài")
	director.Follow(vi("events.new.send")).See(vi("events.signalled"))
	director.Go("/canh-bao").Never("Bạch hầu ·").Go("/canh-bao/da-tra-loi").See("Bạch hầu ·", vi("detection.kind.real"))
	director.Quiet()
	cdc.Quiet()
}
