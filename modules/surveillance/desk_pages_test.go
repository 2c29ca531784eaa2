// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"testing"
	"time"

	"github.com/a-h/templ"

	"mach/casereport"
	"mach/content"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
	"mach/web/webtest"
)

// The pages of case work in both languages, empty and filled.
func TestDeskPagesInBothLanguages(t *testing.T) {
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	m := New(nil, units, content.Diseases(), content.OurLaw(), func() time.Time { return webtest.Now })
	p, _ := units.ByCode(province, vn.DateOf(webtest.Now))
	commune := units.Communes(p.ID, vn.DateOf(webtest.Now))[0]
	day := vn.DateOf(webtest.Now)
	c := Case{Report: "r1", Disease: "dengue", Patient: "p", Class: casereport.Suspect, Unit: commune.ID, Day: day, Onset: day, Died: day, Paper: true,
		Entered: webtest.Now, Reported: webtest.Now, Name: "Trần Thị Bưởi", Sex: "female", Birth: "1990"}
	other := c
	other.Report, other.SameAs, other.Name = "r2", "r1", "Tran Thi Buoi"
	answers := Report{"name": "Trần Thị Bưởi", "number": "024190123456", "reporter_unit": "Bệnh viện"}
	handed := Handover{Task: "t", Report: "r1", Disease: "dengue", Name: "Trần Thị Bưởi", Birth: "1990", FromName: "CDC", ToName: "Trạm", At: webtest.Now}
	seen := handed
	seen.Task, seen.Seen, seen.By = "t2", webtest.Now, "Lê Na"
	told := Message{ID: "m1", Who: "Lê Thị Na", Sex: "female", Born: 2020, Phone: "0912", Where: "Thôn Đoài", What: "sốt", Disease: "measles", Since: day, At: webtest.Now, Sender: "Chị Mai"}
	done, no := told, told
	done.ID, done.Report = "m2", "r1"
	no.ID, no.Answer, no.Answered = "m3", "cảm lạnh", webtest.Now
	result := Result{Case: c, Words: "RT-PCR Dengue: Dương tính", Test: "pcr", Outcome: "positive", Sampled: day, Proposes: casereport.Confirmed}
	desk := deskData{In: []Handover{handed, seen}, Out: []Handover{handed, seen}, Messages: []Message{told, done, no}, Deaths: []Death{{c, webtest.Now, webtest.Now}},
		Results: []Result{result}, Pairs: []Pair{{c, other}}, ToHand: []Case{c}, Now: webtest.Now, Centre: true, Answers: true, unit: m.unitName,
		News: []News{{Report: "r1", Version: 2, Disease: "dengue", Becomes: "measles", Was: casereport.Suspect, Class: casereport.Refuted, Reason: "PCR âm tính", At: webtest.Now, Name: "Lan"}, {Report: "r3", Version: 3, Disease: "dengue", Was: casereport.Suspect, At: webtest.Now, Name: "Hoa"}}}
	dengue, _ := content.Diseases().ByID("dengue")
	form := formData{Sent: &Sent{Case: other, Answers: answers, Version: 2}, Report: answers, Disease: dengue, Form: &web.Form{}, Refusing: &web.Form{}, Updates: true, Proposes: casereport.Confirmed,
		Besides: besides{Results: []Result{result}, Alike: []Case{c}, Handed: []Handover{handed, seen}, Hands: true, Takes: "t"}}
	closed := Draft{Cause: "c", Kind: "Condition", Disease: "syphilis", Code: "A53.9", Words: "Giang mai", At: webtest.Now, Since: webtest.Now, Due: webtest.Now, Name: "Nguyễn Thị Lan", Encounter: "v", sensitivity: []string{"sti"}, Died: webtest.Now}
	bad := casereport.Line{Row: 3, Name: "Lan", Issues: []issue.Issue{{Key: "casereport.line.needed", Path: "sex"}}}
	good := casereport.Line{Row: 2, Name: "Bưởi", Sex: "female", Commune: commune.ID, Disease: "dengue", Class: casereport.Suspect, Day: day}
	list := listData{Form: &web.Form{}, Lines: []listLine{{Line: good}, {Line: good, Alike: []Case{c}}}, unit: m.unitName}
	faulty := listData{Form: &web.Form{}, Lines: []listLine{{Line: bad}}, Bad: 1, unit: m.unitName}
	result2 := closed
	result2.Kind, result2.sensitivity = "Observation", nil
	for name, page := range map[string]struct {
		who store.Role
		of  templ.Component
	}{
		"empty desk":        {store.CDC, deskPage(deskData{})},
		"desk":              {store.CDC, deskPage(desk)},
		"pair":              {store.CDC, pairPage(pairData{A: Sent{Case: c, Answers: answers}, B: Sent{Case: other, Answers: Report{}}, Form: &web.Form{}, unit: m.unitName})},
		"report":            {store.CDC, formPage(form)},
		"closed, empty":     {store.ClosedDesk, closedPage(closedData{Now: webtest.Now, unit: m.unitName})},
		"closed":            {store.ClosedDesk, closedPage(closedData{Drafts: []Draft{closed}, Cases: []Case{c}, Now: webtest.Now, unit: m.unitName})},
		"closed draft":      {store.ClosedDesk, formPage(formData{Draft: &closed, Report: Report{}, Form: &web.Form{}, Refusing: &web.Form{}, Updates: true})},
		"result's draft":    {store.Doctor, formPage(formData{Draft: &result2, Alike: []Case{c}, Report: Report{}, Form: &web.Form{}, Refusing: &web.Form{}, Updates: true})},
		"told":              {store.HospitalReporter, toldPage(toldData{formData: formData{Form: &web.Form{}, Others: []content.Disease{dengue}}, unit: m.unitName})},
		"told by a message": {store.Doctor, toldPage(toldData{formData: formData{Form: &web.Form{}, Others: []content.Disease{dengue}}, Message: &told, Alike: []Case{c}, unit: m.unitName})},
		"list":              {store.CDC, listPage(listData{Form: &web.Form{}, unit: m.unitName})},
		"list read":         {store.CDC, listPage(list)},
		"list at fault":     {store.CDC, listPage(faulty)},
		"message, empty":    {store.VillageWorker, messagePage(messageData{Form: &web.Form{}})},
		"message":           {store.VillageWorker, messagePage(messageData{Form: &web.Form{}, Messages: []Message{told, done, no}, Diseases: []content.Disease{dengue}})},
		"answer":            {store.Doctor, answerPage(answerData{told, &web.Form{}, true})},
		"answered":          {store.Nurse, answerPage(answerData{no, &web.Form{}, false})},
		"made a case":       {store.Nurse, answerPage(answerData{done, &web.Form{}, false})},
	} {
		t.Run(name, func(t *testing.T) { webtest.Check(t, webtest.As(page.who), page.of) })
	}
}
