// SPDX-License-Identifier: Apache-2.0

// Package store is the one door to data.
//
// Nothing is read or written without an [Actor]. A [Door], made by
// [Store.For], reads, searches and commits as that actor: it asks the [Guard],
// writes the audit row and only then answers. A [Commit] leaves numbered
// [Change] lines behind; a [Follower] turns them into view tables that can be
// thrown away and rebuilt; [List] and [Figures] read those tables, again as an
// actor.
//
// SQLite and PostgreSQL hold the same logical schema. A Store is safe for
// concurrent use; a Door is cheap and belongs to one request.
//
//	door := s.For(actor)
//	receipt, err := door.Commit(ctx, store.Create(visit), store.Update(ticket, version))
//	err = s.Await(ctx, receipt, "station")
package store

import (
	"context"
	"io/fs"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/vn"
)

// Role is what an actor does at a facility. The list is closed.
type Role string

// The roles. Doctor includes the physician assistant (y sĩ); Pharmacist
// includes the storekeeper; Chairman heads the commune's People's Committee.
const (
	Receptionist     Role = "receptionist"
	Nurse            Role = "nurse"
	Doctor           Role = "doctor"
	Midwife          Role = "midwife"
	Pharmacist       Role = "pharmacist"
	ImmunisationOff  Role = "immunisation-officer"
	VillageWorker    Role = "village-health-worker"
	StationDirector  Role = "station-director"
	Chairman         Role = "commune-chairman"
	Department       Role = "department"
	CDC              Role = "cdc"
	ClosedDesk       Role = "closed-desk"        // of a CDC, for HIV, syphilis and the like
	Institute        Role = "regional-institute" // of hygiene and epidemiology, or Pasteur; its unit is a region
	HospitalReporter Role = "hospital-reporter"
	Coordinator      Role = "coordinator"
	Expert           Role = "expert"
	Ministry         Role = "ministry"
	PrivateClinic    Role = "private-clinic"
	AccessReviewer   Role = "access-reviewer"
	Administrator    Role = "administrator"
	Person           Role = "person"
	Guardian         Role = "guardian"
	System           Role = "system"
)

// Purpose says why, in codes of HL7 v3 PurposeOfUse.
type Purpose string

// The purposes in use.
const (
	Treatment     Purpose = "TREAT"
	Emergency     Purpose = "ETREAT" // break-glass
	PublicHealth  Purpose = "PUBHLTH"
	Operations    Purpose = "HOPERAT"
	OwnRequest    Purpose = "PATRQT" // the person or the guardian
	Administering Purpose = "HSYSADMIN"
	AccessReview  Purpose = "HCOMPL" // break-glass and access review
)

// Actor is who asks, in which role, at which facility, for which purpose.
// The zero Actor may do nothing.
type Actor struct {
	Account      string    // account id; "system" for followers, imports and jobs
	Name         string    // as the access log shows it
	Role         Role      //
	Practitioner string    // Practitioner id; empty for persons and apps
	Facility     string    // Organization id; empty for persons; the station for work at a sub-site
	Site         string    // Organization id of the sub-site (điểm trạm); empty at the seat
	FacilityName string    // as the access log shows it
	Unit         vn.UnitID // where the facility is and, for the roles that oversee a unit, what they see
	Patient      string    // the person's own Patient id; the ward's for a guardian
	Purpose      Purpose   //
	Session      string    // session or token id
	Request      string    // request id: within one, a person is told of once in the audit
	Scopes       []string  // SMART scopes of an app; nil = none needed
	Record       string    // Patient id that patient/ scopes of an app mean; "" = the own Patient
}

// Worker is how relations name the actor as a health worker, whatever the
// account: "Practitioner/id"; "" for persons and applications.
func (a Actor) Worker() string {
	if a.Practitioner == "" {
		return ""
	}
	return "Practitioner/" + a.Practitioner
}

// Oversees is the unit whose subtree the actor answers for: the nation for the
// ministry, the province for department, CDC and closed desk, else the unit of the facility.
func (a Actor) Oversees(units *vn.Units) vn.UnitID {
	switch a.Role {
	case Ministry:
		return vn.Nation
	case Department, CDC, ClosedDesk:
		for _, u := range units.Path(a.Unit) {
			if u.Level == vn.LevelProvince {
				return u.ID
			}
		}
	}
	return a.Unit
}

// Action is what an actor wants to do to a resource.
type Action string

// The actions. Identify shows only who somebody is (name, sex, birth year,
// commune) to a person who already knows the full number.
const (
	ActRead     Action = "read"
	ActSearch   Action = "search"
	ActCreate   Action = "create"
	ActUpdate   Action = "update"
	ActDelete   Action = "delete"
	ActIdentify Action = "identify"
	ActFigures  Action = "figures"
	// ActBreak opens a record in an emergency; access decides it, and its audit
	// row holds the reason given.
	ActBreak Action = "break-glass"
)

// Labels are what policy may know of a resource. They are immutable but for
// Sensitivity, Unit and Draft, and the Author of a task that is handed to one
// worker, which follow the content.
type Labels struct {
	Type        string    // resource type; "" for figures
	ID          string    //
	Patient     string    // the Patient it belongs to; "" when it belongs to nobody
	Facility    string    // the Organization that made it
	Unit        vn.UnitID // residence for a Patient, else the unit of Facility
	Sensitivity []string  // sorted codes of /cs/sensitivity; nil = none
	Author      string    // account that created it; [Actor.Worker] of whom a contact is handed to
	// Category is the code of system /cs/category ("case-report",
	// "consultation", "epidemic") or of /cs/task ("ticket"); "" = neither.
	Category string
	// Draft is set while nobody has signed: Encounter not finished, Observation
	// or DiagnosticReport registered, partial or preliminary, an
	// encounter-diagnosis still provisional, an Appointment proposed, other
	// resources in status draft or in-progress (QuestionnaireResponse). Persons
	// and guardians see no draft.
	Draft bool
}

// Relation lets a facility, one account or one health worker care for a person
// for a time. Kinds: residence, visit, consultation, expert, case, handover, guardian,
// emergency.
type Relation struct {
	Patient  string
	Facility string    // Organization id; "" when Account is set
	Account  string    // for guardian and emergency; [Actor.Worker] for an expert
	Kind     string    //
	From     time.Time //
	To       time.Time // zero = open
	Source   string    // "Type/id" of the resource it comes from; "" for access's own
}

// Decision is the guard's answer, written to the audit whatever it is.
type Decision struct {
	Allow  bool
	Reason string // policy id; shown to reviewers, never to the asker
	// Only are queries ("category=laboratory"): what is allowed must match one
	// of them by its content. nil = whatever it says.
	Only []string
}

// Reach is a superset of what an actor may see of a type, for the WHERE
// clause; the guard still judges every row. The zero Reach reaches nothing.
// A row is in reach when any member matches it.
type Reach struct {
	All      bool
	Patient  string      // rows of this person
	Facility string      // rows made here, and rows of persons this facility has a relation to
	Account  string      // rows of persons this account has a relation to
	Worker   string      // rows of persons this health worker has a relation to
	Units    []vn.UnitID // rows whose unit is within one of these
	Open     bool        // rows that belong to no person (Organization, Practitioner, …)
	// Only are the queries of which every row must match one, whichever member
	// it is reached by; nil = all rows.
	Only []string
}

// Guard decides. It is pure but for the clock it is given: no I/O. Package
// access implements it with Cedar.
type Guard interface {
	// Judge decides one action on one labelled resource. rels are the
	// relations between the resource's person and the actor, valid or not.
	Judge(a Actor, act Action, l Labels, rels []Relation, now time.Time) Decision
	// Reach returns a superset of what Judge would allow for the type.
	Reach(a Actor, act Action, typ string) Reach
}

// Receipt says what a commit wrote. Version ids are decimal strings. Docs and
// Changed are in the order of the operations.
type Receipt struct {
	Docs    []*fhir.Doc // as stored, or as there already; nil for deletes
	Changed []bool      // false where the write changed nothing
	Created []bool      // true where nothing was there, or it was deleted
	// Issues are the faults of documents that were written under [Warn], by
	// operation; nil when there are none.
	Issues [][]issue.Issue
	commit int64 // SQLite: its last number in the log; PostgreSQL: its id
}

// Change is one line of the log: the event, the outbox, the sync feed and the
// history. Seq is dense and gapless per database, in commit order.
type Change struct {
	Seq     int64
	Type    string
	ID      string
	Version int64
	Op      string // create, update, delete
	At      time.Time
	Site    string
	Actor   string // account id
	Labels  Labels
}

// Tx is what a follower writes through: its own view tables, one transaction
// per batch, the position saved with it. Placeholders are ?.
type Tx interface {
	Exec(ctx context.Context, sql string, args ...any) error
	// Row scans one row into dest and reports whether there was one.
	Row(ctx context.Context, dest []any, sql string, args ...any) (bool, error)
	// Rows calls scan for each row; scan must not use the Tx.
	Rows(ctx context.Context, sql string, args []any, scan func(scan func(dest ...any) error) error) error
}

// Follower turns changes into view tables. Apply must be a pure function of
// its arguments and of its own tables: no clock, no look at current state.
// Only so is a rebuilt view equal to a followed one.
type Follower struct {
	Name    string   // table prefix, and the topic "view:<Name>" published after each batch
	Version int      // raise it and the view is rebuilt at the next start
	Basis   string   // what it rests on beside the log, as the map of units: another one, and the view is rebuilt at the next start
	Types   []string // resource types it wants; nil = all
	Tables  fs.FS    // *.sql creating the tables, run in name order on an empty view
	// Apply folds one change in. now is the version written (nil after a
	// delete), before its predecessor (nil for a create).
	Apply func(ctx context.Context, tx Tx, c Change, now, before *fhir.Doc) error
}

// Tables are the *.sql files in the folder of an embedded file system, for
// [Follower.Tables].
func Tables(embedded fs.FS, folder string) fs.FS {
	sub, err := fs.Sub(embedded, folder)
	if err != nil {
		panic("embedded tables are missing: " + err.Error()) // impossible: the compiler found them
	}
	return sub
}

// Row is one line of a list; Labels says whose it is, so that the guard can
// judge it. Rows about nobody return the labels of their unit.
type Row interface{ Labels() Labels }

// Query is a search of one type. Params keep their order and modifiers as in
// the URL ("name:contains").
type Query struct {
	Type   string
	In     string // "Patient/1": only what is in its compartment; "" = anywhere
	Params [][2]string
	Count  int    // 0 = 50
	Cursor string // opaque, from Page.Next
	Total  string // "", none, estimate, accurate
	Base   string // own address of the service: a reference below it is a local one
	// Lenient lists unknown parameters in Page.Ignored. Else they are an
	// error: an answer wider than the question must not pass unseen.
	Lenient bool
}

// Page is one page of a search, best first as sorted.
type Page struct {
	Docs     []*fhir.Doc // matches
	Included []*fhir.Doc // _include and _revinclude
	Next     string      // "" = no more
	Total    int         // -1 = not asked
	Ignored  []string    // parameters that were not understood
	Cut      bool        // there was more to include than a page holds
}

// Access is one line of a person's access log: who looked, in words.
type Access struct {
	At           time.Time
	Actor        string // account
	Name         string
	Role         Role
	Facility     string // Organization id
	FacilityName string
	Purpose      Purpose
	Action       Action
	Types        []string // resource types touched, sorted
	Allowed      bool
	Reason       string // of an emergency, in the words of who opened the record; "" = none was asked
	Sensitive    bool   // the line itself is labelled: never shown to guardians
}
