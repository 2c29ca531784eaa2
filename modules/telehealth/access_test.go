// SPDX-License-Identifier: Apache-2.0

package telehealth

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"mach/issue"
	"mach/store"
)

// Access hangs on the case: nobody else ever, the hospital while it lasts and a
// few days to learn of the decision.
func TestAccessHangsOnTheCase(t *testing.T) {
	each(t, func(t *testing.T, s scene) {
		ctx := t.Context()
		id := s.ask()
		s.ok(s.Accept(ctx, coordinator(), id, uuid.NewString(), "cg-minh"))
		colleague := actor(store.Expert, "bv-tinh", "cg-khac-khoa", "Chuyên gia khoa khác")
		for _, a := range append(strangers(), colleague) {
			if got := s.ids(a, true); len(got) != 0 {
				t.Errorf("%s sees %v", a.Name, got)
			}
			_, err := s.One(ctx, a, id)
			s.refused(err, issue.NotFound, "")
			_, err = s.Enter(ctx, a, id, "00000001")
			s.refused(err, issue.NotFound, "")
			_, err = s.record(ctx, a, "kham")
			s.refused(err, issue.NotFound, "")
		}
		// The coordinator needs the request, not the visit, and has no seat.
		_, err := s.record(ctx, coordinator(), "kham")
		s.refused(err, issue.NotFound, "")
		_, err = s.Enter(ctx, coordinator(), id, "00000001")
		s.refused(err, issue.NotFound, "")

		s.ok(s.Conclude(ctx, expert(), id, uuid.NewString(), "Theo dõi tiếp.", ""))
		s.ok(s.Decide(ctx, doctor(), id, uuid.NewString(), Follow, ""))
		s.clock.Advance(6 * 24 * time.Hour)
		if c := s.one(expert(), id); c.Decision != Follow {
			t.Errorf("the expert learns %q", c.Decision)
		}
		s.clock.Advance(2 * 24 * time.Hour)
		_, err = s.One(ctx, expert(), id)
		s.refused(err, issue.NotFound, "")
		_, err = s.record(ctx, expert(), "kham")
		s.refused(err, issue.NotFound, "")
		if c := s.one(doctor(), id); c.State != Decided {
			t.Errorf("the station keeps its case: %s", c.State)
		}
	})
}

// Closed files never reach the hospital: not when asked, and not by a
// correction after.
func TestClosedFiles(t *testing.T) {
	each(t, func(t *testing.T, s scene) {
		ctx := t.Context()
		id := s.ask()
		s.ok(s.Accept(ctx, coordinator(), id, uuid.NewString(), "cg-minh"))
		s.put(s.diagnosis("B20.1", "Bệnh HIV có nhiễm khuẩn"))
		for _, a := range []store.Actor{coordinator(), expert()} {
			if got := s.ids(a, true); len(got) != 0 {
				t.Errorf("%s still sees %v", a.Role, got)
			}
			_, err := s.One(ctx, a, id)
			s.refused(err, issue.NotFound, "")
			_, err = s.Enter(ctx, a, id, "00000001")
			s.refused(err, issue.NotFound, "")
		}
		s.ok(s.Cancel(ctx, doctor(), id, uuid.NewString(), "Hỏi trực tiếp"))
		_, err := s.Ask(ctx, doctor(), uuid.NewString(), question())
		s.refused(err, issue.BusinessRule, "telehealth.ask.closed")
	})
}

// Two coordinators press at once: one move stands, the other is told.
func TestTwoAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s scene) {
		id := s.ask()
		errs := make([]error, 8)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				if i%2 == 0 {
					errs[i] = s.Accept(t.Context(), coordinator(), id, uuid.NewString(), "cg-minh")
				} else {
					errs[i] = s.Decline(t.Context(), coordinator(), id, uuid.NewString(), "bận")
				}
			})
		}
		wg.Wait()
		done := 0
		for _, err := range errs {
			switch {
			case err == nil:
				done++
			case !issue.Is(err, issue.Conflict) && !issue.Is(err, issue.Precondition) && !issue.Is(err, issue.NotFound):
				t.Errorf("the slower one is told %v", err)
			}
		}
		if done != 1 {
			t.Fatalf("%d moves of 8 stood, want 1", done)
		}
		steps, err := s.Steps(t.Context(), doctor(), s.one(doctor(), id))
		s.ok(err)
		if len(steps) != 2 {
			t.Errorf("moves: %v", steps)
		}
	})
}
