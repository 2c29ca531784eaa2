// SPDX-License-Identifier: Apache-2.0

package telehealth

import (
	"slices"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// State is how far a consultation has come.
type State string

// The states. Declined, Cancelled and Decided are the ends.
const (
	Asked     State = "asked"
	Accepted  State = "accepted"  // an expert is named
	Live      State = "live"      // the expert has begun
	Concluded State = "concluded" // advice given, decision awaited
	Decided   State = "decided"
	Declined  State = "declined"
	Cancelled State = "cancelled"
)

// taskStatus is each state in FHIR's words (task-status).
var taskStatus = map[State]string{
	Asked: "requested", Accepted: "accepted", Live: "in-progress", Concluded: "in-progress",
	Decided: "completed", Declined: "rejected", Cancelled: "cancelled",
}

// moves says which state may follow which.
var moves = map[State][]State{
	Asked:     {Accepted, Declined, Cancelled},
	Accepted:  {Live, Concluded, Cancelled},
	Live:      {Concluded, Cancelled},
	Concluded: {Decided},
}

// Open reports whether something is still awaited.
func (s State) Open() bool { return len(moves[s]) > 0 }

// Meets reports whether the live room is open.
func (s State) Meets() bool { return s == Accepted || s == Live || s == Concluded }

// move returns issue.Conflict ("telehealth.moved") when to cannot follow s:
// somebody was quicker.
func (s State) move(to State) error {
	if !slices.Contains(moves[s], to) {
		return issue.New(issue.Conflict, "telehealth.moved")
	}
	return nil
}

// Decision is what the treating doctor makes of the advice.
type Decision string

// The decisions. All but Follow need a reason.
const (
	Follow  Decision = "follow"
	InPart  Decision = "part"
	Decline Decision = "decline"
)

// Case is one consultation as lists and pages show it.
type Case struct {
	ID            string // of the ServiceRequest
	Task          string
	Patient       string
	PatientName   string // as it was when asked
	Encounter     string
	Facility      string // Organization that asks
	FacilityName  string
	Hospital      string // Organization that is asked
	HospitalName  string
	Requester     string // Practitioner
	RequesterName string
	Expert        string // Practitioner; "" until named
	ExpertName    string
	State         State
	Urgency       string // FHIR request-priority
	Question      string
	Report        string // DiagnosticReport; "" until concluded
	Answer        string // Communication; "" until decided
	Decision      Decision
	Asked         time.Time
	Moved         time.Time // when it came into State
	labels        store.Labels
}

// Labels makes a Case a row of a list.
func (c Case) Labels() store.Labels { return c.labels }

// Step is one move of a case: who, when, why.
type Step struct {
	At     time.Time
	State  State
	Who    string
	Why    string // "" where no reason is asked
	labels store.Labels
}

// Labels makes a Step a row of a list.
func (s Step) Labels() store.Labels { return s.labels }

// Takes reports whether the practitioner is one of the two who meet: the
// doctor who asked and the expert named.
func (c Case) Takes(practitioner string) bool {
	return practitioner != "" && (practitioner == c.Requester || practitioner == c.Expert)
}

// Treats reports whether the actor is a doctor of the facility that asked.
func (c Case) Treats(a store.Actor) bool { return asks(a.Role) && a.Facility == c.Facility }

// asks lists who may ask for a consultation and decide on the advice.
func asks(r store.Role) bool {
	return r == store.Doctor || r == store.StationDirector || r == store.PrivateClinic
}

// Room is the name of the case's live room: an id and no name of anybody.
func (c Case) Room() string { return "hc-" + c.ID }

// Due returns until when the next act is expected; ok is false when nothing of
// the hospital's is awaited.
func (c Case) Due() (due time.Time, ok bool) {
	for _, t := range content.ConsultationTimes(vn.DateOf(c.Asked)) {
		if t.Code != c.Urgency {
			continue
		}
		switch c.State {
		case Asked:
			return c.Asked.Add(t.Accept), true
		case Accepted:
			return c.Asked.Add(t.Answer), true
		case Live:
			return c.Asked.Add(t.Conclude), true
		}
	}
	return time.Time{}, false
}

// Expert is somebody whom a coordinator may name.
type Expert struct {
	Practitioner, Name string
	labels             store.Labels
}

// Labels makes an Expert a row of a list.
func (e Expert) Labels() store.Labels { return e.labels }

// Hospital is a facility that may be asked.
type Hospital struct {
	ID, Name, Kind string
	Unit           vn.UnitID
	labels         store.Labels
}

// Labels makes a Hospital a row of a list.
func (h Hospital) Labels() store.Labels { return h.labels }

// Code systems of consultations, and the code of /cs/category and /cs/task.
const (
	csState      = fhir.Base + "/cs/consultation-state"
	csDecision   = fhir.Base + "/cs/consultation-decision"
	csPart       = fhir.Base + "/cs/consultation-part" // outputs of the Task: conclusion, decision
	consultation = "consultation"
)
