// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"mach/fhir"
)

// Load writes persons, measurements and corrections as fast as it can, writers
// at a time, until ctx ends. Every version is told to acknowledged only after
// its commit has returned, as "Type/id version". `mach crash` runs it in a
// process that it then kills. acknowledged must be safe for concurrent use.
func (s *Store) Load(ctx context.Context, writers int, acknowledged func(line string)) error {
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for n := 0; ctx.Err() == nil; n++ {
				if err := s.loadOnce(ctx, fmt.Sprintf("crash-%d", w), n, acknowledged); err != nil && ctx.Err() == nil {
					errs[w] = fmt.Errorf("writing under load: %w", err)
					return
				}
			}
		}()
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// loadOnce commits one new person with two measurements and corrects the
// writer's own person.
func (s *Store) loadOnce(ctx context.Context, own string, n int, acknowledged func(string)) error {
	door := s.For(SystemActor())
	id := NewID()
	ops := make([]Op, 0, 4)
	for _, text := range []string{
		fmt.Sprintf(`{"resourceType":"Patient","id":%q,"name":[{"text":"Người thử %d"}]}`, id, n),
		fmt.Sprintf(`{"resourceType":"Patient","id":%q,"name":[{"text":"Sửa lần %d"}]}`, own, n),
		`{"resourceType":"Observation","status":"final","code":{"text":"thử"},"subject":{"reference":"Patient/` + id + `"}}`,
		`{"resourceType":"Observation","status":"final","code":{"text":"thử"},"subject":{"reference":"Patient/` + own + `"}}`,
	} {
		doc, err := fhir.ParseString(text)
		if err != nil {
			return err
		}
		if doc.ID() == own {
			ops = append(ops, Put(doc))
		} else {
			ops = append(ops, Create(doc))
		}
	}
	r, err := door.Commit(ctx, ops...)
	if err != nil {
		return err
	}
	for _, doc := range r.Docs {
		acknowledged(doc.Ref() + " " + doc.VersionID())
	}
	return nil
}

// Lost returns those of the acknowledged lines of [Store.Load] that the store
// does not hold; a last line cut short by the kill is not one.
func (s *Store) Lost(ctx context.Context, acknowledged []string) ([]string, error) {
	var lost []string
	for _, line := range acknowledged {
		ref, version, ok := strings.Cut(line, " ")
		typ, id, ok2 := strings.Cut(ref, "/")
		v, err := strconv.ParseInt(version, 10, 64)
		if !ok || !ok2 || err != nil {
			continue
		}
		row, err := load(ctx, s.read, typ, id)
		if err != nil {
			return nil, err
		}
		if row == nil || row.ver < v {
			lost = append(lost, line)
		}
	}
	return lost, nil
}
