// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
)

// Absent returns which of the references "Type/id" lead to no resource, in the
// order given. It tells nothing of what is there, reads no content and is for
// imports and checks, not for pages.
func (s *Store) Absent(ctx context.Context, refs []string) ([]string, error) {
	var absent []string
	for len(refs) > 0 {
		part := refs[:min(len(refs), 500)]
		refs = refs[len(part):]
		ids := make(map[string]bool, len(part))
		for _, ref := range part {
			ids[ref] = true
		}
		cond, args := inList("kh", hashes("", ids))
		there := make(map[string]bool, len(part))
		err := s.read.Rows(ctx, `select typ, id from res where `+cond+` and del = 0`, args, func(scan func(...any) error) error {
			var typ, id string
			err := scan(&typ, &id)
			there[typ+"/"+id] = true
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("looking for what references lead to: %w", err)
		}
		for _, ref := range part {
			if !there[ref] {
				absent = append(absent, ref)
			}
		}
	}
	return absent, nil
}
