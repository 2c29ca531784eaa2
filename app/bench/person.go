// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"mach/app"
	"mach/content"
	"mach/fhir"
	"mach/modules/station"
	"mach/store"
	"mach/vn"
)

// stations are the stations among which people are spread: shares in percent,
// the last one split into small stations of a few hundred people.
var stations = []struct {
	id    string
	share int
}{{"tram-40", 40}, {"tram-25", 25}, {"tram-15", 15}, {"tram-10", 10}, {"tram-5", 5}, {"tram-3", 3}, {"tram-2", 2}}

// typed is what receptionists type: few letters without marks, common and rare
// names, one word and several, and one that nobody has.
var typed = []string{
	"ngu va a", "ng", "nguyen", "nguyen thi", "ngu thi th", "tran v", "le", "pham thi h", "hoang", "v", "a", "nguyen van hung",
	"thi thu", "minh", "ngu va hu", "d", "bui q", "thanh", "ngô thị", "Nguyễn Văn An", "xuan", "zzz", "nguyen x", "h t",
}

var (
	familyNames = strings.Fields("Nguyễn Nguyễn Nguyễn Nguyễn Nguyễn Nguyễn Trần Trần Lê Lê Phạm Phạm Hoàng Vũ Đặng Bùi Đỗ Hồ Ngô Dương")
	middleNames = strings.Fields("Văn Văn Văn Thị Thị Thị Thị Đức Hữu Minh Quang Thu Ngọc Xuân Thanh Hồng")
	givenNames  = strings.Fields("An Anh Bình Chi Cường Dung Dũng Đạt Giang Hà Hải Hạnh Hiền Hiếu Hoa Hòa Hùng Hương Huy Khánh Lan Linh Long Mai Minh Nam Nga Ngọc Nhung Oanh Phong Phúc Phương Quân Quyên Sơn Tâm Thảo Thắng Thủy Trang Tuấn Tùng Uyên Vân Việt Xuân Yến")
)

// personSearch fills a store with people and searches as receptionists do,
// through the station's service and the real policies.
func (b *bench) personSearch(ctx context.Context) error {
	a, err := app.Open(ctx, app.Config{Data: b.fresh("people"), Level: "error"}, quietly{})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	err = b.searches(ctx, a)
	stop()
	return errors.Join(err, a.Close())
}

func (b *bench) searches(ctx context.Context, a *app.App) error {
	communes := a.Units.Communes(provinceOf(a), vn.DateOf(time.Now()))
	if len(communes) < len(stations) {
		return errors.New("too few communes")
	}
	if err := b.peopleInto(ctx, a, communes); err != nil {
		return err
	}
	st := station.New(a.Store, a.Units, content.Diagnoses(), time.Now)
	var all []time.Duration
	var each []string
	used, n := ownCPU(), 0
	for i, s := range stations {
		desk := store.Actor{Account: "bench", Name: "Tiếp đón", Role: store.Receptionist, Facility: s.id, FacilityName: s.id,
			Unit: communes[i].ID, Purpose: store.Treatment, Session: "bench"}
		var took []time.Duration
		for round := range 6 {
			for _, text := range typed {
				began := time.Now()
				found, err := st.Find(ctx, asked(desk), text, 20)
				if err != nil {
					return fmt.Errorf("searching %q: %w", text, err)
				}
				if took = append(took, time.Since(began)); len(found) == 0 && text == "ng" && round == 0 {
					return fmt.Errorf("nobody found at %s", s.id)
				}
				n++
			}
		}
		sortDurations(took)
		each = append(each, fmt.Sprintf("%d: %.1f", b.People*s.share/100, milliseconds(percentile(took, 0.95))))
		all = append(all, took...)
	}
	used = ownCPU() - used
	sortDurations(all)
	detail := fmt.Sprintf("reception, by the clock, %d typed texts at %d stations, %d people in all; p95 in ms by people of the station: %s",
		len(typed), len(stations), b.People, strings.Join(each, ", "))
	if err := b.tell("person.search.p95", milliseconds(percentile(all, 0.95)), "ms", n, "%s", detail); err != nil {
		return err
	}
	if err := b.tell("person.search.p50", milliseconds(percentile(all, 0.5)), "ms", n, "as person.search.p95"); err != nil {
		return err
	}
	return b.tell("person.search.cpu", milliseconds(used)/float64(n), "ms", n, "mean, of 20 people found, judged and audited")
}

// provinceOf is Bắc Ninh, where the demonstration is too.
func provinceOf(a *app.App) vn.UnitID {
	u, _ := a.Units.ByCode("24", vn.DateOf(time.Now()))
	return u.ID
}

// peopleInto writes stations and people and waits for their view.
func (b *bench) peopleInto(ctx context.Context, a *app.App, communes []vn.Unit) error {
	if err := a.Store.Start(ctx); err != nil {
		return err
	}
	var receipt store.Receipt
	r := rand.New(rand.NewPCG(1, 2))
	number := 0
	for i, s := range stations {
		by := store.SystemActor()
		by.Facility, by.Unit = s.id, communes[i].ID
		ops := []store.Op{}
		place, err := fhir.New(fhir.Organization{ID: s.id, Name: "Trạm " + s.id, Type: []fhir.CodeableConcept{fhir.Code(fhir.CSFacilityType, "station", "")}})
		if err != nil {
			return err
		}
		ops = append(ops, store.Put(place))
		for range b.People * s.share / 100 {
			doc, err := fhir.New(anybody(r, number, s.id, communes[i]))
			if err != nil {
				return err
			}
			number++
			if ops = append(ops, store.Put(doc)); len(ops) >= 500 {
				if _, err = a.Store.For(by).Commit(ctx, ops...); err != nil {
					return err
				}
				ops = ops[:0]
			}
		}
		if receipt, err = a.Store.For(by).Commit(ctx, ops...); err != nil {
			return err
		}
	}
	for {
		late, err := a.Store.AwaitLate(ctx, receipt, "station")
		if err != nil || !late {
			return err
		}
	}
}

func anybody(r *rand.Rand, n int, station string, commune vn.Unit) fhir.Patient {
	active := true
	family, given := pick(r, familyNames), []string{pick(r, middleNames), pick(r, givenNames)}
	return fhir.Patient{
		ID: fmt.Sprintf("bench-%06d", n), Active: &active, Gender: "female", BirthDate: fmt.Sprintf("%d-0%d-1%d", 1940+r.IntN(80), 1+r.IntN(9), r.IntN(9)),
		Identifier:           []fhir.Identifier{fhir.PersonalNumber(fmt.Sprintf("027%09d", n))},
		Name:                 []fhir.HumanName{{Text: family + " " + strings.Join(given, " "), Family: family, Given: given}},
		ManagingOrganization: fhir.Ref("Organization", station),
		Address:              []fhir.Address{{Use: "home", Text: commune.Full(), Extension: []fhir.Extension{fhir.Unit(commune.Code, commune.From.String(), commune.Full())}}},
	}
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }
